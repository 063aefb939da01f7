//! Function calls.

use super::Env;
use super::budget;
use super::describe::report;
use super::evaluate_in;
use super::failed_since;
use super::start_of;
use super::template_function;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::functions;
use crate::functions::CallError;
use crate::functions::Function;
use crate::syntax::Call;
use crate::syntax::Expr;
use crate::value::Kind;
use crate::value::Marks;
use crate::value::Type;
use crate::value::Value;

/// `name(args)`
pub(super) fn call(expr: &Expr, call: &Call, env: Env<'_>, found: &mut Diagnostics) -> Value {
    let name = call.name.as_str();
    let nothing = || Value::unknown(Type::Any);
    if env.scope.is_empty() {
        let d = Diagnostic::error("Function calls not allowed", "Functions may not be called here.");
        found.push(d.at(expr.span));
        return nothing();
    }
    if name.contains(':')
        && let Some((namespace, rest)) = name.split_once("::")
        && namespace != "core"
    {
        return provider_function(expr, call, namespace, rest, env, found);
    }
    let Some(function) = functions::lookup(name) else {
        if let Some((namespace, rest)) = name.split_once("::") {
            return provider_function(expr, call, namespace, rest, env, found);
        }
        if let Some(instead) = removed(name) {
            let reason = format!(
                "the {name:?} function was deprecated in Terraform v0.12 and is no longer available; use {instead}"
            );
            call_failed(expr, call, &reason, env, found);
            return nothing();
        }
        let suggestion = match known_elsewhere(name) {
            Some(Elsewhere::Function(here)) => format!(" Did you mean {here:?}?"),
            Some(Elsewhere::Expression(here)) => format!(" In place of one, write {here}."),
            None => did_you_mean(name, functions::names())
                .map(|other| format!(" Did you mean {other:?}?"))
                .unwrap_or_default(),
        };
        let d = Diagnostic::error(
            "Call to unknown function",
            format!("There is no function named {name:?}.{suggestion}"),
        );
        found.push(d.at(call.name_span).within(expr.span));
        return nothing();
    };
    if !call.expand {
        match function.name {
            "try" => return try_each(expr, call, env, found),
            "can" if call.args.len() == 1 => return can(&call.args[0], env),
            _ => {}
        }
    }
    call_function(expr, call, function, env, found)
}

/// What stands for a function that the language once had.
fn removed(name: &str) -> Option<&'static str> {
    match name {
        "list" => Some("tolist([ ... ]) syntax to write a literal list"),
        "map" => Some("tomap({ ... }) syntax to write a literal map"),
        _ => None,
    }
}

