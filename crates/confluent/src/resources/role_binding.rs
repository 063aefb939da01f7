//! `confluent_role_binding`: <https://docs.confluent.io/cloud/current/api.html#tag/Role-Bindings-(iamv2)>
//!
//! A new binding can take some 90 seconds until every part of the service has heard of it. The official provider sleeps so
//! long after each; here the call that is refused for it is the one that waits ([`Confluent::once_allowed`]).

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Timeouts;
use streamform_provider::rest::Patience;
use streamform_provider::rest::WaitError;
use streamform_provider::rest::unescape;

use crate::checks;
use crate::context::Confluent;
use crate::control::ControlType;
use crate::control::Facts;
use crate::fields::required;
use crate::fields::switch;
use crate::json::flag;
use crate::json::text;

/// A role of a principal on everything that a CRN pattern names.
pub(crate) struct RoleBinding;

/// The same CRN, one of them escaped.
fn same_crn(old: &Value, new: &Value) -> bool {
    matches!((old.as_str(), new.as_str()), (Some(old), Some(new)) if unescape(old) == unescape(new))
}

#[async_trait]
impl ControlType for RoleBinding {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_role_binding",
            version: 0,
            fields: vec![
                required("crn_pattern")
                    .force_new()
                    .check(checks::crn)
                    .suppress(same_crn),
                switch("disable_wait_for_ready"),
                required("principal").force_new().check(checks::principal),
                required("role_name").force_new(),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            noun: "Role Binding",
            path: "/iam/v2/role-bindings",
            in_environment: false,
            poll: Duration::from_secs(5),
            wait_until_gone: false,
            useless_unanswered: None,
        }
    }

    fn create_body(&self, planned: &Json) -> Json {
        json!({
            "principal": planned["principal"],
            "role_name": planned["role_name"],
            "crn_pattern": planned["crn_pattern"],
        })
    }

    fn patches(&self, _prior: &Json, _planned: &Json) -> Result<Vec<Json>, String> {
        Ok(Vec::new())
    }

    fn state(&self, api: &Json, _known: &Json) -> Json {
        json!({
            "id": api["id"],
            "principal": api["principal"],
            "role_name": api["role_name"],
            "crn_pattern": api["crn_pattern"],
        })
    }

    /// The list of bindings must name the pattern.
    fn list_query(&self, planned: &Json) -> Vec<(&'static str, String)> {
        ["crn_pattern", "principal", "role_name"]
            .into_iter()
            .map(|name| (name, planned[name].as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    fn matches(&self, api: &Json, planned: &Json) -> bool {
        text(api, "/principal") == text(planned, "/principal")
            && text(api, "/role_name") == text(planned, "/role_name")
            && unescape(text(api, "/crn_pattern")) == unescape(text(planned, "/crn_pattern"))
    }

    async fn settled(
        &self,
        client: &Confluent,
        _api: &Json,
        known: &Json,
        _patience: Patience<'_>,
    ) -> Result<(), WaitError> {
        if !flag(known, "/disable_wait_for_ready") {
            client.bound_now();
        }
        Ok(())
    }
}
