//! `state mv`: objects get other addresses.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;
use streamform_lang::addrs::Target;
use streamform_lang::diag::Diagnostic;
use streamform_state::StateView;

use super::edit;
use super::find;
use super::was_written;
use crate::engine::Session;

/// What moved as one piece: a module instance, a resource or a resource instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// Its old address.
    pub from: String,
    /// Its new address.
    pub to: String,
}

/// A piece and its records.
type Piece = (Relocated, Vec<(AbsInstance, AbsInstance)>);

/// Gives a module instance, a resource or a resource instance another address. With `dry_run` it only tells what would move.
///
/// A resource without a key is its only instance where it has one without a key, else all of its instances. Dependencies of
/// other records on what moves are renamed in the same commit.
///
/// # Errors
/// When nothing is there, the new address is of another kind, type or mode, something stands there already, an earlier run
/// was interrupted on it, or the state cannot be read or written.
pub fn move_objects(
    session: &Session,
    from: &Target,
    to: &Target,
    dry_run: bool,
) -> Result<Vec<Relocated>, Box<Diagnostic>> {
    edit(session, "OperationTypeStateMv", dry_run, |state| {
        was_written(session, state)?;
        let pieces = pieces(state, from, to)?;
        let moves: Vec<_> = pieces.iter().flat_map(|(_, m)| m.iter().cloned()).collect();
        Ok((
            state.moving(&moves),
            pieces.into_iter().map(|(piece, _)| piece).collect(),
        ))
    })
}

fn pieces(state: &StateView, from: &Target, to: &Target) -> Result<Vec<Piece>, Box<Diagnostic>> {
    let all = find::addresses(state);
    match from {
        Target::Module(from) => match to {
            Target::Module(to) => module(&all, from, to),
            _ => Err(invalid_target(
                from,
                &shown(to),
                "the target must also be a module",
            )),
        },
        Target::Resource(from) => {
            let single = from.instance(InstanceKey::None);
            match to {
                _ if all.contains(&single) => instance(&all, &single, to),
                Target::Resource(to) => resource(&all, from, to),
                _ if !all.iter().any(|a| a.abs_resource() == *from) => Err(nothing(from)),
                _ => Err(invalid_target(
                    from,
                    &shown(to),
                    "the source is a whole resource (not a resource instance) so the target must also be a whole resource",
                )),
            }
        }
        Target::Instance(from) => instance(&all, from, to),
    }
}

fn module(
    all: &BTreeSet<AbsInstance>,
    from: &ModuleInstance,
    to: &ModuleInstance,
) -> Result<Vec<Piece>, Box<Diagnostic>> {
    let mut by_module: BTreeMap<ModuleInstance, Vec<(AbsInstance, AbsInstance)>> = BTreeMap::new();
    for address in all.iter().filter(|a| a.module.is_within(from)) {
        let inside = &address.module.0[from.0.len()..];
        let module = ModuleInstance(to.0.iter().chain(inside).cloned().collect());
        let moved = AbsInstance {
            module,
            ..address.clone()
        };
        by_module
            .entry(address.module.clone())
            .or_default()
            .push((address.clone(), moved));
    }
    if by_module.is_empty() {
        return Err(nothing(from));
    }
    if all.iter().any(|a| a.module.is_within(to)) {
        return Err(taken(to, "a module"));
    }
    Ok(by_module
        .into_iter()
        .filter_map(|(module, moves)| {
            let to = moves.first()?.1.module.to_string();
            Some((
                Relocated {
                    from: module.to_string(),
                    to,
                },
                moves,
            ))
        })
        .collect())
}

fn resource(
    all: &BTreeSet<AbsInstance>,
    from: &AbsResource,
    to: &AbsResource,
) -> Result<Vec<Piece>, Box<Diagnostic>> {
    let moves: Vec<_> = all
        .iter()
        .filter(|a| a.abs_resource() == *from)
        .map(|a| (a.clone(), to.instance(a.key.clone())))
        .collect();
    if moves.is_empty() {
        return Err(nothing(from));
    }
    fits(from, &from.resource, to, &to.resource)?;
    if all.iter().any(|a| a.abs_resource() == *to) {
        return Err(taken(to, "a resource"));
    }
    let piece = Relocated {
        from: from.to_string(),
        to: to.to_string(),
    };
    Ok(vec![(piece, moves)])
}

fn instance(
    all: &BTreeSet<AbsInstance>,
    from: &AbsInstance,
    to: &Target,
) -> Result<Vec<Piece>, Box<Diagnostic>> {
    if !all.contains(from) {
        return Err(Box::new(
            Diagnostic::error(
                "Invalid source address",
                format!("The current state does not contain {from}."),
            )
            .help("streamform state list"),
        ));
    }
    let to = match to {
        Target::Instance(to) => to.clone(),
        Target::Resource(to) => to.instance(InstanceKey::None),
        Target::Module(to) => {
            return Err(invalid_target(
                from,
                &to.to_string(),
                "the target must also be a resource instance",
            ));
        }
    };
    fits(from, &from.resource, &to, &to.resource)?;
    if all.contains(&to) {
        return Err(taken(&to, "a resource instance"));
    }
    let piece = Relocated {
        from: from.to_string(),
        to: to.to_string(),
    };
    Ok(vec![(piece, vec![(from.clone(), to)])])
}

/// Whether an object of one resource can be one of the other.
fn fits(
    from: &impl Display,
    source: &Resource,
    to: &impl Display,
    target: &Resource,
) -> Result<(), Box<Diagnostic>> {
    let why = if source.mode != target.mode {
        match source.mode {
            Mode::Managed => "a managed resource can be moved only to another managed resource address",
            _ => "a data resource can be moved only to another data resource address",
        }
    } else if source.ty != target.ty {
        "resource types don't match"
    } else {
        return Ok(());
    };
    Err(Box::new(Diagnostic::error(
        "Invalid state move request",
        format!("Cannot move {from} to {to}: {why}."),
    )))
}

fn shown(target: &Target) -> String {
    match target {
        Target::Module(m) => m.to_string(),
        Target::Resource(r) => r.to_string(),
        Target::Instance(i) => i.to_string(),
    }
}

fn nothing(from: &impl Display) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "Invalid source address",
            format!("Cannot move {from}: does not match anything in the current state."),
        )
        .help("streamform state list"),
    )
}

fn invalid_target(from: &impl Display, to: &str, why: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Invalid target address",
        format!("Cannot move {from} to {to}: {why}."),
    ))
}

fn taken(to: &impl Display, what: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(
        "Invalid target address",
        format!("Cannot move to {to}: there is already {what} at that address in the current state."),
    ))
}
