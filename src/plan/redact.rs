//! Secrets by value: a text that holds a known secret is not shown, wherever it turns up.
//!
//! Marks follow expressions, not providers: a computed attribute may well repeat a sensitive argument. So every sensitive
//! string of a plan is remembered, and looked for in all that is shown.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Value;
use streamform_provider::schema;

use super::Plan;

/// Shorter secrets are not looked for: a sensitive `"1"` or `"dev"` would blank half of a plan.
const SHORTEST: usize = 6;
/// Only secrets of this length and more are looked for inside longer texts.
const WINDOW: usize = 8;

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

/// Knows secrets, and tells whether a text holds one.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    whole: HashSet<Arc<str>>,
    /// Secrets by their first bytes, for those that may be a part of a longer text.
    heads: HashMap<[u8; WINDOW], Vec<Arc<str>>>,
}

impl Redactor {
    /// Knows every secret of a plan: of its variables, its objects and its outputs.
    pub fn of_plan(plan: &Plan) -> Redactor {
        let mut secrets = Redactor::default();
        marked_values(plan, |value| secrets.learn(value));
        secrets
    }

    /// Remembers every sensitive string inside `value`.
    pub fn learn(&mut self, value: &Value) {
        self.walk(value, false);
    }

    fn walk(&mut self, value: &Value, inside: bool) {
        let hidden = Marks::SENSITIVE.union(Marks::EPHEMERAL);
        let sensitive = inside
            || !value.marks().without(Marks::NONE).is_empty()
                && value.marks() != value.marks().without(hidden);
        if !sensitive && value.deep_marks() == value.deep_marks().without(hidden) {
            return;
        }
        if let Kind::String(s) = value.kind() {
            if sensitive {
                self.add(s.shared());
            }
            return;
        }
        match value.kind() {
            Kind::List(s) | Kind::Set(s) => s.items.iter().for_each(|v| self.walk(v, sensitive)),
            Kind::Tuple(items) => items.iter().for_each(|v| self.walk(v, sensitive)),
            Kind::Map(m) => m.items.iter().for_each(|(_, v)| self.walk(v, sensitive)),
            Kind::Object(items) => items.iter().for_each(|(_, v)| self.walk(v, sensitive)),
            _ => {}
        }
    }

    fn add(&mut self, secret: &Arc<str>) {
        if secret.len() < SHORTEST || !self.whole.insert(Arc::clone(secret)) {
            return;
        }
        if let Some(head) = secret.as_bytes().first_chunk::<WINDOW>() {
            self.heads.entry(*head).or_default().push(Arc::clone(secret));
        }
    }

    /// Whether `text` is a secret or holds one.
    pub fn hides(&self, text: &str) -> bool {
        if self.whole.is_empty() {
            return false;
        }
        if self.whole.contains(text) {
            return true;
        }
        if self.heads.is_empty() || text.len() < WINDOW {
            return false;
        }
        let bytes = text.as_bytes();
        bytes.windows(WINDOW).enumerate().any(|(i, window)| {
            let Some(head) = window.first_chunk::<WINDOW>() else {
                return false;
            };
            self.heads
                .get(head)
                .is_some_and(|secrets| secrets.iter().any(|s| bytes[i..].starts_with(s.as_bytes())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_secrets_as_whole_and_inside() {
        let mut r = Redactor::default();
        assert!(!r.hides("anything"));
        r.learn(&Value::tuple([
            Value::string("sasl-password-1").with_marks(Marks::SENSITIVE),
            Value::string("sixsix").with_marks(Marks::SENSITIVE),
            Value::string("abc").with_marks(Marks::SENSITIVE),
            Value::string("not a secret"),
        ]));
        assert!(r.hides("sasl-password-1"));
        assert!(r.hides("user=a password=sasl-password-1;"));
        assert!(r.hides("sixsix"));
        assert!(!r.hides("sixsix and more"), "too short to be looked for inside");
        assert!(!r.hides("abc"));
        assert!(!r.hides("not a secret"));
        assert!(!r.hides("sasl-password-2"));
    }

    #[test]
    fn learns_what_lies_in_a_sensitive_container() {
        let mut r = Redactor::default();
        r.learn(&Value::tuple([Value::string("inside-it")]).with_marks(Marks::SENSITIVE));
        assert!(r.hides("inside-it"));
    }
}
