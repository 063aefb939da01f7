//! The `-json` stream 1.2 of plan and apply: one object a line on standard output.

use std::sync::Arc;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::Mode;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::value::Value;
use streamform_state::StateView;

use super::exact::json_text;
use super::outputs::parse;
use super::outputs::value;
use super::value;
use crate::config;
use crate::config::version::COMPATIBLE_VERSION;
use crate::plan::Action;
use crate::plan::ActionReason;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Observer;
use crate::plan::Operation;
use crate::plan::Plan;
use crate::plan::Summary;
use crate::report::diagnostic::diagnostic_json;
use crate::report::paint::Paint;
use crate::report::terminal::elapsed_text;
use crate::report::terminal::event_line;
use crate::report::ui::Ui;

/// Gives the present as RFC 3339 in UTC.
type Clock = Arc<dyn Fn() -> String + Send + Sync>;

/// Writes the stream. It is an [`Observer`], so it can be given to the engine as it is.
pub struct UiStream {
    ui: Ui,
    clock: Clock,
}

impl UiStream {
    /// A stream through `ui`; `clock` gives the time of each line.
    pub fn new(ui: Ui, clock: Clock) -> Arc<UiStream> {
        Arc::new(UiStream { ui, clock })
    }

    fn line(&self, level: &str, message: &str, kind: &str, more: Map<String, Json>) {
        let mut out = Map::new();
        out.insert("@level".into(), json!(level));
        out.insert("@message".into(), json!(message));
        out.insert("@module".into(), json!("terraform.ui"));
        out.insert("@timestamp".into(), json!((self.clock)()));
        out.extend(more);
        out.insert("type".into(), json!(kind));
        // As Terraform writes them; what begins with @ sorts first.
        out.sort_keys();
        let mut text = json_text(&Json::Object(out));
        text.push('\n');
        self.ui.out(&text);
    }

    fn info(&self, message: &str, kind: &str, name: &str, content: Json) {
        self.line(
            "info",
            message,
            kind,
            Map::from_iter([(name.to_owned(), content)]),
        );
    }

    /// The first line: what speaks, and in which version of the format.
    pub fn version(&self, version: &str) {
        let more = Map::from_iter([
            ("terraform".to_owned(), json!(COMPATIBLE_VERSION)),
            ("streamform".to_owned(), json!(version)),
            ("ui".to_owned(), json!("1.2")),
        ]);
        self.line("info", &format!("Streamform {version}"), "version", more);
    }

    /// A step of `init`; `code` is what programs know it by.
    pub fn init_output(&self, message: &str, code: &str) {
        self.info(message, "init_output", "message_code", json!(code));
    }

    /// A remark without a form of its own.
    pub fn log(&self, message: &str) {
        self.line("info", message, "log", Map::new());
    }

    /// A line for each diagnostic.
    pub fn diagnostics(&self, diagnostics: &Diagnostics, sources: &Sources) {
        for d in diagnostics.by_place(sources) {
            self.diagnostic(d, sources);
        }
    }

    fn diagnostic(&self, d: &Diagnostic, sources: &Sources) {
        let (level, title) = match d.severity {
            Severity::Error => ("error", "Error"),
            Severity::Warning => ("warn", "Warning"),
        };
        let more = Map::from_iter([("diagnostic".to_owned(), diagnostic_json(d, sources))]);
        self.line(level, &format!("{title}: {}", d.summary), "diagnostic", more);
    }

    /// Drift, planned changes, counts and outputs of a plan.
    pub fn plan(&self, plan: &Plan) {
        self.drift(plan);
        self.planned(plan, false);
        self.plan_summary(plan);
    }

    /// The changes of a saved plan that is about to be applied. As in Terraform what only moves is not told again.
    pub fn saved(&self, plan: &Plan) {
        self.planned(plan, true);
    }

    fn drift(&self, plan: &Plan) {
        for c in &plan.drift {
            let action = match c.action {
                Action::NoOp => "move",
                other => action(other),
            };
            let content = planned(c, action, false);
            self.info(
                &format!("{}: Drift detected ({action})", c.address),
                "resource_drift",
                "change",
                content,
            );
        }
    }

    fn planned(&self, plan: &Plan, saved: bool) {
        // (What a data source has read before leaves the state without a word.)
        let told =
            |c: &&InstanceChange| !(c.action == Action::Forget && c.address.resource.mode == Mode::Data);
        for c in plan.changes.iter().filter(told) {
            let action = match (c.action, &c.importing, &c.previous_address) {
                (Action::NoOp, ..) if saved => continue,
                (Action::NoOp, Some(_), _) => "import",
                (Action::NoOp, None, Some(_)) => "move",
                (Action::NoOp, None, None) => continue,
                (other, ..) => action(other),
            };
            self.info(
                &format!("{}: Plan to {action}", c.address),
                "planned_change",
                "change",
                planned(c, action, true),
            );
        }
    }

