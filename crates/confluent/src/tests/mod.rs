//! Lives of objects against the emulator, over real HTTP.

mod block;
mod control;
mod corpus;
mod data;
mod import;
mod protocol;
mod registry;
mod schema;
mod statement;
mod topic;

use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;
use serde_json::json;
use streamform_emulator::Emulator;
use streamform_emulator::EmulatorConfig;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::declared::Context;
use streamform_provider::declared::LostCreate;
use streamform_provider::declared::Outcome;
use streamform_provider::declared::Presence;
use streamform_provider::declared::ResourceType;
use streamform_provider::protocol::Private;
use streamform_provider::protocol::Progress;
use streamform_provider::rest::RetryPolicy;
use streamform_provider::rest::Shape;
use streamform_provider::rest::encode;

use crate::block::ProviderDefaults;
use crate::block::Settings;
use crate::context::Confluent;

/// What a run was told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) checkpoints: Mutex<Vec<Value>>,
    pub(crate) phases: Mutex<Vec<String>>,
}

impl Progress for Told {
    fn checkpoint(&self, state: &Value, _: &Private) {
        self.checkpoints.lock().unwrap().push(state.clone());
    }
    fn phase(&self, text: &str) {
        self.phases.lock().unwrap().push(text.to_owned());
    }
    fn stopping(&self) -> bool {
        false
    }
}

/// An emulator and a provider configured for it.
pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    pub(crate) confluent: Confluent,
    pub(crate) told: Told,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(EmulatorConfig::default(), &[]).await
    }

    pub(crate) async fn slow() -> Self {
        let config = EmulatorConfig {
            phase_delay: Duration::from_millis(150),
            ..EmulatorConfig::default()
        };
        Self::with(config, &[]).await
    }

    pub(crate) async fn with(config: EmulatorConfig, variables: &'static [(&str, &str)]) -> Self {
        let emulator = Emulator::start(config).await.unwrap();
        let defaults = defaults(&emulator, variables);
        let settings = Settings::resolve(&defaults, &Value::null(Type::empty_object())).unwrap();
        let policy = RetryPolicy {
            retries: 4,
            base: Duration::from_millis(1),
            cap: Duration::from_millis(5),
            budget: Duration::from_secs(20),
        };
        let confluent = Confluent::with_policy(&defaults, settings, policy);
        Lab {
            emulator,
            confluent,
            told: Told::default(),
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            progress: &self.told,
            deadline: Instant::now() + Duration::from_secs(60),
            token: "token",
            private: None,
        }
    }

    /// Sets a fault.
    pub(crate) async fn fault(&self, body: Json) {
        let control = self.confluent.control().unwrap();
        control.post("/_emulator/faults").body(body).json().await.unwrap();
    }

    pub(crate) async fn create(
        &self,
        ty: &dyn ResourceType<Confluent>,
        config: Json,
    ) -> Result<Value, Outcome> {
        ty.create(&self.confluent, &plan(ty, &config), &self.context())
            .await
    }

    pub(crate) async fn read(&self, ty: &dyn ResourceType<Confluent>, prior: &Value) -> Option<Value> {
        ty.read(&self.confluent, prior).await.unwrap()
    }

    /// Changes attributes of an object.
    pub(crate) async fn update(
        &self,
        ty: &dyn ResourceType<Confluent>,
        prior: &Value,
        change: Json,
    ) -> Result<Value, Outcome> {
        let mut planned = encode(prior);
        for (name, value) in change.as_object().unwrap() {
            planned[name] = value.clone();
        }
        let planned = Shape::of(&ty.declaration()).value(None, &planned);
        ty.update(&self.confluent, prior, &planned, &self.context()).await
    }

    pub(crate) async fn delete(
        &self,
        ty: &dyn ResourceType<Confluent>,
        prior: &Value,
    ) -> Result<(), Outcome> {
        ty.delete(&self.confluent, prior, &self.context()).await
    }

    /// An environment with governance, and a basic cluster in it.
    pub(crate) async fn cluster(&self) -> (Value, Value) {
        let environment = self
            .create(
                &crate::control::Control::new(crate::resources::Environment),
                json!({ "display_name": "lab", "stream_governance": [{ "package": "ESSENTIALS" }] }),
            )
            .await
            .unwrap();
        let cluster = self
            .create(
                &crate::control::Control::new(crate::resources::KafkaCluster),
                json!({
                    "display_name": "c", "availability": "SINGLE_ZONE", "cloud": "AWS", "region": "us-east-1",
                    "environment": [{ "id": get(&environment, "/id") }], "basic": [{}],
                }),
            )
            .await
            .unwrap();
        (environment, cluster)
    }
}

/// What the provider uses for an emulator.
pub(crate) fn defaults(emulator: &Emulator, variables: &'static [(&str, &str)]) -> ProviderDefaults {
    ProviderDefaults {
        endpoint: Some(emulator.endpoint().to_owned()),
        cloud_api_key: Some(emulator.cloud_api_key().to_owned()),
        cloud_api_secret: Some(emulator.cloud_api_secret().to_owned()),
        organization_id: Some(emulator.organization_id().to_owned()),
        without_credentials: None,
        environment: Some(std::sync::Arc::new(move |name| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })),
    }
}

/// A planned object: what the configuration does not say and the provider sets is unknown.
pub(crate) fn plan(ty: &dyn ResourceType<Confluent>, config: &Json) -> Value {
    let declaration = ty.declaration();
    let shape = Shape::of(&declaration);
    let types = shape.ty();
    let mut planned = shape.value(None, config);
    let computed = declaration
        .fields
        .iter()
        .filter(|f| matches!(f.presence, Presence::Computed | Presence::OptionalComputed))
        .map(|f| f.name)
        .chain(["id"]);
    for name in computed {
        if config.get(name).is_none() {
            let Type::Object(types) = &types else {
                unreachable!()
            };
            planned = planned.with_attr(name, Value::unknown(types.get(name).unwrap().clone()));
        }
    }
    for field in &declaration.fields {
        if let Some(default) = &field.default
            && config.get(field.name).is_none()
        {
            planned = planned.with_attr(field.name, default.clone());
        }
    }
    planned
}

/// A create whose answer was lost.
pub(crate) fn lost_create<'a>(
    planned: &'a Value,
    checkpoint: Option<&'a Value>,
    started_at: &'a str,
    known_ids: &'a [String],
) -> LostCreate<'a> {
    LostCreate {
        planned,
        checkpoint,
        started_at,
        known_ids,
        chosen: None,
    }
}

/// The value at a JSON pointer.
pub(crate) fn get(value: &Value, pointer: &str) -> Json {
    encode(value).pointer(pointer).cloned().unwrap_or(Json::Null)
}
