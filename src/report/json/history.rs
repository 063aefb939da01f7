//! `history -json`, `diff -json`: sensitive values are told as such, and left out.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Marks;
use streamform_lang::value::Value;
use streamform_lang::value::to_json;
use streamform_state::OutputValue;

use super::exact;
use super::outputs;
use crate::engine::history::Difference;
use crate::engine::history::Sql;
use crate::engine::history::TwoTexts;
use crate::engine::history::Version;

const FORMAT: &str = "1.0";

/// The list of versions, newest first.
pub fn history_json(versions: &[Version]) -> Json {
    let all: Vec<Json> = versions.iter().map(|v| Json::Object(head(v))).collect();
    json!({ "format_version": FORMAT, "versions": all })
}

/// Everything about one version.
pub fn version_json(version: &Version) -> Json {
    let mut all = Map::new();
    all.insert("format_version".to_owned(), FORMAT.into());
    all.extend(head(version));
    let changes = version.begun.changes.iter().map(|c| {
        json!({
            "address": c.address, "previous_address": c.previous, "deposed": c.deposed, "actions": c.actions,
            "done": version.ended.as_ref().map(|_| version.is_done(&c.address)),
        })
    });
    all.insert("changes".to_owned(), changes.collect());
    let statements = version.statements();
    let statements = statements.iter().map(
        |s| json!({ "address": s.address, "before": sql(s.before.as_ref()), "after": sql(s.after.as_ref()) }),
    );
    all.insert("statements".to_owned(), statements.collect());
    if let Some(config) = &version.begun.config {
        all.insert(
            "configuration".to_owned(),
            json!({ "digest": config.digest, "root": config.root, "mode": config.mode, "limits": config.limits, "files": config.files }),
        );
        let variables = version.variables();
        let variables: Map<String, Json> = variables.iter().map(|(n, v)| (n.clone(), value(v))).collect();
        all.insert("variables".to_owned(), variables.into());
    }
    if let Some(ended) = &version.ended {
        let outputs: Map<String, Json> = ended
            .outputs
            .iter()
            .map(|(n, o)| (n.clone(), output(o)))
            .collect();
        all.insert("outputs".to_owned(), outputs.into());
    }
    Json::Object(all)
}

/// What is different between two versions.
pub fn difference_json(difference: &Difference) -> Json {
    let texts = |all: &[TwoTexts]| -> Vec<Json> {
        let one = |t: &TwoTexts| json!({ "name": t.name, "before": sql(t.before.as_ref()), "after": sql(t.after.as_ref()) });
        all.iter().map(one).collect()
    };
    let variables = difference.variables.iter().map(|(name, before, after)| {
        json!({ "name": name, "before": before.as_ref().map(value), "after": after.as_ref().map(value) })
    });
    let outputs = difference.outputs.iter().map(|(name, before, after)| {
        json!({ "name": name, "before": before.as_ref().map(output), "after": after.as_ref().map(output) })
    });
    let objects = difference.objects.iter().map(|(address, sign)| {
        let action = match *sign {
            "+" => "create",
            "-" => "delete",
            _ => "update",
        };
        json!({ "address": address, "action": action })
    });
    json!({
        "format_version": FORMAT,
        "from": difference.from.number(),
        "to": difference.to.number(),
        "files": texts(&difference.files),
        "variables": variables.collect::<Vec<_>>(),
        "objects": objects.collect::<Vec<_>>(),
        "statements": texts(&difference.statements),
        "outputs": outputs.collect::<Vec<_>>(),
        "missing_versions": difference.gaps,
    })
}

fn head(version: &Version) -> Map<String, Json> {
    let begun = &version.begun;
    let ended = version.ended.as_ref();
    let status = version.status().map_or_else(
        || "under-way".into(),
        |s| serde_json::to_value(s).unwrap_or_default(),
    );
    let all = json!({
        "version": begun.number, "kind": begun.kind, "detail": begun.detail, "status": status, "run": begun.run,
        "by": begun.who, "began": begun.at, "ended": ended.map(|e| &e.at),
        "lineage": begun.lineage, "serial_before": begun.serial, "serial_after": ended.map(|e| e.serial),
        "program": begun.program,
        "planned": begun.config.as_ref().map(|_| begun.planned), "done": ended.and_then(|e| e.done),
    });
    match all {
        Json::Object(all) => all,
        _ => Map::new(),
    }
}

fn sql(sql: Option<&Sql>) -> Json {
    match sql {
        None => Json::Null,
        Some(sql) if sql.sensitive => json!({ "sensitive": true }),
        Some(sql) => json!({ "text": sql.text }),
    }
}

fn value(value: &Value) -> Json {
    if value.deep_marks().contains(Marks::SENSITIVE) {
        return json!({ "sensitive": true });
    }
    match to_json(value) {
        Ok(text) => json!({ "value": exact::read(&text) }),
        Err(_) => json!({}),
    }
}

fn output(output: &OutputValue) -> Json {
    let mut all = json!({ "type": outputs::parse(&output.value_type), "sensitive": output.sensitive });
    if !output.sensitive {
        all["value"] = outputs::value(&output.value);
    }
    all
}