    fn plan_summary(&self, plan: &Plan) {
        let s = plan.summary();
        self.info(
            &format!("Plan: {s}."),
            "change_summary",
            "changes",
            counts(&s, "plan"),
        );
        if plan.outputs.iter().any(|o| o.reached) {
            let outputs: Map<String, Json> = plan
                .outputs
                .iter()
                .filter(|o| o.reached)
                .map(|o| {
                    let action = if o.action == Action::NoOp {
                        "noop"
                    } else {
                        action(o.action)
                    };
                    (
                        o.name.to_string(),
                        json!({ "sensitive": o.sensitive, "action": action }),
                    )
                })
                .collect();
            self.info(
                &format!("Outputs: {}", outputs.len()),
                "outputs",
                "outputs",
                Json::Object(outputs),
            );
        }
    }

    /// Counts and outputs of an apply that went well.
    pub fn applied(&self, done: &Summary, destroy: bool, state: &StateView) {
        let style = crate::report::TextStyle::default();
        let (text, operation) = if destroy {
            (crate::report::destroy_complete_text(done, &style), "destroy")
        } else {
            (crate::report::apply_complete_text(done, &style), "apply")
        };
        self.info(
            text.trim_end(),
            "change_summary",
            "changes",
            counts(done, operation),
        );
        // As in Terraform: what is left after a destroy is told by its plan.
        if !destroy {
            self.outputs(state);
        }
    }

    /// The output values of a state.
    pub fn outputs(&self, state: &StateView) {
        let outputs: Map<String, Json> = state
            .outputs()
            .iter()
            .map(|(name, o)| {
                let mut out = Map::new();
                out.insert("sensitive".into(), json!(o.sensitive));
                out.insert("type".into(), parse(&o.value_type));
                if !o.sensitive {
                    out.insert("value".into(), value(&o.value));
                }
                (name.clone(), Json::Object(out))
            })
            .collect();
        self.info(
            &format!("Outputs: {}", outputs.len()),
            "outputs",
            "outputs",
            Json::Object(outputs),
        );
    }

    fn hook(&self, event: &Event, address: &str) {
        let message = |fallback: String| {
            let line = event_line(event, Paint::plain()).unwrap_or(fallback);
            match event {
                // Terraform's stream calls every read a refresh, its terminal does not.
                Event::Started {
                    operation: Operation::Read,
                    ..
                } => line.replace(": Reading...", ": Refreshing..."),
                Event::Completed {
                    operation: Operation::Read,
                    ..
                } => line.replace(": Read complete", ": Refresh complete"),
                _ => line,
            }
        };
        let mut hook = Map::new();
        hook.insert("resource".into(), resource_of_text(address));
        let mut with = |name: &str, content: Json| {
            hook.insert(name.to_owned(), content);
        };
        match event {
            Event::Started { operation, id, .. } => {
                let refresh = *operation == Operation::Refresh;
                if !refresh {
                    with("action", json!(operation_name(*operation)));
                }
                if let (Some(id), false) = (id, *operation == Operation::Create) {
                    with("id_key", json!("id"));
                    with("id_value", json!(id));
                }
                let kind = match operation {
                    Operation::Refresh => "refresh_start",
                    Operation::Open | Operation::CloseEphemeral => "ephemeral_op_start",
                    _ => "apply_start",
                };
                self.info(&message(String::new()), kind, "hook", Json::Object(hook));
            }
            Event::Completed {
                operation,
                id,
                elapsed,
                ..
            } => {
                let refresh = *operation == Operation::Refresh;
                if !refresh {
                    with("action", json!(operation_name(*operation)));
                }
                if let (Some(id), false) = (id, *operation == Operation::Delete) {
                    with("id_key", json!("id"));
                    with("id_value", json!(id));
                }
                if !refresh {
                    with("elapsed_seconds", json!(elapsed.as_secs()));
                }
                let shown = id.as_ref().map(|i| format!(" [id={i}]")).unwrap_or_default();
                let kind = match operation {
                    Operation::Refresh => "refresh_complete",
                    Operation::Open | Operation::CloseEphemeral => "ephemeral_op_complete",
                    _ => "apply_complete",
                };
                self.info(
                    &message(format!("{address}: Refresh complete{shown}")),
                    kind,
                    "hook",
                    Json::Object(hook),
                );
            }
            Event::Failed {
                operation, elapsed, ..
            } => {
                with("action", json!(operation_name(*operation)));
                with("elapsed_seconds", json!(elapsed.as_secs()));
                let kind = match operation {
                    Operation::Open | Operation::CloseEphemeral => "ephemeral_op_errored",
                    _ => "apply_errored",
                };
                self.info(&message(String::new()), kind, "hook", Json::Object(hook));
            }
            Event::Phase { text, elapsed, .. } => {
                with("phase", json!(text));
                with("elapsed_seconds", json!(elapsed.as_secs()));
                let message = format!("{address}: {text} [{} elapsed]", elapsed_text(*elapsed));
                self.info(&message, "apply_progress", "hook", Json::Object(hook));
            }
            Event::Provisioning { provisioner, .. } => {
                with("provisioner", json!(provisioner));
                self.info(
                    &message(String::new()),
                    "provision_start",
                    "hook",
                    Json::Object(hook),
                );
            }
            Event::ProvisionOutput {
                provisioner, text, ..
            } => {
                with("provisioner", json!(provisioner));
                with("output", json!(text));
                let message = format!("{address}: ({provisioner}): {text}");
                self.info(&message, "provision_progress", "hook", Json::Object(hook));
            }
            Event::Provisioned {
                provisioner, failed, ..
            } => {
                with("provisioner", json!(provisioner));
                let (kind, end) = match failed {
                    None => ("provision_complete", "complete"),
                    Some(_) => ("provision_errored", "errored"),
                };
                let message = format!("{address}: ({provisioner}) Provisioning {end}");
                self.info(&message, kind, "hook", Json::Object(hook));
            }
            _ => {}
        }
    }
}

