//! What one expression may cost.
//!
//! Nested `for` expressions and functions that multiply make billions of values out of a short text. No configuration means
//! that; it would only fill the memory, or never end.

use std::cell::Cell;

use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::value::Value;

/// So many elements may be walked over and made, all in all.
const MOST: u64 = 1 << 23;

/// So many bytes of text cost as much as one element: 256 MiB all in all.
const BYTES_A_STEP: usize = 32;

thread_local! {
    /// [`MOST`]; tests take less.
    static START: Cell<u64> = const { Cell::new(MOST) };
    static LEFT: Cell<u64> = const { Cell::new(MOST) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static OVERRUN: Cell<Option<Span>> = const { Cell::new(None) };
}

/// An expression that is being evaluated; what is evaluated within it (a template that it renders) counts as a part of it.
pub(super) struct Running(());

impl Running {
    pub(super) fn begin() -> Running {
        if DEPTH.get() == 0 {
            LEFT.set(START.get());
            OVERRUN.set(None);
        }
        DEPTH.set(DEPTH.get() + 1);
        Running(())
    }

    /// The refusal, if the outermost expression has cost too much. `try` cannot take it back.
    pub(super) fn overrun(&self) -> Option<Diagnostic> {
        let at = OVERRUN.get().filter(|_| DEPTH.get() == 1)?;
        Some(
            Diagnostic::error(
                "Expression too large",
                format!(
                    "Evaluating this expression walks over or makes more than {MOST} elements, or more than {} MiB of text, so it was given up. Loops within loops multiply: take the innermost collection smaller, or work parts of it out beforehand in local values.",
                    (MOST as usize * BYTES_A_STEP) >> 20
                ),
            )
            .at(at),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Takes the cost of so many elements; false if it is more than is left. The caller gives up then, with an unknown value.
pub(super) fn spend(elements: usize, at: Span) -> bool {
    match LEFT.get().checked_sub(elements as u64) {
        Some(left) => {
            LEFT.set(left);
            true
        }
        None => {
            LEFT.set(0);
            OVERRUN.set(OVERRUN.get().or(Some(at)));
            false
        }
    }
}

/// The same for a text of so many bytes.
pub(super) fn spend_text(bytes: usize, at: Span) -> bool {
    spend(bytes / BYTES_A_STEP, at)
}

/// The same for what a function has made.
pub(super) fn spend_value(value: &Value, at: Span) -> bool {
    match (value.as_str(), value.items(), value.entries()) {
        (Some(text), ..) => spend_text(text.len(), at),
        (_, Some(items), _) => spend(items.len(), at),
        (.., Some(entries)) => spend(entries.len(), at),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use crate::addrs::Reference;
    use crate::diag::Diagnostics;
    use crate::diag::FileId;
    use crate::eval::Scope;
    use crate::functions::Surroundings;
    use crate::syntax::parse_expression;
    use crate::value::Type;
    use crate::value::Value;

    struct Nothing(Surroundings);

    impl Scope for Nothing {
        fn resolve(&self, _: &Reference) -> Result<Value, Diagnostics> {
            Ok(Value::unknown(Type::Any))
        }
        fn surroundings(&self) -> &Surroundings {
            &self.0
        }
    }

    /// The summary and detail of the first error.
    fn told(text: &str) -> Option<String> {
        let (expr, found) = parse_expression(FileId(0), text, 0);
        assert!(found.is_empty(), "{found:?}");
        let (_, found) = evaluate(&expr.unwrap(), &Nothing(Surroundings::default()));
        found
            .iter()
            .next()
            .map(|d| format!("{}: {}", d.summary, d.detail))
    }

    #[test]
    fn what_multiplies_is_given_up() {
        super::START.set(1 << 14);
        let loops = "[for a in range(100) : [for b in range(100) : [for c in range(100) : 1]]]";
        for text in [
            loops.to_owned(),
            // What is swallowed is told all the same.
            format!("try({loops}, 1)"),
            format!("can({loops})"),
            "flatten([for a in range(100) : setproduct(range(20), range(20))])".to_owned(),
            "[for a in range(100) : split(\"\", format(\"%1000s\", \"\"))]".to_owned(),
            "[for a in range(100) : format(\"%100000s\", \"\")]".to_owned(),
            "[for a in range(1000) : range(100)][*][0]".to_owned(),
            "\"%{ for a in range(99) }%{ for b in range(99) }%{ for c in range(99) }x%{ endfor }%{ endfor }%{ endfor }\"".to_owned(),
        ] {
            let told = told(&text).unwrap_or_default();
            assert!(told.starts_with("Expression too large: "), "{text}: {told}");
        }
        // One expression does not pay for another.
        for _ in 0..20 {
            assert_eq!(
                told("length([for a in setproduct(range(100), range(10)) : a])"),
                None
            );
        }
    }

    #[test]
    fn no_function_makes_a_result_that_fills_the_memory() {
        let long = "format(\"%10000s\", \"\")";
        for text in [
            format!("replace({long}, \" \", {long})"),
            format!("replace({long}, \"/ /\", {long})"),
            format!("join({long}, [for a in split(\"\", {long}) : a])"),
            "formatlist(\"%60000000s\", [\"a\", \"b\"])".to_owned(),
            "split(\"\", format(\"%2000000s\", \"\"))".to_owned(),
            "split(\" \", format(\"%2000000s\", \"\"))".to_owned(),
            "regexall(\" \", format(\"%2000000s\", \"\"))".to_owned(),
        ] {
            let told = told(&text).unwrap_or_default();
            assert!(told.contains("the result would"), "{text}: {told}");
        }
    }
}
