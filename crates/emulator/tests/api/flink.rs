//! Statements through the Flink SQL gateway.

use std::time::Duration;

use serde_json::{Value, json};
use streamform_emulator::EmulatorConfig;

use crate::client::{Api, Key, text};

struct Flink {
    api: Api,
    key: Key,
    environment: String,
    cluster: Value,
    pool: String,
    account: String,
    base: String,
}

const READY: Duration = Duration::ZERO;

impl Flink {
    async fn start(phase_delay: Duration) -> Flink {
        let api = Api::with(EmulatorConfig {
            phase_delay,
            ..EmulatorConfig::default()
        })
        .await;
        let environment = api.environment("my env").await;
        let cluster = api.cluster(&environment, "my cluster").await;
        let account = api.service_account("a").await;
        let pool = json!({ "spec": { "display_name": "p", "cloud": "AWS", "region": "us-east-1",
            "environment": { "id": environment } } });
        let pool = text(&api.post("/fcpm/v2/compute-pools", pool).await.1, "/id");
        let resource = json!({ "id": "aws.us-east-1", "kind": "Region", "api_version": "fcpm/v2",
            "environment": { "id": environment } });
        let key = api.key(&account, resource).await;
        let (_, regions) = api.get("/fcpm/v2/regions?cloud=AWS&region_name=us-east-1").await;
        let base = format!(
            "{}/sql/v1/organizations/{}/environments/{environment}/statements",
            text(&regions, "/data/0/http_endpoint"),
            api.emulator.organization_id()
        );
        let flink = Flink {
            api,
            key,
            environment,
            cluster,
            pool,
            account,
            base,
        };
        flink.wait(phase_delay).await;
        flink
    }

    async fn wait(&self, time: Duration) {
        self.api
            .admin(
                "/_emulator/clock",
                json!({ "advance_ms": u64::try_from(time.as_millis()).unwrap() }),
            )
            .await;
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.api
            .call_as(Some(&self.key), method, &format!("{}{path}", self.base), body)
            .await
    }

    async fn post(&self, name: &str, sql: &str, more: Value) -> (u16, Value) {
        let mut properties = json!({ "sql.current-catalog": "my env", "sql.current-database": "my cluster" });
        for (key, value) in more.as_object().into_iter().flatten() {
            properties[key] = value.clone();
        }
        let body = json!({ "name": name, "spec": { "statement": sql, "properties": properties,
            "compute_pool_id": self.pool, "principal": self.account } });
        self.call("POST", "", Some(body)).await
    }

    /// Sends a statement and gives its phase and detail.
    async fn run(&self, name: &str, sql: &str) -> (String, String) {
        let (status, body) = self.post(name, sql, json!({})).await;
        assert_eq!(
            (status, text(&body, "/status/phase").as_str()),
            (201, "PENDING"),
            "{body}"
        );
        self.phase(name).await
    }

    async fn phase(&self, name: &str) -> (String, String) {
        let (status, body) = self.call("GET", &format!("/{name}"), None).await;
        assert_eq!(status, 200, "{body}");
        (text(&body, "/status/phase"), text(&body, "/status/detail"))
    }

    async fn change(&self, name: &str, pointer: &str, value: Value) -> (u16, Value) {
        let (_, mut body) = self.call("GET", &format!("/{name}"), None).await;
        *body.pointer_mut(pointer).unwrap() = value;
        self.call("PUT", &format!("/{name}"), Some(body)).await
    }

    async fn names(&self, kind: &str) -> Vec<String> {
        let (_, objects) = self.api.call_as(None, "GET", "/_emulator/objects", None).await;
        let mut names: Vec<String> = objects[kind]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| text(row, "/name"))
            .collect();
        names.sort();
        names
    }
}

const ORDERS: &str = "CREATE TABLE orders (id BIGINT NOT NULL, price DECIMAL(10, 2), tags ARRAY<STRING>, \
    WATERMARK FOR `$rowtime` AS `$rowtime`, PRIMARY KEY (id) NOT ENFORCED) DISTRIBUTED BY (id) INTO 3 BUCKETS \
    WITH ('changelog.mode' = 'upsert', 'kafka.retention.time' = '1 d')";

