//! `count` and `for_each`: which instances there are, and what `each` and `count` are in them.

use std::sync::Arc;

use streamform_lang::addrs::InstanceKey;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Span;
use streamform_lang::eval::Scope;
use streamform_lang::eval::describe_references;
use streamform_lang::eval::evaluate;
use streamform_lang::syntax::Expr;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::convert;

/// What `each` and `count` are in one instance.
#[derive(Clone, Debug, Default)]
pub struct Repetition {
    /// `count.index`
    pub count: Option<Value>,
    /// `each.key` and `each.value`
    pub each: Option<(Value, Value)>,
}

impl Repetition {
    /// By the key of an instance whose block may be gone or have changed: `each.value` is not known.
    pub fn of_key(key: &InstanceKey) -> Self {
        match key {
            InstanceKey::None => Repetition::default(),
            InstanceKey::Int(i) => Repetition {
                count: Some(Value::number(*i as usize)),
                each: None,
            },
            InstanceKey::Str(k) => Repetition {
                count: None,
                each: Some((Value::string(k.clone()), Value::unknown(Type::Any))),
            },
        }
    }

    /// Both of types and values that are not known: for checking a block without knowing its instances.
    pub fn unknown(count: bool, for_each: bool) -> Self {
        Repetition {
            count: count.then(|| Value::unknown_not_null(Type::Number)),
            each: for_each.then(|| (Value::unknown_not_null(Type::String), Value::unknown(Type::Any))),
        }
    }
}

/// The instances of a block.
#[derive(Clone, Debug)]
pub enum Expansion {
    /// One, without a key.
    Single,
    /// As many as `count` says.
    Count(u64),
    /// One for each key of `for_each`.
    Each(Arc<[(Name, Value)]>),
    /// Not known before apply: `count` (false) or `for_each` (true).
    Unknown(bool),
}

impl Expansion {
    /// Works out the instances of a block; the scope must see what `count` or `for_each` refers to.
    pub fn of(count: Option<&Expr>, for_each: Option<&Expr>, scope: &dyn Scope) -> (Expansion, Diagnostics) {
        let (expr, (expansion, mut found)) = match (count, for_each) {
            (Some(count), _) => (count, count_of(count, scope)),
            (None, Some(for_each)) => (for_each, each_of(for_each, scope)),
            (None, None) => return (Expansion::Single, Diagnostics::new()),
        };
        found.explain(|| describe_references(expr, scope));
        (expansion, found)
    }

    /// Whether it is known that there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Expansion::Single | Expansion::Unknown(_) => false,
            Expansion::Count(n) => *n == 0,
            Expansion::Each(items) => items.is_empty(),
        }
    }

    /// Key and meaning of `each` and `count` of every known instance.
    pub fn instances(&self) -> Vec<(InstanceKey, Repetition)> {
        match self {
            Expansion::Single => vec![(InstanceKey::None, Repetition::default())],
            Expansion::Count(n) => (0..*n)
                .map(|i| {
                    (
                        InstanceKey::Int(i),
                        Repetition {
                            count: Some(Value::number(i as usize)),
                            each: None,
                        },
                    )
                })
                .collect(),
            Expansion::Each(items) => items
                .iter()
                .map(|(k, v)| {
                    (
                        InstanceKey::Str(k.clone()),
                        Repetition {
                            count: None,
                            each: Some((Value::string(k.clone()), v.clone())),
                        },
                    )
                })
                .collect(),
            Expansion::Unknown(_) => Vec::new(),
        }
    }

    /// What `each` and `count` are in one instance; none if the block has no such instance.
    pub fn repetition(&self, key: &InstanceKey) -> Option<Repetition> {
        match (self, key) {
            (Expansion::Single, InstanceKey::None) => Some(Repetition::default()),
            (Expansion::Count(n), InstanceKey::Int(i)) if i < n => Some(Repetition {
                count: Some(Value::number(*i as usize)),
                each: None,
            }),
            (Expansion::Each(items), InstanceKey::Str(k)) => {
                let at = items.binary_search_by(|(n, _)| n.cmp(k)).ok()?;
                Some(Repetition {
                    count: None,
                    each: Some((Value::string(k.clone()), items[at].1.clone())),
                })
            }
            _ => None,
        }
    }
}

/// More instances of one block than anyone means: a typing mistake would otherwise fill the memory.
const MOST_INSTANCES: u64 = 1_000_000;

fn refuse(kind: &str, span: Span, detail: impl Into<String>) -> (Expansion, Diagnostics) {
    (
        Expansion::Unknown(kind == "for_each"),
        Diagnostic::error(format!("Invalid {kind} argument"), detail)
            .at(span)
            .into(),
    )
}