/// What does here what a function of another language does.
enum Elsewhere {
    /// A function of another name.
    Function(&'static str),
    /// No function, but a form of expression.
    Expression(&'static str),
}

/// Functions as other languages, template engines and shells call them, where the names are not alike enough to be found by spelling.
fn known_elsewhere(name: &str) -> Option<Elsewhere> {
    use Elsewhere::Expression;
    use Elsewhere::Function;
    Some(match name.to_ascii_lowercase().as_str() {
        "len" | "size" | "strlen" => Function("length"),
        "str" | "string" => Function("tostring"),
        "int" | "float" | "number" => Function("tonumber"),
        "bool" | "boolean" => Function("tobool"),
        "set" => Function("toset"),
        "toupper" | "uppercase" | "upcase" => Function("upper"),
        "tolower" | "lowercase" | "downcase" => Function("lower"),
        "strip" => Function("trimspace"),
        "substring" => Function("substr"),
        "append" | "push" | "extend" => Function("concat"),
        "unique" | "uniq" => Function("distinct"),
        "includes" | "has" => Function("contains"),
        "readfile" | "read_file" => Function("file"),
        "render" | "template" => Function("templatefile"),
        "now" => Function("timestamp"),
        "tojson" | "json" | "stringify" => Function("jsonencode"),
        "fromjson" | "parsejson" => Function("jsondecode"),
        "toyaml" => Function("yamlencode"),
        "fromyaml" => Function("yamldecode"),
        "filter" | "select" | "where" => Expression("[for x in LIST : x if CONDITION]"),
        "foreach" | "collect" => Expression("[for x in LIST : VALUE]"),
        "if" | "iif" | "ifelse" | "ternary" => Expression("CONDITION ? THIS : THAT"),
        "get" => Expression("MAP[KEY], or lookup(MAP, KEY, DEFAULT)"),
        "default" => Expression("coalesce(VALUE, DEFAULT), or try(VALUE, DEFAULT)"),
        "env" | "getenv" | "get_env" => Expression("var.NAME, with a variable NAME that TF_VAR_NAME sets"),
        _ => return None,
    })
}

/// Evaluates the arguments, and calls a function with them.
fn call_function(
    expr: &Expr,
    call: &Call,
    function: &Function,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Value {
    let nothing = || Value::unknown(Type::Any);
    let before = found.len();
    let Some(args) = arguments(expr, call, function, env, found) else {
        return nothing();
    };
    let Arguments::Known { values, written } = args else {
        return nothing();
    };
    if failed_since(found, before) {
        // The values that are there may be wrong as well, and that does not depend on the others.
        let mut values = values;
        if let Err(CallError::Arguments(faults)) = functions::convert_arguments(function, &mut values) {
            argument_errors(expr, call, function, &faults, written, env, found);
        }
        return nothing();
    }
    let around = env.scope.surroundings();
    let result = match template_function::call(function, call, &values, around) {
        Some(rendered) => rendered,
        None => functions::call(function, values, around),
    };
    match result {
        Ok(value) if budget::spend_value(&value, expr.span) => value,
        Ok(_) => nothing(),
        Err(CallError::Arguments(faults)) => {
            argument_errors(expr, call, function, &faults, written, env, found);
            nothing()
        }
        Err(CallError::Failed(reason)) => {
            call_failed(expr, call, &reason, env, found);
            nothing()
        }
        Err(e) => {
            arity_error(expr, call, function, &e, written, env, found);
            nothing()
        }
    }
}

/// Where the arguments of a call were written.
#[derive(Clone, Copy)]
struct Written<'a> {
    args: &'a [Expr],
    /// Whether the last one was expanded into all further ones.
    expanded: bool,
    /// How many there are, once that is known.
    count: usize,
}

impl<'a> Written<'a> {
    /// The expression of one argument, and where to point at it.
    fn get(self, i: usize) -> Option<(Span, &'a Expr)> {
        match self.args.split_last() {
            Some((last, plain)) if self.expanded && i >= plain.len() => Some((last.span, last)),
            _ => self.args.get(i).map(|e| (start_of(e), e)),
        }
    }
}

/// The arguments of a call.
enum Arguments<'a> {
    /// Their values, and where each was written.
    Known {
        values: Vec<Value>,
        written: Written<'a>,
    },
    /// It is not even known how many there are.
    Unknown,
}

/// Nothing if there is no way to go on; that was reported.
fn arguments<'a>(
    expr: &Expr,
    call: &'a Call,
    function: &Function,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Option<Arguments<'a>> {
    let written = Written {
        args: &call.args,
        expanded: call.expand,
        count: call.args.len(),
    };
    let (plain, last) = match call.args.split_last() {
        Some((last, rest)) if call.expand => (rest, Some(last)),
        _ => (&call.args[..], None),
    };
    let mut expanded = None;
    if let Some(last) = last {
        let before = found.len();
        let value = evaluate_in(last, env, found);
        if failed_since(found, before) {
            return None;
        }
        expanded = Some((value, last));
    }
    let (mut further, mut marks) = (Vec::new(), Marks::NONE);
    if let Some((value, last)) = expanded {
        let (value, own) = value.unmark();
        marks = own;
        let fault = match value.kind() {
            Kind::Unknown(u) if matches!(u.ty, Type::Any | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                return Some(Arguments::Unknown);
            }
            Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
                further = value.items().unwrap_or_default().to_vec();
                None
            }
            Kind::Null(Type::Any | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                Some("The expanding argument (indicated by ...) must not be null.")
            }
            _ => Some("The expanding argument (indicated by ...) must be of a tuple, list, or set type."),
        };
        if let Some(fault) = fault {
            let d = Diagnostic::error("Invalid expanding argument value", fault);
            let d = d.at(last.span).within(expr.span);
            report(d.calling(call.name.as_str()), last, env, found);
            return None;
        }
    }
    // A wrong number of arguments hides what is wrong with them.
    let count = plain.len() + further.len();
    let written = Written { count, ..written };
    if let Err(e) = functions::check_arity(function, count) {
        arity_error(expr, call, function, &e, written, env, found);
        return None;
    }
    let mut values = Vec::with_capacity(count);
    for arg in plain {
        values.push(evaluate_in(arg, env, found));
    }
    values.extend(further.into_iter().map(|item| item.with_marks(marks)));
    Some(Arguments::Known { values, written })
}

