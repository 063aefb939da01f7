//! `output`

use std::collections::BTreeMap;

use clap::Args;
use streamform_lang::diag::Diagnostic;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::from_json;
use streamform_lang::value::type_from_json;
use streamform_state::OutputValue;

use super::fail;
use super::line;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine;
use crate::report::Ui;
use crate::report::outputs_text;
use crate::report::state_outputs;
use crate::report::value_text_in_clear;

/// Show output values
///
/// Without a name: all of them, sensitive ones hidden. With a name, -json or -raw: in clear.
#[derive(Debug, Args)]
pub(in crate::cli) struct OutputArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print the bare text of a string, number or bool, without quotes and line end
    #[arg(long)]
    raw: bool,
    /// The output; without it, all
    name: Option<String>,
    #[command(flatten)]
    state_file: StateFileArg,
}

pub(super) fn run(surroundings: &Surroundings, args: &OutputArgs) -> u8 {
    let ui = surroundings.ui();
    if args.json && args.raw {
        return fail(
            &ui,
            Diagnostic::error(
                "Invalid output format",
                "The -raw and -json options are mutually-exclusive.",
            ),
        );
    }
    if args.raw && args.name.is_none() {
        return fail(
            &ui,
            Diagnostic::error(
                "Output name required",
                "You must give the name of a single output value when using the -raw option.",
            ),
        );
    }
    let state = match surroundings.offline().and_then(|mut session| {
        args.state_file.settle(&mut session);
        let state = session.read_state()?;
        engine::none_waits(&session, &state)?;
        Ok(state)
    }) {
        Ok(state) => state,
        Err(d) => return fail(&ui, d),
    };
    state_outputs(&state)
        .iter()
        .for_each(|(_, value, _)| ui.secrets().learn(value));
    match show(&ui, args, state.outputs()) {
        Ok(()) => 0,
        Err(d) => fail(&ui, d),
    }
}

fn show(ui: &Ui, args: &OutputArgs, outputs: &BTreeMap<String, OutputValue>) -> Result<(), Box<Diagnostic>> {
    let Some(name) = &args.name else {
        if args.json {
            ui.out_in_clear(&line(indented(&all_json(outputs))));
        } else if outputs.is_empty() {
            fail(ui, none());
        } else {
            ui.out(&text(outputs)?);
        }
        return Ok(());
    };
    if outputs.is_empty() && !args.json && !args.raw {
        fail(ui, none());
        return Ok(());
    }
    let Some(output) = outputs.get(name) else {
        return Err(Box::new(Diagnostic::error(
            format!("Output \"{name}\" not found"),
            "The output variable requested could not be found in the state file. If you recently added this to your configuration, be sure to run `streamform apply`, since the state won't be updated with new output variables until that command is run.",
        )));
    };
    if args.json {
        ui.out_in_clear(&line(output.value.as_str()));
        return Ok(());
    }
    let value = decode(name, output)?;
    if args.raw {
        ui.out_in_clear(&raw(name, &value)?);
    } else {
        ui.out_in_clear(&line(value_text_in_clear(&value)));
    }
    Ok(())
}

fn none() -> Diagnostic {
    Diagnostic::warning(
        "No outputs found",
        "The state either has no outputs defined, or all the defined outputs are empty. Define an output in your configuration with the `output` keyword and run `streamform apply` for it to become available.",
    )
}

/// The value with its type.
fn decode(name: &str, output: &OutputValue) -> Result<Value, Box<Diagnostic>> {
    let bad = |e: String| {
        Box::new(Diagnostic::error(
            "State cannot be used",
            format!("The output \"{name}\" in the state cannot be read: {e}."),
        ))
    };
    let ty: serde_json::Value = output.value_type.parse().map_err(|e| bad(e.to_string()))?;
    let ty = type_from_json(&ty).map_err(|e| bad(e.to_string()))?;
    from_json(output.value.as_str(), &ty).map_err(|e| bad(e.to_string()))
}

/// All outputs as lines of text, sensitive ones hidden.
pub(super) fn text(outputs: &BTreeMap<String, OutputValue>) -> Result<String, Box<Diagnostic>> {
    let mut values: Vec<(Name, Value, bool)> = Vec::with_capacity(outputs.len());
    for (name, output) in outputs {
        values.push((name.as_str().into(), decode(name, output)?, output.sensitive));
    }
    Ok(outputs_text(values.iter().map(|(n, v, s)| (n, v, *s))))
}

fn raw(name: &str, value: &Value) -> Result<String, Box<Diagnostic>> {
    let unsupported = |detail: String| {
        Err(Box::new(Diagnostic::error(
            "Unsupported value for raw output",
            detail,
        )))
    };
    match value.kind() {
        Kind::String(s) => Ok(s.to_string()),
        Kind::Number(n) => Ok(n.to_string()),
        Kind::Bool(b) => Ok(b.to_string()),
        Kind::Null(_) => unsupported(format!(
            "The value for output value \"{name}\" is null, so -raw mode cannot print it."
        )),
        _ => unsupported(format!(
            "The -raw option only supports strings, numbers, and boolean values, but output value \"{name}\" is {}.\n\nUse the -json option for machine-readable representations of output values that have complex types.",
            kind_name(&value.ty())
        )),
    }
}

fn kind_name(ty: &Type) -> String {
    streamform_lang::value::type_to_json(ty)
        .as_array()
        .and_then(|a| a.first()?.as_str().map(str::to_owned))
        .unwrap_or_else(|| "of another type".to_owned())
}

/// Everything about all outputs; values as they are in the state, so that no digit is lost.
pub(super) fn all_json(outputs: &BTreeMap<String, OutputValue>) -> String {
    let parts: Vec<String> = outputs
        .iter()
        .map(|(name, o)| {
            format!(
                "{}:{{\"sensitive\":{},\"type\":{},\"value\":{}}}",
                serde_json::Value::from(name.as_str()),
                o.sensitive,
                o.value_type.as_str(),
                o.value.as_str()
            )
        })
        .collect();
    format!("{{{}}}", parts.join(","))
}

/// JSON text with line ends and two blanks a level; nothing else about it changes.
pub(super) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut level = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    let mut chars = json.chars().filter(|c| *c != '\n' && *c != '\r').peekable();
    let fresh = |out: &mut String, level: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    };
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                if chars.peek().is_some_and(|c| matches!(c, '}' | ']')) {
                    out.extend(chars.next());
                } else {
                    level += 1;
                    fresh(&mut out, level);
                }
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                fresh(&mut out, level);
                out.push(c);
            }
            ',' => {
                out.push(c);
                fresh(&mut out, level);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_without_losing_a_digit() {
        assert_eq!(
            indented(r#"{"a":{},"b":[1.50, "x,\":{"],"c":[ ]}"#),
            "{\n  \"a\": {},\n  \"b\": [\n    1.50,\n    \"x,\\\":{\"\n  ],\n  \"c\": []\n}"
        );
    }

    #[test]
    fn only_simple_values_have_a_bare_text() {
        assert_eq!(raw("x", &Value::string("a\"b")).unwrap(), "a\"b");
        let found = raw("x", &Value::null(Type::String)).unwrap_err();
        assert!(found.detail.contains("is null"));
        let found = raw("x", &Value::list(Type::String, [])).unwrap_err();
        assert!(found.detail.contains("is list."), "{}", found.detail);
    }
}
