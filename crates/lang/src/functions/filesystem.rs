//! Functions on files and their names. Names that are not rooted start from [`Surroundings::base_dir`].

use std::io::ErrorKind;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Function;
use super::FunctionError;
use super::Surroundings;
use super::crypto;
use super::define::Outcome;
use super::define::any;
use super::define::failed;
use super::define::function;
use super::define::gives_any;
use super::define::gives_bool;
use super::define::gives_string;
use super::define::string;
use super::define::text;
use super::define::wrong;
use super::file_name;
use crate::syntax::go_quoted;
use crate::value::Type;
use crate::value::Value;

/// `fileset` looks at no more entries than this.
const MOST_ENTRIES: usize = 1_000_000;

/// A file is read as far as this.
const LARGEST_FILE: u64 = 1 << 30;

/// All of them.
pub(super) fn functions() -> Vec<Function> {
    let hash = |name, description, body| function(name, description, [string("path")], gives_string, body);
    vec![
        hash("abspath", "The name of a file from the root on.", |a, around| {
            let here = around.base_dir.to_string_lossy();
            let path = text(a, 0);
            let here = match std::path::absolute(Path::new(if here.is_empty() { "." } else { &*here })) {
                Ok(p) => p.to_string_lossy().into_owned(),
                Err(e) => return Err(failed(reason(&e))),
            };
            Ok(Value::string(if path.starts_with('/') {
                file_name::clean(path)
            } else {
                file_name::join(&here, path)
            }))
        }),
        hash("basename", "The last part of a file name.", |a, _| {
            Ok(Value::string(file_name::base(text(a, 0))))
        }),
        hash("dirname", "A file name without its last part.", |a, _| {
            Ok(Value::string(file_name::dir(text(a, 0))))
        }),
        hash("file", "The text in a file.", |a, around| {
            let bytes = read(text(a, 0), around).map_err(|e| wrong(0, e))?;
            utf8(text(a, 0), bytes).map(Value::string)
        }),
        hash("filebase64", "The bytes of a file as Base64.", |a, around| {
            let bytes = read(text(a, 0), around).map_err(|e| wrong(0, e))?;
            Ok(Value::string(STANDARD.encode(bytes)))
        }),
        hash(
            "filebase64sha256",
            "The SHA-256 hash of a file as Base64.",
            |a, around| Ok(Value::string(STANDARD.encode(crypto::sha256(&open(a, around)?)))),
        ),
        hash(
            "filebase64sha512",
            "The SHA-512 hash of a file as Base64.",
            |a, around| Ok(Value::string(STANDARD.encode(crypto::sha512(&open(a, around)?)))),
        ),
        function(
            "fileexists",
            "Whether there is a file.",
            [string("path")],
            gives_bool,
            exists,
        ),
        hash("filemd5", "The MD5 hash of a file.", |a, around| {
            Ok(Value::string(crypto::hex(&crypto::md5(&open(a, around)?))))
        }),
        function(
            "fileset",
            "The files under a folder whose names match a pattern.",
            [string("path"), string("pattern")],
            |_| Ok(Type::set(Type::String)),
            fileset,
        ),
        hash("filesha1", "The SHA-1 hash of a file.", |a, around| {
            Ok(Value::string(crypto::hex(&crypto::sha1(&open(a, around)?))))
        }),
        hash("filesha256", "The SHA-256 hash of a file.", |a, around| {
            Ok(Value::string(crypto::hex(&crypto::sha256(&open(a, around)?))))
        }),
        hash("filesha512", "The SHA-512 hash of a file.", |a, around| {
            Ok(Value::string(crypto::hex(&crypto::sha512(&open(a, around)?))))
        }),
        // The evaluator puts its own code in place of these two bodies: rendering evaluates.
        function(
            "templatefile",
            "The text of a file, as a template, with variables filled in.",
            [string("path"), any("vars")],
            gives_any,
            |_, _| {
                Err(failed(
                    "templates can be rendered only where expressions are evaluated",
                ))
            },
        )
        .nullable(),
        function(
            "templatestring",
            "A text from elsewhere, as a template, with variables filled in.",
            [string("template"), any("vars")],
            gives_string,
            |_, _| {
                Err(failed(
                    "templates can be rendered only where expressions are evaluated",
                ))
            },
        ),
        hash(
            "pathexpand",
            "A file name with the home folder in place of `~`.",
            |a, around| Ok(Value::string(expand(text(a, 0), around).map_err(failed)?)),
        ),
    ]
}

