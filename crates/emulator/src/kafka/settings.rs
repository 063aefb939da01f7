//! The settings of a topic: their defaults, which of them may be set, and what values they take.

/// What a value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Long,
    Int,
    Double,
    Boolean,
    Text,
    /// A list whose elements are among these.
    ListOf(&'static [&'static str]),
    OneOf(&'static [&'static str]),
}

/// One setting that every topic has.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// The value where nobody set one.
    pub(crate) default: &'static str,
    pub(crate) read_only: bool,
    /// The value comes from the cluster, not from Kafka itself.
    pub(crate) from_broker: bool,
    /// What the broker calls it; empty where it has no such setting.
    pub(crate) broker_name: &'static str,
    pub(crate) shape: Shape,
}

const fn setting(
    name: &'static str,
    default: &'static str,
    read_only: bool,
    from_broker: bool,
    broker_name: &'static str,
    shape: Shape,
) -> Setting {
    Setting {
        name,
        default,
        read_only,
        from_broker,
        broker_name,
        shape,
    }
}

const MAX: &str = "9223372036854775807";
const RO: bool = true;
const RW: bool = false;
const BROKER: bool = true;
const KAFKA: bool = false;

/// All settings that a topic lists. Values as recorded from a Basic cluster.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "cleanup.policy",
        "delete",
        RW,
        KAFKA,
        "log.cleanup.policy",
        Shape::ListOf(&["delete", "compact"]),
    ),
    setting(
        "compression.type",
        "producer",
        RO,
        KAFKA,
        "compression.type",
        Shape::Text,
    ),
    setting(
        "delete.retention.ms",
        "86400000",
        RW,
        KAFKA,
        "log.cleaner.delete.retention.ms",
        Shape::Long,
    ),
    setting(
        "file.delete.delay.ms",
        "60000",
        RO,
        KAFKA,
        "log.segment.delete.delay.ms",
        Shape::Long,
    ),
    setting(
        "flush.messages",
        MAX,
        RO,
        KAFKA,
        "log.flush.interval.messages",
        Shape::Long,
    ),
    setting("flush.ms", MAX, RO, KAFKA, "", Shape::Long),
    setting(
        "follower.replication.throttled.replicas",
        "",
        RO,
        KAFKA,
        "",
        Shape::Text,
    ),
    setting(
        "index.interval.bytes",
        "4096",
        RO,
        KAFKA,
        "log.index.interval.bytes",
        Shape::Int,
    ),
    setting(
        "leader.replication.throttled.replicas",
        "",
        RO,
        KAFKA,
        "",
        Shape::Text,
    ),
    setting(
        "max.compaction.lag.ms",
        MAX,
        RW,
        KAFKA,
        "log.cleaner.max.compaction.lag.ms",
        Shape::Long,
    ),
    setting(
        "max.message.bytes",
        "2097164",
        RW,
        BROKER,
        "message.max.bytes",
        Shape::Int,
    ),
    setting(
        "message.downconversion.enable",
        "true",
        RO,
        KAFKA,
        "log.message.downconversion.enable",
        Shape::Boolean,
    ),
    setting(
        "message.format.version",
        "3.0-IV1",
        RO,
        BROKER,
        "log.message.format.version",
        Shape::Text,
    ),
    setting(
        "message.timestamp.after.max.ms",
        MAX,
        RW,
        KAFKA,
        "log.message.timestamp.after.max.ms",
        Shape::Long,
    ),
    setting(
        "message.timestamp.before.max.ms",
        MAX,
        RW,
        KAFKA,
        "log.message.timestamp.before.max.ms",
        Shape::Long,
    ),
    setting(
        "message.timestamp.difference.max.ms",
        MAX,
        RW,
        KAFKA,
        "log.message.timestamp.difference.max.ms",
        Shape::Long,
    ),
    setting(
        "message.timestamp.type",
        "CreateTime",
        RW,
        KAFKA,
        "log.message.timestamp.type",
        Shape::OneOf(&["CreateTime", "LogAppendTime"]),
    ),
    setting(
        "min.cleanable.dirty.ratio",
        "0.5",
        RO,
        KAFKA,
        "log.cleaner.min.cleanable.ratio",
        Shape::Double,
    ),
    setting(
        "min.compaction.lag.ms",
        "0",
        RW,
        KAFKA,
        "log.cleaner.min.compaction.lag.ms",
        Shape::Long,
    ),
    setting(
        "min.insync.replicas",
        "2",
        RW,
        BROKER,
        "min.insync.replicas",
        Shape::Int,
    ),
    setting(
        "preallocate",
        "false",
        RO,
        KAFKA,
        "log.preallocate",
        Shape::Boolean,
    ),
    setting(
        "retention.bytes",
        "-1",
        RW,
        KAFKA,
        "log.retention.bytes",
        Shape::Long,
    ),
    setting(
        "retention.ms",
        "604800000",
        RW,
        KAFKA,
        "log.retention.ms",
        Shape::Long,
    ),
    setting(
        "segment.bytes",
        "104857600",
        RW,
        BROKER,
        "log.segment.bytes",
        Shape::Int,
    ),
    setting(
        "segment.index.bytes",
        "10485760",
        RO,
        KAFKA,
        "log.index.size.max.bytes",
        Shape::Int,
    ),
    setting("segment.jitter.ms", "0", RO, KAFKA, "", Shape::Long),
    setting("segment.ms", "604800000", RW, KAFKA, "", Shape::Long),
    setting(
        "unclean.leader.election.enable",
        "false",
        RO,
        KAFKA,
        "unclean.leader.election.enable",
        Shape::Boolean,
    ),
];

