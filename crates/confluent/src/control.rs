//! The life of an object of the control plane, from a few facts about it.
//!
//! A type says where its objects are, what is sent, what an answer means for the state, and when an object is ready.
//! Creating, waiting, reading, changing, deleting, importing and finding again follow.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::declared::Context;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::LostCreate;
use streamform_provider::declared::Outcome;
use streamform_provider::declared::ResourceType;
use streamform_provider::protocol::Ambiguity;
use streamform_provider::protocol::Candidate;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::ProviderDiagnostic;
use streamform_provider::protocol::Recovery;
use streamform_provider::rest::CallError;
use streamform_provider::rest::Client;
use streamform_provider::rest::Failure;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Poll;
use streamform_provider::rest::Schedule;
use streamform_provider::rest::Shape;
use streamform_provider::rest::WaitError;
use streamform_provider::rest::encode;
use streamform_provider::rest::segment;
use streamform_provider::rest::wait_until;

use crate::context::Confluent;
use crate::json::text;
use crate::recent::look_again;
use crate::recent::made_after;

/// How long a look for a lost object may wait for it to become ready.
const RECOVERY: Duration = Duration::from_secs(20 * 60);

/// What all objects of a type have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// How messages call one: `Kafka Cluster`.
    pub(crate) noun: &'static str,
    /// Where they are: `/cmk/v2/clusters`.
    pub(crate) path: &'static str,
    /// Whether they belong to an environment, which reads and deletes name in the query.
    pub(crate) in_environment: bool,
    /// The documented interval of looking whether one is ready, or gone.
    pub(crate) poll: Duration,
    /// Whether a delete is done only when the object cannot be read any more.
    pub(crate) wait_until_gone: bool,
    /// Why an object whose creating call was not answered is of no use, and is deleted when it is found: its secret is told only once.
    pub(crate) useless_unanswered: Option<&'static str>,
}

/// Where an object is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It can be used.
    Ready,
    /// On its way; as the API calls it.
    Pending(String),
    /// It will not get there; why.
    Failed(String),
}

/// A type of objects of the control plane.
#[async_trait]
pub(crate) trait ControlType: Send + Sync {
    /// The table.
    fn declaration(&self) -> Declaration;
    /// What its objects have in common.
    fn facts(&self) -> Facts;
    /// What is sent to make one.
    fn create_body(&self, planned: &Json) -> Json;
    /// The PATCH bodies of a change, in order; none: only the state changes. An error says why the change cannot be made.
    fn patches(&self, prior: &Json, planned: &Json) -> Result<Vec<Json>, String>;
    /// What an answer means for the state. `known` is what configuration or state say.
    fn state(&self, api: &Json, known: &Json) -> Json;
    /// Whether the object is ready for what `wanted` asks of it.
    fn phase(&self, api: &Json, wanted: &Json) -> Phase {
        let _ = (api, wanted);
        Phase::Ready
    }
    /// Whether an object could have been made from `planned`. Names are compared already.
    fn matches(&self, api: &Json, planned: &Json) -> bool;
    /// What the list of objects must be asked for.
    fn list_query(&self, planned: &Json) -> Vec<(&'static str, String)> {
        if self.facts().in_environment {
            vec![("environment", text(planned, "/environment/0/id").to_owned())]
        } else {
            Vec::new()
        }
    }
    /// What is known from an import id alone, and the id that the API has.
    fn import_id<'i>(&self, _client: &Confluent, id: &'i str) -> Result<(Json, &'i str), String> {
        if !self.facts().in_environment {
            return Ok((json!({}), id));
        }
        let noun = self.facts().noun;
        match id.split_once('/') {
            Some((environment, plain)) if !plain.contains('/') => {
                Ok((json!({ "environment": [{ "id": environment }] }), plain))
            }
            _ => Err(format!(
                "The import ID of a {noun} is \"<Environment ID>/<{noun} ID>\", such as \"env-abc123/{id}\"."
            )),
        }
    }
    /// Waits for what comes with an object after it is ready. `known` is its state so far.
    async fn settled(
        &self,
        client: &Confluent,
        api: &Json,
        known: &Json,
        patience: Patience<'_>,
    ) -> Result<(), WaitError> {
        let _ = (client, api, known, patience);
        Ok(())
    }
    /// See [`ResourceType::customize`].
    fn customize(
        &self,
        prior: &Value,
        config: &Value,
        planned: Value,
        replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        let _ = (prior, config, replace);
        Ok((planned, None))
    }
    /// See [`ResourceType::upgrade`].
    fn upgrade(&self, version: u64, raw: Json) -> Result<Json, Findings> {
        let _ = version;
        Ok(raw)
    }
}

