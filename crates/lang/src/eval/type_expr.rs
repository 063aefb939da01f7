//! Type constraints: `list(object({ name = string, size = optional(number, 1) }))`.

use std::collections::BTreeMap;

use super::Defaults;
use super::Scope;
use super::evaluate;
use crate::addrs::Reference;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::functions::Surroundings;
use crate::syntax::Call;
use crate::syntax::Expr;
use crate::syntax::ExprKind;
use crate::syntax::ObjectItem;
use crate::syntax::TemplatePart;
use crate::value::Name;
use crate::value::ObjectType;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

const INVALID: &str = "Invalid type specification";

/// The type that a `type` argument names, and the defaults of its optional attributes.
///
/// # Errors
/// What is no type, with Terraform's messages.
pub fn type_constraint(expr: &Expr) -> Result<(Type, Defaults), Diagnostics> {
    if let ExprKind::Literal(value) = &expr.kind
        && let Some(text) = value.as_str()
    {
        return Err(quoted(text, expr.span).into());
    }
    // Text alone is a string of a JSON file that holds no expression.
    if let ExprKind::Template(parts) = &expr.kind
        && !matches!(parts.as_slice(), [TemplatePart::Text(_)])
    {
        let constants = Constants {
            surroundings: Surroundings::default(),
        };
        let (value, problems) = evaluate(expr, &constants);
        return Err(match value.as_str() {
            Some(text) if !problems.has_errors() => quoted(text, expr.span).into(),
            _ => problems,
        });
    }
    // Before 0.12 these stood for any element type.
    match expr.as_keyword() {
        Some("list") => return Ok((Type::list(Type::Any), Defaults::default())),
        Some("map") => return Ok((Type::map(Type::Any), Defaults::default())),
        _ => {}
    }
    let mut found = Diagnostics::new();
    let ty = read(expr, &mut found);
    if found.has_errors() { Err(found) } else { Ok(ty) }
}

fn quoted(text: &str, span: Span) -> Diagnostic {
    let instead = match text {
        "string" => "Remove the quotes around \"string\".",
        "list" => {
            "Remove the quotes around \"list\" and write list(string) instead to explicitly indicate that the list \
             elements are strings."
        }
        "map" => {
            "Remove the quotes around \"map\" and write map(string) instead to explicitly indicate that the map \
             elements are strings."
        }
        _ => {
            return Diagnostic::error(
                "Invalid legacy variable type hint",
                "To provide a full type expression, remove the surrounding quotes and give the type expression \
                 directly.",
            )
            .at(span);
        }
    };
    Diagnostic::error(
        "Invalid quoted type constraints",
        format!(
            "Terraform 0.11 and earlier required type constraints to be given in quotes, but that form is now \
             deprecated and will be removed in a future version of Terraform. {instead}"
        ),
    )
    .at(span)
}

fn needs_argument(name: &str) -> Option<String> {
    Some(match name {
        "list" | "set" | "map" => {
            format!("The {name} type constructor requires one argument specifying the element type.")
        }
        "object" => {
            "The object type constructor requires one argument specifying the attribute types and values as a map."
                .into()
        }
        "tuple" => "The tuple type constructor requires one argument specifying the element types as a list.".into(),
        _ => return None,
    })
}

fn nothing() -> (Type, Defaults) {
    (Type::Any, Defaults::default())
}

fn read(expr: &Expr, found: &mut Diagnostics) -> (Type, Defaults) {
    if let Some(word) = expr.as_keyword() {
        let ty = match word {
            "bool" => Type::Bool,
            "string" => Type::String,
            "number" => Type::Number,
            "any" => Type::Any,
            _ => {
                let detail = needs_argument(word)
                    .unwrap_or_else(|| format!("The keyword {word:?} is not a valid type specification."));
                found.error_at(expr.span, INVALID, detail);
                Type::Any
            }
        };
        return (ty, Defaults::default());
    }
    let ExprKind::Call(call) = &expr.kind else {
        found.error_at(
            expr.span,
            INVALID,
            "A type specification is either a primitive type keyword (bool, number, string) or a complex type \
             constructor call, like list(string).",
        );
        return nothing();
    };
    constructor(expr, call, found)
}

