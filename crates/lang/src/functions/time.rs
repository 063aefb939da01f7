//! Functions on dates and times.

use super::Function;
use super::Surroundings;
use super::clock;
use super::clock::Timestamp;
use super::define::Outcome;
use super::define::failed;
use super::define::function;
use super::define::gives_number;
use super::define::gives_string;
use super::define::string;
use super::define::text;
use super::define::unknown;
use super::define::wrong;
use crate::syntax::go_quoted;
use crate::value::Type;
use crate::value::Value;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    vec![
        function(
            "formatdate",
            "A point in time in a format of letters, such as `YYYY-MM-DD`.",
            [string("format"), string("time")],
            gives_string,
            |a, _| {
                let time = clock::parse(text(a, 1)).map_err(|e| wrong(1, e))?;
                format_date(text(a, 0), time)
                    .map(Value::string)
                    .map_err(|e| wrong(0, e))
            },
        ),
        function(
            "plantimestamp",
            "The time of the plan.",
            [],
            gives_string,
            |_, around| {
                Ok(match &around.plan_timestamp {
                    Some(t) => Value::string(t.as_str()),
                    None => unknown(Type::String),
                })
            },
        ),
        function(
            "timeadd",
            "A point in time and a duration such as `1h30m` behind it.",
            [string("timestamp"), string("duration")],
            gives_string,
            |a, _| {
                let time = clock::parse(text(a, 0)).map_err(failed)?;
                let duration = clock::parse_duration(text(a, 1)).map_err(failed)?;
                Ok(Value::string(time.plus(duration).to_rfc3339()))
            },
        ),
        function(
            "timecmp",
            "-1, 0 or 1: which of two points in time is earlier.",
            [string("timestamp_a"), string("timestamp_b")],
            gives_number,
            |a, _| {
                let one = clock::parse_loosely(text(a, 0)).map_err(|e| wrong(0, e))?;
                let other = clock::parse_loosely(text(a, 1)).map_err(|e| wrong(1, e))?;
                let order = (one.seconds, one.nanos).cmp(&(other.seconds, other.nanos));
                Ok(Value::number(order as i64))
            },
        ),
        function("timestamp", "The time of the run.", [], gives_string, timestamp),
    ]
}

fn timestamp(_: &[Value], around: &Surroundings) -> Outcome {
    Ok(match &around.timestamp {
        Some(t) if around.impure => Value::string(t.as_str()),
        _ => unknown(Type::String),
    })
}

fn format_date(format: &str, time: Timestamp) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        if c == '\'' {
            let (literal, after) = quoted(rest).ok_or("unterminated literal '")?;
            out.push_str(&literal);
            rest = after;
        } else if c.is_ascii_alphabetic() {
            let end = rest.find(|x| x != c).unwrap_or(rest.len());
            let (verb, after) = rest.split_at(end);
            out.push_str(&format_verb(verb, c, time)?);
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(out)
}

/// Text between quotes, where two quotes stand for one. Two quotes alone are one, too.
fn quoted(s: &str) -> Option<(String, &str)> {
    if let Some(after) = s.strip_prefix("''") {
        return Some(("'".to_owned(), after));
    }
    let mut out = String::new();
    let mut chars = s.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c != '\'' {
            out.push(c);
        } else if chars.next_if(|(_, n)| *n == '\'').is_some() {
            out.push('\'');
        } else {
            return Some((out, &s[i + 1..]));
        }
    }
    None
}

fn format_verb(verb: &str, letter: char, time: Timestamp) -> Result<String, String> {
    let now = time.civil();
    let count = verb.len();
    let bad = |hint: &str| Err(format!("invalid date format verb {}{hint}", go_quoted(verb)));
    let number = |n: u32, hint: &str| match count {
        1 => Ok(n.to_string()),
        2 => Ok(format!("{n:02}")),
        _ => bad(hint),
    };
    let half = |am: &str, pm: &str| {
        if now.hour < 12 {
            am.to_owned()
        } else {
            pm.to_owned()
        }
    };
    match letter {
        'Y' => match count {
            2 => Ok(format!("{:02}", now.year % 100)),
            4 => Ok(format!("{:04}", now.year)),
            _ => bad(": year must either be \"YY\" or \"YYYY\""),
        },
        'M' => {
            let name = MONTHS[now.month as usize - 1];
            match count {
                3 => Ok(name[..3].to_owned()),
                4 => Ok(name.to_owned()),
                _ => number(now.month, ": month must be \"M\", \"MM\", \"MMM\", or \"MMMM\""),
            }
        }
        'D' => number(now.day, ": day of month must either be \"D\" or \"DD\""),
        'E' => match count {
            3 => Ok(DAYS[now.weekday][..3].to_owned()),
            4 => Ok(DAYS[now.weekday].to_owned()),
            _ => bad(": day of week must either be \"EEE\" or \"EEEE\""),
        },
        'h' => number(now.hour, ": 24-hour must either be \"h\" or \"hh\""),
        'H' => number(
            (now.hour + 11) % 12 + 1,
            ": 12-hour must either be \"H\" or \"HH\"",
        ),
        'A' if count == 2 => Ok(half("AM", "PM")),
        'a' if count == 2 => Ok(half("am", "pm")),
        'A' => bad(": must be \"AA\""),
        'a' => bad(": must be \"aa\""),
        'm' => number(now.minute, ": minute must either be \"m\" or \"mm\""),
        's' => number(now.second, ": second must either be \"s\" or \"ss\""),
        'Z' => match count {
            1 => Ok(time.zone()),
            3 if time.offset == 0 => Ok("UTC".to_owned()),
            3 | 4 => Ok(time.offset("")),
            5 => Ok(time.offset(":")),
            _ => bad(": timezone must be Z, ZZZZ, or ZZZZZ"),
        },
        _ => bad(""),
    }
}

#[cfg(test)]
mod tests;
