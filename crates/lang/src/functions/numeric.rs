//! Functions on numbers.

use super::Function;
use super::FunctionError;
use super::Param;
use super::Surroundings;
use super::define::Outcome;
use super::define::any;
use super::define::failed;
use super::define::function;
use super::define::gives_number;
use super::define::items;
use super::define::number;
use super::define::unknown;
use super::define::whole;
use super::define::wrong;
use super::go_math;
use crate::syntax::go_quoted;
use crate::value::Number;
use crate::value::Type;
use crate::value::Value;
use crate::value::convert;

/// `range` makes at most so many numbers.
const LONGEST_RANGE: usize = 1024;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    vec![
        function(
            "abs",
            "The distance of a number from zero.",
            [number("num")],
            gives_number,
            |a, _| Ok(Value::number(num(&a[0]).abs())),
        ),
        function(
            "ceil",
            "The smallest whole number that is not smaller.",
            [number("num")],
            gives_number,
            |a, _| Ok(Value::number(num(&a[0]).ceil())),
        ),
        function(
            "floor",
            "The largest whole number that is not larger.",
            [number("num")],
            gives_number,
            |a, _| Ok(Value::number(num(&a[0]).floor())),
        ),
        function(
            "log",
            "The logarithm of a number to a base.",
            [number("num"), number("base")],
            gives_number,
            |a, _| float(go_math::ln(float_of(&a[0])?) / go_math::ln(float_of(&a[1])?)),
        ),
        function("max", "The largest of some numbers.", [], gives_number, |a, _| {
            extreme(a, |new, old| new > old)
        })
        .variadic(number("numbers")),
        function(
            "min",
            "The smallest of some numbers.",
            [],
            gives_number,
            |a, _| extreme(a, |new, old| new < old),
        )
        .variadic(number("numbers")),
        function(
            "parseint",
            "Reads a whole number in a base from 2 to 62.",
            [any("number"), number("base")],
            |a| match a[0].ty() {
                Type::String => Ok(Type::Number),
                Type::Any => Ok(Type::Any),
                other => Err(wrong(
                    0,
                    format!("first argument must be a string, not {}", other.friendly_name()),
                )),
            },
            parseint,
        ),
        function(
            "pow",
            "A number raised to a power.",
            [number("num"), number("power")],
            gives_number,
            |a, _| float(go_math::pow(float_of(&a[0])?, float_of(&a[1])?)),
        ),
        function(
            "range",
            "A list of numbers from a start up to (without) a limit, by steps.",
            [],
            |_| Ok(Type::list(Type::Number)),
            range,
        )
        .variadic(number("params")),
        function(
            "signum",
            "-1, 0 or 1: the sign of a whole number.",
            [number("num")],
            gives_number,
            |a, _| Ok(Value::number(whole(&a[0]).map_err(failed)?.signum())),
        ),
        function(
            "sum",
            "The sum of the numbers in a list, set or tuple.",
            [Param::new("list", Type::Any)],
            |a| match a[0].ty() {
                Type::Any => Ok(Type::Any),
                _ => Ok(Type::Number),
            },
            sum,
        ),
    ]
}

fn num(value: &Value) -> &Number {
    value.as_number().unwrap_or(&Number::ZERO)
}

fn float_of(value: &Value) -> Result<f64, FunctionError> {
    let f = num(value).to_f64();
    if f.is_finite() || num(value).is_infinite() {
        return Ok(f);
    }
    Err(failed(format!(
        "value must be between {:.6} and {:.6} inclusive",
        f64::MIN,
        f64::MAX
    )))
}

fn float(f: f64) -> Outcome {
    match Number::from_f64(f) {
        Some(n) => Ok(Value::number(n)),
        None => Err(failed("the result is not a real number")),
    }
}

fn extreme(a: &[Value], better: fn(&Number, &Number) -> bool) -> Outcome {
    let mut numbers = a.iter().map(num);
    let first = numbers
        .next()
        .ok_or_else(|| failed("must pass at least one number"))?;
    let best = numbers.fold(first, |old, new| if better(new, old) { new } else { old });
    Ok(Value::number(best.clone()))
}

