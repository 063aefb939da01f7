//! The functions of the built-in provider: values as text of the Terraform language, and back.

use std::sync::LazyLock;

use streamform_lang::addrs::Reference;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::fmt;
use streamform_lang::functions::Function;
use streamform_lang::functions::FunctionError;
use streamform_lang::functions::Param;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax;
use streamform_lang::syntax::is_identifier;
use streamform_lang::syntax::string_literal;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

/// What the text of `decode_tfvars` is called in its errors.
const ARGUMENT: &str = "<decode_tfvars argument>";

/// All of them, sorted.
pub(super) static TABLE: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let function = |name, description, parameter, result, body| Function {
        name,
        description,
        params: vec![parameter],
        variadic: None,
        result,
        not_null: true,
        body,
    };
    vec![
        function(
            "decode_tfvars",
            "The raw values of a text that is written as a file of variable values, as an object.",
            Param::new("src", Type::String),
            |_| Ok(Type::Any),
            |args, _| decode(args[0].as_str().unwrap_or_default()).map_err(FunctionError::Call),
        ),
        function(
            "encode_expr",
            "The text of an expression of the Terraform language that has about this value.",
            Param::new("value", Type::Any),
            |_| Ok(Type::String),
            |args, _| written(&args[0], one),
        ),
        function(
            "encode_tfvars",
            "An object as the text of a file of variable values: a line for each attribute.",
            Param::new("value", Type::Any),
            |_| Ok(Type::String),
            |args, _| written(&args[0], encode),
        ),
    ]
});

/// What is not known yet inside of a value cannot be written yet.
fn written(value: &Value, write: fn(&Value) -> Result<Value, String>) -> Result<Value, FunctionError> {
    if !value.is_wholly_known() {
        return Ok(Value::unknown_not_null(Type::String));
    }
    write(value).map_err(FunctionError::Call)
}

fn one(value: &Value) -> Result<Value, String> {
    let laid_out = layout(&format!("v = {}\n", expression(value)?))?;
    let text = laid_out.strip_prefix("v = ").unwrap_or(&laid_out);
    Ok(Value::string(text.trim_end_matches('\n')))
}

fn encode(value: &Value) -> Result<Value, String> {
    let entries = match value.kind() {
        Kind::Map(_) | Kind::Object(_) => value.entries().unwrap_or_default(),
        _ => {
            return Err(
                "invalid value to encode: must be an object whose attribute names will become the encoded variable names"
                    .to_owned(),
            );
        }
    };
    let mut text = String::new();
    for (name, v) in entries {
        if !is_identifier(name) {
            return Err(format!(
                "invalid variable name {:?}: must be a valid identifier, per Terraform's rules for input variable declarations",
                name.as_str()
            ));
        }
        text.push_str(&format!("{name} = {}\n", expression(v)?));
    }
    Ok(Value::string(layout(&text)?))
}

/// The canonical layout.
fn layout(text: &str) -> Result<String, String> {
    let id = Sources::default().add("value", text);
    fmt::format(id, text).map_err(|found| phrase(&found, text))
}

/// The value as an expression; objects have a line for each attribute.
fn expression(value: &Value) -> Result<String, String> {
    Ok(match value.kind() {
        Kind::Null(_) => "null".to_owned(),
        Kind::Unknown(_) => return Err("a value that is not known cannot be written".to_owned()),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) if n.is_infinite() => return Err("an infinite number cannot be written".to_owned()),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) => string_literal(s),
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            let items: Vec<String> = value
                .items()
                .unwrap_or_default()
                .iter()
                .map(expression)
                .collect::<Result<_, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Kind::Map(_) | Kind::Object(_) => {
            let entries = value.entries().unwrap_or_default();
            if entries.is_empty() {
                return Ok("{}".to_owned());
            }
            let mut out = "{\n".to_owned();
            for (name, v) in entries {
                // "for" would begin an expression that builds an object.
                let key = if is_identifier(name) && name.as_str() != "for" {
                    name.to_string()
                } else {
                    string_literal(name)
                };
                out.push_str(&format!("{key} = {}\n", expression(v)?));
            }
            out.push('}');
            out
        }
    })
}

