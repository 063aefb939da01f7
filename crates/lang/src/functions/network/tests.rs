use super::super::oracle::{answer, call, n, s, secret};
use super::*;
use crate::value::Type;

#[test]
fn hosts() {
    for (prefix, number, expected) in [
        ("10.0.0.0/8", "268", "\"10.0.1.12\""),
        ("10.0.0.0/24", "255", "\"10.0.0.255\""),
        ("10.0.0.0/8", "-1", "\"10.255.255.255\""),
        ("10.0.0.5/24", "1", "\"10.0.0.1\""),
        ("010.0.0.00/08", "1", "\"10.0.0.1\""),
        ("fe80::/64", "-2", "\"fe80::ffff:ffff:ffff:fffe\""),
        ("fd00::/8", "18446744073709551616", "\"fd00:0:0:1::\""),
        ("10.0.0.0/32", "0", "\"10.0.0.0\""),
        (
            "10.0.0.0/24",
            "-257",
            "prefix of 24 does not accommodate a host numbered -1",
        ),
        (
            "10.0.0.0/24",
            "256",
            "prefix of 24 does not accommodate a host numbered 256",
        ),
        ("10.0.0.0/24", "1.5", "value must be a whole number"),
        (
            "10.0.0.0/33",
            "1",
            "invalid CIDR expression: invalid CIDR address: 10.0.0.0/33",
        ),
        ("bad", "1", "invalid CIDR expression: invalid CIDR address: bad"),
    ] {
        assert_eq!(
            answer("cidrhost", &[s(prefix), n(number)]),
            expected,
            "{prefix} {number}"
        );
    }
}

#[test]
fn masks() {
    assert_eq!(answer("cidrnetmask", &[s("10.0.0.0/8")]), "\"255.0.0.0\"");
    assert_eq!(answer("cidrnetmask", &[s("10.0.0.0/0")]), "\"0.0.0.0\"");
    assert_eq!(
        answer("cidrnetmask", &[s("fd00::/8")]),
        "IPv6 addresses cannot have a netmask: fd00::/8"
    );
    assert_eq!(
        answer("cidrnetmask", &[s("10.0.0.0")]),
        "invalid CIDR expression: invalid CIDR address: 10.0.0.0"
    );
}

#[test]
fn one_part() {
    for (prefix, bits, number, expected) in [
        ("10.0.0.0/8", "8", "2", "\"10.2.0.0/16\""),
        ("172.16.0.0/12", "4", "15", "\"172.31.0.0/16\""),
        ("::/0", "128", "1", "\"::1/128\""),
        ("10.0.0.0/8", "-1", "0", "\"10.0.0.0/7\""),
        ("10.0.0.0/8", "8", "-1", "\"0.1.0.0/16\""),
        ("10.0.0.0/8", "8", "-2", "\"0.2.0.0/16\""),
        ("fd00::/8", "64", "-1", "\"::100:0:0:0/72\""),
        (
            "fd00:fd12:3456:7890::/56",
            "16",
            "162",
            "\"fd00:fd12:3456:7800:a200::/72\"",
        ),
        (
            "10.0.0.0/8",
            "25",
            "0",
            "insufficient address space to extend prefix of 8 by 25",
        ),
        (
            "10.0.0.0/8",
            "8",
            "256",
            "prefix extension of 8 does not accommodate a subnet numbered 256",
        ),
        (
            "10.0.0.0/8",
            "8",
            "-257",
            "prefix extension of 8 does not accommodate a subnet numbered -257",
        ),
        ("10.0.0.0/8", "-9", "0", "cannot shorten a prefix of 8 by 9"),
    ] {
        assert_eq!(
            answer("cidrsubnet", &[s(prefix), n(bits), n(number)]),
            expected,
            "{prefix} {bits} {number}"
        );
    }
}

#[test]
fn many_parts() {
    for (prefix, bits, expected) in [
        ("10.0.0.0/8", vec![], "[]"),
        (
            "10.0.0.0/8",
            vec!["8", "4", "8"],
            r#"["10.0.0.0/16","10.16.0.0/12","10.32.0.0/16"]"#,
        ),
        (
            "10.0.0.0/24",
            vec!["2", "1"],
            r#"["10.0.0.0/26","10.0.0.128/25"]"#,
        ),
        ("fd00::/8", vec!["32", "32"], r#"["fd00::/40","fd00:0:100::/40"]"#),
        (
            "10.0.0.0/24",
            vec!["1", "1", "1"],
            "argument 3: not enough remaining address space for a subnet with a prefix of 25 bits after 10.0.0.128/25",
        ),
        (
            "255.255.255.0/24",
            vec!["1", "1", "1"],
            "argument 3: not enough remaining address space for a subnet with a prefix of 25 bits after 255.255.255.128/25",
        ),
        (
            "10.0.0.0/24",
            vec!["0"],
            "argument 1: must extend prefix by at least one bit",
        ),
        (
            "fd00::/8",
            vec!["33"],
            "argument 1: may not extend prefix by more than 32 bits",
        ),
        (
            "10.0.0.0/24",
            vec!["9"],
            "argument 1: would extend prefix to 33 bits, which is too long for an IPv4 address",
        ),
        (
            "x",
            vec!["1"],
            "argument 0: invalid CIDR expression: invalid CIDR address: x",
        ),
    ] {
        let mut args = vec![s(prefix)];
        args.extend(bits.iter().map(|b| n(b)));
        assert_eq!(answer("cidrsubnets", &args), expected, "{prefix} {bits:?}");
    }
}

#[test]
fn unknown_and_secret() {
    assert_eq!(
        call("cidrhost", &[s("10.0.0.0/8"), Value::unknown(Type::Number)]).unwrap(),
        Value::unknown_not_null(Type::String)
    );
    assert!(
        call("cidrnetmask", &[secret(s("10.0.0.0/8"))])
            .unwrap()
            .is_sensitive()
    );
}
