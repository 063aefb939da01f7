use super::super::oracle::{answer, call, call_in, n, s, secret};
use super::*;

#[test]
fn hashes() {
    for (name, text, expected) in [
        ("md5", "hello", "5d41402abc4b2a76b9719d911017c592"),
        ("sha1", "e\u{301}", "bf15be717ac1b080b4f1c456692825891ff5073d"),
        (
            "sha256",
            "true",
            "b5bea41b6c623f7c09f1bf24dcae58ebab3c0cdd90ad966bc43a45b44867e12b",
        ),
        (
            "sha512",
            "a",
            "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75",
        ),
        (
            "base64sha256",
            "hello",
            "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        ),
    ] {
        assert_eq!(answer(name, &[s(text)]), format!("\"{expected}\""));
        assert!(call(name, &[secret(s(text))]).unwrap().is_sensitive());
        assert!(!call(name, &[Value::unknown(Type::String)]).unwrap().is_known());
    }
}

#[test]
fn identifiers() {
    for (namespace, name, expected) in [
        (
            "url",
            "https://example.com/",
            "\"dd2c1780-811a-5296-81c5-178a0ef488bc\"",
        ),
        ("oid", "1.2.3", "\"42d5e23b-3a02-5135-85c6-52d1102f1f00\""),
        ("x500", "CN=Example", "\"fc36744a-3783-5ebd-aac6-5c7766b1e223\""),
        (
            "6ba7b8109dad11d180b400c04fd430c8",
            "x",
            "\"05b16a01-46c6-56dd-bd6e-c6dfb4a1427a\"",
        ),
        (
            "nope",
            "x",
            "uuidv5() doesn't support namespace nope (invalid UUID length: 4)",
        ),
    ] {
        assert_eq!(answer("uuidv5", &[s(namespace), s(name)]), expected);
    }
    let around = Surroundings {
        impure: true,
        ..Surroundings::default()
    };
    let id = call_in("uuid", &[], &around).unwrap();
    assert_eq!(id.as_str().unwrap().len(), 36);
    assert!(!call("uuid", &[]).unwrap().is_known());
}

#[test]
fn passwords() {
    let around = Surroundings {
        impure: true,
        ..Surroundings::default()
    };
    let hash = call_in("bcrypt", &[s("x"), n("4")], &around).unwrap();
    let hash = hash.as_str().unwrap();
    assert!(hash.starts_with("$2a$04$") && bcrypt::verify("x", hash).unwrap());
    assert!(!call("bcrypt", &[s("x")]).unwrap().is_known());
    for (args, expected) in [
        (
            vec![s("x"), n("99")],
            "error occured generating password crypto/bcrypt: cost 99 is outside allowed range (4,31)",
        ),
        (
            vec![s("x"), n("5"), n("6")],
            "bcrypt() takes no more than two arguments",
        ),
        (
            vec![s(&"a".repeat(73))],
            "error occured generating password bcrypt: password length exceeds 72 bytes",
        ),
    ] {
        assert_eq!(answer("bcrypt", &args), expected);
    }
    assert!(answer("bcrypt", &[s("x"), n("31")]).contains("use a lower one"));
}

/// A key of 1024 bits, made for this test, and a text encrypted for it.
const KEY: &str = include_str!("test_key.pem");
const CIPHER: &str = include_str!("test_cipher.b64");

#[test]
fn decryption() {
    assert_eq!(
        answer("rsadecrypt", &[s(CIPHER.trim()), s(KEY)]),
        "\"the secret message\""
    );
    assert_eq!(
        answer("rsadecrypt", &[s("!!"), s(KEY)]),
        "argument 0: failed to decode input \"!!\": cipher text must be base64-encoded"
    );
    assert_eq!(
        answer("rsadecrypt", &[s("aGVsbG8="), s("y")]),
        "argument 1: invalid private key: no key found"
    );
    assert!(answer("rsadecrypt", &[s("aGVsbG8="), s(KEY)]).starts_with("failed to decrypt"));
    let wrong = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----";
    assert!(answer("rsadecrypt", &[s("aGVsbG8="), s(wrong)]).starts_with("argument 1: invalid private key"));
}
