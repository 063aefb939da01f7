//! The shortest decimal digits of a binary float, worked out on integers.

use dashu_int::IBig;
use dashu_int::Sign;
use dashu_int::UBig;
use dashu_int::ops::BitTest;
use dashu_int::ops::UnsignedAbs;

/// `significand × 2^exponent`, known to `precision` bits, as decimal text without an exponent.
///
/// Of all decimal numbers that lie within half a unit of the last bit, the shortest is printed; the digits are found
/// by walking the exact number and the two ends of that interval from the left, until it stands apart from both.
pub(super) fn shortest(significand: &IBig, exponent: isize, precision: usize) -> String {
    let negative = significand.sign() == Sign::Negative;
    let magnitude = significand.unsigned_abs();
    let bits = magnitude.bit_len();
    if bits == 0 {
        return "0".to_owned();
    }
    let mut out = String::new();
    if negative {
        out.push('-');
    }
    let size = bits as isize + exponent;
    if exponent >= 0 && size <= precision as isize {
        // An integer of which every bit is known.
        out.push_str(&(magnitude << exponent as usize).to_string());
        return out;
    }

    // Scaled so that its last bit is worth half a unit of the precision.
    let precision = precision.max(bits);
    let shift = precision + 1 - bits;
    let mantissa = magnitude << shift;
    let exponent = exponent - shift as isize;
    let inclusive = !mantissa.bit(1);
    let (digits, point) = digits(&mantissa, exponent);
    let (lower, _) = self::digits(&(&mantissa - UBig::ONE), exponent);
    let (upper, _) = self::digits(&(&mantissa + UBig::ONE), exponent);
    let at = |digits: &[u8], i: usize| digits.get(i).copied().unwrap_or(b'0');

    let mut kept = digits.clone();
    let mut point = point;
    for (i, &m) in digits.iter().enumerate() {
        let (l, u) = (at(&lower, i), at(&upper, i));
        let down = l != m || inclusive && i + 1 == lower.len();
        let up = m != u && (inclusive || m + 1 < u || i + 1 < upper.len());
        if !down && !up {
            continue;
        }
        let next = at(&digits, i + 1);
        let half_up = match next.cmp(&b'5') {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            // Exactly half is rounded to even.
            std::cmp::Ordering::Equal => i + 2 < digits.len() || (m - b'0') % 2 == 1,
        };
        kept.truncate(i + 1);
        if up && (!down || half_up) {
            point += round_up(&mut kept);
        }
        break;
    }
    write(&mut out, &kept, point);
    out
}

/// The exact digits of `mantissa × 2^exponent` without zeros at the end, and how many of them stand before the point.
fn digits(mantissa: &UBig, exponent: isize) -> (Vec<u8>, isize) {
    let size = exponent.unsigned_abs();
    let (text, scale) = if exponent >= 0 {
        ((mantissa << size).to_string(), 0)
    } else {
        ((mantissa * UBig::from(5u8).pow(size)).to_string(), -exponent)
    };
    let mut text = text.into_bytes();
    let point = text.len() as isize - scale;
    while text.last() == Some(&b'0') {
        text.pop();
    }
    (text, point)
}

/// Adds one in the last place; returns by how much the point moves.
fn round_up(digits: &mut Vec<u8>) -> isize {
    while let Some(last) = digits.last_mut() {
        if *last < b'9' {
            *last += 1;
            return 0;
        }
        digits.pop();
    }
    digits.push(b'1');
    1
}

fn write(out: &mut String, digits: &[u8], point: isize) {
    let (whole, fraction) = digits.split_at(point.clamp(0, digits.len() as isize) as usize);
    if whole.is_empty() {
        out.push('0');
    }
    out.extend(whole.iter().map(|b| char::from(*b)));
    out.extend(std::iter::repeat_n(
        '0',
        (point - digits.len() as isize).max(0) as usize,
    ));
    if !fraction.is_empty() {
        out.push('.');
        out.extend(std::iter::repeat_n('0', (-point).max(0) as usize));
        out.extend(fraction.iter().map(|b| char::from(*b)));
    }
}
