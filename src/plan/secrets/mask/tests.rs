use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn mask(secrets: &[&str]) -> Mask {
    let mut mask = Mask::default();
    for secret in secrets {
        mask.add(&Arc::from(*secret));
    }
    mask
}

#[track_caller]
fn is(mask: &Mask, text: &str, masked: &str) {
    assert_eq!(mask.apply(text), masked);
}

#[test]
fn masks_what_it_knows_and_nothing_else() {
    let m = mask(&["hunter2hunter2", "short", "pass word one"]);
    is(&m, "a hunter2hunter2 b", "a (sensitive value) b");
    is(&m, "hunter2hunter", "hunter2hunter");
    is(&m, "short", "short");
    is(&m, "xpass word onex", "x(sensitive value)x");
    assert!(matches!(Mask::default().apply("anything"), Cow::Borrowed(_)));
    assert!(matches!(m.apply("anything at all"), Cow::Borrowed(_)));
}

#[test]
fn masks_secrets_that_overlap_and_touch() {
    let m = mask(&["abcdefgh12", "gh12345678", "abcdefgh"]);
    is(&m, "<abcdefgh12345678>", "<(sensitive value)>");
    is(&m, "<abcdefghxx>", "<(sensitive value)xx>");
    is(&m, "abcdefgh12abcdefgh12", "(sensitive value)");
}

#[test]
fn masks_what_is_broken_over_lines_and_framed() {
    let m = mask(&["correct horse battery staple"]);
    is(
        &m,
        "│ it is correct horse\n│ battery staple.\n╵\n",
        "│ it is (sensitive value).\n╵\n",
    );
    is(
        &m,
        "\u{1b}[31mcorrect\u{1b}[0m horse battery staple",
        "\u{1b}[31m(sensitive value)",
    );
    let key =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcw\n-----END PRIVATE KEY-----\n";
    let m = mask(&[key]);
    is(
        &m,
        "      + -----BEGIN PRIVATE KEY-----\n      + MIIEvQIBADANBgkqhkiG\n      + 9w0BAQEFAASCBKcw\n      + -----END PRIVATE KEY-----\n",
        "      + (sensitive value)\n",
    );
    is(
        &m,
        "a (local-exec): 9w0BAQEFAASCBKcw\n",
        "a (local-exec): (sensitive value)\n",
    );
    is(&m, "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----");
}

#[test]
fn json_stays_json() {
    let secret = "\"quoted\\ and\n<breaks> \u{1f600}é\"";
    let m = mask(&[secret, "12345678"]);
    let once = serde_json::to_string(&serde_json::json!({ "a": secret, "b": 1 })).unwrap();
    is(&m, &once, r#"{"a":"(sensitive value)","b":1}"#);
    let twice = serde_json::to_string(&serde_json::json!({ "a": once })).unwrap();
    is(&m, &twice, r#"{"a":"{\"a\":\"(sensitive value)\",\"b\":1}"}"#);
    is(
        &m,
        r#"{"a":"\"quoted\\ and\n\u003cbreaks\u003e \ud83d\ude00\u00e9\""}"#,
        r#"{"a":"(sensitive value)"}"#,
    );
    is(
        &m,
        r#"{"a":12345678,"b":[12345678]}"#,
        r#"{"a":"(sensitive value)","b":["(sensitive value)"]}"#,
    );
}

#[test]
fn masks_base64_at_every_place_and_width() {
    let secret = "p@ssw0rd/that+is?long enough to be wrapped, and by far longer than a line of base64";
    let m = mask(&[secret]);
    for before in ["", "u", "us", "use", "user:"] {
        for after in ["", "x", "xy", "xyz"] {
            let plain = format!("{before}{secret}{after}");
            for text in [STANDARD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)] {
                let masked = m.apply(&text);
                assert!(masked.contains(MASKED), "{text}");
                assert!(masked.len() <= MASKED.len() + 16, "{masked}");
            }
        }
    }
    let text = STANDARD.encode(secret);
    is(&m, &text, MASKED);
    for width in [64, 76] {
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(width)
            .map(|l| std::str::from_utf8(l).unwrap())
            .collect();
        is(&m, &lines.join("\n"), MASKED);
        for line in &lines {
            assert!(m.finds(line), "a line by itself: {line}");
        }
    }
}

#[test]
fn masks_escapes_of_urls() {
    let m = mask(&["p@ss w/rd+?=&é"]);
    for text in [
        "https://u:p%40ss%20w%2Frd%2B%3F%3D%26%C3%A9@host/",
        "password=p%40ss+w%2Frd%2B%3F%3D%26%C3%A9&x=1",
        "p%40ss%20w%2frd%2b%3f%3d%26%c3%a9",
        "/p@ss%20w/rd+%3F=&%C3%A9",
    ] {
        assert!(m.finds(text), "{text}");
    }
}

#[test]
fn masks_references_of_html() {
    let m = mask(&["T0p\"Secret\\x\\y", "<pass&word>"]);
    for text in [
        "T0p\"Secret&#92;x&#92;y",
        "T0p&#92;\"Secret&#92;&#92;x&#92;&#92;y",
        "T0p&quot;Secret&#92;x&#92;y",
        "&lt;pass&amp;word&gt;",
    ] {
        is(&m, &format!("a{text}b"), "a(sensitive value)b");
    }
    is(&m, "&lt;passing&gt; &unknown; &", "&lt;passing&gt; &unknown; &");
}

#[test]
fn commas_in_a_string_make_no_number_of_it() {
    let m = mask(&["1234567890"]);
    is(
        &m,
        r#"{"a":",1234567890,","b":[1234567890,1]}"#,
        r#"{"a":",(sensitive value),","b":["(sensitive value)",1]}"#,
    );
    is(
        &m,
        r#"{"a":"\",":",1234567890,"}"#,
        r#"{"a":"\",":",(sensitive value),"}"#,
    );
}

proptest! {
    /// Nothing panics, no form of a secret is left, and JSON stays JSON.
    #[test]
    fn no_form_is_left(secret in "[ -~\n\téß]{8,40}", before in "[ -~]{0,12}", after in "[ -~]{0,12}") {
        prop_assume!(secret.chars().filter(|c| !c.is_whitespace() && *c != '\\').count() >= 14);
        prop_assume!(!MASKED.contains(secret.trim()));
        let m = mask(&[&secret]);
        let text = format!("{before}{secret}{after}");
        prop_assert!(m.finds(&secret));
        prop_assert!(!m.apply(&secret).contains(secret.trim()));
        let json = serde_json::json!({ "k": text, "l": [&secret] });
        let masked = m.apply(&json.to_string()).into_owned();
        let back: serde_json::Value = serde_json::from_str(&masked).unwrap();
        prop_assert_ne!(back["l"][0].as_str().unwrap(), secret.as_str());
        for shift in 0..3 {
            let encoded = STANDARD.encode(["abc".get(..shift).unwrap(), &secret].concat());
            prop_assert!(m.finds(&encoded));
        }
        let url = utf8_percent_encode(&secret, COMPONENT).to_string();
        prop_assert!(m.finds(&url));
    }

    /// Any text may come.
    #[test]
    fn takes_any_text(text in "(\\PC|[\\\\ud8\n\"]){0,80}") {
        let m = mask(&["hunter2hunter2", "\\ud83d\\ude00\\\\n-----", "   12345678"]);
        let _ = m.apply(&text);
    }
}