fn count_of(expr: &Expr, scope: &dyn Scope) -> (Expansion, Diagnostics) {
    let (value, diagnostics) = evaluate(expr, scope);
    if diagnostics.has_errors() {
        return (Expansion::Unknown(false), diagnostics);
    }
    let bad = |detail: String| refuse("count", expr.span, detail);
    if value.deep_marks().contains(Marks::EPHEMERAL) {
        return bad("The given \"count\" value is derived from an ephemeral value, which means that Streamform cannot persist it between plan/apply rounds. Use only non-ephemeral values to specify the number of resource instances.".into());
    }
    // A secret number is allowed here, as in Terraform: it is told by the number of instances alone.
    let (value, _) = value.unmark();
    if value.is_null() {
        return bad("The given \"count\" argument value is null. An integer is required.".into());
    }
    let number = match convert(&value, &Type::Number) {
        Ok(n) => n,
        Err(e) => {
            let found = Diagnostic::error("Incorrect value type", format!("Invalid expression value: {e}."))
                .at(expr.span);
            return (Expansion::Unknown(false), found.into());
        }
    };
    let Some(number) = number.as_number() else {
        return (Expansion::Unknown(false), diagnostics);
    };
    match number.as_i64() {
        Some(n) if n < 0 => bad(
            "The given \"count\" argument value is unsuitable: must be greater than or equal to zero.".into(),
        ),
        Some(n) if n as u64 > MOST_INSTANCES => bad(format!(
            "The given \"count\" argument value is unsuitable: {n} instances of one block are more than the limit of {MOST_INSTANCES}."
        )),
        Some(n) => (Expansion::Count(n as u64), diagnostics),
        None => bad(format!(
            "The given \"count\" argument value is unsuitable: value must be a whole number, between 0 and {MOST_INSTANCES} inclusive."
        )),
    }
}

fn each_of(expr: &Expr, scope: &dyn Scope) -> (Expansion, Diagnostics) {
    const SUITABLE: &str =
        "the \"for_each\" argument must be a map, or set of strings, and you have provided a value of type";
    let (value, diagnostics) = evaluate(expr, scope);
    if diagnostics.has_errors() {
        return (Expansion::Unknown(true), diagnostics);
    }
    let bad = |detail: String| refuse("for_each", expr.span, detail);
    let bad_set = |detail: String| {
        let found = Diagnostic::error("Invalid for_each set argument", detail).at(expr.span);
        (Expansion::Unknown(true), found.into())
    };
    let marks = value.marks();
    if value.deep_marks().contains(Marks::EPHEMERAL) && marks.contains(Marks::EPHEMERAL) {
        return bad("The given \"for_each\" value is derived from an ephemeral value, which means that Streamform cannot persist it between plan/apply rounds. Use only non-ephemeral values to specify a resource's instance keys.".into());
    }
    if marks.contains(Marks::SENSITIVE) {
        return helped(
            bad("Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments. If used, the sensitive value could be disclosed as a resource instance key.".into()),
            "If the keys are no secret, say so with nonsensitive(VALUE); else go through keys that are none, and look the secrets up by key.",
        );
    }
    match value.kind() {
        Kind::Null(_) => bad("The given \"for_each\" argument value is unsuitable: the given \"for_each\" argument value is null. A map, or set of strings is allowed.".into()),
        Kind::Unknown(u) => match &u.ty {
            Type::Map(_) | Type::Object(_) | Type::Set(_) | Type::Any => {
                (Expansion::Unknown(true), diagnostics)
            }
            other => bad(format!(
                "The given \"for_each\" argument value is unsuitable: {SUITABLE} {}.",
                other.friendly_name()
            )),
        },
        Kind::Map(_) | Kind::Object(_) => {
            let items: Arc<[(Name, Value)]> = value.entries().unwrap_or_default().into();
            (Expansion::Each(items), diagnostics)
        }
        Kind::Set(set) => {
            if set.items.iter().any(|v| !v.is_known()) {
                return (Expansion::Unknown(true), diagnostics);
            }
            if set.items.is_empty() {
                return (Expansion::Each(Arc::new([])), diagnostics);
            }
            if set.elem != Type::String {
                let found = bad_set(format!(
                    "The given \"for_each\" argument value is unsuitable: \"for_each\" supports maps and sets of strings, but you have provided a set containing type {}.",
                    set.elem.friendly_name()
                ));
                return if matches!(set.elem, Type::Number | Type::Bool) {
                    helped(found, "Make texts of the elements: toset([for x in LIST : tostring(x)]).")
                } else {
                    helped(found, "Make a map of them, with a key for each element: { for x in LIST : x.name => x }.")
                };
            }
            if set.items.iter().any(Value::is_null) {
                return bad_set("The given \"for_each\" argument value is unsuitable: \"for_each\" sets must not contain null values.".into());
            }
            let items = set
                .items
                .iter()
                .filter_map(|v| v.as_str().map(|s| (Name::from(s), v.clone())))
                .collect();
            (Expansion::Each(items), diagnostics)
        }
        kind => {
            let refused = bad(format!(
                "The given \"for_each\" argument value is unsuitable: {SUITABLE} {}.",
                value.ty().friendly_name()
            ));
            let texts = |items: &[Value]| items.iter().all(|v| v.as_str().is_some());
            match kind {
                Kind::List(_) | Kind::Tuple(_) if value.items().is_some_and(texts) => {
                    helped(refused, "Make a set of the list: for_each = toset(LIST).")
                }
                Kind::List(_) | Kind::Tuple(_) => helped(
                    refused,
                    "Make a map of the list, with a key for each element: for_each = { for x in LIST : x.name => x }.",
                ),
                _ => refused,
            }
        }
    }
}

/// The same with what to do about it.
fn helped((expansion, found): (Expansion, Diagnostics), help: &str) -> (Expansion, Diagnostics) {
    (expansion, found.into_iter().map(|d| d.help(help)).collect())
}
