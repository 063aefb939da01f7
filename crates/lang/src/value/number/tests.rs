use super::*;

fn n(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn reads_what_terraform_reads() {
    for (text, shown) in [
        ("5", "5"),
        ("+5", "5"),
        ("05", "5"),
        ("-0.0", "-0"),
        ("-0", "-0"),
        ("-0e99999999", "-0"),
        ("Inf", "+Inf"),
        ("-inf", "-Inf"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.50", "1.5"),
        ("1e5", "100000"),
        ("1E-3", "0.001"),
        ("99999999999999999999", "99999999999999999999"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0.1", "0.1"),
        ("1p3", "8"),
        ("-1.5p-1", "-0.75"),
    ] {
        assert_eq!(n(text).to_string(), shown, "{text}");
    }
    for text in [
        "",
        "-",
        ".",
        "e5",
        "1e",
        "1_000",
        "0x10",
        " 1",
        "1 ",
        "one",
        "1.2.3",
        "--1",
        "1e9999999999",
    ] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
}

#[test]
fn computes_with_512_bits() {
    assert_eq!(n("0.1").add(&n("0.2")).unwrap().to_string(), "0.3");
    assert_eq!(n("1").div(&n("3")).unwrap().mul(&n("3")).unwrap(), Number::ONE);
    assert_eq!(
        n("2").div(&n("3")).unwrap().to_string(),
        "0.6666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666666667"
    );
    assert_eq!(
        n("10").div(&n("3")).unwrap().to_string(),
        "3.3333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333332"
    );
    assert_eq!(
        n("5").rem(&n("0.3")).unwrap().to_string(),
        "0.19999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999976"
    );
    assert_eq!(
        n("-9223372036854775808").sub(&Number::ONE).unwrap().to_string(),
        "-9223372036854775809"
    );
    assert_eq!(
        n("9223372036854775808").sub(&Number::ONE).unwrap().as_i64(),
        Some(i64::MAX)
    );
    assert_eq!(n("2.5e-5").mul(&n("4")).unwrap().to_string(), "0.0001");
}

#[test]
fn large_integers_print_the_digits_that_are_known() {
    let shown = n("1e600").div(&n("3")).unwrap().to_string();
    assert_eq!(shown.len(), 600);
    assert!(shown.starts_with("3333333333") && shown.ends_with("0000000000"));
    assert_eq!(n("1e600").to_string(), format!("1{}", "0".repeat(600)));
}

#[test]
fn remainder_rounds_to_zero() {
    for (a, b, rest) in [
        ("7", "-3", "1"),
        ("-7", "3", "-1"),
        ("-7", "-3", "-1"),
        ("7.5", "2", "1.5"),
        ("1", "0", "1"),
        ("0.3", "0.1", "0"),
    ] {
        assert_eq!(n(a).rem(&n(b)).unwrap().to_string(), rest, "{a} % {b}");
    }
    assert_eq!(Number::ONE.div(&Number::ZERO).unwrap().to_string(), "+Inf");
}

#[test]
fn floats_keep_their_short_form() {
    assert_eq!(
        Number::from_f64(2f64.powi(100)).unwrap().to_string(),
        "1267650600228229400000000000000"
    );
    assert_eq!(
        Number::from_f64(3f64.powi(39)).unwrap().to_string(),
        "4052555153018976000"
    );
    assert_eq!(Number::from_f64(0.01).unwrap().to_string(), "0.01");
    assert_eq!(Number::from_f64(3.0).unwrap().as_i64(), Some(3));
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(Number::from_f64(f64::INFINITY).unwrap().to_string(), "+Inf");
}

#[test]
fn rounds_to_integers() {
    for (text, floor, ceil, trunc) in [
        ("-0.5", "-1", "0", "0"),
        ("1.2", "1", "2", "1"),
        ("-3", "-3", "-3", "-3"),
    ] {
        assert_eq!(n(text).floor().to_string(), floor);
        assert_eq!(n(text).ceil().to_string(), ceil);
        assert_eq!(n(text).trunc().to_string(), trunc);
    }
    assert_eq!(n("1e20").floor().to_string(), "100000000000000000000");
    assert_eq!(n("0.9999999999999999999999").floor(), Number::ZERO);
}

#[test]
fn exact_digits() {
    assert_eq!(n("0").exact_digits(), (String::new(), 0));
    assert_eq!(n("-1200").exact_digits(), ("12".into(), 4));
    assert_eq!(
        Number::from_f64(0.03125).unwrap().exact_digits(),
        ("3125".into(), -1)
    );
    assert!(n("2.675").exact_digits().0.starts_with("26749999999999"));
}

#[test]
fn bases() {
    assert_eq!(Number::parse_radix("-ff", 16).unwrap().as_i64(), Some(-255));
    assert_eq!(n("255").to_radix(2).unwrap(), "11111111");
    assert_eq!(n("0.5").to_radix(2), None);
}

proptest::proptest! {
    #[test]
    fn what_is_printed_reads_back(digits in "[1-9][0-9]{0,200}", scale in -300i32..300, over in 1i64..1_000_000) {
        let a = n(&format!("{digits}e{scale}"));
        proptest::prop_assert_eq!(&n(&a.to_string()), &a);
        let b = a.div(&Number::from(over)).unwrap();
        proptest::prop_assert_eq!(n(&b.to_string()), b);
    }

    #[test]
    fn integers_are_exact(a: i64, b: i64) {
        let wide = |f: fn(i128, i128) -> i128| f(a.into(), b.into()).to_string();
        let (x, y) = (Number::from(a), Number::from(b));
        proptest::prop_assert_eq!(x.add(&y).unwrap().to_string(), wide(|a, b| a + b));
        proptest::prop_assert_eq!(x.sub(&y).unwrap().to_string(), wide(|a, b| a - b));
        proptest::prop_assert_eq!(x.mul(&y).unwrap().to_string(), wide(|a, b| a * b));
        if b != 0 {
            proptest::prop_assert_eq!(x.rem(&y).unwrap().to_string(), wide(|a, b| a % b));
        }
        proptest::prop_assert_eq!(x.cmp(&y), a.cmp(&b));
    }

    #[test]
    fn hostile_text_is_no_number_or_one(text in "[-+0-9.eEpP_ ]{0,12}") {
        if let Some(number) = Number::parse(&text) {
            let _ = number.rem(&Number::from(7i64)).unwrap();
            let _ = number.floor().as_i64();
        }
    }
}

#[test]
fn zero_has_a_sign_and_infinities_are_numbers() {
    let (inf, less, minus) = (n("Inf"), n("-Inf"), n("-0"));
    for (result, shown) in [
        (Number::ZERO.mul(&n("-5")), "-0"),
        (Number::ZERO.div(&n("-5")), "-0"),
        (minus.add(&minus), "-0"),
        (minus.add(&Number::ZERO), "0"),
        (minus.sub(&Number::ZERO), "-0"),
        (minus.sub(&minus), "0"),
        (minus.rem(&n("3")), "-0"),
        (n("-3").rem(&n("3")), "0"),
        (Number::ONE.div(&minus), "-Inf"),
        (inf.add(&Number::ONE), "+Inf"),
        (Number::ONE.sub(&inf), "-Inf"),
        (less.mul(&n("-2")), "+Inf"),
        (inf.div(&n("-2")), "-Inf"),
        (n("-1").div(&inf), "-0"),
        (inf.sub(&less), "+Inf"),
    ] {
        assert_eq!(result.unwrap().to_string(), shown);
    }
    for (result, why) in [
        (inf.add(&less), Undefined::Sum),
        (inf.sub(&inf), Undefined::Difference),
        (inf.mul(&Number::ZERO), Undefined::Product),
        (inf.div(&less), Undefined::Quotient),
        (Number::ZERO.div(&minus), Undefined::Quotient),
        (n("5").rem(&inf), Undefined::Remainder),
    ] {
        assert_eq!(result, Err(why));
    }
    assert_eq!(minus, Number::ZERO);
    assert!(less < n("-1e400") && n("1e400") < inf && inf == inf);
    assert!(!inf.is_integer() && inf.as_i64().is_none() && minus.as_i64() == Some(0));
    assert_eq!(inf.floor(), inf);
    assert_eq!(minus.abs().to_string(), "0");
    assert_eq!(Number::from_f64(f64::NEG_INFINITY), Some(less));
}

#[test]
fn numbers_with_the_same_digits_are_equal() {
    use std::hash::BuildHasher;
    let hash = |n: &Number| std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one(n);
    for f in [0.584_962_500_721_156_2, 2.828_427_124_746_19, 1e300, 5e-324, -0.1] {
        let computed = Number::from_f64(f).unwrap();
        let read = n(&computed.to_string());
        assert_eq!(computed, read);
        assert_eq!(read, computed);
        assert_eq!(hash(&computed), hash(&read));
        assert_eq!(computed.cmp(&read), std::cmp::Ordering::Equal);
    }
    // The exact values are not the same.
    let computed = Number::from_f64(0.1).unwrap();
    assert_eq!(computed.compare(&n("0.1")), std::cmp::Ordering::Greater);
    assert!(computed < n("0.1000000000000001") && n("0.0999999999999999") < computed);
}
