//! Expressions with all functions, over known, unknown and secret values.

use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::FileId;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::to_json;

/// A world in which every variable has a value by the first letter of its name.
struct World(Surroundings);

impl Scope for World {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let name = match &reference.subject {
            Subject::Variable(name) | Subject::Local(name) => name.as_str(),
            _ => "",
        };
        let list = || Value::list(Type::String, ["a", "b"].map(Value::string));
        Ok(match name.chars().next() {
            Some('s') => Value::string("text"),
            Some('n') => Value::number(3_usize),
            Some('b') => Value::bool(true),
            Some('l') => list(),
            Some('t') => Value::tuple([
                Value::number(1_usize),
                Value::string("x"),
                Value::unknown(Type::Any),
            ]),
            Some('m') => Value::map(Type::String, [(Name::from("k"), Value::string("v"))]),
            Some('o') => Value::object([
                (Name::from("a"), list()),
                (Name::from("n"), Value::null(Type::Any)),
                (Name::from("u"), Value::unknown(Type::Number)),
            ]),
            Some('e') => Value::set(Type::String, ["a", "b"].map(Value::string)),
            Some('z') => Value::null(Type::Any),
            Some('x') => Value::string("hidden").with_marks(Marks::SENSITIVE),
            Some('y') => Value::unknown(Type::list(Type::String)),
            _ => Value::unknown(Type::Any),
        })
    }

    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

/// Evaluating ends, with a value or with errors; a known value can be written down.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (Some(expr), found) = syntax::parse_expression(FileId(0), text, 0) else {
        return;
    };
    if found.has_errors() {
        return;
    }
    let world = World(Surroundings {
        base_dir: "/nonexistent/streamform".into(),
        plan_timestamp: Some("2026-01-02T03:04:05Z".to_owned()),
        ..Surroundings::default()
    });
    let (value, found) = evaluate(&expr, &world);
    if !found.has_errors() && value.is_wholly_known() {
        let (plain, _) = value.unmark_deep();
        let _ = to_json(&plain);
    }
}