fn constructor(expr: &Expr, call: &Call, found: &mut Diagnostics) -> (Type, Defaults) {
    let name = call.name.as_str();
    let in_parentheses = Span {
        start: call.name_span.end,
        ..expr.span
    };
    let wrong = match name {
        "bool" | "string" | "number" => Some(format!(
            "Primitive type keyword {name:?} does not expect arguments."
        )),
        "any" => Some(format!(
            "Type constraint keyword {name:?} does not expect arguments."
        )),
        "optional" => Some(format!(
            "Keyword {name:?} is valid only as a modifier for object type attributes."
        )),
        _ => None,
    };
    if let Some(detail) = wrong {
        found.error_at(in_parentheses, INVALID, detail);
        return nothing();
    }
    let Some(missing) = needs_argument(name) else {
        found.error_at(
            expr.span,
            INVALID,
            format!("Keyword {name:?} is not a valid type constructor."),
        );
        return nothing();
    };
    let argument = match &call.args[..] {
        [one] => one,
        [] => {
            found.error_at(in_parentheses, INVALID, missing);
            return nothing();
        }
        [_, second, ..] => {
            let last = call.args.last().map_or(second.span, |a| a.span);
            let d = Diagnostic::error(INVALID, missing).at(second.span.cover(last));
            found.push(d.within(in_parentheses));
            return nothing();
        }
    };
    match name {
        "object" => match &argument.kind {
            ExprKind::Object(items) => object(expr, items, found),
            _ => {
                let d = Diagnostic::error(
                    INVALID,
                    "Object type constructor requires a map whose keys are attribute names and whose values are the \
                     corresponding attribute types.",
                );
                found.push(d.at(argument.span).within(expr.span));
                nothing()
            }
        },
        "tuple" => match &argument.kind {
            ExprKind::Tuple(items) => {
                let mut types = Vec::with_capacity(items.len());
                let mut defaults = BTreeMap::new();
                for (i, item) in items.iter().enumerate() {
                    let (ty, inner) = read(item, found);
                    types.push(ty);
                    if !inner.is_empty() {
                        defaults.insert(i, inner);
                    }
                }
                (Type::tuple(types), Defaults::of_tuple(defaults))
            }
            _ => {
                let d = Diagnostic::error(
                    INVALID,
                    "Tuple type constructor requires a list of element types.",
                );
                found.push(d.at(argument.span).within(expr.span));
                nothing()
            }
        },
        _ => {
            let (element, inner) = read(argument, found);
            let ty = match name {
                "list" => Type::list(element),
                "set" => Type::set(element),
                _ => Type::map(element),
            };
            (ty, Defaults::of_elements(inner))
        }
    }
}

fn object(whole: &Expr, items: &[ObjectItem], found: &mut Diagnostics) -> (Type, Defaults) {
    let mut attributes = Vec::with_capacity(items.len());
    let mut seen = Vec::new();
    let mut optional = Vec::new();
    let mut values = BTreeMap::new();
    let mut inner = BTreeMap::new();
    for item in items {
        let Some(name) = attribute_name(&item.key) else {
            let d = Diagnostic::error(INVALID, "Object constructor map keys must be attribute names.");
            found.push(d.at(item.key.span).within(whole.span));
            continue;
        };
        if seen.contains(&name) {
            let d = Diagnostic::error(INVALID, "Object constructor map keys must be unique.");
            found.push(d.at(item.key.span).within(whole.span));
            continue;
        }
        seen.push(name.clone());
        let (ty_expr, default) = match &item.value.kind {
            ExprKind::Call(call) if &*call.name == "optional" => {
                let at = Span {
                    start: call.name_span.end,
                    ..item.value.span
                };
                let Some(ty) = call.args.first() else {
                    let d = Diagnostic::error(
                        INVALID,
                        "Optional attribute modifier requires the attribute type as its argument.",
                    );
                    found.push(d.at(at).within(item.value.span));
                    continue;
                };
                if call.args.len() > 2 {
                    let d = Diagnostic::error(
                        INVALID,
                        "Optional attribute modifier expects at most two arguments: the attribute type, and a default \
                         value.",
                    );
                    found.push(d.at(at).within(item.value.span));
                }
                optional.push(name.clone());
                (ty, call.args.get(1))
            }
            _ => (&item.value, None),
        };
        let (ty, defaults) = read(ty_expr, found);
        if let Some(value) = default.and_then(|d| default_value(d, &ty, found)) {
            values.insert(name.clone(), value);
        }
        if !defaults.is_empty() {
            inner.insert(name.clone(), defaults);
        }
        attributes.push((name, ty));
    }
    (
        Type::Object(ObjectType::with_optional(attributes, optional)),
        Defaults::of_object(values, inner),
    )
}

/// The bare word that is the key: a quoted one is longer than its text.
fn attribute_name(key: &Expr) -> Option<Name> {
    match &key.kind {
        ExprKind::Literal(v) => v
            .as_str()
            .filter(|s| s.len() as u32 == key.span.end - key.span.start)
            .map(Name::from),
        _ => None,
    }
}

fn default_value(expr: &Expr, ty: &Type, found: &mut Diagnostics) -> Option<Value> {
    let constants = Constants::default();
    if let Some(call) = first_call(expr) {
        found.error_at(
            call,
            "Function calls not allowed",
            "Functions may not be called here.",
        );
        return None;
    }
    let (value, problems) = evaluate(expr, &constants);
    let failed = problems.has_errors();
    found.extend(problems);
    if failed {
        return None;
    }
    match convert(&value, ty) {
        Ok(value) => Some(value),
        Err(e) => {
            found.error_at(
                expr.span,
                "Invalid default value for optional attribute",
                format!("This default value is not compatible with the attribute's type constraint: {e}."),
            );
            None
        }
    }
}

