//! The built-in engine: it reads statements, keeps topics, schemas and the catalog true, and moves no data.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streamform_flinksql::{
    ColumnKind, CreateTable, ObjectKind, ObjectName, Place, ProblemKind, Span, Statement as Parsed,
    StatementKind, parse,
};

use super::engine::{StatementEngine, Submission, Verdict};
use super::schema;
use super::tables::{self, Database, Found};
use crate::kafka::{settings, topics};
use crate::records::{CatalogObject, Outcome, Statement};
use crate::registry::check::{self, Draft};
use crate::registry::subjects;
use crate::store::{Kind, Op, Row, World, catalog_key, schema_key, statement_key, topic_key};

/// The built-in engine.
#[derive(Debug)]
pub(crate) struct Catalog;

/// What a statement does, or why it fails.
type Effects = Result<Vec<Op>, String>;

impl StatementEngine for Catalog {
    fn submit(&self, world: &World, submission: &Submission<'_>) -> Verdict {
        let script = parse(submission.sql);
        let traits = |kind: StatementKind, bounded: bool| {
            json!({ "sql_kind": kind.sql_kind(), "is_bounded": bounded, "is_append_only": true, "upsert_columns": null,
                "schema": { "columns": [] }, "connection_refs": [] })
        };
        let failed = |kind: StatementKind, detail: String| Verdict {
            outcome: Outcome::Failed { detail },
            effects: Vec::new(),
            traits: traits(kind, true),
        };
        if let Some(problem) = script.problems.first() {
            let kind = script
                .statements
                .first()
                .map_or(StatementKind::Unknown, |statement| statement.kind);
            return failed(kind, parse_failure(submission.sql, &problem.kind, problem.span));
        }
        let statement = match script.statements.as_slice() {
            [one] => one,
            [] => {
                return failed(
                    StatementKind::Unknown,
                    "SQL parse failed. The statement is empty.".to_owned(),
                );
            }
            _ => {
                return failed(
                    StatementKind::Unknown,
                    "Unsupported SQL statement! Only a single SQL statement is supported at a time."
                        .to_owned(),
                );
            }
        };
        let kind = statement.kind;
        match carry_out(world, submission, statement) {
            Err(detail) => failed(kind, detail),
            Ok(effects) => {
                let bounded = !kind.is_continuous() || statement.reads.is_empty();
                let outcome = if bounded {
                    Outcome::Completed {
                        rows: rows(world, submission, statement),
                    }
                } else {
                    awaited(world, submission).unwrap_or(Outcome::Runs)
                };
                Verdict {
                    outcome,
                    effects,
                    traits: traits(kind, bounded),
                }
            }
        }
    }

    fn offsets(&self, world: &World, statement: &Statement) -> BTreeMap<String, String> {
        let pool = world.compute_pools.get(&statement.compute_pool);
        let Some(pool) = pool else { return BTreeMap::new() };
        let submission = Submission {
            environment: &statement.environment,
            pool,
            sql: &statement.statement,
            properties: &statement.properties,
            now: statement.created_at,
        };
        let script = parse(&statement.statement);
        let mut offsets = BTreeMap::new();
        for name in script.statements.iter().flat_map(|statement| &statement.reads) {
            let Ok(Found::Topic(database)) = tables::find(world, &submission, name) else {
                continue;
            };
            let Some(topic) = world.topics.get(&topic_key(&database.cluster.id, name.last())) else {
                continue;
            };
            // Nothing is ever produced here, so everything has been read up to the start.
            let all: Vec<String> = (0..topic.partitions)
                .map(|id| format!("partition:{id},offset:0"))
                .collect();
            offsets.insert(topic.name.clone(), all.join(";"));
        }
        offsets
    }
}

fn parse_failure(sql: &str, kind: &ProblemKind, span: Span) -> String {
    let Place { line, column } = Place::at(sql, span.start);
    match kind {
        ProblemKind::UnknownStatement(_) => format!(
            "SQL parse failed. Non-query expression encountered in illegal context at line {line}, column {column}."
        ),
        ProblemKind::Expected { what, found } => {
            let found = if found.is_empty() { "<EOF>" } else { found };
            format!(
                "SQL parse failed. Encountered \"{found}\" at line {line}, column {column}.\nWas expecting {what}."
            )
        }
        other => format!("SQL parse failed. At line {line}, column {column}: {other}."),
    }
}

