//! Arithmetic on address ranges such as `10.0.0.0/8`.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use super::Function;
use super::Surroundings;
use super::define::Outcome;
use super::define::failed;
use super::define::function;
use super::define::gives_string;
use super::define::gives_strings;
use super::define::number;
use super::define::string;
use super::define::strings;
use super::define::text;
use super::define::whole;
use super::define::wrong;
use crate::value::Value;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    vec![
        function(
            "cidrhost",
            "The address of a host within a range; a negative number counts from the end.",
            [string("prefix"), number("hostnum")],
            gives_string,
            host,
        ),
        function(
            "cidrnetmask",
            "The mask of an IPv4 range, such as 255.0.0.0.",
            [string("prefix")],
            gives_string,
            netmask,
        ),
        function(
            "cidrsubnet",
            "One of the ranges that a range is divided into by some more bits of prefix.",
            [string("prefix"), number("newbits"), number("netnum")],
            gives_string,
            subnet,
        ),
        function(
            "cidrsubnets",
            "Consecutive ranges within a range, each with some more bits of prefix.",
            [string("prefix")],
            gives_strings,
            subnets,
        )
        .variadic(number("newbits")),
    ]
}

/// A range of addresses: its first one, how many bits addresses have (32 or 128), and how many of them are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u128,
    bits: u32,
    prefix: u32,
}

impl Range {
    /// Reads `10.0.0.0/8` or `fd00::/8`; bits behind the prefix are dropped.
    fn parse(s: &str) -> Result<Self, String> {
        let bad = || format!("invalid CIDR expression: invalid CIDR address: {s}");
        let (address, length) = s.split_once('/').ok_or_else(bad)?;
        let (first, bits) = match parse_ipv4(address) {
            Some(a) => (u128::from(a), 32),
            None => (u128::from(address.parse::<Ipv6Addr>().map_err(|_| bad())?), 128),
        };
        if length.is_empty() || length.len() > 9 || !length.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let prefix: u32 = length.parse().map_err(|_| bad())?;
        if prefix > bits {
            return Err(bad());
        }
        Ok(Range {
            first: first & !low(bits - prefix),
            bits,
            prefix,
        })
    }

    fn show(self) -> String {
        format!("{}/{}", show_address(self.first, self.bits), self.prefix)
    }

    fn last(self) -> u128 {
        self.first | low(self.bits - self.prefix)
    }

    /// The range of a prefix that an address lies in.
    fn around(self, address: u128, prefix: u32) -> Self {
        Range {
            first: address & !low(self.bits - prefix),
            prefix,
            ..self
        }
    }
}

/// As many ones as `bits` says, up to 128, at the low end.
fn low(bits: u32) -> u128 {
    1u128.checked_shl(bits).map_or(u128::MAX, |b| b - 1)
}

/// Four decimal numbers; leading zeros mean nothing, as in Go before 1.17, which Terraform still follows.
fn parse_ipv4(s: &str) -> Option<u32> {
    let mut value = 0u32;
    let mut parts = 0;
    for part in s.split('.') {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let n: u8 = match part.trim_start_matches('0') {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        value = value << 8 | u32::from(n);
        parts += 1;
    }
    (parts == 4).then_some(value)
}

fn show_address(address: u128, bits: u32) -> String {
    if bits == 32 {
        Ipv4Addr::from((address & u128::from(u32::MAX)) as u32).to_string()
    } else {
        Ipv6Addr::from(address).to_string()
    }
}

/// A whole number of any size: whether it is below zero, and its distance from zero (cut to 128 bits).
fn large(value: &Value) -> Result<(bool, Option<u128>), String> {
    let digits = value
        .as_number()
        .and_then(|n| n.to_radix(10))
        .ok_or("value must be a whole number")?;
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, digits.as_str()),
    };
    Ok((negative, digits.parse().ok()))
}

fn shown(value: &Value) -> String {
    value.as_number().map(ToString::to_string).unwrap_or_default()
}

