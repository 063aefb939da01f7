//! Numbers of arbitrary precision, with a fast way for those that fit 64 bits.
//!
//! The rules are those of Go's `big.Float` as Terraform uses it: 512 bits for what is written, 53 for the results of
//! functions that compute with machine floats, and the larger of the two for the result of an operation. There is a negative
//! zero, which equals zero, and there are two infinities: a division by zero gives one of them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dashu_float::Context;
use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::IBig;
use dashu_int::UBig;
use dashu_int::ops::BitTest;
use dashu_int::ops::UnsignedAbs;

use super::decimal;

pub(super) type Big = FBig<HalfEven, 2>;

/// Bits of the binary fraction: Terraform computes with 512.
pub(super) const PRECISION: usize = 512;

/// The largest decimal exponent that is read. Beyond it a number is no longer worth the memory of its digits.
const MAX_EXPONENT: i64 = 50_000;

/// A number: an integer that fits `i64`, or a binary float (usually of 512 bits).
#[derive(Clone, Debug)]
pub struct Number(pub(super) Repr);

#[derive(Clone, Debug)]
pub(super) enum Repr {
    Int(i64),
    Big(Arc<Big>),
    /// Zero with a sign, as `-0` and `0 * -1` give it.
    NegativeZero,
    /// Above or (true) below all other numbers.
    Infinity(bool),
}

use Repr::Infinity;
use Repr::Int;
use Repr::NegativeZero;