fn validation_failure(sql: &str, name: &ObjectName, cause: &str) -> String {
    let (from, to) = (
        Place::at(sql, name.span.start),
        Place::at(sql, name.span.end.saturating_sub(1)),
    );
    format!(
        "SQL validation failed. Error from line {}, column {} to line {}, column {}.\n\nCaused by: {cause}",
        from.line, from.column, to.line, to.column
    )
}

/// The statement whose offsets this one takes, if it is still running.
fn awaited(world: &World, submission: &Submission<'_>) -> Option<Outcome> {
    let other = submission
        .properties
        .get("sql.tables.initial-offset-from")
        .filter(|name| !name.is_empty())?;
    match world
        .statements
        .get(&statement_key(submission.environment, other))
    {
        None => Some(Outcome::Failed {
            detail: format!("Referenced statement {other} does not exist."),
        }),
        Some(other) if other.stopped || other.deleted_at.is_some() => None,
        Some(_) => Some(Outcome::WaitsFor {
            statement: other.clone(),
        }),
    }
}

fn carry_out(world: &World, submission: &Submission<'_>, statement: &Parsed) -> Effects {
    use StatementKind as K;
    let sql = submission.sql;
    for name in &statement.reads {
        match tables::find(world, submission, name) {
            Ok(Found::Free(_)) => {
                return Err(validation_failure(
                    sql,
                    name,
                    &format!("Object '{}' not found", name.last()),
                ));
            }
            Ok(_) => {}
            Err(cause) => return Err(validation_failure(sql, name, &cause)),
        }
    }
    let target = statement.targets.first();
    match (statement.kind, target) {
        (K::CreateTable | K::CreateTableAs | K::CreateMaterializedTable, Some(name)) => {
            create_table(world, submission, statement, name)
        }
        (K::CreateView, Some(name)) => create_catalogued(world, submission, statement, name, "view"),
        (K::CreateFunction, Some(name)) => create_catalogued(world, submission, statement, name, "function"),
        (K::CreateModel, Some(name)) => create_catalogued(world, submission, statement, name, "model"),
        (K::CreateConnection, Some(name)) => {
            create_catalogued(world, submission, statement, name, "connection")
        }
        (K::Drop(object), Some(name)) => drop_object(world, submission, statement, object, name),
        (K::Alter(ObjectKind::Table), Some(name)) => alter_table(world, submission, statement, name),
        (K::InsertInto | K::StatementSet | K::Update | K::Delete | K::Truncate, _) => {
            for name in &statement.targets {
                match tables::find(world, submission, name) {
                    Ok(Found::Free(database)) => {
                        return Err(format!(
                            "Cannot find table '{}' in any of the catalogs [{}], nor as a temporary table.",
                            tables::full_name(database, name),
                            database.environment.display_name
                        ));
                    }
                    Ok(Found::Catalogued(_, "view") | Found::BuiltIn) => {
                        return Err(validation_failure(
                            sql,
                            name,
                            &format!("{name} cannot be written to"),
                        ));
                    }
                    Ok(_) => {}
                    Err(cause) => return Err(validation_failure(sql, name, &cause)),
                }
            }
            Ok(Vec::new())
        }
        (K::CreateCatalog | K::CreateDatabase | K::Alter(_), _) => {
            Err(format!("{} statements are not emulated.", statement.kind))
        }
        _ => Ok(Vec::new()),
    }
}

fn already(database: Database<'_>, name: &ObjectName) -> String {
    format!(
        "Could not execute CreateTable in path {}\n\nCaused by: Table (or view) {}.{} already exists in Catalog {}.",
        tables::full_name(database, name),
        database.cluster.display_name,
        name.last(),
        database.environment.display_name
    )
}

