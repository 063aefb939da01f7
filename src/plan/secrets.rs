//! The secrets of a run, by value: what is sensitive is masked in all that is printed, wherever it turns up.
//!
//! Marks follow expressions. They do not follow what a service answers, what a program prints or what an error quotes; there a
//! secret is known by its value alone.

mod mask;
mod names;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use streamform_lang::diag::Sources;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Value;
use streamform_provider::schema;

use mask::Mask;
use mask::is_long_enough;

use super::Plan;

/// Shows every value of a plan that may hold secrets, with all marks that its schema and its output give it.
pub fn marked_values(plan: &Plan, mut see: impl FnMut(&Value)) {
    for (_, value) in &plan.variables {
        see(value);
    }
    for change in plan.changes.iter().chain(&plan.drift).chain(&plan.untouched) {
        if let Some(importing) = &change.importing {
            see(&importing.id);
        }
        for value in [&change.before, &change.after] {
            see(&schema::mark_sensitive(&change.schema.block, value.clone()));
        }
    }
    for output in &plan.outputs {
        for value in [&output.before, &output.after] {
            if output.sensitive {
                see(&value.clone().with_marks(Marks::SENSITIVE));
            } else {
                see(value);
            }
        }
    }
}

/// Secrets, and how text is rid of them. Cheap to clone: all clones know the same.
#[derive(Clone, Default)]
pub struct Secrets {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether there is any: then nothing costs anything.
    any: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    all: HashSet<Arc<str>>,
    /// Ids of objects, which are shown.
    open: HashSet<Box<str>>,
    /// Those that the mask does not have yet: it is brought up to date when there is something to print.
    fresh: Vec<Arc<str>>,
    mask: Mask,
    /// Where names are written down.
    sources: Sources,
    /// Those names; they are collected when a secret looks like one.
    names: Option<HashSet<Box<str>>>,
}

impl Secrets {
    /// Remembers every secret of a plan: of its variables, its objects and its outputs.
    pub fn learn_plan(&self, plan: &Plan) {
        marked_values(plan, |value| self.learn(value));
    }

    /// Remembers every sensitive or ephemeral string inside a value. The `id` of an object, if it is not sensitive there, is shown
    /// although another object may hold it as a secret: the id of an API key is what everybody calls it, and `credentials`
    /// of a topic hides it.
    pub fn learn(&self, value: &Value) {
        let mut found = Vec::new();
        collect(value, false, &mut found);
        if !hidden(value.marks())
            && let Some(id) = value.get("id")
            && !hidden(id.marks())
            && let Some(id) = id.as_str()
        {
            self.leave(id);
        }
        self.add(found);
    }

    fn leave(&self, id: &str) {
        let lock = &self.shared.known;
        if !is_long_enough(id)
            || lock
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .open
                .contains(id)
        {
            return;
        }
        let mut known = lock.write().unwrap_or_else(PoisonError::into_inner);
        known.open.insert(id.into());
        known.mask.leave(id);
    }

    /// Remembers a text.
    pub fn learn_text(&self, text: &str) {
        if is_long_enough(text) {
            self.add(vec![text.into()]);
        }
    }

    /// Names of these files are shown although they may be secrets, too: `password` is an argument before it is a bad password.
    pub fn names_of(&self, sources: &Sources) {
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        known.sources = sources.clone();
        known.names = None;
    }

    fn add(&self, found: Vec<Arc<str>>) {
        if found.is_empty() {
            return;
        }
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        for secret in found {
            if known.all.insert(Arc::clone(&secret)) {
                known.fresh.push(secret);
            }
        }
        self.shared.any.store(true, Ordering::Release);
    }