/// The resource type of a [`ControlType`].
pub(crate) struct Control<T> {
    ty: T,
    shape: OnceLock<Shape>,
}

impl<T: ControlType> Control<T> {
    pub(crate) fn new(ty: T) -> Self {
        Control {
            ty,
            shape: OnceLock::new(),
        }
    }

    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::of(&self.ty.declaration()))
    }

    fn value(&self, base: &Value, known: &Json, api: &Json) -> Value {
        self.shape().value(Some(base), &self.ty.state(api, known))
    }

    fn path(&self, id: &str) -> String {
        format!("{}/{}", self.ty.facts().path, segment(id))
    }

    async fn get(
        &self,
        control: &Client,
        id: &str,
        known: &Json,
        patience: Patience<'_>,
    ) -> Result<Json, CallError> {
        let call = control.get(self.path(id)).during(patience);
        if self.ty.facts().in_environment {
            call.query("environment", text(known, "/environment/0/id"))
                .json()
                .await
        } else {
            call.json().await
        }
    }

    /// Waits until the object is ready; `first` is how it was seen last.
    async fn ready(
        &self,
        control: &Client,
        first: Json,
        wanted: &Json,
        patience: Patience<'_>,
    ) -> Result<Json, WaitError> {
        let noun = self.ty.facts().noun;
        let id = text(&first, "/id").to_owned();
        match self.ty.phase(&first, wanted) {
            Phase::Ready => return Ok(first),
            Phase::Failed(why) => return Err(WaitError::Failed(why)),
            Phase::Pending(_) => {}
        }
        let schedule = Schedule::new(self.ty.facts().poll, control.is_loopback());
        wait_until(
            &format!("waiting for {noun} {id:?} to be ready"),
            schedule,
            patience,
            || async {
                let api = self.get(control, &id, wanted, patience).await?;
                Ok(match self.ty.phase(&api, wanted) {
                    Phase::Ready => Poll::Done(api),
                    Phase::Pending(seen) => Poll::Pending(seen),
                    Phase::Failed(why) => Poll::Failed(why),
                })
            },
        )
        .await
    }

    /// All objects where one of these arguments would be.
    async fn list(&self, control: &Client, known: &Json) -> Result<Vec<Json>, CallError> {
        let query = self.ty.list_query(known);
        let query: Vec<(&str, &str)> = query.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let patience = Patience::default().within(RECOVERY);
        control.list(self.ty.facts().path, &query, 99, patience).await
    }

    /// Waits until a deleted object is gone.
    async fn gone(&self, control: &Client, known: &Json, patience: Patience<'_>) -> Result<(), WaitError> {
        let facts = self.ty.facts();
        let id = text(known, "/id");
        let schedule = Schedule::new(facts.poll, control.is_loopback());
        wait_until(
            &format!("waiting for {} {id:?} to be gone", facts.noun),
            schedule,
            patience,
            || async {
                match self.get(control, id, known, patience).await {
                    Ok(api) => {
                        let phase = text(&api, "/status/phase");
                        let phase = if phase.is_empty() { "DELETING" } else { phase };
                        Ok(Poll::Pending(phase.to_owned()))
                    }
                    Err(e) if is_gone(&e) => Ok(Poll::Done(())),
                    Err(e) => Err(e),
                }
            },
        )
        .await
    }

    /// Objects that an earlier create could have made: of the same name and arguments, made since, and nobody's. None: there is
    /// none.
    async fn candidates(
        &self,
        control: &Client,
        planned: &Json,
        lost: &LostCreate<'_>,
    ) -> Result<Option<Vec<Json>>, CallError> {
        let mut all = self.list(control, planned).await?;
        all.retain(|api| {
            let known = lost.known_ids.iter().any(|k| k == text(api, "/id"));
            !known
                && display_name(api) == text(planned, "/display_name")
                && made_after(api, lost.started_at)
                && self.ty.matches(api, planned)
        });
        Ok((!all.is_empty()).then_some(all))
    }

    /// Whether an object is gone whose read ended so. The service answers 403 both for what is gone and for what one may not see
    /// (for want of a role, say), so a 403 is believed only if the list of such objects can be had and the object is not in
    /// it, or what it was in is gone.
    async fn is_really_gone(&self, control: &Client, known: &Json, error: &CallError) -> bool {
        if error.status() == Some(404) {
            return true;
        }
        if !is_gone(error) {
            return false;
        }
        match self.list(control, known).await {
            Ok(all) => !all.iter().any(|api| text(api, "/id") == text(known, "/id")),
            Err(e) if e.status() == Some(404) => true,
            Err(_) if self.ty.facts().in_environment => {
                let path = format!(
                    "/org/v2/environments/{}",
                    segment(text(known, "/environment/0/id"))
                );
                let around = control.get(path).json().await;
                around.is_err_and(|e| e.status() == Some(404))
            }
            Err(_) => false,
        }
    }

    /// One of several objects, for the user to choose.
    fn candidate(&self, api: &Json, planned: &Json) -> Candidate {
        let mut facts = Vec::new();
        flatten(&self.ty.state(api, planned), "", &mut facts);
        let fields = self.ty.declaration().fields;
        facts.retain(|(name, _)| {
            let first = name.split(['.', '[']).next();
            let secret = fields.iter().any(|f| f.sensitive && first == Some(f.name));
            !secret && name != "id" && name != "display_name"
        });
        Candidate {
            id: text(api, "/id").to_owned(),
            name: display_name(api).to_owned(),
            made_at: text(api, "/metadata/created_at").to_owned(),
            facts,
        }
    }

    /// The object that the user says a lost call has made.
    async fn chosen(
        &self,
        control: &Client,
        id: &str,
        wanted: &Json,
        known_ids: &[String],
    ) -> Result<Json, Findings> {
        let noun = self.ty.facts().noun;
        if known_ids.iter().any(|k| k == id) {
            let why = "it belongs to another resource of this state";
            return Err(not_to_be_adopted(noun, id, why));
        }
        let patience = Patience::default().within(RECOVERY);
        self.get(control, id, wanted, patience).await.map_err(|e| {
            if is_gone(&e) {
                not_to_be_adopted(noun, id, "there is none with this ID, or it may not be seen")
            } else {
                e.findings(&format!("error reading {noun} {id:?}"))
            }
        })
    }
}

