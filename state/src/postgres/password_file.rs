//! Passwords in the file that libpq's users keep: `~/.pgpass`, or what `PGPASSFILE` names.
//!
//! A line is `host:port:database:user:password`. `*` stands for anything, a backslash takes the meaning from a colon or a backslash. The
//! first line that fits counts.

use std::path::Path;
use std::path::PathBuf;

use crate::StateError;

/// What a password is wanted for.
pub(super) struct Wanted<'a> {
    /// A name or address; empty or a path for a socket of this machine.
    pub(super) host: &'a str,
    pub(super) port: &'a str,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// The file, and whether somebody has named it.
pub(super) fn file(
    given: Option<String>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<(PathBuf, bool)> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let Some(named) = given.or_else(|| variable("PGPASSFILE")) {
        return Some((named.into(), true));
    }
    if cfg!(windows) {
        let folder = variable("APPDATA")?;
        return Some((Path::new(&folder).join("postgresql/pgpass.conf"), false));
    }
    let home = variable("HOME")?;
    Some((Path::new(&home).join(".pgpass"), false))
}

/// The password that the file has; `None` when it has none, or is not there.
///
/// # Errors
/// When others may read the file, or it cannot be read: libpq passes over it, and then nobody understands why the password is wrong.
pub(super) fn password(file: &Path, wanted: &Wanted<'_>) -> Result<Option<String>, StateError> {
    let metadata = match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => metadata,
        // (Containers name /dev/null.)
        _ => return Ok(None),
    };
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(super::settings::bad(format!(
            "the password file {0} can be read by others, so it is not used. Run `chmod 0600 {0}`",
            file.display()
        )));
    }
    #[cfg(not(unix))]
    let _ = metadata;
    let text = std::fs::read_to_string(file).map_err(|error| StateError::read(file, error))?;
    Ok(text.lines().find_map(|line| of_line(line, wanted)))
}

fn of_line(line: &str, wanted: &Wanted<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let host = match wanted.host {
        "" => "localhost",
        path if path.starts_with('/') => "localhost",
        name => name,
    };
    let mut rest = line;
    for value in [host, wanted.port, wanted.database, wanted.user] {
        let (field, more) = field(rest)?;
        if field != value && rest.split(':').next() != Some("*") {
            return None;
        }
        rest = more;
    }
    Some(unescaped(rest)).filter(|password| !password.is_empty())
}

/// The field before the next colon, and what comes after that.
fn field(line: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ':' => return Some((unescaped(&line[..at]), &line[at + 1..])),
            _ => {}
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        plain.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgpass");
        let text = "# h:1:d:u:comment\nbroken\nh:2:*:u:two\n*:1:d:we\\:ird:a\\\\b:c\nh:*:*:*:any\nlocalhost:5:d:u:here\n";
        std::fs::write(&file, text).unwrap();
        let get = |host: &str, port: &str, user: &str| {
            let wanted = Wanted {
                host,
                port,
                database: "d",
                user,
            };
            password(&file, &wanted)
        };
        #[cfg(unix)]
        {
            let error = get("h", "2", "u").unwrap_err().to_string();
            assert!(error.contains("chmod 0600"), "{error}");
            let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&file, only_ours).unwrap();
        }
        let get = |host, port, user| get(host, port, user).unwrap();
        assert_eq!(get("h", "2", "u").as_deref(), Some("two"));
        assert_eq!(get("x", "1", "we:ird").as_deref(), Some("a\\b:c"));
        assert_eq!(get("h", "1", "u").as_deref(), Some("any"));
        assert_eq!(get("/run/pg", "5", "u").as_deref(), Some("here"));
        assert_eq!(get("x", "1", "u"), None);
    }
}
