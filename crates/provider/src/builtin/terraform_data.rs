//! `terraform_data`: keeps its input, and is replaced when its triggers change.

use std::collections::BTreeMap;

use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use uuid::Uuid;

use crate::protocol::Findings;
use crate::protocol::MoveRequest;
use crate::protocol::PlanRequest;
use crate::protocol::PlanResponse;
use crate::protocol::ProviderDiagnostic;

pub(super) fn validate(config: &Value) -> Findings {
    ["id", "output"]
        .into_iter()
        .filter(|name| config.get(name).is_some_and(|v| !v.is_null()))
        .map(|name| {
            ProviderDiagnostic::error(
                format!("{name:?} attribute is read-only"),
                format!(
                    "The attribute {name:?} is set when the object is made. Remove it from the configuration."
                ),
            )
            .at(Path::attr(name))
            .placeless()
        })
        .collect()
}

pub(super) fn plan(request: PlanRequest) -> PlanResponse {
    let mut replace = Vec::new();
    let planned = if request.proposed.is_null() {
        request.proposed
    } else {
        let (prior, _) = request.prior.unmark_deep();
        let (proposed, _) = request.proposed.unmark_deep();
        let of = |object: &Value, name: &str| {
            object
                .get(name)
                .cloned()
                .unwrap_or_else(|| Value::null(Type::Any))
        };
        let input = of(&proposed, "input");
        let triggers = of(&proposed, "triggers_replace");
        let anew = if prior.is_null() {
            true
        } else if of(&prior, "triggers_replace") != triggers {
            replace.push(Path::attr("triggers_replace"));
            true
        } else {
            false
        };
        let output = if !anew && of(&prior, "input") == input {
            of(&proposed, "output")
        } else if anew && input.is_null() {
            // As in Terraform a null is known beforehand only where the object is made: one that changes tells afterwards.
            input.clone()
        } else {
            Value::unknown(input.ty())
        };
        let id = if anew {
            Value::unknown_not_null(Type::String)
        } else {
            of(&proposed, "id")
        };
        object(id, input, output, triggers)
    };
    PlanResponse {
        planned,
        requires_replace: replace,
        private: request.private,
        deferred: None,
        steps: Vec::new(),
        reason: None,
        findings: Findings::new(),
    }
}

/// The object that a planned one becomes; null stays null.
pub(super) fn apply(planned: Value) -> Value {
    if planned.is_null() {
        return planned;
    }
    let (planned, _) = planned.unmark_deep();
    let of = |name: &str| {
        planned
            .get(name)
            .cloned()
            .unwrap_or_else(|| Value::null(Type::Any))
    };
    let id = match of("id") {
        id if id.is_known() && !id.is_null() => id,
        _ => Value::string(Uuid::new_v4().to_string()),
    };
    let input = of("input");
    let output = match of("output") {
        output if output.is_known() => output,
        _ => input.clone(),
    };
    object(id, input, output, of("triggers_replace"))
}

fn object(id: Value, input: Value, output: Value, triggers: Value) -> Value {
    Value::object([
        (Name::from("id"), id),
        (Name::from("input"), input),
        (Name::from("output"), output),
        (Name::from("triggers_replace"), triggers),
    ])
}

/// The stored form of what a `null_resource` becomes: its triggers are what replaces it here too. None: it is something else.
///
/// # Errors
/// When its attributes cannot be read.
pub(super) fn from_null_resource(request: &MoveRequest) -> Option<Result<String, Findings>> {
    #[derive(serde::Deserialize)]
    struct NullResource {
        id: Option<String>,
        #[serde(default)]
        triggers: Option<BTreeMap<String, Option<String>>>,
    }
    let source = &request.source_provider;
    if request.source_type != "null_resource"
        || source.namespace.as_str() != "hashicorp"
        || source.ty.as_str() != "null"
    {
        return None;
    }
    let object: NullResource = match serde_json::from_str(&request.source) {
        Ok(object) => object,
        Err(e) => {
            return Some(Err(vec![ProviderDiagnostic::error(
                "Stored object cannot be read",
                // Only the place: the text may hold secrets.
                format!(
                    "The stored attributes of the null_resource are not what its provider writes: line {}, column {}.",
                    e.line(),
                    e.column()
                ),
            )]));
        }
    };
    let triggers = object.triggers.map(|triggers| {
        let types: BTreeMap<&String, &str> = triggers.keys().map(|k| (k, "string")).collect();
        serde_json::json!({ "value": triggers, "type": ["object", types] })
    });
    let moved = serde_json::json!({
        "id": object.id, "input": null, "output": null, "triggers_replace": triggers,
    });
    Some(Ok(moved.to_string()))
}
