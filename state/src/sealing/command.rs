//! Keys that a command prints.

use std::process::Command;
use std::process::Stdio;

use super::KEY_BYTES;
use super::key_from_text;

/// More of what a command says is not told.
const MOST_TOLD: usize = 2000;

/// Runs a command by the system's shell and reads the key from its standard output. The error says what went wrong.
pub(super) fn ask(command: &str) -> Result<[u8; KEY_BYTES], String> {
    let mut shell = if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.args(["/C", command]);
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]);
        shell
    };
    let done = shell
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let said: String = said.trim().chars().take(MOST_TOLD).collect();
        return Err(match said.is_empty() {
            true => format!("it failed ({})", done.status),
            false => format!("it failed ({}): {said}", done.status),
        });
    }
    // Nothing of what it printed is told: it may be the key, in another form.
    std::str::from_utf8(&done.stdout)
        .ok()
        .and_then(key_from_text)
        .ok_or_else(|| {
            "what it prints is not a key, which is 32 bytes in base64 or 64 hexadecimal digits".into()
        })
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use super::*;

    #[cfg(unix)]
    #[test]
    fn base64_and_hexadecimal_digits_are_keys() {
        let one = ask("printf 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\\n'").unwrap();
        assert_eq!(one, std::array::from_fn(|i| i as u8));
        let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        assert_eq!(ask(&format!("echo {digits}")).unwrap(), one);
    }

    #[cfg(unix)]
    #[test]
    fn what_goes_wrong_is_told_without_the_output() {
        let told = ask("echo c2hvcnQ=").unwrap_err();
        assert!(!told.contains("c2hvcnQ"), "{told}");
        let told = ask("echo no access >&2; exit 3").unwrap_err();
        assert!(told.contains("no access") && told.contains('3'), "{told}");
    }
}
