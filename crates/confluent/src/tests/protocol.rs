//! Whole lives through the provider's protocol: plan, apply, read, plan again without a difference, destroy.

use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_provider::Provider;
use streamform_provider::protocol::ApplyRequest;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::protocol::ProviderFactory;
use streamform_provider::protocol::ReadRequest;
use streamform_provider::schema;

use super::*;

struct World {
    factory: Arc<dyn ProviderFactory>,
    provider: Arc<dyn Provider>,
    made: Vec<(String, Value)>,
}

impl World {
    async fn new(emulator: &Emulator) -> Self {
        let factory = crate::factory(defaults(emulator, &[]));
        let provider = factory.instance();
        let findings = provider.configure(Value::null(Type::empty_object())).await;
        assert!(findings.is_empty(), "{findings:?}");
        World {
            factory,
            provider,
            made: Vec::new(),
        }
    }

    fn block(&self, ty: &str) -> schema::Block {
        self.factory.schema(Mode::Managed, ty).unwrap().block.clone()
    }

    fn request(&self, ty: &str, prior: &Value, config: &Value) -> PlanRequest {
        PlanRequest {
            type_name: ty.to_owned(),
            prior: prior.clone(),
            config: config.clone(),
            proposed: schema::proposed(prior, config, &self.block(ty)),
            private: None,
        }
    }

    async fn apply(&self, ty: &str, prior: &Value, planned: &Value, config: &Value) -> Value {
        let response = self
            .provider
            .apply(ApplyRequest {
                type_name: ty.to_owned(),
                prior: prior.clone(),
                planned: planned.clone(),
                config: config.clone(),
                private: None,
                token: "t".to_owned(),
                progress: Arc::new(Told::default()),
            })
            .await;
        assert!(response.findings.is_empty(), "{ty}: {:?}", response.findings);
        response.state
    }

    /// Makes an object and holds that it is what was planned and shows no difference afterwards; gives it as JSON.
    async fn make(&mut self, ty: &str, config: Json) -> Json {
        let block = self.block(ty);
        let config = schema::from_state_json(&config.to_string(), &block).unwrap();
        let none = Value::null(block.implied_type());
        let findings = self.provider.validate(Mode::Managed, ty, &config);
        assert!(findings.is_empty(), "{ty}: {findings:?}");
        let plan = self.provider.plan(self.request(ty, &none, &config));
        assert!(plan.findings.is_empty(), "{ty}: {:?}", plan.findings);
        let state = self.apply(ty, &none, &plan.planned, &config).await;
        let odd = schema::consistent(&plan.planned, &state, &block);
        assert!(odd.is_empty(), "{ty}: {odd:?}");

        let read = self
            .provider
            .read(vec![ReadRequest {
                type_name: ty.to_owned(),
                prior: state.clone(),
                private: None,
            }])
            .await
            .remove(0);
        assert!(read.findings.is_empty(), "{ty}: {:?}", read.findings);
        assert_eq!(encode(&read.state), encode(&state), "{ty} drifts at once");
        let again = self.provider.plan(self.request(ty, &read.state, &config));
        assert_eq!(
            encode(&again.planned),
            encode(&read.state),
            "{ty} is planned anew"
        );
        assert!(again.planned.is_wholly_known(), "{ty}: {:?}", again.planned);
        assert!(
            again.requires_replace.is_empty(),
            "{ty}: {:?}",
            again.requires_replace
        );
        self.made.push((ty.to_owned(), read.state.clone()));
        encode(&read.state)
    }

    async fn destroy(&mut self) {
        while let Some((ty, state)) = self.made.pop() {
            let none = Value::null(self.block(&ty).implied_type());
            let gone = self.apply(&ty, &state, &none, &none).await;
            assert!(gone.is_null(), "{ty}: {gone:?}");
            let read = self
                .provider
                .read(vec![ReadRequest {
                    type_name: ty.clone(),
                    prior: state,
                    private: None,
                }])
                .await
                .remove(0);
            // The key that would read it is deleted after it, so that each can still be looked up here.
            assert!(read.findings.is_empty(), "{ty}: {:?}", read.findings);
            assert!(read.state.is_null(), "{ty}: {:?}", read.state);
        }
    }

    async fn data(&self, ty: &str, config: Json) -> Json {
        let block = self.factory.schema(Mode::Data, ty).unwrap().block.clone();
        let config = schema::from_state_json(&config.to_string(), &block).unwrap();
        let findings = self.provider.validate(Mode::Data, ty, &config);
        assert!(findings.is_empty(), "{ty}: {findings:?}");
        encode(&self.provider.read_data(ty, config).await.unwrap())
    }
}

