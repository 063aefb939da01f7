//! Checking a configuration by the table, with the messages of the plugin SDK. What is not known yet is not judged.

use streamform_lang::diag::Severity;
use streamform_lang::diag::did_you_mean;
use streamform_lang::value::Kind;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;

use super::Field;
use super::FieldKind;
use super::Presence;
use crate::protocol::Findings;
use crate::protocol::ProviderDiagnostic;

/// Checks an object against the fields of its type.
pub(super) fn validate(fields: &[Field], config: &Value) -> Findings {
    let mut run = Run {
        root: config,
        secret: config.is_sensitive(),
        findings: Findings::new(),
    };
    if let Some(id) = config.get("id")
        && !id.is_null()
        && !fields.iter().any(|f| f.name == "id")
    {
        run.error("Invalid or unknown key", "", Path::attr("id"));
    }
    run.object(fields, config, "", &Path::root());
    run.findings
}

struct Run<'a> {
    root: &'a Value,
    /// Whether what is looked at lies in something sensitive: messages must not quote it.
    secret: bool,
    findings: Findings,
}

impl Run<'_> {
    fn error(&mut self, summary: impl Into<String>, detail: impl Into<String>, at: Path) {
        self.findings
            .push(ProviderDiagnostic::error(summary, detail).at(at));
    }

    fn object(&mut self, fields: &[Field], object: &Value, prefix: &str, at: &Path) {
        for f in fields {
            let key = format!("{prefix}{}", f.name);
            let path = at.child(Step::Attr(Name::from(f.name)));
            self.field(f, object.get(f.name), &key, &path);
        }
    }

    fn field(&mut self, f: &Field, value: Option<&Value>, key: &str, at: &Path) {
        if let Err(detail) = self.exactly_one(f, key) {
            self.error("Invalid combination of arguments", detail, at.clone());
            return;
        }
        if let Err(detail) = self.at_least_one(f, key) {
            self.error("Missing required argument", detail, at.clone());
            return;
        }
        let Some(value) = value.filter(|v| is_given(f, v)) else {
            if f.presence == Presence::Required {
                self.error(
                    "Missing required argument",
                    format!("The argument {key:?} is required, but no definition was found."),
                    at.clone(),
                );
            }
            return;
        };
        if f.presence == Presence::Computed {
            self.error(
                "Value for unconfigurable attribute",
                format!("Can't configure a value for {key:?}: its value will be decided automatically based on the result of applying this configuration."),
                at.clone(),
            );
            return;
        }
        if let Err(detail) = self.required_with(f, key) {
            self.error("Missing required argument", detail, at.clone());
            return;
        }
        if value.is_wholly_known()
            && let Some(other) = f
                .conflicts_with
                .iter()
                .find(|k| self.given(k).is_some_and(Value::is_wholly_known))
        {
            self.error(
                "Conflicting configuration arguments",
                format!("{key:?}: conflicts with {other}"),
                at.clone(),
            );
            return;
        }
        if let Some(why) = f.deprecated {
            self.findings.push(ProviderDiagnostic {
                severity: Severity::Warning,
                summary: "Argument is deprecated".to_owned(),
                detail: why.to_owned(),
                path: Some(at.clone()),
                placeless: false,
                unauthorized: false,
            });
        }
        if value.is_wholly_known() {
            let before = self.secret;
            self.secret |= f.sensitive || value.is_sensitive();
            self.value(f, value, key, at);
            self.secret = before;
        }
    }

    fn value(&mut self, f: &Field, value: &Value, key: &str, at: &Path) {
        match &f.kind {
            FieldKind::Bool | FieldKind::Int | FieldKind::Float | FieldKind::String => {
                self.primitive(f, &f.kind, value, key, at);
            }
            FieldKind::Map(_) => self.checks(f, value, key, at),
            FieldKind::List(elem) | FieldKind::Set(elem) => {
                let items = value.items().unwrap_or_default();
                if !self.number_of_items(items.len(), f.min_items, f.max_items, key, at) {
                    return;
                }
                for (i, item) in items.iter().enumerate() {
                    let at = element(value, i, at);
                    if item.is_null() {
                        self.error(
                            "Null value found in list",
                            "Null values are not allowed for this attribute value.",
                            at,
                        );
                    } else {
                        self.primitive(f, elem, item, &format!("{key}.{i}"), &at);
                    }
                }
            }
            FieldKind::Block { fields, min, max, .. } => {
                let items = value.items().unwrap_or_default();
                if !self.number_of_items(items.len(), *min, *max, key, at) {
                    return;
                }
                for (i, item) in items.iter().enumerate() {
                    self.object(fields, item, &format!("{key}.{i}."), &element(value, i, at));
                }
                self.checks(f, value, key, at);
            }
        }
    }

    fn number_of_items(&mut self, n: usize, min: usize, max: Option<usize>, key: &str, at: &Path) -> bool {
        if let Some(max) = max.filter(|m| *m > 0 && n > *m) {
            self.error(
                "Too many list items",
                format!("Attribute {key} supports {max} item maximum, but config has {n} declared."),
                at.clone(),
            );
            return false;
        }
        if n < min {
            self.error(
                "Not enough list items",
                format!("Attribute {key} requires {min} item minimum, but config has only {n} declared."),
                at.clone(),
            );
            return false;
        }
        true
    }

    fn primitive(&mut self, f: &Field, kind: &FieldKind, value: &Value, key: &str, at: &Path) {
        if let (FieldKind::Int, Kind::Number(n)) = (kind, value.kind())
            && n.as_i64().is_none()
        {
            self.error(
                format!("Attribute must be a whole number, got {n}"),
                format!("The argument {key:?} takes whole numbers only."),
                at.clone(),
            );
            return;
        }
        if let Some(text) = value.as_str()
            && !f.one_of.is_empty()
            && !f.one_of.contains(&text)
        {
            let message = format!("expected {key} to be one of [{}], got {text}", f.one_of.join(" "));
            self.failed(message, near(text, f.one_of), value, at);
        }
        self.checks(f, value, key, at);
    }

    fn checks(&mut self, f: &Field, value: &Value, key: &str, at: &Path) {
        if f.checks.is_empty() {
            return;
        }
        let (plain, _) = value.clone().unmark_deep();
        for check in &f.checks {
            if let Err(message) = check(key, &plain) {
                self.failed(message, String::new(), value, at);
            }
        }
    }

    /// Reports a broken rule; what the message quotes of a secret is left out.
    fn failed(&mut self, message: String, hint: String, value: &Value, at: &Path) {
        let (message, hint) = if self.secret || value.deep_marks().contains(Marks::SENSITIVE) {
            (redact(message, value), String::new())
        } else {
            (message, hint)
        };
        self.error(message, hint, at.clone());
    }

    /// What is given at a path as the SDK writes it: `a.0.b`. Unknown counts as given.
    fn given(&self, path: &str) -> Option<&Value> {
        let mut value = self.root;
        for part in path.split('.') {
            value = match part.parse::<usize>() {
                Ok(i) => value.items()?.get(i)?,
                Err(_) => value.get(part)?,
            };
        }
        let empty_blocks = matches!(value.kind(), Kind::List(s) | Kind::Set(s) if s.items.is_empty());
        (!value.is_null() && !empty_blocks).then_some(value)
    }

    fn exactly_one(&self, f: &Field, key: &str) -> Result<(), String> {
        if f.exactly_one_of.is_empty() {
            return Ok(());
        }
        let all = group(f.exactly_one_of, key);
        let given: Vec<(&str, &Value)> = all.iter().filter_map(|k| Some((*k, self.given(k)?))).collect();
        let known: Vec<&str> = given
            .iter()
            .filter(|(_, v)| v.is_wholly_known())
            .map(|(k, _)| *k)
            .collect();
        if given.is_empty() {
            return Err(format!("one of `{}` must be specified", all.join(",")));
        }
        if known.len() > 1 {
            return Err(format!(
                "only one of `{}` can be specified, but `{}` were specified.",
                all.join(","),
                known.join(",")
            ));
        }
        Ok(())
    }

    fn at_least_one(&self, f: &Field, key: &str) -> Result<(), String> {
        if f.at_least_one_of.is_empty() {
            return Ok(());
        }
        let all = group(f.at_least_one_of, key);
        if all.iter().any(|k| self.given(k).is_some()) {
            Ok(())
        } else {
            Err(format!("one of `{}` must be specified", all.join(",")))
        }
    }

    fn required_with(&self, f: &Field, key: &str) -> Result<(), String> {
        if f.required_with.is_empty() {
            return Ok(());
        }
        let all = group(f.required_with, key);
        if all.iter().all(|k| self.given(k).is_some()) {
            Ok(())
        } else {
            Err(format!("all of `{}` must be specified", all.join(",")))
        }
    }
}