#[tokio::test]
async fn create_table_makes_a_topic_and_schemas_and_drop_takes_them_away() {
    let flink = Flink::start(READY).await;
    assert_eq!(flink.run("ddl", ORDERS).await.0, "COMPLETED");
    assert_eq!(flink.names("topics").await, ["orders"]);
    assert_eq!(flink.names("schemas").await, ["orders-key", "orders-value"]);
    let cluster = text(&flink.cluster, "/id");
    let kafka = flink
        .api
        .key(&flink.account, json!({ "id": cluster, "kind": "Cluster" }))
        .await;
    let topic = format!(
        "{}/kafka/v3/clusters/{cluster}/topics/orders",
        text(&flink.cluster, "/spec/http_endpoint")
    );
    let (_, body) = flink.api.call_as(Some(&kafka), "GET", &topic, None).await;
    assert_eq!(body["partitions_count"], 3);
    for (name, value) in [("retention.ms", "86400000"), ("cleanup.policy", "compact")] {
        let (_, config) = flink
            .api
            .call_as(Some(&kafka), "GET", &format!("{topic}/configs/{name}"), None)
            .await;
        assert_eq!(text(&config, "/value"), value);
    }
    let (_, list) = flink
        .api
        .get(&format!("/srcm/v3/clusters?environment={}", flink.environment))
        .await;
    let registry = flink
        .api
        .key(
            &flink.account,
            json!({ "id": text(&list, "/data/0/id"), "kind": "Cluster" }),
        )
        .await;
    let subject = format!(
        "{}/subjects/orders-value/versions/latest",
        text(&list, "/data/0/spec/http_endpoint")
    );
    let (_, body) = flink.api.call_as(Some(&registry), "GET", &subject, None).await;
    let schema: Value = serde_json::from_str(&text(&body, "/schema")).unwrap();
    assert_eq!(schema["fields"][0]["name"], "price");
    assert_eq!(schema["fields"][0]["type"][1]["logicalType"], "decimal");
    assert_ne!(body["id"], 100_001, "the key came first");

    let (phase, detail) = flink.run("again", ORDERS).await;
    assert_eq!(phase, "FAILED");
    assert!(detail.contains("already exists"), "{detail}");
    assert_eq!(
        flink
            .run("if", &ORDERS.replace("TABLE", "TABLE IF NOT EXISTS"))
            .await
            .0,
        "COMPLETED"
    );
    assert_eq!(
        flink
            .run("alter", "ALTER TABLE orders SET ('kafka.retention.time' = '2 d')")
            .await
            .0,
        "COMPLETED"
    );
    let (_, config) = flink
        .api
        .call_as(
            Some(&kafka),
            "GET",
            &format!("{topic}/configs/retention.ms"),
            None,
        )
        .await;
    assert_eq!(text(&config, "/value"), "172800000");
    assert_eq!(
        flink
            .run("drop", "DROP TABLE `my env`.`my cluster`.orders")
            .await
            .0,
        "COMPLETED"
    );
    assert_eq!(
        (
            flink.names("topics").await.len(),
            flink.names("schemas").await.len()
        ),
        (0, 0)
    );
    assert_eq!(flink.run("drop2", "DROP TABLE orders").await.0, "FAILED");
    assert_eq!(
        flink.run("drop3", "DROP TABLE IF EXISTS orders").await.0,
        "COMPLETED"
    );
}