fn create_catalogued(
    world: &World,
    submission: &Submission<'_>,
    statement: &Parsed,
    name: &ObjectName,
    kind: &str,
) -> Effects {
    let database = tables::database(world, submission, name)?;
    let cluster = &database.cluster.id;
    let clash = if kind == "view" {
        !matches!(tables::find(world, submission, name)?, Found::Free(_))
    } else {
        world
            .catalog
            .get(&catalog_key(cluster, kind, name.last()))
            .is_some()
    };
    if clash {
        return if statement.conditional {
            Ok(Vec::new())
        } else {
            Err(already(database, name))
        };
    }
    Ok(vec![Op::put(Row::CatalogObject(CatalogObject {
        environment: database.environment.id.clone(),
        cluster: cluster.clone(),
        kind: kind.to_owned(),
        name: name.last().to_owned(),
    }))])
}

/// Prefixes of the options that Confluent's connector knows.
const OPTIONS: &[&str] = &[
    "kafka.",
    "key.",
    "value.",
    "scan.",
    "sink.",
    "error-handling.",
    "late-handling.",
    "confluent.",
];

fn create_table(
    world: &World,
    submission: &Submission<'_>,
    statement: &Parsed,
    name: &ObjectName,
) -> Effects {
    let database = match tables::find(world, submission, name)? {
        Found::Free(database) => database,
        Found::Topic(database) | Found::Catalogued(database, _) => {
            return if statement.conditional {
                Ok(Vec::new())
            } else {
                Err(already(database, name))
            };
        }
        Found::BuiltIn => return Err(format!("{name} is read-only.")),
    };
    let table = statement.table.clone().unwrap_or_default();
    if let Some(connector) = table.option("connector")
        && connector != "confluent"
    {
        // A table of another connector (`faker`) has no topic.
        return create_catalogued(world, submission, statement, name, "table");
    }
    for option in &table.options {
        let key = option.key.as_str();
        if !matches!(key, "connector" | "changelog.mode")
            && !OPTIONS.iter().any(|prefix| key.starts_with(prefix))
        {
            return Err(format!(
                "Unsupported options found for 'confluent'.\n\nUnsupported options:\n\n{key}"
            ));
        }
    }
    if let Some(complaint) = topics::name_complaint(name.last()) {
        return Err(complaint);
    }
    for column in &table.primary_key {
        if !table.columns.iter().any(|known| known.name == *column) {
            return Err(format!(
                "Primary key column '{column}' is not defined in the schema at '{name}'."
            ));
        }
    }
    let partitions = table
        .distribution
        .as_ref()
        .and_then(|distribution| distribution.buckets)
        .unwrap_or(topics::DEFAULT_PARTITIONS);
    if partitions == 0 {
        return Err("The number of buckets must be greater than 0.".to_owned());
    }
    let topic_settings = topic_settings(&table)?;
    let topic = topics::fresh(
        &database.cluster.id,
        name.last(),
        partitions,
        topic_settings,
        submission.now,
    );
    let mut ops = vec![Op::put(Row::Topic(topic))];
    register(world, submission, database, name.last(), &table, &mut ops)?;
    Ok(ops)
}

/// Puts the schemas of the key and the value into the registry of the environment.
fn register(
    world: &World,
    submission: &Submission<'_>,
    database: Database<'_>,
    topic: &str,
    table: &CreateTable,
    ops: &mut Vec<Op>,
) -> Result<(), String> {
    let Some(registry) = world.registry_of(&database.environment.id) else {
        return Ok(());
    };
    let physical: Vec<(&str, &streamform_flinksql::DataType)> = table
        .columns
        .iter()
        .filter_map(|column| match &column.kind {
            ColumnKind::Physical(kind) => Some((column.name.as_str(), kind)),
            _ => None,
        })
        .collect();
    let distributed = table
        .distribution
        .as_ref()
        .map(|distribution| distribution.columns.as_slice())
        .unwrap_or_default();
    let keys = if distributed.is_empty() {
        table.primary_key.as_slice()
    } else {
        distributed
    };
    let is_key = |column: &str| keys.iter().any(|key| key == column);
    let key: Vec<_> = physical
        .iter()
        .filter(|(column, _)| is_key(column))
        .copied()
        .collect();
    let all = table.option("value.fields-include") == Some("all");
    let value: Vec<_> = physical
        .iter()
        .filter(|(column, _)| all || !is_key(column))
        .copied()
        .collect();
    for (side, columns) in [("key", key), ("value", value)] {
        if columns.is_empty() {
            continue;
        }
        let format = table.option(&format!("{side}.format")).unwrap_or("avro-registry");
        let record: String = topic
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .chain(format!("_{side}").chars())
            .collect();
        let Some((schema_type, text)) = schema::of(format, &record, &columns) else {
            continue;
        };
        let draft = Draft {
            schema_type: schema_type.to_owned(),
            schema: text,
            references: Value::Null,
            metadata: Value::Null,
            rule_set: Value::Null,
        };
        let subject = format!("{topic}-{side}");
        let refused = |_| format!("The schema of subject '{subject}' is incompatible with an earlier one.");
        let (more, _) = subjects::registration(world, ops, &registry.id, &subject, draft, submission.now)
            .map_err(refused)?;
        ops.extend(more);
    }
    Ok(())
}

