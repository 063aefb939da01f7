//! Schemas for the columns of `CREATE TABLE`, as Flink's `avro-registry`, `json-registry` and `proto-registry` formats
//! write them.

use serde_json::{Map, Value, json};
use streamform_flinksql::{DataType, TypeKind};

/// Columns of one side of a record.
pub(crate) type Columns<'a> = [(&'a str, &'a DataType)];

/// The schema of these columns in a format: its type for the registry, and its text. `None`: the format has none.
pub(crate) fn of(format: &str, name: &str, columns: &Columns<'_>) -> Option<(&'static str, String)> {
    match format {
        "avro-registry" | "avro-debezium-registry" => Some(("AVRO", avro(name, columns).to_string())),
        "json-registry" | "json-debezium-registry" => Some(("JSON", json_schema(columns).to_string())),
        "proto-registry" | "proto-debezium-registry" => Some(("PROTOBUF", proto(name, columns))),
        _ => None,
    }
}

fn avro(name: &str, columns: &Columns<'_>) -> Value {
    let fields: Vec<Value> = columns
        .iter()
        .map(|(column, kind)| avro_field(column, kind, name))
        .collect();
    json!({
        "fields": fields,
        "name": name,
        "namespace": "org.apache.flink.avro.generated.record",
        "type": "record",
    })
}

fn avro_field(column: &str, kind: &DataType, parent: &str) -> Value {
    let inner = avro_type(kind, &format!("{parent}_{column}"));
    if kind.nullable {
        json!({ "default": null, "name": column, "type": inner })
    } else {
        json!({ "name": column, "type": inner })
    }
}

fn avro_type(kind: &DataType, name: &str) -> Value {
    let inner = match &kind.kind {
        TypeKind::Plain {
            name: plain,
            arguments,
        } => avro_plain(plain, arguments),
        TypeKind::Array(item) => json!({ "items": avro_type(item, name), "type": "array" }),
        TypeKind::Map(_, value) => json!({ "type": "map", "values": avro_type(value, name) }),
        TypeKind::Multiset(_) => json!({ "type": "map", "values": "int" }),
        TypeKind::Row(fields) => {
            let fields: Vec<Value> = fields
                .iter()
                .map(|field| avro_field(&field.name, &field.data_type, name))
                .collect();
            json!({ "fields": fields, "name": name, "type": "record" })
        }
    };
    if kind.nullable {
        json!(["null", inner])
    } else {
        inner
    }
}

fn avro_plain(name: &str, arguments: &[u32]) -> Value {
    let precision = arguments.first().copied();
    let unit = |precision: Option<u32>| {
        if precision.unwrap_or(6) > 3 {
            "micros"
        } else {
            "millis"
        }
    };
    match name {
        "BOOLEAN" => json!("boolean"),
        "TINYINT" | "SMALLINT" | "INT" => json!("int"),
        "BIGINT" | "INTERVAL" => json!("long"),
        "FLOAT" | "REAL" => json!("float"),
        "DOUBLE" => json!("double"),
        "BYTES" | "BINARY" | "VARBINARY" => json!("bytes"),
        "DECIMAL" => json!({ "logicalType": "decimal", "precision": precision.unwrap_or(10),
            "scale": arguments.get(1).copied().unwrap_or(0), "type": "bytes" }),
        "DATE" => json!({ "logicalType": "date", "type": "int" }),
        "TIME" => json!({ "logicalType": "time-millis", "type": "int" }),
        "TIMESTAMP" => {
            json!({ "logicalType": format!("local-timestamp-{}", unit(precision)), "type": "long" })
        }
        "TIMESTAMP_LTZ" | "TIMESTAMP_TZ" => {
            json!({ "logicalType": format!("timestamp-{}", unit(precision)), "type": "long" })
        }
        _ => json!("string"),
    }
}

fn json_schema(columns: &Columns<'_>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (index, (column, kind)) in columns.iter().enumerate() {
        let mut property = json_type(kind);
        property["connect.index"] = json!(index);
        properties.insert((*column).to_owned(), property);
        if !kind.nullable {
            required.push(*column);
        }
    }
    json!({ "properties": properties, "required": required, "title": "Record", "type": "object" })
}

fn json_type(kind: &DataType) -> Value {
    let inner = match &kind.kind {
        TypeKind::Plain { name, .. } => match name.as_str() {
            "BOOLEAN" => json!({ "type": "boolean" }),
            "TINYINT" | "SMALLINT" | "INT" | "BIGINT" => json!({ "type": "integer" }),
            "FLOAT" | "REAL" | "DOUBLE" | "DECIMAL" => json!({ "type": "number" }),
            _ => json!({ "type": "string" }),
        },
        TypeKind::Array(item) => json!({ "items": json_type(item), "type": "array" }),
        TypeKind::Map(_, value) => json!({ "additionalProperties": json_type(value), "type": "object" }),
        TypeKind::Multiset(_) => json!({ "additionalProperties": { "type": "integer" }, "type": "object" }),
        TypeKind::Row(fields) => {
            let columns: Vec<(&str, &DataType)> = fields
                .iter()
                .map(|field| (field.name.as_str(), &field.data_type))
                .collect();
            json_schema(&columns)
        }
    };
    if kind.nullable {
        json!({ "oneOf": [{ "type": "null" }, inner] })
    } else {
        inner
    }
}

fn proto(name: &str, columns: &Columns<'_>) -> String {
    let mut text = format!("syntax = \"proto3\";\n\nmessage {name} {{\n");
    for (index, (column, kind)) in columns.iter().enumerate() {
        let (label, inner) = match &kind.kind {
            TypeKind::Array(item) => ("repeated ", proto_type(item)),
            _ => (if kind.nullable { "optional " } else { "" }, proto_type(kind)),
        };
        text.push_str(&format!("  {label}{inner} {column} = {};\n", index + 1));
    }
    text.push_str("}\n");
    text
}

fn proto_type(kind: &DataType) -> &'static str {
    match &kind.kind {
        TypeKind::Plain { name, .. } => match name.as_str() {
            "BOOLEAN" => "bool",
            "TINYINT" | "SMALLINT" | "INT" => "int32",
            "BIGINT" => "int64",
            "FLOAT" | "REAL" => "float",
            "DOUBLE" => "double",
            "BYTES" | "BINARY" | "VARBINARY" => "bytes",
            _ => "string",
        },
        // Parts of a nested type are not spelled out: the text only has to be one that the registry takes.
        _ => "bytes",
    }
}
