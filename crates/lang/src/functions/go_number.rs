//! Numbers as Go's `fmt` prints them: `%d %b %o %x %X` for integers, `%e %E %f %g %G` for all.

use crate::value::Number;

/// Flags, width and precision of a verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verb {
    /// The letter.
    pub(super) mode: char,
    pub(super) zero: bool,
    pub(super) sharp: bool,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) space: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

impl Verb {
    fn sign(&self, negative: bool) -> &'static str {
        if negative {
            "-"
        } else if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        }
    }
}

/// Writes an integer; nothing if the number has a fraction.
pub(super) fn integer(out: &mut String, verb: &Verb, number: &Number) -> Option<()> {
    let (radix, prefix) = match verb.mode {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let mut written = number.to_radix(radix)?;
    if verb.mode == 'X' {
        written.make_ascii_uppercase();
    }
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written.as_str()),
    };
    let prefix = if verb.sharp { prefix } else { "" };
    let sign = verb.sign(negative);
    if digits == "0" && verb.precision == Some(0) {
        return Some(());
    }
    let mut zeros = verb.precision.unwrap_or(0).saturating_sub(digits.len());
    let length = sign.len() + prefix.len() + zeros + digits.len();
    let missing = verb.width.unwrap_or(0).saturating_sub(length);
    let (mut left, mut right) = (0, 0);
    if verb.minus {
        right = missing;
    } else if verb.zero && verb.precision.is_none() {
        zeros = missing;
    } else {
        left = missing;
    }
    out.extend(std::iter::repeat_n(' ', left));
    out.push_str(sign);
    out.push_str(prefix);
    out.extend(std::iter::repeat_n('0', zeros));
    out.push_str(digits);
    out.extend(std::iter::repeat_n(' ', right));
    Some(())
}

/// A number with point or exponent. An infinity has a sign always, and is never filled with zeros.
pub(super) fn float(verb: &Verb, number: &Number) -> String {
    let body = match verb.mode {
        _ if number.is_infinite() => "Inf".to_owned(),
        'e' | 'E' => {
            let precision = verb.precision.unwrap_or(6);
            let digits = Digits::exact(number).rounded(precision as i64 + 1);
            digits.scientific(precision, verb.mode)
        }
        'g' | 'G' => general(number, verb.precision, if verb.mode == 'G' { 'E' } else { 'e' }),
        _ => {
            let precision = verb.precision.unwrap_or(6);
            let digits = Digits::exact(number);
            let keep = digits.power + precision as i64;
            digits.rounded(keep).plain(precision)
        }
    };
    let sign = match verb.sign(number.has_minus()) {
        "" if number.is_infinite() => "+",
        sign => sign,
    };
    let padding = verb.width.unwrap_or(0).saturating_sub(sign.len() + body.len());
    if verb.minus {
        [sign, &body, &" ".repeat(padding)].concat()
    } else if verb.zero && !number.is_infinite() {
        [sign, &"0".repeat(padding), &body].concat()
    } else {
        [&" ".repeat(padding), sign, &body].concat()
    }
}

/// The shortest form: an exponent below 0.0001 and from seven digits before the point.
pub(super) fn shortest(number: &Number) -> String {
    if number.is_infinite() {
        return number.to_string();
    }
    let body = general(number, None, 'e');
    if number.has_minus() {
        format!("-{body}")
    } else {
        body
    }
}

fn general(number: &Number, precision: Option<usize>, letter: char) -> String {
    let (digits, limit) = match precision {
        None => (Digits::shortest(number), 6),
        Some(p) => {
            let p = p.max(1) as i64;
            let digits = Digits::exact(number).rounded(p);
            let len = digits.digits.len() as i64;
            let limit = if p > len && len >= digits.power { len } else { p };
            (digits, limit)
        }
    };
    let exponent = digits.power - 1;
    let len = digits.digits.len();
    if len > 0 && (exponent < -4 || exponent >= limit) {
        return digits.scientific(len.saturating_sub(1), letter);
    }
    let fraction = usize::try_from(len as i64 - digits.power).unwrap_or(0);
    digits.plain(fraction)
}

/// Decimal digits without sign: `0.DIGITS` times ten to `power`.
struct Digits {
    digits: Vec<u8>,
    power: i64,
}

impl Digits {
    fn exact(number: &Number) -> Self {
        let (digits, power) = number.exact_digits();
        Digits {
            digits: digits.into_bytes(),
            power,
        }
    }

