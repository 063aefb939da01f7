//! Keys from age identities (<https://age-encryption.org/v1>): the bytes of an identity, which are random, are hashed to a key.
//!
//! Nothing is encrypted to a recipient: whoever seals a state also reads it, so both hold the identity. (The crate `age` would bring a
//! hundred others for a part of it that is not needed here.)

use std::path::PathBuf;

use sha2::Digest as _;
use sha2::Sha256;

use super::KEY_BYTES;

/// Where identities are.
#[derive(Clone)]
pub(super) enum Place {
    File(PathBuf),
    /// The identity itself, as CI systems hand out secrets.
    Here(String),
}

impl Place {
    pub(super) fn of(identity: &str) -> Self {
        if identity
            .trim_start()
            .to_ascii_uppercase()
            .starts_with("AGE-SECRET-KEY-")
        {
            Self::Here(identity.to_owned())
        } else {
            Self::File(identity.into())
        }
    }

    /// The keys of all identities, in their order. The error says what is wrong, and nothing of what is in them.
    pub(super) fn keys(&self) -> Result<Vec<[u8; KEY_BYTES]>, String> {
        match self {
            Self::Here(text) => keys(text),
            Self::File(path) => {
                let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
                if bytes.starts_with(b"age-encryption.org/") {
                    return Err(unsupported("it is encrypted"));
                }
                keys(&String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?)
            }
        }
    }
}

fn unsupported(what: &str) -> String {
    format!(
        "{what}, which only age itself can use. Encrypt a key to it and let age print the key: \
         `openssl rand -base64 32 | age -e -i IDENTITY -o state.key.age`, and \
         STREAMFORM_STATE_KEY_COMMAND='age -d -i IDENTITY state.key.age'"
    )
}

fn keys(text: &str) -> Result<Vec<[u8; KEY_BYTES]>, String> {
    let mut keys = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("-----BEGIN AGE ENCRYPTED") {
            return Err(unsupported("it is encrypted"));
        }
        if line.starts_with("-----BEGIN") {
            return Err(unsupported("it is an SSH key"));
        }
        if line.starts_with("AGE-PLUGIN-") {
            return Err(unsupported("it is an identity of a plugin"));
        }
        let bad = || format!("line {} is no age identity (AGE-SECRET-KEY-1…)", i + 1);
        let (kind, secret) = bech32::decode(line).map_err(|_| bad())?;
        let kind = kind.to_lowercase();
        if !matches!(kind.as_str(), "age-secret-key-" | "age-secret-key-pq-") || secret.len() != 32 {
            return Err(bad());
        }
        keys.push(
            Sha256::new()
                .chain_update("streamform-age-1\0")
                .chain_update(&secret)
                .finalize()
                .into(),
        );
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The identity of the example in the specification's repository (testkit), known to everybody.
    const KNOWN: &str = "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6";

    #[test]
    fn an_identity_is_a_key_whether_in_a_file_or_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.txt");
        std::fs::write(&path, format!("# created: now\n# public key: age1…\n{KNOWN}\n")).unwrap();
        let one = Place::of(KNOWN).keys().unwrap();
        assert_eq!(one.len(), 1);
        assert_eq!(Place::of(path.to_str().unwrap()).keys().unwrap(), one);
    }

    #[test]
    fn what_only_age_can_use_is_told() {
        for (text, word) in [
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "SSH"),
            ("-----BEGIN AGE ENCRYPTED FILE-----\n", "encrypted"),
            ("AGE-PLUGIN-YUBIKEY-1ABC\n", "plugin"),
        ] {
            let told = keys(text).unwrap_err();
            assert!(told.contains(word) && told.contains("age -d"), "{told}");
        }
        let told = keys("AGE-SECRET-KEY-1ABCDEF\n").unwrap_err();
        assert!(told.contains("line 1") && !told.contains("ABCDEF"), "{told}");
    }
}
