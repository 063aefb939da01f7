//! Keys from a passphrase: Argon2id with a random salt. Salt and parameters lie beside what is sealed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Params;
use argon2::Version;

use super::KEY_BYTES;
use super::Loaded;
use crate::bytes;

const SALT_BYTES: usize = 16;

/// RFC 9106, section 4, second recommended option: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// What a stored recipe may ask for at most: it comes from a file that somebody else may have written.
const MOST_MEMORY_KIB: u32 = 1 << 20;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// Keys by their recipes. Deriving one takes about a tenth of a second, also where it turns out to be the wrong one.
#[derive(Clone, Default)]
pub(super) struct Derived(Arc<Mutex<Vec<Arc<Loaded>>>>);

impl Derived {
    /// The key of a passphrase by a recipe; `None` where the recipe is none, or asks for too much.
    pub(super) fn get(&self, passphrase: &str, recipe: &str) -> Option<Arc<Loaded>> {
        // Held while a key is derived: whoever asks for the same one waits for it.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = known
            .iter()
            .find(|loaded| loaded.recipe.as_deref() == Some(recipe))
        {
            return Some(Arc::clone(loaded));
        }
        let key = derive(passphrase, recipe)?;
        let loaded = Arc::new(Loaded::new(&key, Some(recipe.to_owned())));
        known.push(Arc::clone(&loaded));
        Some(loaded)
    }
}

/// A recipe with a new salt: `argon2id:m=65536,t=3,p=4:SALT`.
pub(super) fn fresh_recipe() -> String {
    let salt: [u8; SALT_BYTES] = rand::random();
    format!(
        "argon2id:m={MEMORY_KIB},t={PASSES},p={LANES}:{}",
        bytes::encode(&salt)
    )
}

fn derive(passphrase: &str, recipe: &str) -> Option<[u8; KEY_BYTES]> {
    let mut parts = recipe.splitn(3, ':');
    if parts.next()? != "argon2id" {
        return None;
    }
    let mut numbers = parts.next()?.split(',');
    let mut number = |name: &str, most: u32| -> Option<u32> {
        let number = numbers.next()?.strip_prefix(name)?.parse().ok()?;
        (number <= most).then_some(number)
    };
    let memory = number("m=", MOST_MEMORY_KIB)?;
    let passes = number("t=", MOST_PASSES)?;
    let lanes = number("p=", MOST_LANES)?;
    let salt = bytes::decode(parts.next()?)?;
    let params = Params::new(memory, passes, lanes, Some(KEY_BYTES)).ok()?;
    let mut key = [0; KEY_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &salt, &mut key)
        .ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_that_asks_for_too_much_is_refused_before_it_costs_anything() {
        for bad in [
            "",
            "scrypt:n=1",
            "argon2id:m=4000000000,t=3,p=4:AAAAAAAAAAAAAAAAAAAAAA==",
            "argon2id:m=65536,t=300,p=4:AAAAAAAAAAAAAAAAAAAAAA==",
            "argon2id:m=65536,t=3,p=4:x",
            "argon2id:m=65536,t=3,p=4",
        ] {
            assert!(derive("a passphrase", bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_key_depends_on_passphrase_and_salt() {
        let recipe = |salt: &str| format!("argon2id:m=64,t=1,p=1:{salt}");
        let one = derive("a passphrase", &recipe("AAAAAAAAAAAAAAAAAAAAAA==")).unwrap();
        assert_eq!(
            one,
            derive("a passphrase", &recipe("AAAAAAAAAAAAAAAAAAAAAA==")).unwrap()
        );
        assert_ne!(
            one,
            derive("a Passphrase", &recipe("AAAAAAAAAAAAAAAAAAAAAA==")).unwrap()
        );
        assert_ne!(
            one,
            derive("a passphrase", &recipe("AAAAAAAAAAAAAAAAAAAAAQ==")).unwrap()
        );
    }
}
