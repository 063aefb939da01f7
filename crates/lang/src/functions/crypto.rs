//! Hashes, passwords, identifiers, decryption.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use super::Function;
use super::Surroundings;
use super::define::Outcome;
use super::define::failed;
use super::define::function;
use super::define::gives_string;
use super::define::number;
use super::define::string;
use super::define::text;
use super::define::unknown;
use super::define::whole;
use super::define::wrong;
use super::rsa;
use crate::syntax::go_quoted;
use crate::value::Type;
use crate::value::Value;

/// Go's default.
const USUAL_COST: u32 = 10;

/// A cost above this would keep a machine busy for many minutes.
const HIGHEST_COST: u32 = 20;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    let hash = |name, description, body| function(name, description, [string("str")], gives_string, body);
    vec![
        hash("base64sha256", "The SHA-256 hash of a text as Base64.", |a, _| {
            Ok(Value::string(STANDARD.encode(sha256(text(a, 0).as_bytes()))))
        }),
        hash("base64sha512", "The SHA-512 hash of a text as Base64.", |a, _| {
            Ok(Value::string(STANDARD.encode(sha512(text(a, 0).as_bytes()))))
        }),
        function(
            "bcrypt",
            "A hash of a password that is slow to compute.",
            [string("str")],
            gives_string,
            bcrypt,
        )
        .variadic(number("cost")),
        hash("md5", "The MD5 hash of a text.", |a, _| {
            Ok(Value::string(hex(&md5(text(a, 0).as_bytes()))))
        }),
        function(
            "rsadecrypt",
            "Decrypts what was encrypted for an RSA key.",
            [string("ciphertext"), string("privatekey")],
            gives_string,
            rsadecrypt,
        ),
        hash("sha1", "The SHA-1 hash of a text.", |a, _| {
            Ok(Value::string(hex(&sha1(text(a, 0).as_bytes()))))
        }),
        hash("sha256", "The SHA-256 hash of a text.", |a, _| {
            Ok(Value::string(hex(&sha256(text(a, 0).as_bytes()))))
        }),
        hash("sha512", "The SHA-512 hash of a text.", |a, _| {
            Ok(Value::string(hex(&sha512(text(a, 0).as_bytes()))))
        }),
        function(
            "uuid",
            "A new random identifier.",
            [],
            gives_string,
            |_, around| {
                Ok(if around.impure {
                    Value::string(uuid::Uuid::new_v4().to_string())
                } else {
                    unknown(Type::String)
                })
            },
        ),
        function(
            "uuidv5",
            "An identifier that a name has in a namespace.",
            [string("namespace"), string("name")],
            gives_string,
            uuidv5,
        ),
    ]
}

pub(super) fn md5(bytes: &[u8]) -> Vec<u8> {
    md5::Md5::digest(bytes).to_vec()
}

pub(super) fn sha1(bytes: &[u8]) -> Vec<u8> {
    sha1::Sha1::digest(bytes).to_vec()
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    sha2::Sha256::digest(bytes).to_vec()
}

pub(super) fn sha512(bytes: &[u8]) -> Vec<u8> {
    sha2::Sha512::digest(bytes).to_vec()
}

/// Two lower-case digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let pair = |b: &u8| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]];
    let digits: Vec<[u8; 2]> = bytes.iter().map(pair).collect();
    // INVARIANT: digits are ASCII.
    String::from_utf8(digits.into_flattened()).unwrap_or_default()
}

fn bcrypt(a: &[Value], around: &Surroundings) -> Outcome {
    if a.len() > 2 {
        return Err(failed("bcrypt() takes no more than two arguments"));
    }
    let cost = match a.get(1) {
        Some(v) => whole(v).map_err(failed)?,
        None => i64::from(USUAL_COST),
    };
    let problem = |why: String| Err(failed(format!("error occured generating password {why}")));
    if cost > 31 {
        return problem(format!(
            "crypto/bcrypt: cost {cost} is outside allowed range (4,31)"
        ));
    }
    // Too low a cost is raised to the usual one, as Go does.
    let cost = u32::try_from(cost).ok().filter(|c| *c >= 4).unwrap_or(USUAL_COST);
    if cost > HIGHEST_COST {
        return problem(format!(
            "a cost above {HIGHEST_COST} would take many minutes; use a lower one"
        ));
    }
    let password = text(a, 0);
    if password.len() > 72 {
        return problem("bcrypt: password length exceeds 72 bytes".to_owned());
    }
    if !around.impure {
        return Ok(unknown(Type::String));
    }
    match bcrypt::hash_with_result(password, cost) {
        Ok(parts) => Ok(Value::string(parts.format_for_version(bcrypt::Version::TwoA))),
        Err(e) => problem(e.to_string()),
    }
}

fn uuidv5(a: &[Value], _: &Surroundings) -> Outcome {
    let given = text(a, 0);
    let namespace = match given {
        "dns" => uuid::Uuid::NAMESPACE_DNS,
        "url" => uuid::Uuid::NAMESPACE_URL,
        "oid" => uuid::Uuid::NAMESPACE_OID,
        "x500" => uuid::Uuid::NAMESPACE_X500,
        other => uuid::Uuid::parse_str(other).map_err(|_| {
            let why = match other.len() {
                32 | 36 | 38 | 45 => "invalid UUID format".to_owned(),
                n => format!("invalid UUID length: {n}"),
            };
            failed(format!("uuidv5() doesn't support namespace {other} ({why})"))
        })?,
    };
    Ok(Value::string(
        uuid::Uuid::new_v5(&namespace, text(a, 1).as_bytes()).to_string(),
    ))
}

fn rsadecrypt(a: &[Value], _: &Surroundings) -> Outcome {
    let cipher = super::encoding::from_base64(text(a, 0)).ok_or_else(|| {
        wrong(
            0,
            format!(
                "failed to decode input {}: cipher text must be base64-encoded",
                go_quoted(text(a, 0))
            ),
        )
    })?;
    let key = rsa::Key::from_pem(text(a, 1)).map_err(|e| wrong(1, e))?;
    let plain = key
        .decrypt(&cipher)
        .ok_or_else(|| failed("failed to decrypt: error occurred while attempting to decrypt: the key does not fit, or the text is damaged"))?;
    String::from_utf8(plain)
        .map(Value::string)
        .map_err(|_| failed("the decrypted bytes are not valid UTF-8"))
}

#[cfg(test)]
mod tests;