#[tokio::test]
async fn a_pipeline_is_made_without_a_difference_left_and_destroyed() {
    let emulator = Emulator::start(EmulatorConfig::default()).await.unwrap();
    let mut w = World::new(&emulator).await;
    let environment = w
        .make(
            "confluent_environment",
            json!({ "display_name": "prod", "stream_governance": [{ "package": "ADVANCED" }] }),
        )
        .await;
    w.make("confluent_environment", json!({ "display_name": "plain" }))
        .await;
    let in_environment = json!([{ "id": environment["id"] }]);
    let cluster = w
        .make(
            "confluent_kafka_cluster",
            json!({
                "display_name": "orders", "availability": "SINGLE_ZONE", "cloud": "AWS", "region": "us-east-1",
                "environment": in_environment, "basic": [{}], "timeouts": { "create": "1h" },
            }),
        )
        .await;
    w.make(
        "confluent_kafka_cluster",
        json!({
            "display_name": "big", "availability": "MULTI_ZONE", "cloud": "AWS", "region": "us-east-1",
            "environment": in_environment, "dedicated": [{ "cku": 2 }],
        }),
    )
    .await;
    let account = w
        .make("confluent_service_account", json!({ "display_name": "pipeline" }))
        .await;
    let binding = w
        .make(
            "confluent_role_binding",
            json!({
                "principal": format!("User:{}", account["id"].as_str().unwrap()),
                "role_name": "EnvironmentAdmin",
                "crn_pattern": environment["resource_name"],
            }),
        )
        .await;
    let found = w
        .data("confluent_role_binding", json!({ "id": binding["id"] }))
        .await;
    assert_eq!(found["principal"], binding["principal"]);
    let pool = w
        .make(
            "confluent_flink_compute_pool",
            json!({ "display_name": "pool", "cloud": "AWS", "region": "us-east-1", "environment": in_environment }),
        )
        .await;
    let owner = json!([{ "id": account["id"], "kind": "ServiceAccount", "api_version": "iam/v2" }]);
    let registry = w
        .data(
            "confluent_schema_registry_cluster",
            json!({ "environment": in_environment }),
        )
        .await;
    let region = w
        .data(
            "confluent_flink_region",
            json!({ "cloud": "AWS", "region": "us-east-1" }),
        )
        .await;
    let found = w
        .data(
            "confluent_flink_compute_pool",
            json!({ "display_name": "pool", "environment": in_environment }),
        )
        .await;
    assert_eq!(found["id"], pool["id"]);
    let mut keys = Vec::new();
    for (id, kind, version) in [
        (&cluster["id"], "Cluster", "cmk/v2"),
        (&registry["id"], "Cluster", "srcm/v3"),
        (&region["id"], "Region", "fcpm/v2"),
    ] {
        let key = w
            .make(
                "confluent_api_key",
                json!({
                    "display_name": version, "owner": owner,
                    "managed_resource": [{
                        "id": id, "kind": kind, "api_version": version, "environment": in_environment,
                    }],
                }),
            )
            .await;
        keys.push(json!([{ "key": key["id"], "secret": key["secret"] }]));
    }
    w.make(
        "confluent_kafka_topic",
        json!({
            "topic_name": "orders", "kafka_cluster": [{ "id": cluster["id"] }], "rest_endpoint": cluster["rest_endpoint"],
            "credentials": keys[0], "config": { "retention.ms": "3600000" },
        }),
    )
    .await;
    w.make(
        "confluent_kafka_topic",
        json!({
            "topic_name": "plain", "kafka_cluster": [{ "id": cluster["id"] }], "rest_endpoint": cluster["rest_endpoint"],
            "credentials": keys[0],
        }),
    )
    .await;
    let found = w
        .data(
            "confluent_kafka_topic",
            json!({
                "topic_name": "orders", "kafka_cluster": [{ "id": cluster["id"] }],
                "rest_endpoint": cluster["rest_endpoint"], "credentials": keys[0],
            }),
        )
        .await;
    assert_eq!(found["config"], json!({ "retention.ms": "3600000" }));
    let users = w.data("confluent_users", json!({})).await;
    let user = w.data("confluent_user", json!({ "id": users["ids"][0] })).await;
    assert!(user["email"].as_str().unwrap().contains('@'));
    w.make(
        "confluent_schema",
        json!({
            "schema_registry_cluster": [{ "id": registry["id"] }], "rest_endpoint": registry["rest_endpoint"],
            "credentials": keys[1], "subject_name": "notes-value", "format": "AVRO", "hard_delete": true,
            "schema": "{\n \"type\": \"record\", \"name\": \"Note\", \"fields\": [{ \"name\": \"id\", \"type\": \"long\" }]\n}",
        }),
    )
    .await;
    for (sql, more) in [
        ("CREATE TABLE a (id BIGINT);", json!({})),
        (
            "CREATE TABLE b (id BIGINT);",
            json!({ "statement_name": "make-b" }),
        ),
        (
            "INSERT INTO b SELECT id FROM a;",
            json!({ "properties_sensitive": { "sql.secrets.x": "y" } }),
        ),
    ] {
        let mut config = json!({
            "statement": sql,
            "organization": [{ "id": emulator.organization_id() }], "environment": in_environment,
            "compute_pool": [{ "id": pool["id"] }], "principal": [{ "id": account["id"] }],
            "rest_endpoint": region["rest_endpoint"], "credentials": keys[2],
            "properties": {
                "sql.current-catalog": environment["display_name"], "sql.current-database": cluster["display_name"],
            },
        });
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        w.make("confluent_flink_statement", config).await;
    }
    w.destroy().await;
}
