//! What a traversal refers to.

use super::tree::Ident;
use super::tree::Step;
use super::tree::StepKind;
use crate::addrs::InstanceKey;
use crate::addrs::Mode;
use crate::addrs::Reference;
use crate::addrs::Resource;
use crate::addrs::Subject;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::value::Name;
use crate::value::Value;

const INVALID: &str = "Invalid reference";

type Found = Result<Reference, Box<Diagnostic>>;

fn fail<T>(span: Span, summary: &str, detail: impl Into<String>) -> Result<T, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::error(summary, detail).at(span)))
}

/// Works out what `root` and the first of `steps` name. Steps behind that go into its value.
///
/// # Errors
/// A diagnostic when they name nothing: an unknown attribute of `each`, a resource type without a name, …
pub fn reference(root: &Ident, steps: &[Step]) -> Found {
    let found = |subject, consumed: usize| {
        let span = consumed
            .checked_sub(1)
            .and_then(|i| steps.get(i))
            .map_or(root.span, |s| root.span.cover(s.span));
        Ok(Reference {
            subject,
            span,
            consumed,
        })
    };
    match root.name.as_str() {
        "var" => found(Subject::Variable(attribute(root, steps)?), 1),
        "local" => found(Subject::Local(attribute(root, steps)?), 1),
        "path" => found(Subject::Path(attribute(root, steps)?), 1),
        "terraform" => found(Subject::Terraform(attribute(root, steps)?), 1),
        "check" | "run" | "output" => found(Subject::Other(root.name.clone(), attribute(root, steps)?), 1),
        "self" => found(Subject::SelfObject, 0),
        "count" => match attribute(root, steps)?.as_str() {
            "index" => found(Subject::CountIndex, 1),
            other => fail(
                root.span.cover(steps[0].span),
                "Invalid \"count\" attribute",
                format!(
                    "The \"count\" object has no attribute {other:?}. Its only attribute is count.index, the number of the instance, counted from 0."
                ),
            ),
        },
        "each" => match attribute(root, steps)?.as_str() {
            "key" => found(Subject::EachKey, 1),
            "value" => found(Subject::EachValue, 1),
            other => fail(
                root.span.cover(steps[0].span),
                "Invalid \"each\" attribute",
                format!(
                    "The \"each\" object has no attribute {other:?}. It has each.key and each.value, the key and the value of the current instance of for_each."
                ),
            ),
        },
        "module" => {
            let name = attribute(root, steps)?;
            let (key, at) = instance_key(steps, 1, "module")?;
            match steps.get(at) {
                None if at == 1 => found(Subject::Module(name), 1),
                None => found(Subject::ModuleInstance(name, key), at),
                Some(Step {
                    kind: StepKind::Attr(output),
                    ..
                }) => found(Subject::ModuleOutput(name, key, output.clone()), at + 1),
                Some(step) => fail(
                    step.span,
                    INVALID,
                    "An instance of a module has outputs, and they are read with a dot: module.NAME[KEY].OUTPUT.",
                ),
            }
        }
        "data" => resource(root, steps, Mode::Data, true),
        "ephemeral" => resource(root, steps, Mode::Ephemeral, true),
        "resource" => resource(root, steps, Mode::Managed, true),
        "template" | "lazy" | "arg" => fail(
            root.span,
            "Reserved symbol name",
            format!(
                "The name {:?} is reserved for a later version of the language. For a resource type of this name, write \"resource.\" before it.",
                root.name.as_str()
            ),
        ),
        _ => resource(root, steps, Mode::Managed, false),
    }
}

/// The attribute behind a root that has only attributes.
fn attribute(root: &Ident, steps: &[Step]) -> Result<Name, Box<Diagnostic>> {
    let name = root.name.as_str();
    match steps.first() {
        None => fail(
            root.span,
            INVALID,
            format!(
                "The {name:?} object cannot be used as a whole. Name one of its attributes: {name}.NAME."
            ),
        ),
        Some(Step {
            kind: StepKind::Attr(attribute),
            ..
        }) => Ok(attribute.clone()),
        Some(step) => fail(
            step.span,
            INVALID,
            format!(
                "The {name:?} object has no elements. Name one of its attributes with a dot: {name}.NAME."
            ),
        ),
    }
}

fn resource(root: &Ident, steps: &[Step], mode: Mode, prefixed: bool) -> Found {
    let (prefix, what) = match mode {
        Mode::Data => ("data", "data source"),
        Mode::Ephemeral => ("ephemeral", "ephemeral resource"),
        Mode::Managed => ("resource", "resource"),
    };
    let whole = steps.last().map_or(root.span, |s| root.span.cover(s.span));
    let at = usize::from(prefixed);
    if prefixed && steps.len() < 2 {
        return fail(
            whole,
            INVALID,
            format!(
                "Behind {prefix:?} two names must follow, the type and the name of the {what}: {prefix}.TYPE.NAME."
            ),
        );
    }
    let ty = if prefixed {
        match &steps[0].kind {
            StepKind::Attr(ty) => ty.clone(),
            StepKind::Index(_) => {
                return fail(
                    steps[0].span,
                    INVALID,
                    format!("The {prefix:?} object has no elements. Write {prefix}.TYPE.NAME."),
                );
            }
        }
    } else {
        root.name.clone()
    };
    let name = match steps.get(at) {
        Some(Step {
            kind: StepKind::Attr(name),
            ..
        }) => name.clone(),
        other => {
            return fail(
                other.map_or(whole, |s| s.span),
                INVALID,
                format!(
                    "A reference to a {what} must have its type and its name: {}{ty}.NAME.{}",
                    if prefixed {
                        format!("{prefix}.")
                    } else {
                        String::new()
                    },
                    // A single word: most often it is no reference at all.
                    if steps.is_empty() {
                        format!(" If it is meant as text, put it in quotes: \"{ty}\".")
                    } else {
                        String::new()
                    }
                ),
            );
        }
    };
    let resource = Resource { mode, ty, name };
    let (key, consumed) = instance_key(steps, at + 1, what)?;
    let span = steps[..consumed]
        .iter()
        .fold(root.span, |s, step| s.cover(step.span));
    let subject = match key {
        InstanceKey::None => Subject::Resource(resource),
        key => Subject::ResourceInstance(resource, key),
    };
    Ok(Reference {
        subject,
        span,
        consumed,
    })
}

/// The instance key at step `at`, if there is one, and the number of the step behind it.
fn instance_key(steps: &[Step], at: usize, what: &str) -> Result<(InstanceKey, usize), Box<Diagnostic>> {
    let Some(Step {
        kind: StepKind::Index(value),
        span,
    }) = steps.get(at)
    else {
        return Ok((InstanceKey::None, at));
    };
    match key_of(value) {
        Some(key) => Ok((key, at + 1)),
        None => fail(
            *span,
            "Invalid index key",
            format!("An instance of a {what} is chosen by a whole number from 0 or by a string."),
        ),
    }
}

fn key_of(value: &Value) -> Option<InstanceKey> {
    if let Some(text) = value.as_str() {
        return Some(InstanceKey::Str(text.into()));
    }
    let index = value.as_number()?.as_usize()?;
    Some(InstanceKey::Int(index as u64))
}
