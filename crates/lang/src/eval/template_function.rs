//! `templatefile` and `templatestring`: functions that evaluate, so that they live here and not with the others.

use std::cell::Cell;
use std::sync::LazyLock;

use super::Binding;
use super::Env;
use super::Scope;
use super::evaluate_in;
use crate::addrs::Reference;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Sources;
use crate::diag::Span;
use crate::functions;
use crate::functions::Body;
use crate::functions::CallError;
use crate::functions::Function;
use crate::functions::FunctionError;
use crate::functions::Surroundings;
use crate::syntax::Call;
use crate::syntax::Expr;
use crate::syntax::ExprKind;
use crate::syntax::is_identifier;
use crate::syntax::parse_template;
use crate::value::Name;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// What a template is called in messages when it comes from no file.
const NO_FILE: &str = "<templatestring argument>";

thread_local! {
    /// Whether a template is being rendered: it must not render another one, or two could call each other for ever.
    static RENDERING: Cell<bool> = const { Cell::new(false) };
}

fn with_body(name: &str, body: Body) -> Option<Function> {
    let function = functions::lookup(name)?.clone();
    Some(Function { body, ..function })
}

static FILE: LazyLock<Option<Function>> = LazyLock::new(|| with_body("templatefile", render_file));
static STRING: LazyLock<Option<Function>> = LazyLock::new(|| with_body("templatestring", render_string));

/// Calls one of the two with evaluated arguments; nothing if it is another function.
pub(super) fn call(
    function: &Function,
    written: &Call,
    values: &[Value],
    around: &Surroundings,
) -> Option<Result<Value, CallError>> {
    let ready = match function.name {
        "templatefile" => FILE.as_ref()?,
        "templatestring" => {
            if let Some(problem) = written.args.first().and_then(not_a_reference) {
                return Some(Err(CallError::Arguments(vec![(0, problem)])));
            }
            if let Some(template) = values.first()
                && !template.is_null()
                && !matches!(template.ty(), Type::String | Type::Any)
            {
                let problem = "invalid template value: a string is required".to_owned();
                return Some(Err(CallError::Arguments(vec![(0, problem)])));
            }
            STRING.as_ref()?
        }
        _ => return None,
    };
    if RENDERING.get() {
        return Some(Err(CallError::Failed(format!(
            "cannot recursively call {} from inside another template function",
            function.name
        ))));
    }
    Some(functions::call(ready, values.to_vec(), around))
}

const NO_REFERENCE: &str = "invalid template expression: must be a direct reference to a single string from elsewhere, containing valid Terraform template syntax";

/// Why an expression is not what `templatestring` takes: whoever writes the template in place wants no function.
fn not_a_reference(template: &Expr) -> Option<String> {
    let only = "invalid template expression: templatestring is only for rendering templates retrieved dynamically from elsewhere";
    Some(match &template.kind {
        ExprKind::Traversal(_) | ExprKind::SplatItem => return None,
        ExprKind::Relative(of, ..) | ExprKind::Index(of, ..) => return not_a_reference(of),
        // Null is told by the rules for all arguments.
        ExprKind::Literal(v) if v.is_null() => return None,
        ExprKind::Literal(v) if v.as_str().is_none() => NO_REFERENCE.to_owned(),
        ExprKind::Literal(_) | ExprKind::Template(_) => format!(
            "{only}, and so does not support providing a literal template; consider using a template string expression instead"
        ),
        ExprKind::Wrap(_) => format!(
            "{only}; to treat the inner expression as template syntax, write the reference expression directly without any template interpolation syntax"
        ),
        _ => NO_REFERENCE.to_owned(),
    })
}

fn render_file(args: &[Value], around: &Surroundings) -> Result<Value, FunctionError> {
    let path = args[0].as_str().unwrap_or("");
    let text = functions::read_text(path, around)?;
    let template = Template::parse(path, &text).map_err(FunctionError::Call)?;
    template.render(&args[1], around)
}

fn render_string(args: &[Value], around: &Surroundings) -> Result<Value, FunctionError> {
    let text = args[0].as_str().unwrap_or("");
    let template = Template::parse(NO_FILE, text)
        .map_err(|e| FunctionError::Argument(0, format!("invalid template: {e}")))?;
    let value = template.render(&args[1], around)?;
    convert(&value, &Type::String).map_err(|e| FunctionError::Call(format!("invalid template result: {e}")))
}

