//! `confluent_flink_compute_pool`: <https://docs.confluent.io/cloud/current/api.html#tag/Compute-Pools-(fcpmv2)>

use std::time::Duration;

use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::FieldKind;
use streamform_provider::declared::Timeouts;

use crate::checks;
use crate::control::ControlType;
use crate::control::Facts;
use crate::control::Phase;
use crate::fields::computed;
use crate::fields::environment;
use crate::fields::required;
use crate::fields::switch;
use crate::json::differs;
use crate::json::flag;
use crate::json::id_block;
use crate::json::int;
use crate::json::text;

/// The computers that statements run on.
pub(crate) struct ComputePool;

/// Texts that differ in case only.
pub(crate) fn same_ignoring_case(old: &Value, new: &Value) -> bool {
    matches!((old.as_str(), new.as_str()), (Some(old), Some(new)) if old.eq_ignore_ascii_case(new))
}

impl ControlType for ComputePool {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_flink_compute_pool",
            version: 0,
            fields: vec![
                computed("api_version"),
                required("cloud")
                    .force_new()
                    .one_of(&["AWS", "AZURE", "GCP"])
                    .suppress(same_ignoring_case),
                switch("default_pool"),
                required("display_name"),
                environment(),
                computed("kind"),
                Field::optional_computed("max_cfu", FieldKind::Int),
                required("region").force_new().check(checks::not_empty),
                computed("resource_name"),
            ],
            timeouts: Timeouts {
                create: Some(Duration::from_secs(3600)),
                delete: Some(Duration::from_secs(3600)),
                ..Timeouts::default()
            },
            deprecated: None,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            noun: "Flink Compute Pool",
            path: "/fcpm/v2/compute-pools",
            in_environment: true,
            poll: Duration::from_secs(60),
            wait_until_gone: true,
            useless_unanswered: None,
        }
    }

    fn create_body(&self, planned: &Json) -> Json {
        json!({ "spec": {
            "display_name": planned["display_name"],
            "cloud": planned["cloud"],
            "region": planned["region"],
            "environment": { "id": text(planned, "/environment/0/id") },
            // The service reads 0 as its default.
            "max_cfu": int(planned, "/max_cfu").unwrap_or(0),
            "default_pool": flag(planned, "/default_pool"),
        }})
    }

    fn patches(&self, prior: &Json, planned: &Json) -> Result<Vec<Json>, String> {
        let mut spec = json!({ "environment": { "id": text(planned, "/environment/0/id") } });
        let mut changed = false;
        for name in ["display_name", "max_cfu", "default_pool"] {
            if differs(prior, planned, &format!("/{name}")) {
                changed = true;
                spec[name] = planned[name].clone();
            }
        }
        Ok(if changed {
            vec![json!({ "spec": spec })]
        } else {
            Vec::new()
        })
    }

    fn state(&self, api: &Json, _known: &Json) -> Json {
        let spec = &api["spec"];
        json!({
            "id": api["id"],
            "api_version": api["api_version"],
            "kind": api["kind"],
            "resource_name": api["metadata"]["resource_name"],
            "display_name": spec["display_name"],
            "cloud": spec["cloud"],
            "region": spec["region"],
            "environment": id_block(&spec["environment"]["id"]),
            "max_cfu": spec["max_cfu"],
            "default_pool": flag(spec, "/default_pool"),
        })
    }

    fn phase(&self, api: &Json, _wanted: &Json) -> Phase {
        match text(api, "/status/phase") {
            "PROVISIONED" => Phase::Ready,
            "PROVISIONING" => Phase::Pending("PROVISIONING".to_owned()),
            other => Phase::Failed(format!(
                "Flink Compute Pool {:?} provisioning status is {other:?}",
                text(api, "/id")
            )),
        }
    }

    fn matches(&self, api: &Json, planned: &Json) -> bool {
        let spec = &api["spec"];
        text(spec, "/cloud").eq_ignore_ascii_case(text(planned, "/cloud"))
            && text(spec, "/region") == text(planned, "/region")
            && int(planned, "/max_cfu").is_none_or(|cfu| int(spec, "/max_cfu") == Some(cfu))
            && flag(spec, "/default_pool") == flag(planned, "/default_pool")
    }
}
