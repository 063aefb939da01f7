//! Numbers of arbitrary precision, with a fast way for those that fit 64 bits.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;

pub(super) type Big = FBig<HalfEven, 2>;

/// Bits of the binary fraction: Terraform computes with 512.
pub(super) const PRECISION: usize = 512;

/// A number: an integer that fits `i64`, or a binary float of 512 bits.
///
/// Every integer within `i64` is held as `Int`, so equality is structural.
#[derive(Clone, Debug)]
pub struct Number(pub(super) Repr);

#[derive(Clone, Debug)]
pub(super) enum Repr {
    Int(i64),
    Big(Arc<Big>),
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(Repr::Int(0));
    /// One.
    pub const ONE: Number = Number(Repr::Int(1));

    /// The number as `i64` if it is an integer in that range.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(i) => Some(*i),
            Repr::Big(_) => None,
        }
    }

    /// The number as an index or a count: an integer from 0.
    pub fn as_usize(&self) -> Option<usize> {
        self.as_i64().and_then(|i| usize::try_from(i).ok())
    }

    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(i) => *i as f64,
            Repr::Big(b) => b.to_f64().value(),
        }
    }

    pub(super) fn to_big(&self) -> Big {
        match &self.0 {
            Repr::Int(i) => Big::from(*i).with_precision(PRECISION).value(),
            Repr::Big(b) => (**b).clone(),
        }
    }

    pub(super) fn from_big(b: Big) -> Number {
        if let Ok(i) = i64::try_from(b.clone()) {
            return Number(Repr::Int(i));
        }
        Number(Repr::Big(Arc::new(b)))
    }
}

impl From<i64> for Number {
    fn from(i: i64) -> Self {
        Number(Repr::Int(i))
    }
}

impl From<usize> for Number {
    fn from(i: usize) -> Self {
        match i64::try_from(i) {
            Ok(i) => Number(Repr::Int(i)),
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

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Int(i) => i.hash(state),
            Repr::Big(b) => b.to_f64().value().to_bits().hash(state),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(i) => write!(f, "{i}"),
            Repr::Big(b) => write!(f, "{}", b.to_decimal().value()),
        }
    }
}