#[tokio::test]
async fn pipelines_run_and_wrong_ones_fail_with_their_reason() {
    let flink = Flink::start(READY).await;
    flink.run("ddl", ORDERS).await;
    for (name, sql, phase, detail) in [
        (
            "ctas",
            "CREATE TABLE totals AS SELECT id, price FROM orders",
            "RUNNING",
            "",
        ),
        (
            "insert",
            "INSERT INTO totals SELECT id, price FROM orders",
            "RUNNING",
            "",
        ),
        ("values", "INSERT INTO totals VALUES (1, 2)", "COMPLETED", ""),
        (
            "set",
            "EXECUTE STATEMENT SET BEGIN INSERT INTO totals SELECT id, price FROM orders; END",
            "RUNNING",
            "",
        ),
        ("select", "SELECT * FROM orders", "RUNNING", ""),
        ("one", "SELECT 1", "COMPLETED", ""),
        (
            "view",
            "CREATE VIEW cheap AS SELECT * FROM orders",
            "COMPLETED",
            "",
        ),
        (
            "of-view",
            "INSERT INTO totals SELECT id, price FROM cheap",
            "RUNNING",
            "",
        ),
        (
            "sample",
            "INSERT INTO totals SELECT 1, price FROM `examples`.`marketplace`.`orders`",
            "RUNNING",
            "",
        ),
        (
            "sink",
            "INSERT INTO nosuch SELECT * FROM orders",
            "FAILED",
            "Cannot find table '`my env`.`my cluster`.`nosuch`' in any of the catalogs [my env], nor as a temporary table.",
        ),
        (
            "source",
            "INSERT INTO totals\nSELECT * FROM nosuch",
            "FAILED",
            "SQL validation failed. Error from line 2, column 15 to line 2, column 20.\n\nCaused by: Object 'nosuch' not \
             found",
        ),
        (
            "nonsense",
            "SELEC 1",
            "FAILED",
            "SQL parse failed. Non-query expression encountered in illegal context at line 1, column 1.",
        ),
        (
            "two",
            "SELECT 1; SELECT 2",
            "FAILED",
            "Unsupported SQL statement! Only a single SQL statement is supported at a time.",
        ),
        (
            "option",
            "CREATE TABLE x (a INT) WITH ('nope' = '1')",
            "FAILED",
            "Unsupported options found for 'confluent'.\n\nUnsupported options:\n\nnope",
        ),
    ] {
        assert_eq!(
            flink.run(name, sql).await,
            (phase.to_owned(), detail.to_owned()),
            "{name}"
        );
    }
    let (_, body) = flink.call("GET", "/nonsense/exceptions", None).await;
    assert!(text(&body, "/data/0/message").starts_with("SQL parse failed"));
    let (status, body) = flink
        .post(
            "other",
            "SELECT * FROM orders",
            json!({ "sql.current-database": "mars" }),
        )
        .await;
    assert_eq!(status, 201, "{body}");
    assert!(
        flink
            .phase("other")
            .await
            .1
            .contains("A database with name or ID 'mars' cannot be found")
    );
    flink.run("show", "SHOW TABLES").await;
    let (_, body) = flink.call("GET", "/show/results", None).await;
    assert_eq!(body["results"]["data"][0]["row"], json!(["cheap"]));
    assert_eq!(body["metadata"]["next"], "");
    // A SELECT whose results nobody fetches stops by itself.
    flink.wait(Duration::from_secs(300)).await;
    assert_eq!(flink.phase("select").await.0, "STOPPED");
    assert_eq!(flink.phase("insert").await.0, "RUNNING");
}

#[tokio::test]
async fn a_statement_stops_resumes_and_goes() {
    let minute = Duration::from_secs(60);
    let flink = Flink::start(minute).await;
    assert_eq!(flink.run("ddl", ORDERS).await.0, "PENDING");
    flink
        .run("sink", "CREATE TABLE totals (id BIGINT, price DECIMAL(10, 2))")
        .await;
    flink
        .run("job", "INSERT INTO totals SELECT id, price FROM orders")
        .await;
    flink.wait(minute).await;
    assert_eq!(
        (flink.phase("ddl").await.0, flink.phase("job").await.0),
        ("COMPLETED".into(), "RUNNING".into())
    );

    assert_eq!(
        flink
            .change("job", "/metadata/resource_version", json!("7"))
            .await
            .0,
        409
    );
    assert_eq!(
        flink.change("job", "/spec/statement", json!("SELECT 1")).await.0,
        400
    );
    assert_eq!(
        flink.change("job", "/spec/principal", json!("u-1")).await.0,
        400,
        "not while it runs"
    );
    assert_eq!(
        flink.change("ddl", "/spec/stopped", json!(true)).await.0,
        400,
        "it is done"
    );
    assert_eq!(
        flink.change("job", "/spec/stopped", json!(true)).await,
        (202, Value::Null)
    );
    assert_eq!(flink.phase("job").await.0, "STOPPING");
    flink.wait(minute).await;
    let (_, body) = flink.call("GET", "/job", None).await;
    assert_eq!(
        (
            text(&body, "/status/phase").as_str(),
            text(&body, "/metadata/resource_version").as_str()
        ),
        ("STOPPED", "2")
    );
    assert_eq!(
        text(&body, "/status/latest_offsets/orders"),
        "partition:0,offset:0;partition:1,offset:0;partition:2,offset:0"
    );
    assert_ne!(
        text(&body, "/status/latest_offsets_timestamp"),
        "0001-01-01T00:00:00Z"
    );

    let mut resumed = body.clone();
    resumed["spec"]["stopped"] = json!(false);
    resumed["spec"]["principal"] = json!("sa-none");
    assert_eq!(flink.call("PUT", "/job", Some(resumed)).await.0, 400);
    assert_eq!(flink.change("job", "/spec/stopped", json!(false)).await.0, 202);
    assert_eq!(flink.phase("job").await.0, "PENDING");
    flink.wait(minute).await;
    assert_eq!(flink.phase("job").await.0, "RUNNING");

    let pool = format!(
        "/fcpm/v2/compute-pools/{}?environment={}",
        flink.pool, flink.environment
    );
    assert_eq!(flink.api.delete(&pool).await.0, 409, "it is in use");
    assert_eq!(flink.call("DELETE", "/job", None).await, (202, Value::Null));
    assert_eq!(flink.phase("job").await.0, "DELETING");
    assert_eq!(
        flink.post("job", "SELECT 1", json!({})).await.0,
        409,
        "the name is still taken"
    );
    flink.wait(minute).await;
    let (status, body) = flink.call("GET", "/job", None).await;
    assert_eq!(
        (status, text(&body, "/errors/0/detail").as_str()),
        (404, "Statement resource=job does not exist")
    );
    assert_eq!(flink.call("DELETE", "/job", None).await.0, 404);
    assert_eq!(flink.post("job", "SELECT 1", json!({})).await.0, 201);
    assert_eq!(
        flink.names("topics").await,
        ["orders", "totals"],
        "what it made stays"
    );
}

