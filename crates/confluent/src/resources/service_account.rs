//! `confluent_service_account`: <https://docs.confluent.io/cloud/current/api.html#tag/Service-Accounts-(iamv2)>

use std::time::Duration;

use serde_json::Value as Json;
use serde_json::json;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Timeouts;

use crate::checks;
use crate::control::ControlType;
use crate::control::Facts;
use crate::fields::computed;
use crate::fields::optional_computed;
use crate::fields::required;
use crate::json::differs;
use crate::json::given;
use crate::json::text;

/// An identity for programs.
pub(crate) struct ServiceAccount;

/// The state of a service account.
pub(crate) fn state(api: &Json) -> Json {
    json!({
        "id": api["id"],
        "display_name": api["display_name"],
        "description": text(api, "/description"),
        "api_version": api["api_version"],
        "kind": api["kind"],
    })
}

impl ControlType for ServiceAccount {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_service_account",
            version: 0,
            fields: vec![
                computed("api_version"),
                optional_computed("description"),
                required("display_name").check(checks::not_empty),
                computed("kind"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            noun: "Service Account",
            path: "/iam/v2/service-accounts",
            in_environment: false,
            poll: Duration::from_secs(5),
            wait_until_gone: false,
            useless_unanswered: None,
        }
    }

    fn create_body(&self, planned: &Json) -> Json {
        json!({
            "display_name": planned["display_name"],
            "description": text(planned, "/description"),
        })
    }

    fn patches(&self, prior: &Json, planned: &Json) -> Result<Vec<Json>, String> {
        let mut body = json!({});
        if differs(prior, planned, "/display_name") {
            body["display_name"] = planned["display_name"].clone();
        }
        if differs(prior, planned, "/description") {
            body["description"] = json!(text(planned, "/description"));
        }
        Ok(if body == json!({}) { Vec::new() } else { vec![body] })
    }

    fn state(&self, api: &Json, _known: &Json) -> Json {
        state(api)
    }

    fn matches(&self, api: &Json, planned: &Json) -> bool {
        given(planned, "/description").is_none_or(|d| d == text(api, "/description"))
    }
}
