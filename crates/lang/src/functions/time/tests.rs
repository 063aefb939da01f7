use super::super::oracle::{answer, call, call_in, s, secret, shown};
use super::*;

#[test]
fn formats() {
    let all = "EEEE EEE MMMM MMM M MM D DD h hh H HH AA aa m mm s ss Z ZZZ ZZZZ ZZZZZ YY YYYY";
    for (format, time, expected) in [
        (
            all,
            "2018-01-02T03:04:05-08:00",
            "\"Tuesday Tue January Jan 1 01 2 02 3 03 3 03 AM am 4 04 5 05 -08:00 -0800 -0800 -08:00 18 2018\"",
        ),
        ("AA H", "2018-01-02T12:04:05Z", "\"PM 12\""),
        ("ZZZ Z", "2018-01-02T12:04:05+00:00", "\"UTC Z\""),
        ("'it''s' YYYY", "2018-01-02T12:04:05Z", "\"it's 2018\""),
        ("''", "2018-01-02T12:04:05Z", "\"'\""),
        ("1é-:", "2018-01-02T12:04:05Z", "\"1é-:\""),
        (
            "'abc",
            "2018-01-02T12:04:05Z",
            "argument 0: unterminated literal '",
        ),
        (
            "Q",
            "2018-01-02T12:04:05Z",
            "argument 0: invalid date format verb \"Q\"",
        ),
        (
            "YYY",
            "2018-01-02T12:04:05Z",
            "argument 0: invalid date format verb \"YYY\": year must either be \"YY\" or \"YYYY\"",
        ),
        (
            "A",
            "2018-01-02T12:04:05Z",
            "argument 0: invalid date format verb \"A\": must be \"AA\"",
        ),
    ] {
        assert_eq!(answer("formatdate", &[s(format), s(time)]), expected);
    }
}

#[test]
fn mistakes_in_timestamps() {
    for (time, expected) in [
        ("bad", "cannot use \"bad\" as year"),
        ("", "end of string before year"),
        ("2018", "end of string where \"-\" is expected"),
        (
            "2018/01/02T12:04:05Z",
            "found \"/01/02T12:04:05Z\" where \"-\" is expected",
        ),
        ("2018-13-02T12:04:05Z", "cannot use \"-02T12:04:05Z\" as month"),
        ("2018-1-02T12:04:05Z", "cannot use \"1-02T12:04:05Z\" as month"),
        ("2018-01-0", "cannot use \"0\" as day of month"),
        ("2018-01-", "end of string before day of month"),
        ("2018-02-30T12:04:05Z", "day out of range"),
        ("2018-01-02", "missing required time introducer 'T'"),
        ("2018-01-02 23:12:01Z", "missing required time introducer 'T'"),
        ("2018-01-02T", "end of string before hour"),
        ("2018-01-02T24:04:05Z", "hour must be between 0 and 23 inclusive"),
        ("2018-01-02T1:04:05Z", "hour must have exactly two digits"),
        ("2018-01-02T12", "end of string where \":\" is expected"),
        ("2018-01-02T12:60:05Z", "minute must have exactly two digits"),
        ("2018-01-02T12:04:60Z", "cannot use \"Z\" as second"),
        ("2018-01-02T12:04:5Z", "cannot use \"5Z\" as second"),
        ("2018-01-02T12:04:05", "end of string before UTC offset"),
        ("2018-01-02T12:04:05+0100", "cannot use \"+0100\" as UTC offset"),
        ("2018-01-02T12:04:05+24:00", "cannot use \"+24:00\" as UTC offset"),
        (
            "2018-01-02T12:04:05,123Z",
            "cannot use \",\" as timestamp segment",
        ),
        ("2018-01-02T12:04:05Zx", "cannot use \"x\" as timestamp segment"),
    ] {
        assert_eq!(
            answer("formatdate", &[s("YYYY"), s(time)]),
            format!("argument 1: not a valid RFC3339 timestamp: {expected}"),
            "{time}"
        );
    }
}

#[test]
fn later() {
    let t = "2017-11-22T00:00:00Z";
    for (time, duration, expected) in [
        (t, "-10m", "\"2017-11-21T23:50:00Z\""),
        (t, "1h30m5.5s", "\"2017-11-22T01:30:05Z\""),
        (t, ".5h", "\"2017-11-22T00:30:00Z\""),
        (t, "1µs", "\"2017-11-22T00:00:00Z\""),
        (t, "0", "\"2017-11-22T00:00:00Z\""),
        ("2017-11-22T00:00:00+02:00", "1h", "\"2017-11-22T01:00:00+02:00\""),
        ("2017-11-22T00:00:00-00:00", "1h", "\"2017-11-22T01:00:00Z\""),
        ("2017-11-22T00:00:00.9Z", "200ms", "\"2017-11-22T00:00:01Z\""),
        ("9999-12-31T23:00:00Z", "2h", "\"10000-01-01T01:00:00Z\""),
        ("0000-01-01T00:00:00Z", "-2h", "\"-0001-12-31T22:00:00Z\""),
        (t, "1d", "time: unknown unit \"d\" in duration \"1d\""),
        (t, "", "time: invalid duration \"\""),
        (t, "10", "time: missing unit in duration \"10\""),
        (t, "1h 2m", "time: unknown unit \"h \" in duration \"1h 2m\""),
        (t, "99999999h", "time: invalid duration \"99999999h\""),
        (t, "-", "time: invalid duration \"-\""),
        (
            "bad",
            "1h",
            "not a valid RFC3339 timestamp: cannot use \"bad\" as year",
        ),
    ] {
        assert_eq!(
            answer("timeadd", &[s(time), s(duration)]),
            expected,
            "{time} {duration}"
        );
    }
    assert_eq!(answer("timecmp", &[s(t), s("2017-11-22T01:00:00+01:00")]), "0");
    assert_eq!(answer("timecmp", &[s(t), s("2017-11-22T02:00:00+01:00")]), "-1");
    // It reads as loosely as Go does.
    assert_eq!(
        answer(
            "timecmp",
            &[s("2017-11-22T0:00:00Z"), s("2017-11-22T00:00:00,0Z")]
        ),
        "0"
    );
}

#[test]
fn now() {
    let mut around = Surroundings {
        timestamp: Some("2024-05-06T07:08:09Z".into()),
        plan_timestamp: Some("2024-05-06T07:08:00Z".into()),
        ..Surroundings::default()
    };
    assert_eq!(
        shown(call_in("plantimestamp", &[], &around)),
        "\"2024-05-06T07:08:00Z\""
    );
    assert!(!call_in("timestamp", &[], &around).unwrap().is_known());
    around.impure = true;
    assert_eq!(
        shown(call_in("timestamp", &[], &around)),
        "\"2024-05-06T07:08:09Z\""
    );
    assert!(
        call("timeadd", &[secret(s("2024-05-06T07:08:09Z")), s("1h")])
            .unwrap()
            .is_sensitive()
    );
}

proptest::proptest! {
    #[test]
    fn there_and_back(seconds in -60_000_000_000i64..250_000_000_000, hours in 0i64..100_000) {
        let t = Timestamp { seconds, nanos: 0, offset: 0 };
        if (0..=9999).contains(&t.civil().year) {
            assert_eq!(clock::parse(&t.to_rfc3339()), Ok(t));
        }
        let step = hours * 3_600_000_000_000;
        assert_eq!(t.plus(step).plus(-step), t);
    }
}