/// The settings of the topic that the options of its table ask for.
fn topic_settings(table: &CreateTable) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    if table.option("changelog.mode") == Some("upsert") && table.option("kafka.cleanup-policy").is_none() {
        found.insert("cleanup.policy".to_owned(), "compact".to_owned());
    }
    for option in &table.options {
        let (setting, value) = match option.key.as_str() {
            "kafka.cleanup-policy" => (
                "cleanup.policy",
                option.value.replace("delete-compact", "delete,compact"),
            ),
            "kafka.retention.time" => ("retention.ms", milliseconds(&option.value)?),
            "kafka.retention.size" => ("retention.bytes", bytes(&option.value)?),
            "kafka.max-message-size" => ("max.message.bytes", bytes(&option.value)?),
            _ => continue,
        };
        if let Some(complaint) = settings::complaint(setting, Some(&value)) {
            return Err(format!(
                "Invalid value for option '{}'.\n\nCaused by: {complaint}",
                option.key
            ));
        }
        found.insert(setting.to_owned(), value);
    }
    Ok(found)
}

fn amount(text: &str) -> Option<(i64, String)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse().ok()?;
    Some((number, text[digits..].trim().to_ascii_lowercase()))
}

/// A Flink duration (`7 d`, `1 hour`) in milliseconds; zero means "for ever".
fn milliseconds(text: &str) -> Result<String, String> {
    let wrong = || format!("Could not parse the duration '{text}'.");
    let (number, unit) = amount(text).ok_or_else(wrong)?;
    let factor = match unit.as_str() {
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return Err(wrong()),
    };
    Ok(if number == 0 {
        "-1".to_owned()
    } else {
        number.saturating_mul(factor).to_string()
    })
}

/// A Flink memory size (`1 gb`) in bytes; zero means "without limit".
fn bytes(text: &str) -> Result<String, String> {
    let wrong = || format!("Could not parse the size '{text}'.");
    let (number, unit) = amount(text).ok_or_else(wrong)?;
    let factor: i64 = match unit.as_str() {
        "" | "b" | "bytes" => 1,
        "k" | "kb" | "kibibytes" => 1 << 10,
        "m" | "mb" | "mebibytes" => 1 << 20,
        "g" | "gb" | "gibibytes" => 1 << 30,
        "t" | "tb" | "tebibytes" => 1 << 40,
        _ => return Err(wrong()),
    };
    Ok(if number == 0 {
        "-1".to_owned()
    } else {
        number.saturating_mul(factor).to_string()
    })
}