    /// The text with every secret masked.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.shared.any.load(Ordering::Acquire) {
            return Cow::Borrowed(text);
        }
        self.with(|mask| mask.apply(text))
    }

    /// Whether a text holds a secret.
    pub fn hides(&self, text: &str) -> bool {
        self.shared.any.load(Ordering::Acquire) && self.with(|mask| mask.finds(text))
    }

    fn with<T>(&self, work: impl FnOnce(&Mask) -> T) -> T {
        let lock = &self.shared.known;
        let known = lock.read().unwrap_or_else(PoisonError::into_inner);
        if known.fresh.is_empty() {
            return work(&known.mask);
        }
        drop(known);
        let mut known = lock.write().unwrap_or_else(PoisonError::into_inner);
        let Known {
            fresh,
            mask,
            sources,
            names,
            ..
        } = &mut *known;
        for secret in std::mem::take(fresh) {
            mask.add(&secret);
            if names::may_be_name(&secret)
                && names
                    .get_or_insert_with(|| names::all(sources))
                    .contains(&*secret)
            {
                mask.leave(&secret);
            }
        }
        work(&known.mask)
    }
}

impl fmt::Debug for Secrets {
    /// How many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.shared.known.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Secrets").field(&known.all.len()).finish()
    }
}

fn hidden(marks: Marks) -> bool {
    marks.contains(Marks::SENSITIVE) || marks.contains(Marks::EPHEMERAL)
}

fn collect(value: &Value, inside: bool, found: &mut Vec<Arc<str>>) {
    let sensitive = inside || hidden(value.marks());
    if !sensitive && !hidden(value.deep_marks()) {
        return;
    }
    match value.kind() {
        Kind::String(s) if sensitive && is_long_enough(s) => found.push(s.as_str().into()),
        Kind::Number(n) if sensitive => {
            let digits = n.to_string();
            if is_long_enough(&digits) {
                found.push(digits.into());
            }
        }
        Kind::List(s) | Kind::Set(s) => s.items.iter().for_each(|v| collect(v, sensitive, found)),
        Kind::Tuple(items) => items.iter().for_each(|v| collect(v, sensitive, found)),
        Kind::Map(m) => m.items.iter().for_each(|(_, v)| collect(v, sensitive, found)),
        Kind::Object(items) => items.iter().for_each(|(_, v)| collect(v, sensitive, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_what_is_marked_and_what_lies_inside() {
        let secrets = Secrets::default();
        assert!(matches!(secrets.mask("hunter2hunter2"), Cow::Borrowed(_)));
        secrets.learn(&Value::tuple([
            Value::string("hunter2hunter2").with_marks(Marks::SENSITIVE),
            Value::string("not a secret"),
            Value::tuple([Value::string("inside of it")]).with_marks(Marks::EPHEMERAL),
            Value::string("short").with_marks(Marks::SENSITIVE),
        ]));
        assert_eq!(
            secrets.mask("hunter2hunter2, not a secret, inside of it, short"),
            "(sensitive value), not a secret, (sensitive value), short"
        );
        // What one object hides is the name of another.
        secrets.learn(&Value::object([
            ("id".into(), Value::string("ABCDEFGHIJKLMNOP")),
            (
                "secret".into(),
                Value::string("key's own secret").with_marks(Marks::SENSITIVE),
            ),
        ]));
        secrets.learn(&Value::string("ABCDEFGHIJKLMNOP").with_marks(Marks::SENSITIVE));
        assert_eq!(
            secrets.mask("id=ABCDEFGHIJKLMNOP key's own secret"),
            "id=ABCDEFGHIJKLMNOP (sensitive value)"
        );
        // A number is a text when it is printed.
        secrets.learn(&Value::number(1_234_567_890_usize).with_marks(Marks::SENSITIVE));
        assert_eq!(secrets.mask("n = 1234567890"), "n = (sensitive value)");
        // What is a name is none of anybody's secrets.
        let mut sources = Sources::default();
        sources.add("main.tf", "login { password = var.given }");
        secrets.names_of(&sources);
        secrets.learn(&Value::string("password").with_marks(Marks::SENSITIVE));
        secrets.learn(&Value::string("passwort").with_marks(Marks::SENSITIVE));
        assert_eq!(
            secrets.mask("password = \"passwort\""),
            "password = \"(sensitive value)\""
        );
        // Another clone learns for all.
        let other = secrets.clone();
        secrets.learn_text("one more secret");
        assert!(other.hides("'one more secret'"));
    }
}