/// Why the object that the user names is not taken.
pub(crate) fn not_to_be_adopted(noun: &str, id: &str, why: &str) -> Findings {
    vec![ProviderDiagnostic::error(
        format!("error adopting {noun} {id:?}: {why}"),
        "Name one of the objects that the command lists when it is run without -adopt, or say with -forget that it is none of them.",
    )]
}

/// Everything in an object that is neither null nor empty, by its path.
fn flatten(json: &Json, path: &str, into: &mut Vec<(String, String)>) {
    match json {
        Json::Null => {}
        Json::Object(members) => {
            for (name, value) in members {
                let inner = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(value, &inner, into);
            }
        }
        // Blocks of one are written without a place.
        Json::Array(items) if items.len() == 1 => flatten(&items[0], path, into),
        Json::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                flatten(value, &format!("{path}[{at}]"), into);
            }
        }
        Json::String(s) if s.is_empty() => {}
        Json::String(s) => into.push((path.to_owned(), format!("{s:?}"))),
        other => into.push((path.to_owned(), other.to_string())),
    }
}

/// The name of an object, wherever the API keeps it.
fn display_name(api: &Json) -> &str {
    match text(api, "/spec/display_name") {
        "" => text(api, "/display_name"),
        name => name,
    }
}

/// "Gone", as the official provider reads it: 404, or 403 that is not about the API key.
pub(crate) fn is_gone(error: &CallError) -> bool {
    match error.status() {
        Some(404) => true,
        Some(403) => !error.message().to_ascii_lowercase().contains("invalid api key"),
        _ => false,
    }
}

