//! `confluent_environment`: <https://docs.confluent.io/cloud/current/api.html#tag/Environments-(orgv2)>

use std::time::Duration;

use serde_json::Value as Json;
use serde_json::json;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::Presence;
use streamform_provider::declared::Timeouts;

use crate::checks;
use crate::control::ControlType;
use crate::control::Facts;
use crate::fields::computed;
use crate::fields::required;
use crate::json::differs;
use crate::json::given;
use crate::json::text;

/// A namespace for clusters, pools and schemas.
pub(crate) struct Environment;

/// `stream_governance { package }`
pub(crate) fn stream_governance() -> Field {
    Field::one(
        "stream_governance",
        Presence::OptionalComputed,
        vec![required("package").one_of(&["ESSENTIALS", "ADVANCED"])],
    )
}

/// The state of an environment: without governance there is one block with an empty package, as officially.
pub(crate) fn state(api: &Json) -> Json {
    json!({
        "id": api["id"],
        "display_name": api["display_name"],
        "resource_name": api["metadata"]["resource_name"],
        "stream_governance": [{ "package": text(api, "/stream_governance_config/package") }],
    })
}

impl ControlType for Environment {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_environment",
            version: 0,
            fields: vec![
                required("display_name").check(checks::not_empty),
                stream_governance(),
                computed("resource_name"),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            noun: "Environment",
            path: "/org/v2/environments",
            in_environment: false,
            poll: Duration::from_secs(5),
            wait_until_gone: false,
            useless_unanswered: None,
        }
    }

    fn create_body(&self, planned: &Json) -> Json {
        let mut body = json!({ "display_name": planned["display_name"] });
        if let Some(package) = given(planned, "/stream_governance/0/package") {
            body["stream_governance_config"] = json!({ "package": package });
        }
        body
    }

    fn patches(&self, prior: &Json, planned: &Json) -> Result<Vec<Json>, String> {
        let mut body = json!({});
        if differs(prior, planned, "/display_name") {
            body["display_name"] = planned["display_name"].clone();
        }
        if differs(prior, planned, "/stream_governance/0/package") {
            body["stream_governance_config"] =
                json!({ "package": text(planned, "/stream_governance/0/package") });
        }
        Ok(if body == json!({}) { Vec::new() } else { vec![body] })
    }

    fn state(&self, api: &Json, _known: &Json) -> Json {
        state(api)
    }

    fn matches(&self, api: &Json, planned: &Json) -> bool {
        given(planned, "/stream_governance/0/package")
            .is_none_or(|package| package == text(api, "/stream_governance_config/package"))
    }
}
