//! The provider block.

use std::sync::Arc;

use super::*;

fn config(json: &Json) -> Value {
    let declaration = streamform_provider::declared::Declaration {
        type_name: "confluent",
        version: 0,
        fields: crate::block::fields(),
        timeouts: streamform_provider::declared::Timeouts::default(),
        deprecated: None,
    };
    Shape::of(&declaration).value(None, json)
}

fn resolve(defaults: &ProviderDefaults, json: &Json) -> Result<Settings, Vec<String>> {
    Settings::resolve(defaults, &config(json)).map_err(|f| f.into_iter().map(|d| d.summary).collect())
}

fn variables(list: &'static [(&str, &str)]) -> ProviderDefaults {
    ProviderDefaults {
        environment: Some(Arc::new(move |name| {
            list.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })),
        ..ProviderDefaults::default()
    }
}

#[test]
fn groups_are_given_whole_or_not_at_all() {
    let none = variables(&[]);
    for (json, expect) in [
        (json!({}), None),
        (json!({ "cloud_api_key": "k" }), None),
        (json!({ "endpoint": "nonsense" }), None),
        (json!({ "kafka_id": "lkc-1" }), None),
        (
            json!({ "kafka_api_key": "k" }),
            Some("(kafka_api_key, kafka_api_secret, kafka_rest_endpoint) or"),
        ),
        (
            json!({ "schema_registry_id": "lsrc-1" }),
            Some("All 4 schema_registry_api_key"),
        ),
        (json!({ "organization_id": "o" }), Some("All 7 flink_api_key")),
        (
            json!({ "tableflow_api_key": "k" }),
            Some("Both tableflow_api_key"),
        ),
        (json!({ "max_retries": 3 }), Some("expected max_retries")),
        (
            json!({ "oauth": [{ "oauth_identity_pool_id": "pool-1" }] }),
            Some("OAuth is not available yet"),
        ),
    ] {
        let got = resolve(&none, &json).err();
        match expect {
            None => assert!(got.is_none(), "{json}: {got:?}"),
            Some(start) => assert!(
                got.is_some_and(|g| g.len() == 1 && g[0].starts_with(start)),
                "{json}"
            ),
        }
    }
}

#[test]
fn block_comes_before_environment_before_defaults() {
    let mut defaults = variables(&[
        ("CONFLUENT_CLOUD_API_KEY", "env-key"),
        ("CONFLUENT_CLOUD_API_SECRET", "env-secret"),
        ("TF_PROVIDER_CONFLUENT_MAX_RETRIES", "7"),
    ]);
    let plain = resolve(&defaults, &json!({})).unwrap();
    assert_eq!(plain.endpoint, "https://api.confluent.cloud");
    assert_eq!(plain.cloud_key.unwrap().0, "env-key");
    assert_eq!(plain.max_retries, 7);

    defaults.endpoint = Some("http://127.0.0.1:1".to_owned());
    defaults.cloud_api_key = Some("own-key".to_owned());
    defaults.cloud_api_secret = Some("own-secret".to_owned());
    let ours = resolve(&defaults, &json!({})).unwrap();
    assert_eq!(ours.endpoint, "http://127.0.0.1:1");
    // The environment's key is for another endpoint.
    assert_eq!(ours.cloud_key.unwrap().0, "own-key");
    let theirs = resolve(&defaults, &json!({ "endpoint": "https://elsewhere" })).unwrap();
    assert_eq!(theirs.endpoint, "https://elsewhere");
    assert_eq!(theirs.cloud_key.unwrap().0, "env-key");
    let block = resolve(
        &defaults,
        &json!({ "cloud_api_key": "b", "cloud_api_secret": "s" }),
    )
    .unwrap();
    assert_eq!(block.cloud_key.unwrap().0, "b");
}

#[test]
fn nothing_is_called_with_a_configuration_that_is_not_known() {
    let unknown = config(&json!({})).with_attr("kafka_api_key", Value::unknown(Type::String));
    let confluent = Confluent::configure(&variables(&[]), &unknown).unwrap();
    assert_eq!(
        confluent.control().unwrap_err()[0].summary,
        "Provider configuration not known yet"
    );
    let confluent = Confluent::configure(&variables(&[]), &config(&json!({}))).unwrap();
    assert_eq!(
        confluent.control().unwrap_err()[0].summary,
        "Missing Cloud API Key"
    );
}
