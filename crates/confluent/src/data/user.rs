//! `data "confluent_user"`

use async_trait::async_trait;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::rest::Patience;
use streamform_provider::rest::encode;
use streamform_provider::rest::segment;

use crate::context::Confluent;
use crate::fields::computed;
use crate::fields::string_list;
use crate::json::given;
use crate::json::text;

const ONE_OF: &[&str] = &["id", "full_name", "email"];

/// A person.
pub(crate) struct UserData;

#[async_trait]
impl DataSourceType<Confluent> for UserData {
    fn declaration(&self) -> Declaration {
        let key = |name| Field::optional_computed(name, FieldKind::String).exactly_one_of(ONE_OF);
        Declaration {
            type_name: "confluent_user",
            version: 0,
            fields: vec![
                computed("api_version"),
                key("email"),
                key("full_name"),
                key("id"),
                computed("kind"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let control = client.control()?;
        let api = if let Some(id) = given(&asked, "/id") {
            control
                .get(format!("/iam/v2/users/{}", segment(id)))
                .json()
                .await
                .map_err(|e| e.findings(&format!("error reading User {id:?}")))?
        } else {
            let (at, name) = match given(&asked, "/email") {
                Some(email) => ("/email", email),
                None => ("/full_name", text(&asked, "/full_name")),
            };
            let doing = format!("error reading User {name:?}");
            let all = control
                .list("/iam/v2/users", &[], 100, Patience::default())
                .await
                .map_err(|e| e.findings(&doing))?;
            let mut found: Vec<_> = all.into_iter().filter(|u| text(u, at) == name).collect();
            if found.len() != 1 {
                return Err(vec![ProviderDiagnostic::error(
                    format!("{doing}: {} users were found", found.len()),
                    "Exactly one must have this email address or full name. Use \"id\" if several have.",
                )]);
            }
            found.remove(0)
        };
        Ok(super::value(
            self,
            config,
            &json!({
                "id": api["id"],
                "email": api["email"],
                "full_name": api["full_name"],
                "api_version": api["api_version"],
                "kind": api["kind"],
            }),
        ))
    }
}

/// The ids of all users.
pub(crate) struct UsersData;

#[async_trait]
impl DataSourceType<Confluent> for UsersData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_users",
            version: 0,
            fields: vec![Field::computed("ids", string_list())],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let all = client
            .control()?
            .list("/iam/v2/users", &[], 100, Patience::default())
            .await
            .map_err(|e| e.findings("error reading Users"))?;
        let ids: Vec<_> = all.iter().map(|api| api["id"].clone()).collect();
        // The official id is the time of reading, which makes a difference of every plan; here it is one and the same.
        Ok(super::value(self, config, &json!({ "id": "users", "ids": ids })))
    }
}
