//! Profiles: credentials in the files that Amazon's own tools keep (`~/.aws/credentials`, `~/.aws/config`).

use std::path::Path;
use std::path::PathBuf;

use super::settings::Credentials;

/// The credentials of a profile. A file of configuration names it `[profile NAME]`. Without a name `default` is meant, and then
/// it may be missing.
///
/// # Errors
/// When the profile that was named is in none of the files, or has no keys in it.
pub(super) fn credentials(files: &[PathBuf], name: Option<&str>) -> Result<Option<Credentials>, String> {
    let wanted = name.unwrap_or("default");
    let mut seen = false;
    for file in files {
        let Some(section) = section(file, wanted) else {
            continue;
        };
        seen = true;
        let get = |key: &str| {
            let found = section.iter().find(|(name, _)| name == key);
            found.map(|(_, value)| value.clone())
        };
        if let (Some(access_key), Some(secret_key)) = (get("aws_access_key_id"), get("aws_secret_access_key"))
        {
            return Ok(Some(Credentials {
                access_key,
                secret_key,
                token: get("aws_session_token"),
            }));
        }
    }
    match name {
        None => Ok(None),
        Some(name) if seen => Err(format!(
            "the profile \"{name}\" has no aws_access_key_id and aws_secret_access_key. Profiles that take a role or sign on elsewhere cannot be used: get their keys with \"aws configure export-credentials --profile {name} --format env\""
        )),
        Some(name) => Err(format!("failed to get shared config profile, {name}")),
    }
}

fn section(file: &Path, wanted: &str) -> Option<Vec<(String, String)>> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut found = None;
    let mut inside = false;
    for line in text.lines() {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default().trim();
            inside = head.strip_prefix("profile ").unwrap_or(head).trim() == wanted;
            if inside {
                found.get_or_insert_with(Vec::new);
            }
        } else if inside
            && !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            let item = (name.trim().to_owned(), value.trim().to_owned());
            found.get_or_insert_with(Vec::new).push(item);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_in_either_file() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = ["credentials", "config"].map(|f| folder.path().join(f)).to_vec();
        assert!(credentials(&files, None).unwrap().is_none());
        std::fs::write(
            &files[0],
            "[other]\naws_access_key_id = A\n# x\naws_secret_access_key=S=1\n",
        )
        .unwrap();
        std::fs::write(
            &files[1],
            "[default]\nregion = r\n[profile two]\naws_access_key_id = B\naws_secret_access_key = T\naws_session_token = U\n[profile sso]\nsso_session = x\n",
        )
        .unwrap();
        let get = |name| {
            let found = credentials(&files, name).map(|f| f.map(|f| (f.access_key, f.secret_key, f.token)));
            found.map_err(|e| e.split('.').next().unwrap().to_owned())
        };
        assert_eq!(get(None), Ok(None));
        assert_eq!(get(Some("other")), Ok(Some(("A".into(), "S=1".into(), None))));
        assert_eq!(
            get(Some("two")),
            Ok(Some(("B".into(), "T".into(), Some("U".into()))))
        );
        assert!(get(Some("sso")).unwrap_err().contains("has no aws_access_key_id"));
        assert!(get(Some("none")).unwrap_err().contains("failed to get"));
    }
}