/// An operation that has no result, in Terraform's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undefined {
    /// `∞ + -∞`
    #[error("can't compute sum of opposing infinities")]
    Sum,
    /// `∞ - ∞`
    #[error("can't subtract infinity from itself")]
    Difference,
    /// `0 × ∞`
    #[error("can't multiply zero by infinity")]
    Product,
    /// `0 / 0`, `∞ / ∞`
    #[error("can't divide zero by zero or infinity by infinity")]
    Quotient,
    /// A remainder with an infinity on either side.
    #[error("can't use modulo with zero and infinity")]
    Remainder,
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(Int(0));
    /// One.
    pub const ONE: Number = Number(Int(1));

    /// Reads a decimal number as Terraform does: an optional sign, digits with an optional point, an optional
    /// exponent (of ten behind `e`, of two behind `p`). Rounded to 512 bits. `Inf` and `inf` are numbers, too.
    pub fn parse(text: &str) -> Option<Number> {
        if text.len() < 19
            && let Ok(i) = text.parse::<i64>()
        {
            let negative_zero = i == 0 && text.starts_with('-');
            return Some(Number(if negative_zero { NegativeZero } else { Int(i) }));
        }
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        if matches!(rest, "Inf" | "inf") {
            return Some(Number(Infinity(negative)));
        }
        if let Some(at) = rest.find(['p', 'P']) {
            // Go reads a power of two as well.
            let exponent = parse_exponent(&rest[at + 1..])?;
            if rest[..at].contains(['e', 'E', '+', '-']) || exponent.abs() > MAX_EXPONENT {
                return None;
            }
            let mantissa = Number::parse(&rest[..at])?;
            let big = mantissa.to_big()? << isize::try_from(exponent).ok()?;
            let size = Number::from_big(big);
            return Some(if negative { size.neg() } else { size });
        }
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: String = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significand: IBig = digits.parse::<UBig>().ok()?.into();
        if significand.is_zero() {
            return Some(if negative {
                Number(NegativeZero)
            } else {
                Number::ZERO
            });
        }
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        if exponent.abs() > MAX_EXPONENT + digits.len() as i64 {
            return None;
        }
        let significand = if negative { -significand } else { significand };
        let power: IBig = UBig::from(10u8).pow(exponent.unsigned_abs() as usize).into();
        let big = if exponent >= 0 {
            Big::from(significand * power).with_precision(PRECISION).value()
        } else {
            let (a, b) = (Big::from(significand).into_repr(), Big::from(power).into_repr());
            Context::<HalfEven>::new(PRECISION).div(&a, &b).ok()?.value()
        };
        Some(Number::from_big(big))
    }

    /// The integer written in `text` with digits of a base from 2 to 36, exactly.
    pub fn parse_radix(text: &str, radix: u8) -> Option<Number> {
        if !(2..=36).contains(&radix) || text.contains('_') {
            return None;
        }
        let i = IBig::from_str_radix(text, u32::from(radix)).ok()?;
        Some(Number::from_integer(i))
    }

    /// A machine float; nothing for "not a number". It keeps its 53 bits of precision, so that it prints as short as
    /// Terraform prints it.
    pub fn from_f64(f: f64) -> Option<Number> {
        if f.is_infinite() {
            return Some(Number(Infinity(f < 0.0)));
        }
        if f == 0.0 && f.is_sign_negative() {
            return Some(Number(NegativeZero));
        }
        if f.fract() == 0.0 && f.abs() <= 9_007_199_254_740_992.0 {
            return Some(Number(Int(f as i64)));
        }
        let big = Big::try_from(f).ok()?;
        if !f.is_finite() {
            return None;
        }
        Some(Number(Repr::Big(Arc::new(big.with_precision(53).value()))))
    }

    /// The number as `i64` if it is an integer in that range.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Int(i) => Some(*i),
            NegativeZero => Some(0),
            Infinity(_) => None,
            Repr::Big(b) if b.precision() >= PRECISION => None,
            Repr::Big(b) => self
                .is_integer()
                .then(|| i64::try_from(b.to_int().value()).ok())?,
        }
    }

    /// The number as an index or a count: an integer from 0.
    pub fn as_usize(&self) -> Option<usize> {
        self.as_i64().and_then(|i| usize::try_from(i).ok())
    }

    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Int(i) => *i as f64,
            Repr::Big(b) => b.to_f64().value(),
            NegativeZero => -0.0,
            Infinity(true) => f64::NEG_INFINITY,
            Infinity(false) => f64::INFINITY,
        }
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Int(_) | NegativeZero => true,
            Repr::Big(b) => b.repr().exponent() >= 0,
            Infinity(_) => false,
        }
    }

    /// Whether it is zero, with or without a sign.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Int(0) | NegativeZero)
    }

    /// Whether it is one of the infinities: those can be computed with, and neither stored nor written as JSON.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Infinity(_))
    }

    /// Whether it carries the sign minus: below zero, or the negative zero.
    pub fn has_minus(&self) -> bool {
        matches!(self.0, NegativeZero) || self.is_negative()
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        *self < Number::ZERO
    }

    /// The digits of an integer in a base from 2 to 36, lower case; nothing if it has a fraction.
    pub fn to_radix(&self, radix: u8) -> Option<String> {
        if !self.is_integer() || !(2..=36).contains(&radix) {
            return None;
        }
        match (&self.0, radix) {
            (Int(i), 10) => Some(i.to_string()),
            _ => Some(self.to_big()?.to_int().value().in_radix(radix).to_string()),
        }
    }

    /// Its exact decimal digits, without sign: the value is `0.DIGITS` times ten to the power that comes with them.
    /// Neither leading nor trailing zeros; zero has no digits, nor has an infinity.
    pub fn exact_digits(&self) -> (String, i64) {
        let Some(big) = self.to_big() else {
            return (String::new(), 0);
        };
        let exponent = big.repr().exponent();
        let significand = big.repr().significand().unsigned_abs();
        let scale = exponent.unsigned_abs();
        let (whole, point) = if exponent >= 0 {
            (significand << scale, 0)
        } else {
            (significand * UBig::from(5u8).pow(scale), scale as i64)
        };
        let digits = whole.to_string();
        let power = digits.len() as i64 - point;
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            return (String::new(), 0);
        }
        (digits.to_owned(), power)
    }

    /// As a binary float; an infinity is none.
    fn to_big(&self) -> Option<Big> {
        Some(match &self.0 {
            Int(i) => Big::from(*i).with_precision(PRECISION).value(),
            Repr::Big(b) => (**b).clone(),
            NegativeZero => Big::from(0i64).with_precision(PRECISION).value(),
            Infinity(_) => return None,
        })
    }

    fn zero(negative: bool) -> Number {
        Number(if negative { NegativeZero } else { Int(0) })
    }

    pub(super) fn from_big(b: Big) -> Number {
        if b.repr().exponent() >= 0
            && b.repr().exponent() < 64
            && let Ok(i) = i64::try_from(b.to_int().value())
            // A float of 53 bits prints fewer digits than an integer of that size.
            && (b.precision() >= 64 || i.unsigned_abs() <= 1 << 53)
        {
            return Number(Int(i));
        }
        if b.repr().significand().is_zero() {
            return Number::ZERO;
        }
        Number(Repr::Big(Arc::new(b)))
    }

    fn from_integer(i: IBig) -> Number {
        let bits = i.bit_len().max(PRECISION);
        Number::from_big(Big::from(i).with_precision(bits).value())
    }

    /// The largest integer not above it.
    #[must_use]
    pub fn floor(&self) -> Number {
        match &self.0 {
            Int(_) | Infinity(_) => self.clone(),
            NegativeZero => Number::ZERO,
            Repr::Big(b) if b.repr().exponent() >= 0 => self.clone(),
            Repr::Big(b) => Number::from_integer(b.floor().to_int().value()),
        }
    }

    /// The smallest integer not below it.
    #[must_use]
    pub fn ceil(&self) -> Number {
        match &self.0 {
            Int(_) | Infinity(_) => self.clone(),
            NegativeZero => Number::ZERO,
            Repr::Big(b) if b.repr().exponent() >= 0 => self.clone(),
            Repr::Big(b) => Number::from_integer(b.ceil().to_int().value()),
        }
    }

    /// The integer next to it on the way to zero.
    #[must_use]
    pub fn trunc(&self) -> Number {
        if self.is_negative() {
            self.ceil()
        } else {
            self.floor()
        }
    }

    /// Its distance from zero.
    #[must_use]
    pub fn abs(&self) -> Number {
        if self.has_minus() {
            self.neg()
        } else {
            self.clone()
        }
    }

    /// With the other sign; zero has a sign, too.
    #[must_use]
    pub fn neg(&self) -> Number {
        match &self.0 {
            Int(0) => Number(NegativeZero),
            Int(i) if *i != i64::MIN => Number(Int(-i)),
            NegativeZero => Number::ZERO,
            Infinity(negative) => Number(Infinity(!negative)),
            Int(_) | Repr::Big(_) => self
                .to_big()
                .map_or_else(|| self.clone(), |b| Number::from_big(-b)),
        }
    }

    /// Sum.
    ///
    /// # Errors
    /// For the two infinities.
    pub fn add(&self, other: &Number) -> Result<Number, Undefined> {
        if let (Int(a), Int(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return Ok(Number(Int(sum)));
        }
        match (&self.0, &other.0) {
            (Infinity(a), Infinity(b)) if a != b => Err(Undefined::Sum),
            (Infinity(_), _) | (_, NegativeZero) => Ok(self.clone()),
            (_, Infinity(_)) | (NegativeZero, _) => Ok(other.clone()),
            _ => Ok(self.computed(other, |a, b| a + b)),
        }
    }

    /// Difference.
    ///
    /// # Errors
    /// For an infinity and itself.
    pub fn sub(&self, other: &Number) -> Result<Number, Undefined> {
        if let (Int(a), Int(b)) = (&self.0, &other.0)
            && let Some(difference) = a.checked_sub(*b)
        {
            return Ok(Number(Int(difference)));
        }
        match (&self.0, &other.0) {
            (Infinity(a), Infinity(b)) if a == b => Err(Undefined::Difference),
            (NegativeZero, NegativeZero) => Ok(Number::ZERO),
            (Infinity(_), _) | (_, NegativeZero) | (NegativeZero, Int(0)) => Ok(self.clone()),
            (_, Infinity(_)) | (NegativeZero, _) => Ok(other.neg()),
            _ => Ok(self.computed(other, |a, b| a - b)),
        }
    }

    /// Product.
    ///
    /// # Errors
    /// For zero and an infinity.
    pub fn mul(&self, other: &Number) -> Result<Number, Undefined> {
        let negative = self.has_minus() != other.has_minus();
        if self.is_infinite() || other.is_infinite() {
            if self.is_zero() || other.is_zero() {
                return Err(Undefined::Product);
            }
            return Ok(Number(Infinity(negative)));
        }
        if self.is_zero() || other.is_zero() {
            return Ok(Number::zero(negative));
        }
        if let (Int(a), Int(b)) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
        {
            return Ok(Number(Int(product)));
        }
        // Terraform keeps every bit of a product of short floats, up to 512.
        Ok(self.computed(other, |a, b| {
            let wanted = a.precision().max(b.precision());
            let product = a.with_precision(PRECISION).value() * b.with_precision(PRECISION).value();
            let needed = product.repr().significand().unsigned_abs().bit_len();
            product.with_precision(wanted.max(needed)).value()
        }))
    }

    /// Quotient; of a divisor of zero an infinity.
    ///
    /// # Errors
    /// For two zeros, or two infinities.
    pub fn div(&self, other: &Number) -> Result<Number, Undefined> {
        let negative = self.has_minus() != other.has_minus();
        match (
            self.is_zero() || other.is_infinite(),
            other.is_zero() || self.is_infinite(),
        ) {
            (true, true) => return Err(Undefined::Quotient),
            (true, false) => return Ok(Number::zero(negative)),
            (false, true) => return Ok(Number(Infinity(negative))),
            (false, false) => {}
        }
        if let (Int(a), Int(b)) = (&self.0, &other.0)
            && a.checked_rem(*b) == Some(0)
            && let Some(quotient) = a.checked_div(*b)
        {
            return Ok(Number(Int(quotient)));
        }
        Ok(self.computed(other, |a, b| a / b))
    }

    /// Remainder of the division that rounds to zero; a divisor of zero leaves the number as it is, as in Terraform.
    ///
    /// # Errors
    /// When either is an infinity.
    pub fn rem(&self, other: &Number) -> Result<Number, Undefined> {
        if self.is_infinite() || other.is_infinite() {
            return Err(Undefined::Remainder);
        }
        if other.is_zero() {
            return Ok(self.clone());
        }
        if let (Int(a), Int(b)) = (&self.0, &other.0)
            && let Some(rest) = a.checked_rem(*b)
        {
            return Ok(Number(Int(rest)));
        }
        // Each step is rounded, as in Terraform: `0.3 % 0.1` is 0.
        let whole = self.div(other)?.trunc();
        let whole = if whole.is_zero() { Number::ZERO } else { whole };
        self.sub(&other.mul(&whole)?.plus_zero())
    }

    /// The same, a negative zero without its sign.
    fn plus_zero(self) -> Number {
        if self.is_zero() { Number::ZERO } else { self }
    }

    /// The result of an operation on finite numbers.
    fn computed(&self, other: &Number, operation: impl FnOnce(Big, Big) -> Big) -> Number {
        match (self.to_big(), other.to_big()) {
            (Some(a), Some(b)) => Number::from_big(operation(a, b)),
            // Whoever computes has dealt with infinities before.
            _ => self.clone(),
        }
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size: i64 = digits.parse().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Some(if text.starts_with('-') { -size } else { size })
}

impl From<i64> for Number {
    fn from(i: i64) -> Self {
        Number(Int(i))
    }
}

impl From<usize> for Number {
    fn from(i: usize) -> Self {
        match i64::try_from(i) {
            Ok(i) => Number(Int(i)),
            Err(_) => Number(Repr::Big(Arc::new(
                Big::from(i).with_precision(PRECISION).value(),
            ))),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Numbers are equal where their digits are: what a function has computed in 53 bits equals the number that is read from its
/// digits. [`Number::compare`] tells also those apart.
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.short(), other.short()) {
            (false, false) | (true, true) => self.compare(other),
            (true, false) => self.as_written().compare(other),
            (false, true) => self.compare(&other.as_written()),
        }
    }
}

impl Number {
    /// The order of the exact values.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Int(a), Int(b)) => a.cmp(b),
            _ => match (self.to_big(), other.to_big()) {
                (Some(a), Some(b)) => a.cmp(&b),
                // An infinity is on the side of its sign of everything but itself.
                _ => self.side().cmp(&other.side()),
            },
        }
    }

    /// Whether it has fewer bits than a number that is read.
    fn short(&self) -> bool {
        matches!(&self.0, Repr::Big(b) if b.precision() < PRECISION)
    }

    /// The number that its digits name.
    fn as_written(&self) -> Number {
        Number::parse(&self.to_string()).unwrap_or_else(|| self.clone())
    }

    fn side(&self) -> i8 {
        match self.0 {
            Infinity(true) => -1,
            Infinity(false) => 1,
            _ => 0,
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal numbers of different precision must have equal hashes, so integers go by their value.
        match (self.as_i64(), &self.0) {
            (Some(i), _) => i.hash(state),
            (None, _) => self.to_f64().to_bits().hash(state),
        }
    }
}

/// Prints the shortest decimal digits that name this number among those of its precision, without an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Int(i) => write!(f, "{i}"),
            NegativeZero => f.write_str("-0"),
            Infinity(true) => f.write_str("-Inf"),
            Infinity(false) => f.write_str("+Inf"),
            Repr::Big(b) => {
                let repr = b.repr();
                f.write_str(&decimal::shortest(
                    repr.significand(),
                    repr.exponent(),
                    b.precision(),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests;
