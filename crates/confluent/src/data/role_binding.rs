//! `data "confluent_role_binding"`

use async_trait::async_trait;
use streamform_lang::value::Value;
use streamform_provider::declared::DataSourceType;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Timeouts;
use streamform_provider::protocol::Findings;
use streamform_provider::rest::encode;

use super::Lookup;
use crate::context::Confluent;
use crate::control::ControlType;
use crate::fields::computed;
use crate::fields::required;
use crate::json::text;
use crate::resources::RoleBinding;

/// A role binding by id.
pub(crate) struct RoleBindingData;

#[async_trait]
impl DataSourceType<Confluent> for RoleBindingData {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_role_binding",
            version: 0,
            fields: vec![
                computed("crn_pattern"),
                required("id"),
                computed("principal"),
                computed("role_name"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    async fn read(&self, client: &Confluent, config: &Value) -> Result<Value, Findings> {
        let asked = encode(config);
        let lookup = Lookup {
            noun: "Role Binding",
            path: "/iam/v2/role-bindings",
            query: &[],
            name_at: "",
        };
        let api = lookup.by_id(client.control()?, text(&asked, "/id")).await?;
        Ok(super::value(self, config, &RoleBinding.state(&api, &asked)))
    }
}