/// With the home folder in place of `~`.
fn expand(path: &str, around: &Surroundings) -> Result<String, String> {
    let Some(rest) = path.strip_prefix('~') else {
        return Ok(path.to_owned());
    };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err("cannot expand user-specific home dir".to_owned());
    }
    let home = around
        .home_dir
        .as_ref()
        .ok_or("the home folder is not known; set the environment variable HOME")?;
    if rest.is_empty() {
        return Ok(home.to_string_lossy().into_owned());
    }
    Ok(file_name::join(&home.to_string_lossy(), rest))
}

/// The name as messages show it (cleaned), and the one to open.
fn locate(path: &str, around: &Surroundings) -> Result<(String, std::path::PathBuf), String> {
    let expanded = expand(path, around).map_err(|e| format!("failed to expand ~: {e}"))?;
    let shown = file_name::clean(&expanded);
    let full = around.base_dir.join(&shown);
    Ok((shown, full))
}

/// The text of a file, for functions that work on what is in it.
pub(crate) fn read_text(path: &str, around: &Surroundings) -> Result<String, FunctionError> {
    let bytes = read(path, around).map_err(|e| wrong(0, e))?;
    utf8(path, bytes)
}

/// The bytes of a file.
fn read(path: &str, around: &Surroundings) -> Result<Vec<u8>, String> {
    let (shown, full) = locate(path, around)?;
    read_whole(&shown, &full, around).map_err(|e| match e.kind() {
        ErrorKind::FileTooLarge => format!("failed to read file: {}", too_large(&shown)),
        ErrorKind::NotFound => format!(
            "no file exists at {}; this function works only with files that are distributed as part of the configuration source code, so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that resource",
            go_quoted(&shown)
        ),
        ErrorKind::IsADirectory => format!("failed to read file: read {shown}: {}", reason(&e)),
        _ => format!("failed to open file: open {shown}: {}", reason(&e)),
    })
}

fn utf8(path: &str, bytes: Vec<u8>) -> Result<String, FunctionError> {
    String::from_utf8(bytes).map_err(|_| {
        failed(format!(
            "contents of {} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead",
            go_quoted(path)
        ))
    })
}

/// The bytes of the file that the first argument names, for hashing.
fn open(a: &[Value], around: &Surroundings) -> Result<Vec<u8>, FunctionError> {
    let (shown, full) = locate(text(a, 0), around).map_err(failed)?;
    read_whole(&shown, &full, around).map_err(|e| {
        if e.kind() == ErrorKind::FileTooLarge {
            return failed(too_large(&shown));
        }
        let verb = if e.kind() == ErrorKind::IsADirectory {
            "read"
        } else {
            "open"
        };
        failed(format!("{verb} {shown}: {}", reason(&e)))
    })
}

/// The bytes of a file that is not too large: a device may never end.
fn read_whole(shown: &str, full: &Path, around: &Surroundings) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let kept = around.kept_files.as_ref();
    if let Some(bytes) = kept.and_then(|kept| kept.content(shown)) {
        if let Some(files) = &around.files_read {
            files.content(shown, bytes);
        }
        return Ok(bytes.to_vec());
    }
    let opened = match kept.and_then(|kept| kept.existence(shown)) {
        Some(false) => Err(ErrorKind::NotFound.into()),
        _ => std::fs::File::open(full),
    };
    let file = opened.inspect_err(|e| {
        if e.kind() == ErrorKind::NotFound
            && let Some(files) = &around.files_read
        {
            files.existence(shown, false);
        }
    })?;
    let size = file.metadata().map_or(0, |m| m.len());
    if size > LARGEST_FILE {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(ErrorKind::FileTooLarge.into());
    }
    if let Some(files) = &around.files_read {
        files.content(shown, &bytes);
    }
    Ok(bytes)
}

fn too_large(shown: &str) -> String {
    format!(
        "{shown} is larger than {} MiB, the most that is read into memory",
        LARGEST_FILE >> 20
    )
}

/// What the system says, in the words that Go has for it.
fn reason(e: &std::io::Error) -> String {
    match e.kind() {
        ErrorKind::NotFound => "no such file or directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "is a directory".to_owned(),
        ErrorKind::NotADirectory => "not a directory".to_owned(),
        _ => e.to_string(),
    }
}