fn host(a: &[Value], _: &Surroundings) -> Outcome {
    let (negative, size) = large(&a[1]).map_err(failed)?;
    let range = Range::parse(text(a, 0)).map_err(failed)?;
    let most = low(range.bits - range.prefix);
    let none = |which: String| {
        failed(format!(
            "prefix of {} does not accommodate a host numbered {which}",
            range.prefix
        ))
    };
    let number = match (negative, size) {
        (false, Some(n)) if n <= most => n,
        (true, Some(n)) if n - 1 <= most => most - (n - 1),
        // Terraform names the number that the count from the end led to.
        (true, Some(n)) => return Err(none(format!("-{}", n - 1 - most))),
        _ => return Err(none(shown(&a[1]))),
    };
    Ok(Value::string(show_address(range.first | number, range.bits)))
}

fn netmask(a: &[Value], _: &Surroundings) -> Outcome {
    let range = Range::parse(text(a, 0)).map_err(failed)?;
    if range.bits != 32 {
        return Err(failed(format!(
            "IPv6 addresses cannot have a netmask: {}",
            text(a, 0)
        )));
    }
    Ok(Value::string(show_address(!low(32 - range.prefix), 32)))
}

fn subnet(a: &[Value], _: &Surroundings) -> Outcome {
    let more = whole(&a[1]).map_err(failed)?;
    let (negative, size) = large(&a[2]).map_err(failed)?;
    let range = Range::parse(text(a, 0)).map_err(failed)?;
    let prefix = i64::from(range.prefix).saturating_add(more);
    if prefix > i64::from(range.bits) {
        return Err(failed(format!(
            "insufficient address space to extend prefix of {} by {more}",
            range.prefix
        )));
    }
    let prefix = u32::try_from(prefix).map_err(|_| {
        failed(format!(
            "cannot shorten a prefix of {} by {}",
            range.prefix,
            more.unsigned_abs()
        ))
    })?;
    let most = u32::try_from(more).map_or(u128::MAX, low);
    let number = size.filter(|n| *n <= most).ok_or_else(|| {
        failed(format!(
            "prefix extension of {more} does not accommodate a subnet numbered {}",
            shown(&a[2])
        ))
    })?;
    let shifted = number.checked_shl(range.bits - prefix).unwrap_or(0);
    let first = if negative {
        // Odd, but what Terraform answers: the number is put in as a negative one, and what comes out is taken without its sign.
        (range.first | shifted.wrapping_neg()).wrapping_neg()
    } else {
        range.first | shifted
    };
    Ok(Value::string(
        Range {
            first,
            prefix,
            ..range
        }
        .show(),
    ))
}

fn subnets(a: &[Value], _: &Surroundings) -> Outcome {
    let network = Range::parse(text(a, 0)).map_err(|e| wrong(0, e))?;
    let mut out = Vec::with_capacity(a.len() - 1);
    let mut before: Option<Range> = None;
    let mut lengths = Vec::with_capacity(a.len() - 1);
    for (i, v) in a.iter().enumerate().skip(1) {
        lengths.push((i, whole(v).map_err(|e| wrong(i, e))?));
    }
    for (i, more) in lengths {
        if more < 1 {
            return Err(wrong(i, "must extend prefix by at least one bit"));
        }
        // Longer extensions would make address spaces that no one can use up.
        if more > 32 {
            return Err(wrong(i, "may not extend prefix by more than 32 bits"));
        }
        let prefix = network.prefix + more as u32;
        if prefix > network.bits {
            let protocol = if network.bits == 32 { "IPv4" } else { "IPv6" };
            return Err(wrong(
                i,
                format!("would extend prefix to {prefix} bits, which is too long for an {protocol} address"),
            ));
        }
        let next = match before {
            None => Some(network.first),
            // The next one of that size behind the one that the last address so far lies in.
            Some(b) => (b.last() | low(network.bits - prefix)).checked_add(1),
        };
        let next = next.filter(|n| *n >= network.first && *n <= network.last()).ok_or_else(|| {
            wrong(
                i,
                format!(
                    "not enough remaining address space for a subnet with a prefix of {prefix} bits after {}",
                    before.unwrap_or(network).show()
                ),
            )
        })?;
        let range = network.around(next, prefix);
        out.push(range.show());
        before = Some(range);
    }
    Ok(strings(out))
}

#[cfg(test)]
mod tests;
