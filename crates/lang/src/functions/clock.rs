//! Points in time as text: RFC 3339 with the offset kept, and Go's durations.

use crate::syntax::go_quoted;

/// A point in time, as a clock at some offset from UTC shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp {
    /// Seconds since 1970 in UTC.
    pub(super) seconds: i64,
    /// Nanoseconds on top.
    pub(super) nanos: u32,
    /// Seconds east of UTC.
    pub(super) offset: i32,
}

/// What a clock shows.
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    /// From Sunday, 0.
    pub(super) weekday: usize,
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, in the Gregorian calendar continued backwards. Years begin in March here, so that the odd day ends them.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

impl Timestamp {
    fn new(date: (i64, u32, u32), time: (u32, u32, u32), nanos: u32, offset: i32) -> Self {
        let (hour, minute, second) = time;
        let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Timestamp {
            seconds: days_from_civil(date.0, date.1, date.2) * 86_400 + of_day - i64::from(offset),
            nanos,
            offset,
        }
    }

    /// What a clock at its offset shows.
    pub(super) fn civil(self) -> Civil {
        let local = self.seconds + i64::from(self.offset);
        let (days, of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400) as u32);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            weekday: (days + 4).rem_euclid(7) as usize,
        }
    }

    /// `+0200` or, with a separator, `+02:00`.
    pub(super) fn offset(self, separator: &str) -> String {
        let minutes = self.offset.unsigned_abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }

    /// `Z` or `+02:00`.
    pub(super) fn zone(self) -> String {
        if self.offset == 0 {
            "Z".to_owned()
        } else {
            self.offset(":")
        }
    }

    /// Without fractions of a second.
    pub(super) fn to_rfc3339(self) -> String {
        let c = self.civil();
        let sign = if c.year < 0 { "-" } else { "" };
        format!(
            "{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            c.year.unsigned_abs(),
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            self.zone()
        )
    }

    /// Later by so many nanoseconds.
    pub(super) fn plus(self, nanos: i64) -> Self {
        let total = i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos) + i128::from(nanos);
        Timestamp {
            seconds: total.div_euclid(1_000_000_000) as i64,
            nanos: total.rem_euclid(1_000_000_000) as u32,
            offset: self.offset,
        }
    }
}

