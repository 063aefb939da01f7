//! Just enough RSA to decrypt one text: reading a private key (PKCS #1 or PKCS #8, PEM) and undoing PKCS #1 v1.5 padding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dashu_int::UBig;
use dashu_int::fast_div::ConstDivisor;

/// A private key: the modulus and the private exponent.
pub(super) struct Key {
    modulus: UBig,
    exponent: UBig,
}

/// A longer modulus is refused: it would only cost time.
const LONGEST: usize = 2048;

impl Key {
    /// Reads the first private key of a PEM text.
    pub(super) fn from_pem(pem: &str) -> Result<Key, String> {
        let none = || "invalid private key: no key found".to_owned();
        let start = pem.find("-----BEGIN ").ok_or_else(none)?;
        let (label, rest) = pem[start + 11..].split_once("-----").ok_or_else(none)?;
        let end = rest.find(&format!("-----END {label}-----")).ok_or_else(none)?;
        if rest[..end].contains("ENCRYPTED") || label.contains("ENCRYPTED") {
            return Err("cannot decode an encrypted private key; use one without a passphrase".to_owned());
        }
        let base64: String = rest[..end].chars().filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD
            .decode(base64)
            .map_err(|_| "invalid private key: it is not valid Base64".to_owned())?;
        let key = match label {
            "RSA PRIVATE KEY" => pkcs1(&der),
            "PRIVATE KEY" => pkcs8(&der),
            other => return Err(format!("invalid private key: unsupported key type \"{other}\"")),
        };
        key.filter(|k| k.modulus > UBig::ONE)
            .ok_or_else(|| "invalid private key: it is not an RSA key, or it is damaged".to_owned())
    }

    /// Decrypts; nothing if the padding is not right.
    pub(super) fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let c = UBig::from_be_bytes(cipher);
        let length = self.modulus.to_be_bytes().len();
        if c >= self.modulus || cipher.len() > length || length > LONGEST {
            return None;
        }
        let ring = ConstDivisor::new(self.modulus.clone());
        let m = ring.reduce(c).pow(&self.exponent).residue().to_be_bytes();
        // 00 02, at least eight bytes that are not zero, 00, the text. The first zero is not in the number.
        if m.len() + 1 != length || m.first() != Some(&2) {
            return None;
        }
        let zero = m.iter().position(|b| *b == 0).filter(|i| *i >= 9)?;
        Some(m[zero + 1..].to_vec())
    }
}

/// The content of the DER element with a tag at the start, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
        if bytes.len() > 4 {
            return None;
        }
        let length = bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        (length, rest)
    };
    rest.split_at_checked(length)
}

fn pkcs1(der: &[u8]) -> Option<Key> {
    let (key, _) = element(der, 0x30)?;
    let (_version, rest) = element(key, 0x02)?;
    let (modulus, rest) = element(rest, 0x02)?;
    let (_public, rest) = element(rest, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    Some(Key {
        modulus: UBig::from_be_bytes(modulus),
        exponent: UBig::from_be_bytes(exponent),
    })
}

fn pkcs8(der: &[u8]) -> Option<Key> {
    /// 1.2.840.113549.1.1.1, rsaEncryption.
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (info, _) = element(der, 0x30)?;
    let (_version, rest) = element(info, 0x02)?;
    let (algorithm, rest) = element(rest, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    if oid != RSA {
        return None;
    }
    pkcs1(element(rest, 0x04)?.0)
}