fn arity_error(
    expr: &Expr,
    call: &Call,
    function: &Function,
    error: &CallError,
    written: Written<'_>,
    env: Env<'_>,
    found: &mut Diagnostics,
) {
    let name = call.name.as_str();
    let wanted = function.params.len();
    let d = match error {
        CallError::TooMany => Diagnostic::error(
            "Too many function arguments",
            format!("Function {name:?} expects only {wanted} argument(s)."),
        )
        .at(written.get(wanted).map_or(expr.span, |(span, _)| span)),
        _ => {
            let at_least = if function.variadic.is_some() {
                " at least"
            } else {
                ""
            };
            let missing = function.params.get(written.count).map_or("", |p| p.name);
            let closing = Span {
                start: expr.span.end.saturating_sub(1),
                ..expr.span
            };
            Diagnostic::error(
                "Not enough function arguments",
                format!(
                    "Function {name:?} expects{at_least} {wanted} argument(s). Missing value for {missing:?}."
                ),
            )
            .at(closing)
        }
    };
    report(d.within(expr.span).calling(name), expr, env, found);
}

fn argument_errors(
    expr: &Expr,
    call: &Call,
    function: &Function,
    faults: &[(usize, String)],
    written: Written<'_>,
    env: Env<'_>,
    found: &mut Diagnostics,
) {
    for (i, reason) in faults {
        let parameter = function.params.get(*i).or(function.variadic.as_ref());
        let d = Diagnostic::error(
            "Invalid function argument",
            format!(
                "Invalid value for {:?} parameter: {reason}.",
                parameter.map_or("", |p| p.name)
            ),
        );
        let (at, part) = written.get(*i).unwrap_or((expr.span, expr));
        let d = d.at(at).within(expr.span).calling(call.name.as_str());
        report(d, part, env, found);
    }
}

fn call_failed(expr: &Expr, call: &Call, reason: &str, env: Env<'_>, found: &mut Diagnostics) {
    let d = Diagnostic::error(
        "Error in function call",
        format!("Call to function {:?} failed: {reason}.", call.name.as_str()),
    );
    let d = d.at(start_of(expr)).within(expr.span);
    report(d.calling(call.name.as_str()), expr, env, found);
}

fn provider_function(
    expr: &Expr,
    call: &Call,
    namespace: &str,
    rest: &str,
    env: Env<'_>,
    found: &mut Diagnostics,
) -> Value {
    const SUMMARY: &str = "Unknown provider function";
    let name = call.name.as_str();
    let problem = if namespace != "provider" {
        format!(
            "The function namespace {namespace:?} is not valid. Provider function calls must use the \"provider::\" \
             namespace prefix."
        )
    } else if let Some((provider, function)) = rest.split_once("::") {
        match env.scope.provider_function(provider, function) {
            Ok(function) => return call_function(expr, call, function, env, found),
            Err(missing) => missing,
        }
    } else {
        format!(
            "The function name {name:?} is not complete. A function of a provider is called as \
             \"provider::NAME::FUNCTION\"."
        )
    };
    found.push(
        Diagnostic::error(SUMMARY, problem)
            .at(call.name_span)
            .within(expr.span),
    );
    Value::unknown(Type::Any)
}

/// `try(…)`: the first argument that has no errors. Errors of the ones before it are no errors of the call.
fn try_each(expr: &Expr, call: &Call, env: Env<'_>, found: &mut Diagnostics) -> Value {
    if call.args.is_empty() {
        call_failed(expr, call, "at least one argument is required", env, found);
        return Value::unknown(Type::Any);
    }
    let mut reasons = String::new();
    for arg in &call.args {
        let mut problems = Diagnostics::new();
        let value = evaluate_in(arg, env, &mut problems);
        if problems.has_errors() {
            for d in problems.iter().filter(|d| d.severity == Severity::Error) {
                reasons.push_str(&format!("- {}\n  {}\n", d.summary, d.detail));
            }
            continue;
        }
        // What is not known yet may still turn out to be an error.
        if !value.is_wholly_known() {
            return Value::unknown(Type::Any).with_marks(value.deep_marks());
        }
        found.extend(problems);
        return value;
    }
    let reason = format!(
        "no expression succeeded:\n{reasons}\nAt least one expression must produce a successful result"
    );
    call_failed(expr, call, &reason, env, found);
    Value::unknown(Type::Any)
}

/// `can(…)`: whether its argument has no errors.
fn can(arg: &Expr, env: Env<'_>) -> Value {
    let mut problems = Diagnostics::new();
    let value = evaluate_in(arg, env, &mut problems);
    if problems.has_errors() {
        Value::bool(false)
    } else if value.is_wholly_known() {
        Value::bool(true)
    } else {
        Value::unknown(Type::Bool)
    }
}