fn exists(a: &[Value], around: &Surroundings) -> Outcome {
    let (shown, full) = locate(text(a, 0), around).map_err(failed)?;
    let kept = around.kept_files.as_ref();
    if let Some(there) = kept.and_then(|kept| kept.existence(&shown)) {
        if let Some(files) = &around.files_read {
            files.existence(&shown, there);
        }
        return Ok(Value::bool(there));
    }
    let found = std::fs::metadata(full);
    if let Some(files) = &around.files_read {
        files.existence(&shown, found.as_ref().is_ok_and(std::fs::Metadata::is_file));
    }
    match found {
        Ok(m) if m.is_file() => Ok(Value::bool(true)),
        Ok(m) if m.is_dir() => Err(failed(format!(
            "{} is a directory, not a file",
            go_quoted(&shown)
        ))),
        Ok(_) => Err(failed(format!("{} is not a regular file", go_quoted(&shown)))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Value::bool(false)),
        Err(e) => Err(failed(format!(
            "failed to stat {}: {}",
            go_quoted(&shown),
            reason(&e)
        ))),
    }
}

fn fileset(a: &[Value], around: &Surroundings) -> Outcome {
    let folder = expand(text(a, 0), around).map_err(|e| failed(format!("failed to expand ~: {e}")))?;
    let folder = file_name::clean(&folder);
    let kept = around.kept_files.as_ref();
    let found = match kept.and_then(|kept| kept.set(&folder, text(a, 1))) {
        Some(found) => found.to_vec(),
        None => files_of_set(&folder, text(a, 1), around)?,
    };
    if let Some(files) = &around.files_read {
        files.set(&folder, text(a, 1), &found);
    }
    Ok(Value::set(Type::String, found.into_iter().map(Value::string)))
}

/// Whether a class of characters is wrong in a way that the matcher lets pass: a bracket right behind the opening one, or
/// a dash with nothing before or behind it.
fn has_wrong_class(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        }
        if c != '[' {
            continue;
        }
        let negated = chars.next_if(|c| matches!(c, '^' | '!')).is_some();
        if chars.next_if_eq(&']').is_some() && !negated {
            return true;
        }
        while let Some(c) = chars.next() {
            match c {
                '\\' => _ = chars.next(),
                ']' => break,
                '-' => return true,
                _ => {}
            }
            if chars.next_if_eq(&'-').is_some() && matches!(chars.next(), Some(']' | '-')) {
                return true;
            }
        }
    }
    false
}

/// The names of files in a folder that match a pattern, sorted.
pub(super) fn files_of_set(
    folder: &str,
    pattern: &str,
    around: &Surroundings,
) -> Result<Vec<String>, FunctionError> {
    let pattern = file_name::join(folder, pattern);
    let wrong = || {
        failed(format!(
            "failed to glob pattern {}: syntax error in pattern",
            go_quoted(&pattern)
        ))
    };
    if has_wrong_class(&pattern) {
        return Err(wrong());
    }
    let matcher = globset::GlobBuilder::new(&pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|_| wrong())?
        .compile_matcher();
    // Only what the fixed start of the pattern leads to needs to be walked, and no deeper than it has parts.
    let meta = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
    let fixed = pattern[..meta].rfind('/').map_or("", |i| &pattern[..i]);
    let start = match fixed {
        "" if pattern.starts_with('/') => "/",
        fixed => fixed,
    };
    let depth = if pattern.contains("**") {
        usize::MAX
    } else {
        pattern[start.len()..]
            .split('/')
            .filter(|p| !p.is_empty())
            .count()
    };
    let mut found = Vec::new();
    let root = around.base_dir.join(start);
    for (seen, entry) in walkdir::WalkDir::new(&root)
        .max_depth(depth)
        .into_iter()
        .enumerate()
    {
        if seen >= MOST_ENTRIES {
            return Err(failed(format!(
                "there are more than {MOST_ENTRIES} files and folders under {}; use a narrower pattern",
                go_quoted(start)
            )));
        }
        // A folder that is not there, or must not be looked into, has no matches.
        let Ok(entry) = entry else { continue };
        let Some(inside) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str) else {
            continue;
        };
        let name = if start == "/" {
            format!("/{inside}")
        } else if start.is_empty() {
            inside.to_owned()
        } else {
            format!("{start}/{inside}")
        };
        let file = || {
            entry.file_type().is_file()
                || (entry.path_is_symlink() && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file()))
        };
        if matcher.is_match(&name) && file() {
            found.push(file_name::relative(folder, &name));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
