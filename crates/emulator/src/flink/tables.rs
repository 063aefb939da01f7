//! Where a name of a statement leads: to a topic, to something of the catalog, or nowhere.

use streamform_flinksql::ObjectName;

use super::engine::Submission;
use crate::records::{Environment, KafkaCluster};
use crate::store::{World, catalog_key, topic_key};

/// A catalog that every organization can read, with sample tables.
const EXAMPLES: &str = "examples";

/// A database: a Kafka cluster in an environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Database<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) cluster: &'a KafkaCluster,
}

/// What a name leads to.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A topic of this database.
    Topic(Database<'a>),
    /// Something that only the catalog knows, of this kind.
    Catalogued(Database<'a>, &'static str),
    /// A table that is always there: a sample, or one of `INFORMATION_SCHEMA`.
    BuiltIn,
    /// Nothing, but there would be a place for it here.
    Free(Database<'a>),
}

/// The database that a name belongs to, from its parts or from the statement's properties.
pub(crate) fn database<'a>(
    world: &'a World,
    submission: &Submission<'_>,
    name: &ObjectName,
) -> Result<Database<'a>, String> {
    let property = |key: &str| {
        submission
            .properties
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let catalog = name
        .catalog()
        .or_else(|| property("sql.current-catalog"))
        .unwrap_or(submission.environment);
    let environment = world
        .environments
        .get(catalog)
        .or_else(|| world.environments.iter().find(|row| row.display_name == catalog))
        .ok_or_else(|| format!("A catalog with name or ID '{catalog}' cannot be found."))?;
    let database = name
        .database()
        .or_else(|| property("sql.current-database"))
        .ok_or_else(|| {
            format!(
                "The name {name} has no database, and the statement has no current one: set the property \
             'sql.current-database'."
            )
        })?;
    // Flink sees the clusters of its own region only.
    let here = |row: &&KafkaCluster| {
        row.environment == environment.id
            && row.cloud.eq_ignore_ascii_case(&submission.pool.cloud)
            && row.region == submission.pool.region
    };
    let cluster = world
        .kafka_clusters
        .iter()
        .filter(here)
        .find(|row| row.id == database || row.display_name == database)
        .ok_or_else(|| {
            format!(
                "A database with name or ID '{database}' cannot be found in catalog '{}'.",
                environment.display_name
            )
        })?;
    Ok(Database { environment, cluster })
}

/// Where a name leads.
pub(crate) fn find<'a>(
    world: &'a World,
    submission: &Submission<'_>,
    name: &ObjectName,
) -> Result<Found<'a>, String> {
    let is_information = name
        .database()
        .is_some_and(|part| part.eq_ignore_ascii_case("INFORMATION_SCHEMA"));
    let current = submission
        .properties
        .get("sql.current-catalog")
        .map(String::as_str);
    if is_information || name.catalog().or(current) == Some(EXAMPLES) {
        return Ok(Found::BuiltIn);
    }
    let database = database(world, submission, name)?;
    let cluster = &database.cluster.id;
    if world.topics.get(&topic_key(cluster, name.last())).is_some() {
        return Ok(Found::Topic(database));
    }
    let catalogued = ["view", "table"].into_iter().find(|kind| {
        world
            .catalog
            .get(&catalog_key(cluster, kind, name.last()))
            .is_some()
    });
    Ok(match catalogued {
        Some(kind) => Found::Catalogued(database, kind),
        None => Found::Free(database),
    })
}

/// `` `catalog`.`database`.`table` ``, as Flink's messages spell names.
pub(crate) fn full_name(database: Database<'_>, name: &ObjectName) -> String {
    format!(
        "`{}`.`{}`.`{}`",
        database.environment.display_name,
        database.cluster.display_name,
        name.last()
    )
}