    fn shortest(number: &Number) -> Self {
        let text = number.abs().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let all = [whole, fraction].concat();
        let digits = all.trim_start_matches('0');
        let power = whole.len() as i64 - (all.len() - digits.len()) as i64;
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            return Digits {
                digits: Vec::new(),
                power: 0,
            };
        }
        Digits {
            digits: digits.as_bytes().to_vec(),
            power,
        }
    }

    /// Rounded to so many digits; a half goes to the even neighbour.
    fn rounded(mut self, keep: i64) -> Self {
        let Ok(keep) = usize::try_from(keep) else {
            return Digits {
                digits: Vec::new(),
                power: 0,
            };
        };
        if keep >= self.digits.len() {
            return self;
        }
        let half = self.digits[keep] == b'5' && self.digits.len() == keep + 1;
        let up = if half {
            keep > 0 && (self.digits[keep - 1] - b'0') % 2 == 1
        } else {
            self.digits[keep] >= b'5'
        };
        self.digits.truncate(keep);
        if up {
            while self.digits.last() == Some(&b'9') {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    self.digits.push(b'1');
                    self.power += 1;
                }
            }
        } else {
            while self.digits.last() == Some(&b'0') {
                self.digits.pop();
            }
        }
        if self.digits.is_empty() {
            self.power = 0;
        }
        self
    }

    fn digit(&self, at: i64) -> char {
        usize::try_from(at)
            .ok()
            .and_then(|i| self.digits.get(i))
            .map_or('0', |b| *b as char)
    }

    fn plain(&self, fraction: usize) -> String {
        let mut out = String::new();
        if self.power > 0 {
            out.extend((0..self.power).map(|i| self.digit(i)));
        } else {
            out.push('0');
        }
        if fraction > 0 {
            out.push('.');
            out.extend((0..fraction as i64).map(|i| self.digit(self.power + i)));
        }
        out
    }

    fn scientific(&self, fraction: usize, letter: char) -> String {
        let mut out = String::new();
        out.push(self.digit(0));
        if fraction > 0 {
            out.push('.');
            out.extend((1..=fraction as i64).map(|i| self.digit(i)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.power - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("{letter}{sign}{:02}", exponent.unsigned_abs()));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb(mode: char, width: Option<usize>, precision: Option<usize>) -> Verb {
        Verb {
            mode,
            width,
            precision,
            ..Verb::default()
        }
    }

    #[test]
    fn floats_as_go_prints_them() {
        for (mode, precision, number, shown) in [
            ('e', None, "1234.5", "1.234500e+03"),
            ('e', Some(0), "12345", "1e+04"),
            ('E', None, "1e-10", "1.000000E-10"),
            ('e', None, "0", "0.000000e+00"),
            ('f', None, "3.14159", "3.141590"),
            ('f', Some(2), "2.675", "2.67"),
            ('f', Some(0), "0.5", "0"),
            ('f', Some(0), "1.5", "2"),
            ('f', Some(0), "2.5", "2"),
            ('f', Some(0), "0.6", "1"),
            ('f', Some(1), "9.99", "10.0"),
            ('f', None, "1e-10", "0.000000"),
            ('f', Some(20), "0.1", "0.10000000000000000000"),
            ('g', None, "100000", "100000"),
            ('g', None, "1e6", "1e+06"),
            ('g', None, "12345678", "1.2345678e+07"),
            ('g', None, "0", "0"),
            ('g', None, "0.00001", "1e-05"),
            ('g', Some(3), "123456", "1.23e+05"),
            ('G', None, "1e30", "1E+30"),
            ('g', None, "-1.5", "-1.5"),
        ] {
            let n = Number::parse(number).unwrap();
            assert_eq!(
                float(&verb(mode, None, precision), &n),
                shown,
                "%{precision:?}{mode} of {number}"
            );
        }
    }

    #[test]
    fn integers_as_go_prints_them() {
        let written = |verb: &Verb, n: &Number| {
            let mut out = String::new();
            integer(&mut out, verb, n).map(|()| out)
        };
        let n = Number::from(42i64);
        assert_eq!(written(&verb('d', Some(5), None), &n).unwrap(), "   42");
        assert_eq!(written(&verb('d', Some(8), Some(3)), &n).unwrap(), "     042");
        assert_eq!(
            written(&verb('x', None, None), &Number::from(-255i64)).unwrap(),
            "-ff"
        );
        let sharp = Verb {
            sharp: true,
            ..verb('o', None, None)
        };
        assert_eq!(written(&sharp, &Number::from(8i64)).unwrap(), "010");
        assert_eq!(
            written(&verb('d', None, None), &Number::parse("1.5").unwrap()),
            None
        );
    }
}
