//! What a schema that is sent in is made of, and whether it fits the versions before it.

use serde_json::{Value, json};

use super::avro;
use crate::http::body::JsonBody;
use crate::http::error::ApiError;
use crate::records::{Registry, SchemaVersion};
use crate::store::{World, settings_key};

/// A schema as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) schema_type: String,
    pub(crate) schema: String,
    pub(crate) references: Value,
    pub(crate) metadata: Value,
    pub(crate) rule_set: Value,
}

fn filled(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Array(list)) if list.is_empty() => Value::Null,
        Some(Value::Object(map)) if map.values().all(|inner| filled(Some(inner)).is_null()) => Value::Null,
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

impl Draft {
    /// Reads a schema out of a body and checks that it can be parsed.
    pub(crate) fn read(world: &World, registry: &str, request: &JsonBody) -> Result<Draft, ApiError> {
        let draft = Draft {
            schema_type: request.text("/schemaType").unwrap_or("AVRO").to_owned(),
            schema: request.any_text("/schema").unwrap_or_default().to_owned(),
            references: filled(request.0.get("references")),
            metadata: filled(request.0.get("metadata")),
            rule_set: filled(request.0.get("ruleSet")),
        };
        let invalid = |why: &str| {
            ApiError::coded(
                422,
                42201,
                format!(
                    "Invalid schema {{schemaType={}}}, details: {why}",
                    draft.schema_type
                ),
            )
        };
        if draft.schema.trim().is_empty() {
            return Err(ApiError::coded(422, 42201, "Empty schema"));
        }
        for reference in draft.references.as_array().into_iter().flatten() {
            let subject = reference
                .get("subject")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let version = reference
                .get("version")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            if pick(world, registry, subject, version, false).is_none() {
                return Err(invalid(&format!(
                    "No schema reference found for subject \"{subject}\" and version {version}"
                )));
            }
        }
        match draft.schema_type.as_str() {
            // Names of other subjects may stand in a schema with references; only its form can be checked then.
            "AVRO" if draft.references.is_null() => match avro::complaint(&draft.schema) {
                Some(why) => Err(invalid(&why)),
                None => Ok(draft),
            },
            "AVRO" | "JSON" => match serde_json::from_str::<Value>(&draft.schema) {
                Ok(_) => Ok(draft),
                Err(error) => Err(invalid(&error.to_string())),
            },
            "PROTOBUF" => Ok(draft),
            other => Err(invalid(&format!("Invalid schema type {other}"))),
        }
    }

    /// Whether this is the schema of that version. Rules and metadata count.
    pub(crate) fn is(&self, row: &SchemaVersion) -> bool {
        self.schema_type == row.schema_type
            && same_text(&self.schema_type, &self.schema, &row.schema)
            && self.references == row.references
            && self.metadata == row.metadata
            && self.rule_set == row.rule_set
    }
}

fn same_text(schema_type: &str, one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if schema_type == "PROTOBUF" {
        return one.split_whitespace().eq(other.split_whitespace());
    }
    match (
        serde_json::from_str::<Value>(one),
        serde_json::from_str::<Value>(other),
    ) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The versions of a subject, oldest first.
pub(crate) fn versions<'a>(
    world: &'a World,
    registry: &str,
    subject: &str,
    deleted: bool,
) -> Vec<&'a SchemaVersion> {
    let mut rows: Vec<&SchemaVersion> = world
        .schemas
        .iter()
        .filter(|row| row.subject == subject && row.registry == registry && (deleted || !row.deleted))
        .collect();
    rows.sort_by_key(|row| row.version);
    rows
}

/// A version of a subject; -1 is the latest.
pub(crate) fn pick<'a>(
    world: &'a World,
    registry: &str,
    subject: &str,
    version: i64,
    deleted: bool,
) -> Option<&'a SchemaVersion> {
    let rows = versions(world, registry, subject, deleted);
    if version == -1 {
        return rows.last().copied();
    }
    let version = u64::try_from(version).ok()?;
    rows.into_iter().find(|row| row.version == version)
}

/// The compatibility level that holds for a subject.
pub(crate) fn level(world: &World, registry: &Registry, subject: &str) -> String {
    let of = |subject: &str| {
        world
            .subject_settings
            .get(&settings_key(&registry.id, subject))
            .and_then(|row| row.compatibility.clone())
    };
    of(subject)
        .or_else(|| of(""))
        .unwrap_or_else(|| "BACKWARD".to_owned())
}

/// What keeps a draft from following these versions under a level. Empty: nothing.
///
/// Only Avro is compared; JSON and Protobuf schemas pass, but a subject keeps its type.
pub(crate) fn incompatibilities(draft: &Draft, level: &str, before: &[&SchemaVersion]) -> Vec<String> {
    if level == "NONE" {
        return Vec::new();
    }
    let compared: Vec<&&SchemaVersion> = if level.ends_with("_TRANSITIVE") {
        before.iter().rev().collect()
    } else {
        before.iter().rev().take(1).collect()
    };
    let mut found = Vec::new();
    for row in compared {
        if row.schema_type != draft.schema_type {
            found.push(format!(
                "schema type {} differs from {} of version {}",
                draft.schema_type, row.schema_type, row.version
            ));
            continue;
        }
        if draft.schema_type != "AVRO" || !draft.references.is_null() {
            continue;
        }
        if level.starts_with("BACKWARD") || level.starts_with("FULL") {
            found.extend(avro::incompatibilities(&draft.schema, &row.schema));
        }
        if level.starts_with("FORWARD") || level.starts_with("FULL") {
            found.extend(avro::incompatibilities(&row.schema, &draft.schema));
        }
        if !found.is_empty() {
            found.push(format!("{{oldSchemaVersion: {}}}", row.version));
            found.push(format!("{{compatibility: '{level}'}}"));
            return found;
        }
    }
    found
}

/// A version as the registry shows it. AVRO is not named, as the real one does not.
pub(crate) fn body(row: &SchemaVersion) -> Value {
    let mut body = json!({ "subject": row.subject, "version": row.version, "id": row.id });
    if row.schema_type != "AVRO" {
        body["schemaType"] = json!(row.schema_type);
    }
    for (name, value) in [
        ("references", &row.references),
        ("metadata", &row.metadata),
        ("ruleSet", &row.rule_set),
    ] {
        if !value.is_null() {
            body[name] = value.clone();
        }
    }
    body["schema"] = json!(row.schema);
    if row.deleted {
        body["deleted"] = json!(true);
    }
    body
}