impl Observer for UiStream {
    fn hears_local_reads(&self) -> bool {
        true
    }

    fn secret(&self, value: &Value) {
        self.ui.secrets().learn(value);
    }

    fn event(&self, event: Event) {
        match &event {
            // The format has no hook for them; the planned change says that it imports.
            Event::Started {
                operation: Operation::FindImport | Operation::Import,
                ..
            }
            | Event::Completed {
                operation: Operation::FindImport | Operation::Import,
                ..
            } => {}
            Event::Started { address, .. }
            | Event::Phase { address, .. }
            | Event::Completed { address, .. }
            | Event::Provisioning { address, .. }
            | Event::ProvisionOutput { address, .. }
            | Event::Provisioned { address, .. }
            | Event::Failed { address, .. } => self.hook(&event, address),
            Event::Notice(d) => self.diagnostic(d, &Sources::default()),
            Event::Skipped { .. } | Event::Stopping => {
                let text = event_line(&event, Paint::plain()).unwrap_or_default();
                self.line("warn", &text, "log", Map::new());
            }
        }
    }
}

fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Refresh | Operation::Read => "read",
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Recover => "recover",
        Operation::Open => "open",
        Operation::CloseEphemeral => "close",
        Operation::FindImport | Operation::Import => "import",
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::DeleteThenCreate | Action::CreateThenDelete | Action::CreateThenForget => "replace",
        Action::Delete => "delete",
        // The stream's word for it; plan JSON says "forget".
        Action::Forget => "remove",
    }
}

fn counts(s: &Summary, operation: &str) -> Json {
    json!({
        "add": s.add, "change": s.change, "import": s.import, "remove": s.destroy, "operation": operation,
    })
}

fn planned(c: &InstanceChange, action: &str, with_reason: bool) -> Json {
    let mut out = Map::new();
    out.insert("resource".into(), resource_json(&c.address));
    if let Some(previous) = &c.previous_address {
        out.insert("previous_resource".into(), resource_json(previous));
    }
    out.insert("action".into(), json!(action));
    if let (true, Some(reason)) = (with_reason, c.reason) {
        out.insert("reason".into(), json!(reason_name(reason)));
    }
    if let Some(importing) = &c.importing {
        out.insert("importing".into(), json!({ "id": importing.id_text() }));
        if let Some(text) = &importing.generated_config {
            out.insert("generated_config".into(), json!(text));
        }
    }
    Json::Object(out)
}

/// The stream has shorter names for some reasons than plan JSON.
fn reason_name(reason: ActionReason) -> &'static str {
    match reason {
        ActionReason::ReplaceBecauseTainted => "tainted",
        ActionReason::ReplaceByRequest => "requested",
        ActionReason::ReplaceByTriggers => "replace_triggered_by",
        ActionReason::ReplaceBecauseCannotUpdate => "cannot_update",
        other => other.json_name(),
    }
}

/// The address of an event, which may end in `(deposed KEY)`.
fn resource_of_text(address: &str) -> Json {
    let bare = address.split(" (deposed").next().unwrap_or(address);
    match AbsInstance::parse(bare) {
        Ok(address) => resource_json(&address),
        Err(_) => json!({ "addr": address }),
    }
}

fn resource_json(address: &AbsInstance) -> Json {
    let local = AbsInstance {
        module: Default::default(),
        ..address.clone()
    };
    json!({
        "addr": address.to_string(),
        "module": address.module.to_string(),
        "resource": local.to_string(),
        "implied_provider": config::implied_provider(&address.resource.ty).as_str(),
        "resource_type": address.resource.ty.as_str(),
        "resource_name": address.resource.name.as_str(),
        "resource_key": value::key(&address.key).unwrap_or(Json::Null),
    })
}
