//! The schemas are the official provider's.

use std::path::PathBuf;
use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_provider::declared::DataSourceType;
use streamform_provider::protocol::ProviderFactory;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::Nesting;

use super::*;

fn factory() -> Arc<dyn ProviderFactory> {
    crate::factory(ProviderDefaults::default())
}

/// A file of the reference material, which is not part of the repository.
pub(crate) fn reference(name: &str) -> Option<PathBuf> {
    let found = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("shared").join(name))
        .find(|path| path.exists());
    if found.is_none() {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "skipped: {name} is not on this machine");
    }
    found
}

fn ty(ty: &Type) -> Json {
    match ty {
        Type::List(e) => json!(["list", self::ty(e)]),
        Type::Set(e) => json!(["set", self::ty(e)]),
        Type::Map(e) => json!(["map", self::ty(e)]),
        Type::Object(o) => {
            let attributes: serde_json::Map<String, Json> = o
                .attributes()
                .iter()
                .map(|(n, t)| (n.to_string(), self::ty(t)))
                .collect();
            json!(["object", attributes])
        }
        other => json!(other.to_string()),
    }
}

fn attribute(a: &Attribute) -> Json {
    let mut json = json!({ "type": ty(&a.ty) });
    for (name, set) in [
        ("required", a.required),
        ("optional", a.optional),
        ("computed", a.computed),
        ("sensitive", a.sensitive),
        ("deprecated", a.deprecated.is_some()),
    ] {
        if set {
            json[name] = json!(true);
        }
    }
    json
}

fn block(b: &Block) -> Json {
    let mut json = json!({});
    for (name, a) in &b.attributes {
        json["attributes"][name.as_str()] = attribute(a);
    }
    for (name, n) in &b.blocks {
        let mut nested = json!({
            "nesting_mode": match n.nesting {
                Nesting::Single => "single",
                Nesting::Group => "group",
                Nesting::List => "list",
                Nesting::Set => "set",
                Nesting::Map => "map",
            },
            "block": block(&n.block),
        });
        if n.min_items > 0 {
            nested["min_items"] = json!(n.min_items);
        }
        if let Some(max) = n.max_items {
            nested["max_items"] = json!(max);
        }
        json["block_types"][name.as_str()] = nested;
    }
    json
}

/// Without descriptions.
fn plain(json: &Json) -> Json {
    match json {
        Json::Object(items) => items
            .iter()
            .filter(|(name, value)| {
                !(name.as_str() == "description_kind"
                    || (name.as_str() == "description" && value.is_string()))
            })
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn schemas_are_the_official_ones() {
    let Some(path) = reference("reference/confluent-provider-schema.json") else {
        return;
    };
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let official = file["provider_schemas"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    let factory = factory();
    for (mode, group) in [
        (Mode::Managed, "resource_schemas"),
        (Mode::Data, "data_source_schemas"),
    ] {
        for name in factory.type_names(mode) {
            let schema = factory.schema(mode, name).unwrap();
            let expect = &official[group][name];
            assert_eq!(block(&schema.block), plain(&expect["block"]), "{group} {name}");
            assert_eq!(json!(schema.version), expect["version"], "{name}");
        }
    }
    assert_eq!(
        block(&factory.config_schema().block),
        plain(&official["provider"]["block"])
    );
}

fn declarations() -> Vec<(streamform_provider::declared::Declaration, &'static str)> {
    use crate::control::Control;
    use crate::resources::*;
    let resources: Vec<Box<dyn ResourceType<Confluent>>> = vec![
        Box::new(Control::new(ApiKey)),
        Box::new(Control::new(ComputePool)),
        Box::new(Control::new(Environment)),
        Box::new(FlinkStatement::default()),
        Box::new(Control::new(KafkaCluster)),
        Box::new(KafkaTopic::default()),
        Box::new(Control::new(RoleBinding)),
        Box::new(Schema::default()),
        Box::new(Control::new(ServiceAccount)),
    ];
    use crate::data::*;
    let data: Vec<Box<dyn DataSourceType<Confluent>>> = vec![
        Box::new(ComputePoolData),
        Box::new(EnvironmentData),
        Box::new(EnvironmentsData),
        Box::new(FlinkRegionData),
        Box::new(KafkaClusterData),
        Box::new(KafkaTopicData),
        Box::new(OrganizationData),
        Box::new(RoleBindingData),
        Box::new(SchemaRegistryClusterData),
        Box::new(ServiceAccountData),
        Box::new(UserData),
        Box::new(UsersData),
    ];
    resources
        .iter()
        .map(|ty| (ty.declaration(), "resources"))
        .chain(data.iter().map(|ty| (ty.declaration(), "data_sources")))
        .collect()
}

#[test]
fn behaviour_is_the_official_one() {
    let Some(path) = reference("reference/confluent-provider-behaviour.json") else {
        return;
    };
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut problems = Vec::new();
    for (declaration, group) in declarations() {
        let expect = &file[group][declaration.type_name]["attributes"];
        for field in &declaration.fields {
            compare(field, &expect[field.name], declaration.type_name, &mut problems);
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn compare(
    field: &streamform_provider::declared::Field,
    expect: &Json,
    at: &str,
    problems: &mut Vec<String>,
) {
    let at = format!("{at}.{}", field.name);
    let mut check = |what: &str, ours: Json, theirs: &Json| {
        if ours != *theirs {
            problems.push(format!("{at}: {what} is {ours}, officially {theirs}"));
        }
    };
    let none = json!([]);
    let list = |name: &str| -> &Json { expect.get(name).unwrap_or(&none) };
    let truth = |name: &str| json!(expect[name].as_bool().unwrap_or(false));
    check("force_new", json!(field.force_new), &truth("force_new"));
    check("sensitive", json!(field.sensitive), &truth("sensitive"));
    check("one_of", json!(field.one_of), list("one_of"));
    check(
        "conflicts_with",
        json!(field.conflicts_with),
        list("conflicts_with"),
    );
    check(
        "exactly_one_of",
        json!(field.exactly_one_of),
        list("exactly_one_of"),
    );
    check(
        "default",
        field.default.as_ref().map_or(Json::Null, encode),
        expect.get("default").unwrap_or(&Json::Null),
    );
    check(
        "diff_suppress",
        json!(field.suppress.is_some()),
        &json!(expect.get("diff_suppress").is_some()),
    );
    check(
        "validated",
        json!(!field.checks.is_empty() || !field.one_of.is_empty()),
        &truth("validated"),
    );
    if let streamform_provider::declared::FieldKind::Block { fields, .. } = &field.kind {
        for inner in fields {
            compare(inner, &expect["block"][inner.name], &at, problems);
        }
    }
}