/// A call that failed before there was an object.
pub(crate) fn nothing_made(error: &CallError, doing: &str) -> Outcome {
    Outcome {
        partial: None,
        findings: error.findings(doing),
        outcome_unknown: error.maybe_done(),
    }
}

/// A failure with what is known of the object.
pub(crate) fn half_made(partial: Option<Value>, findings: Findings) -> Outcome {
    Outcome {
        partial,
        findings,
        outcome_unknown: false,
    }
}

/// A new object whose wait ended. Where it may still become ready, the next run goes on waiting: only one that will not
/// is replaced.
pub(crate) fn not_ready(partial: Value, error: &WaitError, doing: &str) -> Outcome {
    Outcome {
        partial: Some(partial),
        findings: wait_finding(error, doing),
        outcome_unknown: match error {
            WaitError::Failed(_) => false,
            WaitError::Call(e) => {
                e.is_transient() || matches!(e.failure(), Failure::Stopped | Failure::TimedOut)
            }
            WaitError::TimedOut(..) | WaitError::Stopped(_) => true,
        },
    }
}

/// A wait that ended badly.
pub(crate) fn wait_finding(error: &WaitError, doing: &str) -> Findings {
    vec![ProviderDiagnostic::error(
        format!("{doing}: {}", error.sentence()),
        error.next_step(),
    )]
}

#[async_trait]
impl<T: ControlType> ResourceType<Confluent> for Control<T> {
    fn declaration(&self) -> Declaration {
        self.ty.declaration()
    }

    fn customize(
        &self,
        _client: &Confluent,
        prior: &Value,
        config: &Value,
        planned: Value,
        replace: &mut Vec<Path>,
    ) -> Result<(Value, Option<String>), Findings> {
        self.ty.customize(prior, config, planned, replace)
    }