/// A scope without anything in it.
#[derive(Default)]
struct Constants {
    surroundings: Surroundings,
}

impl Scope for Constants {
    // Never asked: the scope is empty.
    fn resolve(&self, _: &Reference) -> Result<Value, Diagnostics> {
        Ok(Value::unknown(Type::Any))
    }
    fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
    fn is_empty(&self) -> bool {
        true
    }
}

fn first_call(expr: &Expr) -> Option<Span> {
    let mut first = None;
    expr.for_each_call(&mut |call| {
        first.get_or_insert(call.name_span);
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;
    use crate::syntax::parse_expression;
    use crate::value::Number;

    fn parse(text: &str) -> Expr {
        parse_expression(FileId(0), text, 0).0.unwrap()
    }

    fn bad(text: &str) -> String {
        let found = type_constraint(&parse(text)).unwrap_err();
        found.iter().next().unwrap().detail.clone()
    }

    #[test]
    fn types_print_as_written() {
        for text in [
            "string",
            "any",
            "list(string)",
            "map(set(number))",
            "tuple([string, bool])",
            "object({a = number, b = list(any)})",
            "object({a = optional(number)})",
        ] {
            assert_eq!(type_constraint(&parse(text)).unwrap().0.to_string(), text);
        }
        assert_eq!(type_constraint(&parse("list")).unwrap().0, Type::list(Type::Any));
        assert_eq!(type_constraint(&parse("map")).unwrap().0, Type::map(Type::Any));
    }

    #[test]
    fn what_is_no_type() {
        for (text, detail) in [
            (
                "strin",
                "The keyword \"strin\" is not a valid type specification.",
            ),
            (
                "set",
                "The set type constructor requires one argument specifying the element type.",
            ),
            (
                "list()",
                "The list type constructor requires one argument specifying the element type.",
            ),
            (
                "list(string, string)",
                "The list type constructor requires one argument specifying the element type.",
            ),
            (
                "string(1)",
                "Primitive type keyword \"string\" does not expect arguments.",
            ),
            ("lst(string)", "Keyword \"lst\" is not a valid type constructor."),
            (
                "optional(string)",
                "Keyword \"optional\" is valid only as a modifier for object type attributes.",
            ),
            (
                "object({\"a\" = string})",
                "Object constructor map keys must be attribute names.",
            ),
            (
                "tuple(string)",
                "Tuple type constructor requires a list of element types.",
            ),
            (
                "[string]",
                "A type specification is either a primitive type keyword (bool, number, string) or a complex type \
                 constructor call, like list(string).",
            ),
            (
                "object({a = optional(number, \"x\")})",
                "This default value is not compatible with the attribute's type constraint: a number is required.",
            ),
            (
                "object({a = optional(string, var.x)})",
                "Variables may not be used here.",
            ),
            (
                "object({a = optional(string, upper(\"x\"))})",
                "Functions may not be called here.",
            ),
            (
                "\"list\"",
                "Terraform 0.11 and earlier required type constraints to be given in quotes, but that form is now \
                 deprecated and will be removed in a future version of Terraform. Remove the quotes around \"list\" \
                 and write list(string) instead to explicitly indicate that the list elements are strings.",
            ),
        ] {
            assert_eq!(bad(text), detail, "{text}");
        }
        let found = type_constraint(&parse("object({a = strin, b = lst(any)})")).unwrap_err();
        assert_eq!(found.len(), 2, "both are reported");
    }

    #[test]
    fn defaults_fill_in() {
        let (ty, defaults) = type_constraint(&parse(
            "map(object({n = number, size = optional(number, 1), in = optional(object({x = optional(string, \"d\")}), {})}))",
        ))
        .unwrap();
        let one = Value::object([("n".into(), Value::string("5"))]);
        let two = Value::object([
            ("n".into(), Value::number(6i64)),
            ("size".into(), Value::null(Type::Any)),
            ("in".into(), Value::null(Type::Any)),
        ]);
        let given = Value::object([("k".into(), one), ("l".into(), two)]);
        let value = convert(&defaults.apply(&given), &ty).unwrap();
        for key in ["k", "l"] {
            let element = value.get(key).unwrap();
            assert_eq!(element.get("size").unwrap().as_number(), Some(&Number::ONE));
            assert_eq!(element.get("in").unwrap().get("x").unwrap().as_str(), Some("d"));
        }
        assert_eq!(value.ty(), ty.without_optional());
        assert!(defaults.apply(&Value::null(Type::Any)).is_null());
    }
}