fn parseint(a: &[Value], _: &Surroundings) -> Outcome {
    let digits = a[0].as_str().ok_or_else(|| {
        wrong(
            0,
            format!(
                "first argument must be a string, not {}",
                a[0].ty().friendly_name()
            ),
        )
    })?;
    let base = whole(&a[1]).map_err(|e| wrong(1, e))?;
    let radix = u32::try_from(base)
        .ok()
        .filter(|b| (2..=62).contains(b))
        .ok_or_else(|| wrong(1, "base must be a whole number between 2 and 62 inclusive"))?;
    parse_in_base(digits, radix).map(Value::number).ok_or_else(|| {
        wrong(
            0,
            format!("cannot parse {} as a base {base} integer", go_quoted(digits)),
        )
    })
}

/// Up to base 36 letters count the same in both cases; above, `A` follows behind `z`.
fn parse_in_base(text: &str, radix: u32) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = if let Ok(radix @ ..=36) = u8::try_from(radix) {
        Number::parse_radix(digits, radix)?
    } else {
        let base = Number::from(i64::from(radix));
        let mut n = Number::ZERO;
        for b in digits.bytes() {
            let digit = match b {
                b'0'..=b'9' => b - b'0',
                b'a'..=b'z' => b - b'a' + 10,
                _ => b - b'A' + 36,
            };
            if u32::from(digit) >= radix {
                return None;
            }
            n = n.mul(&base).ok()?.add(&Number::from(i64::from(digit))).ok()?;
        }
        n
    };
    Some(if negative && !size.is_zero() {
        size.neg()
    } else {
        size
    })
}

fn range(a: &[Value], _: &Surroundings) -> Outcome {
    let n = |i: usize| num(&a[i]).clone();
    let one_way = |start: &Number, end: &Number| {
        if end < start {
            Number::from(-1i64)
        } else {
            Number::ONE
        }
    };
    let (start, end, step) = match a.len() {
        1 => (Number::ZERO, n(0), one_way(&Number::ZERO, &n(0))),
        2 => (n(0), n(1), one_way(&n(0), &n(1))),
        3 => (n(0), n(1), n(2)),
        _ => return Err(failed("must have one, two, or three arguments")),
    };
    let down = step.is_negative();
    if down && end > start {
        return Err(wrong(1, "end must be less than start when step is negative"));
    }
    if !down && end < start {
        return Err(wrong(1, "end must be greater than start when step is positive"));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() >= LONGEST_RANGE {
            return Err(failed(
                "more than 1024 values were generated; either decrease the difference between start and end or use a smaller step",
            ));
        }
        numbers.push(Value::number(next.clone()));
        next = next.add(&step).map_err(|e| failed(e.to_string()))?;
    }
    Ok(Value::list(Type::Number, numbers))
}

fn sum(a: &[Value], _: &Surroundings) -> Outcome {
    let list = &a[0];
    let Some(elements) = list.items() else {
        return Err(wrong(
            0,
            match list.ty() {
                Type::Map(_) | Type::Object(_) => format!(
                    "argument must be list, set, or tuple. Received {}",
                    list.ty().friendly_name()
                ),
                _ => "cannot sum noniterable".to_owned(),
            },
        ));
    };
    if elements.is_empty() {
        return Err(wrong(0, "cannot sum an empty list"));
    }
    // As in Terraform what is known is not looked at before everything is.
    if !list.is_wholly_known() {
        return Ok(unknown(Type::Number));
    }
    let bad = || wrong(0, "argument must be list, set, or tuple of number values");
    let mut total: Option<Number> = None;
    for v in items(list) {
        let v = convert(v, &Type::Number).map_err(|_| bad())?;
        if v.is_null() {
            return Err(bad());
        }
        let Some(n) = v.as_number() else { continue };
        total = Some(match total {
            Some(sum) => sum.add(n).map_err(|e| failed(e.to_string()))?,
            None => n.clone(),
        });
    }
    Ok(Value::number(total.unwrap_or(Number::ZERO)))
}

#[cfg(test)]
mod tests;
