//! The order in which the elements of a set are kept, and so come out of it.
//!
//! Strings, numbers and bools stand by their size. Everything else stands as Terraform has it: by a text that is written
//! from it, in which 10 comes before 2 and a space before the end of a string. The order shows wherever a set of objects
//! is gone through, so it must be the same one.

use super::Kind;
use super::Number;
use super::Value;
use super::push_go_quoted;

/// Significant digits of a number in that text.
const DIGITS: usize = 10;

/// Puts the elements of a set into their order. Equal ones come to stand side by side.
pub(super) fn sort(items: &mut [Value]) {
    let by_size = |v: &Value| {
        matches!(
            v.kind(),
            Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Null(_) | Kind::Unknown(_)
        )
    };
    if items.iter().all(by_size) {
        items.sort_by(|a, b| last(a).cmp(&last(b)).then_with(|| a.cmp(b)));
        return;
    }
    // Values whose texts are equal may differ all the same.
    items.sort();
    items.sort_by_cached_key(|v| {
        let mut text = String::new();
        if last(v) == 0 {
            write(&mut text, v);
        }
        (last(v), text)
    });
}

/// What is not known stands behind what is known, null behind both.
fn last(value: &Value) -> u8 {
    match value.kind() {
        Kind::Unknown(_) => 1,
        Kind::Null(_) => 2,
        _ => 0,
    }
}

fn write(out: &mut String, value: &Value) {
    let all = |out: &mut String, open, items: &mut dyn Iterator<Item = &Value>, close| {
        out.push(open);
        for item in items {
            write(out, item);
            out.push(';');
        }
        out.push(close);
    };
    match value.kind() {
        Kind::Unknown(_) => out.push('?'),
        Kind::Null(_) => out.push('~'),
        Kind::Bool(true) => out.push('T'),
        Kind::Bool(false) => out.push('F'),
        Kind::Number(n) => number(out, n),
        Kind::String(s) => push_go_quoted(out, s),
        Kind::List(s) | Kind::Set(s) => all(out, '[', &mut s.items.iter(), ']'),
        Kind::Tuple(items) => all(out, '<', &mut items.iter(), '>'),
        Kind::Object(items) => all(out, '<', &mut items.iter().map(|(_, v)| v), '>'),
        Kind::Map(m) => {
            out.push('{');
            for (name, item) in &m.items {
                push_go_quoted(out, name);
                out.push(':');
                write(out, item);
                out.push(';');
            }
            out.push('}');
        }
    }
}

/// At most ten digits, with an exponent where the number is large or small.
fn number(out: &mut String, number: &Number) {
    if number.has_minus() {
        out.push('-');
    }
    if number.is_infinite() {
        out.push_str(if number.has_minus() { "Inf" } else { "+Inf" });
        return;
    }
    let (digits, power) = number.exact_digits();
    let (digits, power) = rounded(digits.as_bytes(), power);
    if digits.is_empty() {
        out.push('0');
        return;
    }
    let exponent = power - 1;
    if !(-4..DIGITS as i64).contains(&exponent) {
        out.push_str(&digits[..1]);
        if digits.len() > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:02}", exponent.unsigned_abs()));
        return;
    }
    let before = usize::try_from(power).unwrap_or(0);
    if before == 0 {
        out.push('0');
    } else {
        out.push_str(&digits[..before.min(digits.len())]);
        out.extend(std::iter::repeat_n('0', before.saturating_sub(digits.len())));
    }
    if digits.len() > before {
        out.push('.');
        out.extend(std::iter::repeat_n('0', usize::try_from(-power).unwrap_or(0)));
        out.push_str(&digits[before..]);
    }
}

/// The first digits, rounded half to even, and the power of ten that belongs to them.
fn rounded(digits: &[u8], mut power: i64) -> (String, i64) {
    let mut kept = digits[..digits.len().min(DIGITS)].to_vec();
    if let Some(next) = digits.get(DIGITS) {
        let up = match next.cmp(&b'5') {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => digits.len() > DIGITS + 1 || kept[DIGITS - 1] % 2 == 1,
        };
        if up {
            while kept.last() == Some(&b'9') {
                kept.pop();
            }
            match kept.last_mut() {
                Some(digit) => *digit += 1,
                None => {
                    kept.push(b'1');
                    power += 1;
                }
            }
        }
    }
    while kept.last() == Some(&b'0') {
        kept.pop();
    }
    (kept.into_iter().map(char::from).collect(), power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;

    fn text(number: &str) -> String {
        let mut out = String::new();
        super::number(&mut out, &Number::parse(number).unwrap());
        out
    }

    #[test]
    fn numbers_have_ten_digits() {
        for (number, wanted) in [
            ("0", "0"),
            ("-0.5", "-0.5"),
            ("100", "100"),
            ("12.5", "12.5"),
            ("0.00012", "0.00012"),
            ("0.00001", "1e-05"),
            ("9999999999", "9999999999"),
            ("10000000000", "1e+10"),
            ("1e20", "1e+20"),
            ("123456789012", "1.23456789e+11"),
            ("1.00000000005", "1"),
            ("0.99999999999", "1"),
            ("-2.5e-7", "-2.5e-07"),
        ] {
            assert_eq!(text(number), wanted, "{number}");
        }
    }

    #[test]
    fn objects_stand_by_their_text() {
        let object = |v: Value| Value::object([("a".into(), v)]);
        let set = |items: Vec<Value>| {
            let ty = Type::object([("a".into(), items[0].ty())]);
            Value::set(ty, items.into_iter().map(object))
        };
        let numbers = set([2i64, 10, 1].map(Value::number).to_vec());
        assert_eq!(format!("{numbers:?}"), r#"{{"a": 10}, {"a": 1}, {"a": 2}}"#);
        let texts = set(["a", "ab", "a b"].map(Value::string).to_vec());
        assert_eq!(format!("{texts:?}"), r#"{{"a": "a b"}, {"a": "a"}, {"a": "ab"}}"#);
        // The same set, in whatever order it was written.
        assert_eq!(numbers, set([10i64, 1, 2, 2].map(Value::number).to_vec()));
        let lists = Value::set(
            Type::list(Type::Number),
            [
                Value::list(Type::Number, []),
                Value::list(Type::Number, [Value::number(1i64)]),
            ],
        );
        assert_eq!(format!("{lists:?}"), "{[1], []}");
    }

    #[test]
    fn scalars_stand_by_their_size() {
        let unknown = Value::unknown(Type::Number);
        let set = Value::set(
            Type::Number,
            [
                Value::null(Type::Number),
                unknown,
                Value::number(10i64),
                Value::number(2i64),
            ],
        );
        assert_eq!(format!("{set:?}"), "{2, 10, unknown:number, null:number}");
    }
}
