//! Identifiers in the shapes that Confluent Cloud gives out.

use rand::RngExt;

const SUFFIX: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const KEY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn pick(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]))
        .collect()
}

/// `<prefix>-` and six characters of `[a-z0-9]`.
pub(crate) fn object(prefix: &str) -> String {
    format!("{prefix}-{}", pick(SUFFIX, 6))
}

/// The id of an API key: 16 capitals and digits.
pub(crate) fn api_key() -> String {
    pick(KEY, 16)
}

/// The secret of an API key: 64 characters of the Base64 alphabet.
pub(crate) fn api_secret() -> String {
    pick(SECRET, 64)
}

/// A random UUID, for organizations and statements.
pub(crate) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The id of a request or of an error: 32 hexadecimal digits.
pub(crate) fn request() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