/// Two digits at the start.
fn two(s: &str) -> Option<(u32, &str)> {
    let (digits, rest) = s.split_at_checked(2)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

/// Reads a strict RFC 3339 timestamp.
pub(super) fn parse(s: &str) -> Result<Timestamp, String> {
    let error = |what: String| Err(format!("not a valid RFC3339 timestamp: {what}"));
    let cannot = |given: &str, what: &str| {
        error(if given.is_empty() {
            format!("end of string before {what}")
        } else {
            match what {
                "hour" | "minute" if given.len() != 2 => format!("{what} must have exactly two digits"),
                _ => format!("cannot use {} as {what}", go_quoted(given)),
            }
        })
    };
    let prefixed = |e: String| format!("not a valid RFC3339 timestamp: {e}");
    let literal = |rest: &mut &str, want: char| match rest.strip_prefix(want) {
        Some(r) => {
            *rest = r;
            Ok(())
        }
        None if want == 'T' => Err("missing required time introducer 'T'".to_owned()),
        None if rest.is_empty() => Err(format!(
            "end of string where {} is expected",
            go_quoted(&want.to_string())
        )),
        None => Err(format!(
            "found {} where {} is expected",
            go_quoted(rest),
            go_quoted(&want.to_string())
        )),
    };
    let mut rest = s;
    let year = match rest.split_at_checked(4) {
        Some((y, r)) if y.bytes().all(|b| b.is_ascii_digit()) => {
            rest = r;
            y.parse::<i64>().unwrap_or(0)
        }
        _ => return cannot(s, "year"),
    };
    literal(&mut rest, '-').map_err(&prefixed)?;
    // Where a number is out of its range, Go names what follows it; the hour has a message of its own.
    let month = match two(rest) {
        Some((m @ 1..=12, r)) => {
            rest = r;
            m
        }
        Some((_, r)) => return cannot(r, "month"),
        None => return cannot(rest, "month"),
    };
    literal(&mut rest, '-').map_err(&prefixed)?;
    let Some((day, r)) = two(rest) else {
        return cannot(rest, "day of month");
    };
    rest = r;
    literal(&mut rest, 'T').map_err(&prefixed)?;
    let hour = match two(rest) {
        Some((h @ 0..=23, r)) => {
            rest = r;
            h
        }
        Some(_) => return error("hour must be between 0 and 23 inclusive".to_owned()),
        None => return cannot(rest, "hour"),
    };
    literal(&mut rest, ':').map_err(&prefixed)?;
    let minute = match two(rest) {
        Some((m @ 0..=59, r)) => {
            rest = r;
            m
        }
        Some((_, r)) => return cannot(r, "minute"),
        None => return cannot(rest, "minute"),
    };
    literal(&mut rest, ':').map_err(&prefixed)?;
    let second = match two(rest) {
        Some((s @ 0..=59, r)) => {
            rest = r;
            s
        }
        Some((_, r)) => return cannot(r, "second"),
        None => return cannot(rest, "second"),
    };
    let mut nanos = 0;
    if rest.starts_with(',') {
        return cannot(",", "timestamp segment");
    }
    if let Some(r) = rest.strip_prefix('.') {
        let end = r.find(|c: char| !c.is_ascii_digit()).unwrap_or(r.len());
        if end > 0 {
            let digits = format!("{:0<9}", &r[..end.min(9)]);
            nanos = digits.parse().unwrap_or(0);
            rest = &r[end..];
        }
    }
    let offset = match rest.strip_prefix('Z') {
        Some("") => 0,
        Some(more) => return cannot(more, "timestamp segment"),
        None => match parse_offset(rest) {
            Some(o) => o,
            None => return cannot(rest, "UTC offset"),
        },
    };
    if day < 1 || day > days_in(year, month) {
        return error("day out of range".to_owned());
    }
    Ok(Timestamp::new(
        (year, month, day),
        (hour, minute, second),
        nanos,
        offset,
    ))
}

/// `+02:00`.
/// As [`parse`], with what Go's own reader lets pass: an hour of one digit, a comma before the fraction of a second.
///
/// # Errors
/// As of [`parse`].
pub(super) fn parse_loosely(s: &str) -> Result<Timestamp, String> {
    let mut text = s.to_owned();
    if let [b'T', hour, b':', ..] = text.as_bytes().get(10..).unwrap_or_default()
        && hour.is_ascii_digit()
    {
        text.insert(11, '0');
    }
    if text.as_bytes().get(19) == Some(&b',') {
        text.replace_range(19..20, ".");
    }
    parse(&text)
}

fn parse_offset(s: &str) -> Option<i32> {
    let negative = match s.as_bytes().first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    let (hours, rest) = two(&s[1..])?;
    let (minutes, rest) = two(rest.strip_prefix(':')?)?;
    if hours > 23 || minutes > 59 || !rest.is_empty() {
        return None;
    }
    let seconds = (hours * 3600 + minutes * 60) as i32;
    Some(if negative { -seconds } else { seconds })
}

/// What YAML takes for a timestamp: a date, alone or with a time behind `T`, `t` or a space (then without offset).
pub(super) fn yaml_timestamp(s: &str) -> Option<Timestamp> {
    let small = |s: &str| -> Option<u32> {
        (matches!(s.len(), 1 | 2) && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok())?
    };
    let (date, time) = match s.find(['T', 't', ' ']) {
        Some(at) => (&s[..at], Some((s.as_bytes()[at], &s[at + 1..]))),
        None => (s, None),
    };
    let mut parts = date.split('-');
    let year = parts
        .next()
        .filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, month, day) = (
        year.parse::<i64>().ok()?,
        small(parts.next()?)?,
        small(parts.next()?)?,
    );
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let Some((introducer, time)) = time else {
        return Some(Timestamp::new((year, month, day), (0, 0, 0), 0, 0));
    };
    let (time, offset) = if introducer == b' ' {
        (time, 0)
    } else if let Some(t) = time.strip_suffix('Z') {
        (t, 0)
    } else {
        let at = time.rfind(['+', '-'])?;
        (&time[..at], parse_offset(&time[at..])?)
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut parts = time.split(':');
    let (hour, minute, second) = (
        small(parts.next()?)?,
        small(parts.next()?)?,
        small(parts.next()?)?,
    );
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = format!("{:0<9}", &fraction[..fraction.len().min(9)])
        .parse()
        .ok()?;
    Some(Timestamp::new(
        (year, month, day),
        (hour, minute, second),
        nanos,
        offset,
    ))
}

/// Reads a duration such as `-1h30m` or `1.5s`, in nanoseconds.
pub(super) fn parse_duration(s: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", go_quoted(s));
    let (negative, mut rest) = match s.as_bytes().first() {
        Some(b'-') => (true, &s[1..]),
        Some(b'+') => (false, &s[1..]),
        _ => (false, s),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0i128;
    while !rest.is_empty() {
        let digits = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(r) => r.split_at(digits(r)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let size: i128 = match unit {
            "" => return Err(format!("time: missing unit in duration {}", go_quoted(s))),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            other => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    go_quoted(other),
                    go_quoted(s)
                ));
            }
        };
        let whole: i128 = match whole {
            "" => 0,
            w => w.parse::<i64>().map_err(|_| invalid())?.into(),
        };
        let mut part = whole * size;
        if !fraction.is_empty() {
            let kept = &fraction[..fraction.len().min(18)];
            let numerator: i128 = kept.parse().unwrap_or(0);
            part += numerator * size / 10i128.pow(kept.len() as u32);
        }
        total += part;
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return Err(invalid());
        }
        rest = after;
    }
    let signed = if negative { -total } else { total };
    i64::try_from(signed).map_err(|_| invalid())
}