/// The findings without what is sensitive in the configuration.
pub(super) fn redacted(mut findings: Findings, config: &Value) -> Findings {
    if findings.is_empty() || !config.deep_marks().contains(Marks::SENSITIVE) {
        return findings;
    }
    for (path, _) in config.clone().unmark_with_paths().1 {
        let Some(secret) = config.at(&path) else { continue };
        for finding in &mut findings {
            finding.summary = redact(std::mem::take(&mut finding.summary), secret);
            finding.detail = redact(std::mem::take(&mut finding.detail), secret);
        }
    }
    findings
}

/// The message without any text or number of the value.
fn redact(message: String, value: &Value) -> String {
    let quoted = match value.kind() {
        Kind::String(s) => s.to_string(),
        Kind::Number(n) => n.to_string(),
        _ => String::new(),
    };
    let mut message = if quoted.is_empty() {
        message
    } else {
        message.replace(&quoted, "(sensitive value)")
    };
    value.each_child(|_, child| message = redact(std::mem::take(&mut message), child));
    message
}

fn group<'a>(members: &'a [&'a str], own: &'a str) -> Vec<&'a str> {
    let mut all: Vec<&str> = members.iter().copied().chain([own]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Blocks of which there is none are not given; an empty list that is written as an attribute is.
fn is_given(f: &Field, value: &Value) -> bool {
    let no_block = f.is_block() && value.items().is_some_and(<[Value]>::is_empty);
    !value.is_null() && !no_block
}

/// The path of an element; those of a set have none, so it is the path of the set.
fn element(collection: &Value, i: usize, at: &Path) -> Path {
    match collection.kind() {
        Kind::Set(s) => match s.items.get(i) {
            Some(item) => at.child(Step::Element(Box::new(item.clone()))),
            None => at.clone(),
        },
        _ => at.child(Step::Index(i)),
    }
}

/// What was meant, where a value differs from one that is allowed in its case, its separators or a letter or two.
fn near(given: &str, allowed: &[&str]) -> String {
    let plain = |text: &str| text.to_ascii_uppercase().replace(['-', ' '], "_");
    let meant = allowed
        .iter()
        .copied()
        .find(|a| plain(a) == plain(given))
        .or_else(|| did_you_mean(given, allowed.iter().copied()));
    meant.map(|m| format!("Did you mean {m:?}?")).unwrap_or_default()
}