/// A scope in which there is nothing to refer to.
struct Constant(Surroundings);

impl Scope for Constant {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        Err(
            Diagnostic::error("Variables not allowed", "Variables may not be used here.")
                .at(reference.span)
                .into(),
        )
    }

    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

fn decode(text: &str) -> Result<Value, String> {
    let id = Sources::default().add(ARGUMENT, text);
    let (file, found) = syntax::parse(id, text);
    if found.has_errors() {
        return Err(format!("invalid tfvars syntax: {}", phrase(&found, text)));
    }
    if let Some(block) = file.body.blocks.first() {
        let found = Diagnostic::error(
            format!("Unexpected {:?} block", block.kind.name.as_str()),
            "Blocks are not allowed here.",
        )
        .at(block.kind.span);
        return Err(format!("invalid tfvars content: {}", phrase(&found.into(), text)));
    }
    let scope = Constant(Surroundings::default());
    let mut values: Vec<(Name, Value)> = Vec::with_capacity(file.body.attributes.len());
    for attribute in &file.body.attributes {
        let mut found = Diagnostics::new();
        attribute.expr.for_each_call(&mut |call| {
            found.error_at(
                call.name_span,
                "Function calls not allowed",
                "Functions may not be called here.",
            );
        });
        let mut value = Value::null(Type::Any);
        if !found.has_errors() {
            (value, found) = evaluate(&attribute.expr, &scope);
        }
        if found.has_errors() {
            return Err(format!(
                "invalid expression for variable {:?}: {}",
                attribute.name.name.as_str(),
                phrase(&found, text)
            ));
        }
        values.push((attribute.name.name.clone(), value));
    }
    Ok(Value::object(values))
}

/// The first error in one line, with its place in the text.
fn phrase(found: &Diagnostics, text: &str) -> String {
    let Some(first) = found.iter().find(|d| d.severity == Severity::Error) else {
        return "it cannot be read".to_owned();
    };
    let detail = first.detail.trim_end_matches('.');
    match first.subject {
        Some(span) => {
            let mut sources = Sources::default();
            let id = sources.add(ARGUMENT, text);
            let at = sources.get(id).map(|f| f.position(span.start));
            let (line, column) = at.map_or((1, 1), |p| (p.line, p.column));
            format!("{ARGUMENT}:{line},{column}: {}; {detail}", first.summary)
        }
        None => format!("{}; {detail}", first.summary),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Value {
        Value::object(entries.iter().map(|(n, v)| (Name::from(*n), v.clone())))
    }

    #[test]
    fn values_become_text_that_reads_back() {
        let value = object(&[
            (
                "a-b",
                Value::tuple([object(&[("e", Value::number(1i64)), ("ff", Value::tuple([]))])]),
            ),
            ("bcd", Value::string("x\ny ${a} %{b} \"q\" \\ \t\u{1}")),
            ("c", Value::null(Type::String)),
            ("d", object(&[("a b", Value::bool(true))])),
        ]);
        let text = encode(&value).unwrap();
        insta::assert_snapshot!(text.as_str().unwrap());
        let back = decode(text.as_str().unwrap()).unwrap();
        assert_eq!(back.get("a-b"), value.get("a-b"));
        assert_eq!(back.get("bcd"), value.get("bcd"));
        assert_eq!(one(&object(&[])).unwrap().as_str(), Some("{}"));
        assert_eq!(one(&Value::string("x\ny")).unwrap().as_str(), Some("\"x\\ny\""));
    }

    #[test]
    fn what_cannot_be_written_or_read_is_refused() {
        assert!(
            encode(&object(&[("1a", Value::bool(true))]))
                .unwrap_err()
                .contains("\"1a\"")
        );
        assert!(
            encode(&Value::tuple([]))
                .unwrap_err()
                .contains("must be an object")
        );
        for (text, said) in [
            ("a = var.x", "Variables not allowed"),
            ("a = upper(\"x\")", "Function calls not allowed"),
            ("a {\n}", "Unexpected \"a\" block"),
            ("a = ", "invalid tfvars syntax: <decode_tfvars argument>:1,"),
        ] {
            let told = decode(text).unwrap_err();
            assert!(told.contains(said), "{text}: {told}");
        }
    }
}