struct Template {
    sources: Sources,
    expr: Expr,
}

impl Template {
    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut sources = Sources::default();
        let id = sources.add(name, text);
        let (expr, found) = parse_template(id, text, 0);
        match expr {
            Some(expr) if !found.has_errors() => Ok(Template { sources, expr }),
            _ => Err(in_one_line(&sources, &found)),
        }
    }

    fn render(&self, vars: &Value, around: &Surroundings) -> Result<Value, FunctionError> {
        let wrong = |m: String| FunctionError::Argument(1, m);
        let Some(entries) = vars.entries() else {
            return Err(wrong("invalid vars value: must be a map".to_owned()));
        };
        if let Some((name, _)) = entries.iter().find(|(n, _)| !is_identifier(n)) {
            return Err(wrong(format!(
                "invalid template variable name {:?}: must start with a letter, followed by zero or more letters, digits, and underscores",
                name.as_str()
            )));
        }
        let mut used: Vec<(Name, &Value)> = Vec::new();
        let mut missing = None;
        self.expr.for_each_traversal(&mut |t| {
            let name = &t.root.name;
            match vars.get(name) {
                Some(_) if used.iter().any(|(n, _)| n == name) => {}
                Some(v) => used.push((name.clone(), v)),
                None => {
                    missing.get_or_insert_with(|| (name.clone(), t.root.span));
                }
            }
        });
        if let Some((name, span)) = missing {
            return Err(wrong(format!(
                "vars map does not contain key {:?}, referenced at {}",
                name.as_str(),
                place(&self.sources, span)
            )));
        }
        let scope = OnlyVariables(around);
        let mut found = Diagnostics::new();
        let _guard = Rendering::start();
        let value = bound(&used, None, &scope, &self.expr, &mut found);
        if found.has_errors() {
            return Err(FunctionError::Call(in_one_line(&self.sources, &found)));
        }
        Ok(value)
    }
}

/// Sets the flag for as long as it lives.
struct Rendering;

impl Rendering {
    fn start() -> Self {
        RENDERING.set(true);
        Rendering
    }
}

impl Drop for Rendering {
    fn drop(&mut self) {
        RENDERING.set(false);
    }
}

/// Evaluates with the variables bound, one on top of the other.
fn bound(
    variables: &[(Name, &Value)],
    outer: Option<&Binding<'_>>,
    scope: &dyn Scope,
    expr: &Expr,
    found: &mut Diagnostics,
) -> Value {
    let Some(((name, value), rest)) = variables.split_first() else {
        let env = Env {
            scope,
            variables: outer,
            item: None,
        };
        return evaluate_in(expr, env, found);
    };
    let binding = Binding { name, value, outer };
    bound(rest, Some(&binding), scope, expr, found)
}

/// Nothing but the variables of the template.
struct OnlyVariables<'a>(&'a Surroundings);

impl Scope for OnlyVariables<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let detail = format!(
            "A template sees only its own variables, so \"{}\" is not there.",
            reference.subject
        );
        Err(Diagnostic::error("Unknown variable", detail).into())
    }

    fn surroundings(&self) -> &Surroundings {
        self.0
    }
}

/// `file:1,10-14`, or `file:1,10-2,3` over several lines.
fn place(sources: &Sources, span: Span) -> String {
    let Some(file) = sources.get(span.file) else {
        return String::new();
    };
    let (start, end) = (file.position(span.start), file.position(span.end));
    if start.line == end.line {
        format!("{}:{},{}-{}", file.name(), start.line, start.column, end.column)
    } else {
        format!(
            "{}:{},{}-{},{}",
            file.name(),
            start.line,
            start.column,
            end.line,
            end.column
        )
    }
}

/// The first error with its place, and how many more there are.
fn in_one_line(sources: &Sources, found: &Diagnostics) -> String {
    let errors: Vec<&Diagnostic> = found.iter().filter(|d| d.severity == Severity::Error).collect();
    let Some(first) = errors.first() else {
        return "invalid template".to_owned();
    };
    let at = first
        .subject
        .map(|s| format!("{}: ", place(sources, s)))
        .unwrap_or_default();
    let more = match errors.len() - 1 {
        0 => String::new(),
        n => format!(", and {n} other diagnostic(s)"),
    };
    format!("{at}{}; {}{more}", first.summary, first.detail)
}

#[cfg(test)]
mod tests;