#[tokio::test]
async fn offsets_are_carried_over() {
    let flink = Flink::start(READY).await;
    flink.run("ddl", ORDERS).await;
    flink
        .run("sink", "CREATE TABLE totals (id BIGINT, price DECIMAL(10, 2))")
        .await;
    let sql = "INSERT INTO totals SELECT id, price FROM orders";
    flink.run("old", sql).await;
    let from = |name: &str| json!({ "sql.tables.initial-offset-from": name });
    flink.post("new", sql, from("old")).await;
    let (phase, detail) = flink.phase("new").await;
    assert_eq!(phase, "PENDING");
    assert!(
        detail.starts_with("Statement is currently pending until referenced statement old is stopped."),
        "{detail}"
    );
    assert_eq!(flink.change("old", "/spec/stopped", json!(true)).await.0, 202);
    assert_eq!(
        (flink.phase("old").await.0, flink.phase("new").await.0),
        ("STOPPED".into(), "RUNNING".into())
    );
    flink.post("late", sql, from("new")).await;
    flink.wait(Duration::from_secs(6 * 3600)).await;
    assert_eq!(flink.phase("late").await.0, "FAILED");
    flink.post("orphan", sql, from("nobody")).await;
    assert_eq!(flink.phase("orphan").await.0, "FAILED");
}

#[tokio::test]
async fn requests_are_checked() {
    let flink = Flink::start(READY).await;
    assert_eq!(flink.post("a", "SELECT 1", json!({})).await.0, 201);
    assert_eq!(flink.post("a", "SELECT 1", json!({})).await.0, 409);
    for name in ["A", "-a", "a_b", &"a".repeat(101)] {
        assert_eq!(flink.post(name, "SELECT 1", json!({})).await.0, 400, "{name}");
    }
    assert_eq!(flink.post("b", " ", json!({})).await.0, 400);
    let pool = json!({ "name": "c", "spec": { "statement": "SELECT 1", "compute_pool_id": "lfcp-none" } });
    let (status, body) = flink.call("POST", "", Some(pool)).await;
    assert_eq!(
        (status, text(&body, "/errors/0/detail").as_str()),
        (400, "logical compute pool=lfcp-none not found")
    );
    let default = json!({ "name": "d", "spec": { "statement": "SELECT 1", "compute_pool_id": "" } });
    let (status, body) = flink.call("POST", "", Some(default)).await;
    assert_eq!(
        (status, text(&body, "/spec/compute_pool_id")),
        (201, flink.pool.clone())
    );
    assert_eq!(
        text(&body, "/spec/principal"),
        flink.account,
        "the owner of the key"
    );
    let (_, list) = flink.call("GET", "?page_size=1", None).await;
    assert_eq!(
        (
            list["data"].as_array().unwrap().len(),
            list["metadata"]["total_size"].as_u64()
        ),
        (1, Some(2))
    );
    let (_, list) = flink
        .api
        .call_as(Some(&flink.key), "GET", &text(&list, "/metadata/next"), None)
        .await;
    assert_eq!(text(&list, "/data/0/name"), "d");

    let api = &flink.api;
    assert_eq!(api.call_as(None, "GET", &flink.base, None).await.0, 401);
    assert_eq!(
        api.get(&flink.base).await.0,
        403,
        "a Cloud key does not open the gateway"
    );
    let elsewhere = flink.base.replace("aws.us-east-1", "aws.us-east-2");
    assert_eq!(
        api.call_as(Some(&flink.key), "GET", &elsewhere, None).await.0,
        403
    );
    let other = flink
        .base
        .replace(&flink.environment, &api.environment("other").await);
    assert_eq!(api.call_as(Some(&flink.key), "GET", &other, None).await.0, 403);
}
