//! Taking an object that exists into the state, at once and without a plan.

use std::sync::Arc;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::functions::FilesRead;
use streamform_state::Entry;
use streamform_state::StateView;

use super::GivenVariable;
use super::Loaded;
use super::Planned;
use super::Session;
use super::apply;
use super::history::Kind;
use super::inputs;
use super::session::state_error;
use super::takeover::none_waits;
use crate::plan::Moves;
use crate::plan::PlanMode;
use crate::plan::build;
use crate::plan::build::PlanInput;
use crate::plan::build::PlanOptions;

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The instance that is to have the object.
    pub address: AbsInstance,
    /// What the provider calls the object.
    pub id: String,
    /// Values for root variables; of several the last wins.
    pub variables: Vec<GivenVariable>,
}

/// Looks the object up, reads it, and writes its record. The result is everything that was found (without errors: it is in
/// the state), and the texts for it.
pub async fn import(
    session: &Session,
    loaded: Loaded,
    mut sources: Sources,
    request: ImportRequest,
) -> (Diagnostics, Sources) {
    let mut diagnostics = loaded.diagnostics.clone();
    if diagnostics.has_errors() {
        return (diagnostics, sources);
    }
    let (variables, found) = inputs::resolve(&loaded.config, &mut sources, &request.variables);
    variables
        .values()
        .for_each(|value| session.observer.secret(value));
    diagnostics.extend(found);
    if let Some(found) = no_place(&loaded, &request) {
        diagnostics.push(found);
    }
    if diagnostics.has_errors() {
        return (diagnostics.tidy(), sources);
    }
    let run = uuid::Uuid::new_v4().to_string();
    let mut store = match session.open_state("import", &run) {
        Ok(store) => store,
        Err(e) => {
            diagnostics.push(*e);
            return (diagnostics, sources);
        }
    };
    if let Err(e) = none_waits(session, &store.view()) {
        diagnostics.push(*e);
        if let Err(e) = store.finish() {
            diagnostics.push(state_error(&e));
        }
        return (diagnostics, sources);
    }
    let address = request.address.to_string();
    let timestamp = (session.clock)();
    let files_read = Arc::new(FilesRead::default());
    let mut settings = session.settings(&timestamp, false, variables.clone());
    settings.surroundings.files_read = Some(Arc::clone(&files_read));
    let input = |state: StateView, open_intents| PlanInput {
        config: &loaded.config,
        graph: &loaded.graph,
        registry: &session.registry,
        state,
        moves: Moves::default(),
        open_intents,
        settings: settings.clone(),
        // What the state says is all that is needed, and nothing is to be planned.
        options: PlanOptions {
            mode: PlanMode::RefreshOnly,
            timestamp: timestamp.clone(),
            ..PlanOptions::default()
        },
        observer: &*session.observer,
    };
    if store.view().get(&address).is_some_and(|r| r.current.is_some()) {
        diagnostics.push(managed_already(&address));
    } else {
        let imported = build::import_one(
            input(store.view(), store.open_intents()),
            &request.address,
            &request.id,
        )
        .await;
        diagnostics.extend(imported.diagnostics);
        let mut entries = imported.settled;
        entries.extend(imported.record.map(Entry::Put));
        if !entries.is_empty()
            && let Err(e) = store.commit(entries)
        {
            diagnostics.push(state_error(&e));
        }
    }
    if diagnostics.has_errors() {
        if let Err(e) = store.finish() {
            diagnostics.push(state_error(&e));
        }
        return (diagnostics.tidy(), sources);
    }
    // Output values may depend on what is there now.
    let mut built = build::build(input(store.view(), store.open_intents())).await;
    // As in Terraform: nothing was judged.
    built.plan.checks.clear();
    if built.plan.errored {
        if let Err(e) = store.finish() {
            diagnostics.push(state_error(&e));
        }
        return (diagnostics.tidy(), sources);
    }
    let outcome = apply(
        session,
        Planned {
            plan: Some(Arc::new(built.plan)),
            loaded,
            sources: sources.clone(),
            diagnostics: Diagnostics::new(),
            variables,
            store: Some(store),
            providers: built.providers,
            run,
            refreshing: true,
            destroying: false,
            generated: Vec::new(),
            decisions: crate::plan::build::Decisions::default(),
            held: Diagnostics::new(),
            files_read,
            occasion: Some((Kind::Import, address)),
        },
    )
    .await;
    diagnostics.extend(outcome.diagnostics);
    (diagnostics.tidy(), sources)
}

/// Why the configuration has no place for the object.
fn no_place(loaded: &Loaded, request: &ImportRequest) -> Option<Diagnostic> {
    let config = request.address.config();
    if loaded.config.find(&config.module).is_none() {
        return Some(Diagnostic::error(
            "Import to non-existent module",
            format!(
                "{} is not defined in the configuration. Please add configuration for this module before importing into it.",
                request.address.module
            ),
        ));
    }
    if loaded.config.resource(&config).is_some() {
        return None;
    }
    let resource = &config.resource;
    let place = if config.module.is_root() {
        "the root module".to_owned()
    } else {
        config.module.to_string()
    };
    Some(Diagnostic::error(
        format!(
            "resource address \"{}\" does not exist in the configuration.",
            request.address
        ),
        format!(
            "Before importing this resource, please create its configuration in {place}. For example:\n\nresource \"{}\" \"{}\" {{\n  # (resource arguments)\n}}\n\nOr write an import block and let the configuration be generated with plan -generate-config-out.",
            resource.ty, resource.name
        ),
    ))
}

fn managed_already(address: &str) -> Diagnostic {
    Diagnostic::error(
        "Resource already managed by Streamform",
        format!("Streamform is already managing a remote object for {address}. To import to this address you must first remove the existing object from the state."),
    )
    .on(address)
    .help(format!("streamform state rm '{address}'"))
}
