//! A small client: one emulator, one key, calls that answer (status, body).

use std::sync::Once;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use streamform_emulator::{Emulator, EmulatorConfig};

pub(crate) struct Api {
    pub(crate) emulator: Emulator,
    http: Client,
}

#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

pub(crate) fn http() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .expect("the only provider");
    });
    Client::builder().no_proxy().build().expect("a client")
}

impl Api {
    pub(crate) async fn start() -> Api {
        Api::with(EmulatorConfig::default()).await
    }

    pub(crate) async fn with(config: EmulatorConfig) -> Api {
        Api {
            emulator: Emulator::start(config).await.expect("an emulator"),
            http: http(),
        }
    }

    pub(crate) fn cloud(&self) -> Key {
        Key {
            id: self.emulator.cloud_api_key().into(),
            secret: self.emulator.cloud_api_secret().into(),
        }
    }

    pub(crate) fn request(&self, method: &str, url: &str, key: Option<&Key>) -> RequestBuilder {
        let url = if url.starts_with("http") {
            url.to_owned()
        } else {
            format!("{}{url}", self.emulator.endpoint())
        };
        let request = self
            .http
            .request(Method::from_bytes(method.as_bytes()).expect("a method"), url);
        match key {
            Some(key) => request.basic_auth(&key.id, Some(&key.secret)),
            None => request,
        }
    }

    pub(crate) async fn call_as(
        &self,
        key: Option<&Key>,
        method: &str,
        url: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.request(method, url, key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        assert!(response.headers().contains_key("x-request-id"));
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        (status, body)
    }

    pub(crate) async fn get(&self, url: &str) -> (u16, Value) {
        self.call_as(Some(&self.cloud()), "GET", url, None).await
    }

    pub(crate) async fn post(&self, url: &str, body: Value) -> (u16, Value) {
        self.call_as(Some(&self.cloud()), "POST", url, Some(body)).await
    }

    pub(crate) async fn patch(&self, url: &str, body: Value) -> (u16, Value) {
        self.call_as(Some(&self.cloud()), "PATCH", url, Some(body)).await
    }

    pub(crate) async fn delete(&self, url: &str) -> (u16, Value) {
        self.call_as(Some(&self.cloud()), "DELETE", url, None).await
    }

    pub(crate) async fn admin(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.call_as(None, "POST", path, Some(body)).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn count(&self, kind: &str) -> usize {
        let (_, objects) = self.call_as(None, "GET", "/_emulator/objects", None).await;
        objects[kind].as_array().expect("a list").len()
    }

    pub(crate) async fn environment(&self, name: &str) -> String {
        let (status, body) = self
            .post("/org/v2/environments", json!({ "display_name": name }))
            .await;
        assert_eq!(status, 201, "{body}");
        text(&body, "/id")
    }

    pub(crate) async fn cluster(&self, environment: &str, name: &str) -> Value {
        let (status, body) = self
            .post(
                "/cmk/v2/clusters",
                json!({ "spec": { "display_name": name, "availability": "SINGLE_ZONE", "cloud": "AWS",
                    "region": "us-east-1", "config": { "kind": "Basic" }, "environment": { "id": environment } } }),
            )
            .await;
        assert_eq!(status, 202, "{body}");
        body
    }

    pub(crate) async fn service_account(&self, name: &str) -> String {
        let (status, body) = self
            .post("/iam/v2/service-accounts", json!({ "display_name": name }))
            .await;
        assert_eq!(status, 201, "{body}");
        text(&body, "/id")
    }

    pub(crate) async fn key(&self, owner: &str, resource: Value) -> Key {
        let mut spec = json!({ "display_name": "", "description": "", "owner": { "id": owner } });
        if !resource.is_null() {
            spec["resource"] = resource;
        }
        let (status, body) = self.post("/iam/v2/api-keys", json!({ "spec": spec })).await;
        assert_eq!(status, 202, "{body}");
        Key {
            id: text(&body, "/id"),
            secret: text(&body, "/spec/secret"),
        }
    }
}

pub(crate) fn text(body: &Value, pointer: &str) -> String {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {pointer} in {body}"))
        .to_owned()
}