    async fn create(
        &self,
        client: &Confluent,
        planned: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Outcome> {
        let facts = self.ty.facts();
        let patience = Patience::of(context);
        let wanted = encode(planned);
        let control = client.control().map_err(|f| half_made(None, f))?;
        let doing = format!("error creating {} {:?}", facts.noun, display_name(&wanted));
        let made = control
            .post(facts.path)
            .body(self.ty.create_body(&wanted))
            .secret()
            .during(patience)
            .json()
            .await
            .map_err(|e| nothing_made(&e, &doing))?;
        let value = self.value(planned, &wanted, &made);
        context.progress.checkpoint(&value, &context.private);

        let doing = format!(
            "error waiting for {} {:?} to be created",
            facts.noun,
            text(&made, "/id")
        );
        let api = self
            .ready(control, made, &wanted, patience)
            .await
            .map_err(|e| not_ready(value.clone(), &e, &doing))?;
        self.ty
            .settled(client, &api, &encode(&value), patience)
            .await
            .map_err(|e| not_ready(value.clone(), &e, &doing))?;
        Ok(self.value(planned, &encode(&value), &api))
    }

    async fn read(&self, client: &Confluent, prior: &Value) -> Result<Option<Value>, Findings> {
        let known = encode(prior);
        let id = text(&known, "/id");
        match self.get(client.control()?, id, &known, Patience::default()).await {
            Ok(api) => Ok(Some(self.value(prior, &known, &api))),
            Err(e) if self.is_really_gone(client.control()?, &known, &e).await => Ok(None),
            Err(e) => Err(e.findings(&format!("error reading {} {id:?}", self.ty.facts().noun))),
        }
    }

    async fn update(
        &self,
        client: &Confluent,
        prior: &Value,
        planned: &Value,
        context: &Context<'_>,
    ) -> Result<Value, Outcome> {
        let facts = self.ty.facts();
        let patience = Patience::of(context);
        let (old, wanted) = (encode(prior), encode(planned));
        let id = text(&old, "/id");
        let doing = format!("error updating {} {id:?}", facts.noun);
        let refuse = |why: String| {
            half_made(
                Some(prior.clone()),
                vec![ProviderDiagnostic::error(
                    format!("{doing}: {why}"),
                    "Change the configuration back, or replace the object (-replace).",
                )],
            )
        };
        let patches = self.ty.patches(&old, &wanted).map_err(refuse)?;
        if patches.is_empty() && planned.is_wholly_known() {
            return Ok(planned.clone());
        }
        let control = client.control().map_err(|f| half_made(Some(prior.clone()), f))?;
        // What the service was last seen to say: that much of a change that fails half-way is true.
        let mut partial = prior.clone();
        for body in patches {
            let api = control
                .patch(self.path(id))
                .body(body)
                .during(patience)
                .json()
                .await
                .map_err(|e| Outcome {
                    partial: Some(partial.clone()),
                    findings: e.findings(&doing),
                    outcome_unknown: e.maybe_done(),
                })?;
            partial = self.value(prior, &old, &api);
            self.ready(control, api, &wanted, patience)
                .await
                .map_err(|e| half_made(Some(partial.clone()), wait_finding(&e, &doing)))?;
        }
        let api = self
            .get(control, id, &wanted, patience)
            .await
            .map_err(|e| half_made(Some(partial), e.findings(&doing)))?;
        Ok(self.value(planned, &wanted, &api))
    }

    async fn delete(&self, client: &Confluent, prior: &Value, context: &Context<'_>) -> Result<(), Outcome> {
        let facts = self.ty.facts();
        let patience = Patience::of(context);
        let known = encode(prior);
        let id = text(&known, "/id");
        let doing = format!("error deleting {} {id:?}", facts.noun);
        let keep = |findings| half_made(Some(prior.clone()), findings);
        let control = client.control().map_err(keep)?;
        let mut call = control.delete(self.path(id)).during(patience);
        if facts.in_environment {
            call = call.query("environment", text(&known, "/environment/0/id"));
        }
        match call.send().await {
            Ok(_) => {}
            Err(e) if e.status() == Some(404) => return Ok(()),
            Err(e) if is_gone(&e) => {
                // Forbidden to delete, or gone? An object that can be read is there.
                return match self.get(control, id, &known, patience).await {
                    Err(read) if self.is_really_gone(control, &known, &read).await => Ok(()),
                    _ => Err(keep(e.findings(&doing))),
                };
            }
            Err(e) => {
                return Err(Outcome {
                    partial: Some(prior.clone()),
                    findings: e.findings(&doing),
                    outcome_unknown: e.maybe_done(),
                });
            }
        }
        if !facts.wait_until_gone {
            return Ok(());
        }
        self.gone(control, &known, patience)
            .await
            .map_err(|e| not_ready(prior.clone(), &e, &doing))
    }

    async fn recover_delete(&self, client: &Confluent, prior: &Value) -> Result<bool, Findings> {
        let facts = self.ty.facts();
        let control = client.control()?;
        let known = encode(prior);
        let id = text(&known, "/id");
        let doing = format!("error looking for {} {id:?}", facts.noun);
        let patience = Patience::default().within(RECOVERY);
        let phase = match self.get(control, id, &known, patience).await {
            Ok(api) => text(&api, "/status/phase").to_owned(),
            Err(e) if self.is_really_gone(control, &known, &e).await => return Ok(true),
            Err(e) => return Err(e.findings(&doing)),
        };
        if !matches!(phase.as_str(), "DELETING" | "DEPROVISIONING") {
            return Ok(false);
        }
        // It would be there for one more moment only.
        self.gone(control, &known, patience)
            .await
            .map_err(|e| wait_finding(&e, &doing))?;
        Ok(true)
    }

    async fn recover_create(&self, client: &Confluent, lost: &LostCreate<'_>) -> Result<Recovery, Findings> {
        let facts = self.ty.facts();
        let control = client.control()?;
        let wanted = encode(lost.planned);
        let patience = Patience::default().within(RECOVERY);
        let doing = format!(
            "error looking for {} {:?}",
            facts.noun,
            text(&wanted, "/display_name")
        );
        let told = lost.checkpoint.filter(|c| !text(&encode(c), "/id").is_empty());
        let found = match (told, lost.chosen) {
            (Some(told), _) => {
                let mut known = wanted.clone();
                known["id"] = json!(text(&encode(told), "/id"));
                match self.get(control, text(&known, "/id"), &wanted, patience).await {
                    Ok(api) => api,
                    Err(e) if self.is_really_gone(control, &known, &e).await => return Ok(Recovery::NotDone),
                    Err(e) => return Err(e.findings(&doing)),
                }
            }
            (None, Some(id)) => self.chosen(control, id, &wanted, lost.known_ids).await?,
            (None, None) => {
                let look = || self.candidates(control, &wanted, lost);
                let seen = look_again(client, lost.started_at, look)
                    .await
                    .map_err(|e| e.findings(&doing))?;
                match seen {
                    None => return Ok(Recovery::NotDone),
                    Some(mut all) if all.len() == 1 => all.remove(0),
                    Some(all) => {
                        return Ok(Recovery::Ambiguous(Ambiguity {
                            candidates: all.iter().map(|api| self.candidate(api, &wanted)).collect(),
                            once_chosen: facts.useless_unanswered.map(|why| {
                                format!(
                                    "The {} that you name is deleted and another one made: {why}.",
                                    facts.noun
                                )
                            }),
                        }));
                    }
                }
            }
        };
        if let (None, Some(why)) = (told, facts.useless_unanswered) {
            let id = text(&found, "/id");
            return match control.delete(self.path(id)).during(patience).send().await {
                Ok(_) => Ok(Recovery::Undone(format!(
                    "{} {id:?} had been created but {why}, so it was deleted.",
                    facts.noun
                ))),
                Err(e) if e.status() == Some(404) => Ok(Recovery::NotDone),
                Err(e) => Err(e.findings(&doing)),
            };
        }
        let known = told.map_or_else(|| wanted.clone(), encode);
        let partial = self.value(lost.planned, &known, &found);
        let done = match self.ready(control, found, &wanted, patience).await {
            Ok(api) => match self.ty.settled(client, &api, &encode(&partial), patience).await {
                Ok(()) => Ok(api),
                Err(e) => Err(e),
            },
            Err(e) => Err(e),
        };
        match done {
            Ok(api) => Ok(Recovery::Done(self.value(lost.planned, &known, &api), None)),
            Err(WaitError::Failed(_)) => Ok(Recovery::Partial(partial, None)),
            Err(e) => Err(wait_finding(&e, &doing)),
        }
    }

    async fn import(&self, client: &Confluent, id: &str) -> Result<Value, Findings> {
        let facts = self.ty.facts();
        let doing = format!("error importing {} {id:?}", facts.noun);
        let (known, plain) = self.ty.import_id(client, id).map_err(|why| {
            vec![ProviderDiagnostic::error(
                format!("{doing}: invalid import ID"),
                why,
            )]
        })?;
        let api = self
            .get(client.control()?, plain, &known, Patience::default())
            .await
            .map_err(|e| e.findings(&doing))?;
        Ok(self.shape().value(None, &self.ty.state(&api, &known)))
    }

    fn upgrade(&self, version: u64, raw: Json) -> Result<Json, Findings> {
        self.ty.upgrade(version, raw)
    }
}