fn drop_object(
    world: &World,
    submission: &Submission<'_>,
    statement: &Parsed,
    object: ObjectKind,
    name: &ObjectName,
) -> Effects {
    let database = tables::database(world, submission, name)?;
    let (cluster, last) = (&database.cluster.id, name.last());
    let kind = match object {
        ObjectKind::Table | ObjectKind::MaterializedTable => "table",
        ObjectKind::View => "view",
        ObjectKind::Function => "function",
        ObjectKind::Model => "model",
        ObjectKind::Connection => "connection",
        ObjectKind::Catalog | ObjectKind::Database => {
            return Err(format!("{} statements are not emulated.", statement.kind));
        }
    };
    if world.catalog.get(&catalog_key(cluster, kind, last)).is_some() {
        return Ok(vec![Op::remove(
            Kind::CatalogObject,
            catalog_key(cluster, kind, last),
        )]);
    }
    if kind == "table" && world.topics.get(&topic_key(cluster, last)).is_some() {
        let mut ops = vec![Op::remove(Kind::Topic, topic_key(cluster, last))];
        if let Some(registry) = world.registry_of(&database.environment.id) {
            for side in ["key", "value"] {
                let versions = check::versions(world, &registry.id, &format!("{last}-{side}"), true);
                ops.extend(versions.into_iter().map(|row| {
                    Op::remove(Kind::Schema, schema_key(&row.registry, row.version, &row.subject))
                }));
            }
        }
        return Ok(ops);
    }
    if statement.conditional {
        return Ok(Vec::new());
    }
    let catalog = &database.environment.display_name;
    let what = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
    Err(format!(
        "{what} with identifier '{catalog}.{}.{last}' does not exist.",
        database.cluster.display_name
    ))
}

fn alter_table(world: &World, submission: &Submission<'_>, statement: &Parsed, name: &ObjectName) -> Effects {
    let database = match tables::find(world, submission, name)? {
        Found::Topic(database) => database,
        Found::Catalogued(_, "table") => return Ok(Vec::new()),
        Found::Free(database) | Found::Catalogued(database, _) => {
            if statement.conditional {
                return Ok(Vec::new());
            }
            return Err(format!(
                "Table {} doesn't exist or is a view.",
                tables::full_name(database, name)
            ));
        }
        Found::BuiltIn => return Err(format!("{name} is read-only.")),
    };
    if let Some(table) = &statement.table {
        let Some(topic) = world.topics.get(&topic_key(&database.cluster.id, name.last())) else {
            return Ok(Vec::new());
        };
        let mut topic = topic.clone();
        topic.settings.extend(topic_settings(table)?);
        return Ok(vec![Op::put(Row::Topic(topic))]);
    }
    let rest = Span::new(name.span.end, statement.span.end)
        .of(submission.sql)
        .to_ascii_uppercase();
    // Watermarks are the catalog's own affair; nothing outside of it changes.
    if rest.contains("WATERMARK") || rest.trim_start().starts_with("RESET") {
        return Ok(Vec::new());
    }
    Err("ALTER TABLE statements that change columns are not emulated.".to_owned())
}

/// The rows of a bounded statement, where the engine knows them.
fn rows(world: &World, submission: &Submission<'_>, statement: &Parsed) -> Vec<Vec<Option<String>>> {
    if statement.kind != StatementKind::Show {
        return Vec::new();
    }
    let text = statement.span.of(submission.sql).to_ascii_uppercase();
    let what = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let pairs = |list: Vec<(&str, &str)>| {
        list.into_iter()
            .map(|(name, id)| vec![Some(name.to_owned()), Some(id.to_owned())])
            .collect()
    };
    let here = ObjectName {
        parts: Vec::new(),
        span: Span::default(),
    };
    match what.as_str() {
        "CATALOGS" => pairs(
            world
                .environments
                .iter()
                .map(|row| (row.display_name.as_str(), row.id.as_str()))
                .collect(),
        ),
        "DATABASES" => pairs(
            world
                .kafka_clusters
                .iter()
                .filter(|row| row.environment == submission.environment)
                .map(|row| (row.display_name.as_str(), row.id.as_str()))
                .collect(),
        ),
        "TABLES" => match tables::database(world, submission, &here) {
            Ok(database) => {
                let cluster = &database.cluster.id;
                let mut names: Vec<String> = world
                    .topics
                    .iter()
                    .filter(|row| row.cluster == *cluster)
                    .map(|row| row.name.clone())
                    .collect();
                let catalogued = world.catalog.iter().filter(|row| row.cluster == *cluster);
                names.extend(
                    catalogued
                        .filter(|row| matches!(row.kind.as_str(), "table" | "view"))
                        .map(|row| row.name.clone()),
                );
                names.sort();
                names.into_iter().map(|name| vec![Some(name)]).collect()
            }
            Err(_) => Vec::new(),
        },
        _ => Vec::new(),
    }
}