/// Settings that a topic lists only once somebody has set them.
const OPTIONAL: &[(&str, Shape)] = &[
    ("confluent.key.schema.validation", Shape::Boolean),
    ("confluent.value.schema.validation", Shape::Boolean),
    ("confluent.key.subject.name.strategy", Shape::Text),
    ("confluent.value.subject.name.strategy", Shape::Text),
    ("confluent.schema.validation.context.name", Shape::Text),
];

/// The setting that every topic lists under this name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Why a setting may not have this value; `None` if it may. `None` as the value asks for the default.
pub(crate) fn complaint(name: &str, value: Option<&str>) -> Option<String> {
    let shape = match find(name) {
        Some(setting) if setting.read_only => {
            return Some(format!(
                "Config property '{name}' is read-only and cannot be changed."
            ));
        }
        Some(setting) => setting.shape,
        None => match OPTIONAL.iter().find(|(known, _)| *known == name) {
            Some((_, shape)) => *shape,
            None => return Some(format!("Unknown topic config name: {name}")),
        },
    };
    let value = value?;
    let not = |kind: &str| Some(format!("Invalid value {value} for configuration {name}: {kind}"));
    match shape {
        Shape::Long if value.trim().parse::<i64>().is_err() => not("Not a number of type LONG"),
        Shape::Int if value.trim().parse::<i32>().is_err() => not("Not a number of type INT"),
        Shape::Double if value.trim().parse::<f64>().is_err() => not("Not a number of type DOUBLE"),
        Shape::Boolean if !matches!(value.to_lowercase().as_str(), "true" | "false") => {
            not("Expected value to be either true or false")
        }
        Shape::OneOf(allowed) if !allowed.contains(&value) => {
            not(&format!("String must be one of: {}", allowed.join(", ")))
        }
        Shape::ListOf(allowed)
            if value.is_empty() || value.split(',').any(|part| !allowed.contains(&part.trim())) =>
        {
            not(&format!("String must be one of: {}", allowed.join(", ")))
        }
        _ => below_minimum(name, value).and_then(|minimum| not(&format!("Value must be at least {minimum}"))),
    }
}

fn below_minimum(name: &str, value: &str) -> Option<i64> {
    let minimum = match name {
        "retention.ms" | "retention.bytes" => -1,
        "min.insync.replicas" | "max.compaction.lag.ms" | "segment.ms" => 1,
        "segment.bytes" => 14,
        "max.message.bytes" | "delete.retention.ms" | "min.compaction.lag.ms" => 0,
        _ => return None,
    };
    value
        .trim()
        .parse::<i64>()
        .ok()
        .filter(|number| *number < minimum)
        .map(|_| minimum)
}
