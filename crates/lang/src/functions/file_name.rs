//! File names as text, by Unix rules, without looking at the disk.

/// Without `.`, without `..` where something stands before it, with single slashes; empty becomes `.`.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// One name behind the other, cleaned. Unlike in the standard library a rooted second part does not replace the first.
pub(super) fn join(a: &str, b: &str) -> String {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => String::new(),
        (true, false) => clean(b),
        (false, true) => clean(a),
        (false, false) => clean(&format!("{a}/{b}")),
    }
}

/// The last part.
pub(super) fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some("") | None => "/".to_owned(),
        Some(last) => last.to_owned(),
    }
}

/// All but the last part, cleaned.
pub(super) fn dir(path: &str) -> String {
    let end = path.rfind('/').map_or(0, |i| i + 1);
    clean(&path[..end])
}

/// How to get from the folder `from` to `to`; both cleaned, and both rooted or both not.
pub(super) fn relative(from: &str, to: &str) -> String {
    let parts = |p: &str| -> Vec<String> {
        p.split('/')
            .filter(|s| !s.is_empty() && *s != ".")
            .map(str::to_owned)
            .collect()
    };
    let (from, to) = (parts(from), parts(to));
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut out: Vec<&str> = vec![".."; from.len() - same];
    out.extend(to[same..].iter().map(String::as_str));
    if out.is_empty() {
        ".".to_owned()
    } else {
        out.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (path, cleaned) in [
            ("", "."),
            ("/a/../b/./c//", "/b/c"),
            ("../a/..", ".."),
            ("/..", "/"),
            ("a//b/../c", "a/c"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
        for (path, b, d) in [
            ("a/b/c.txt", "c.txt", "a/b"),
            ("a/b/", "b", "a/b"),
            ("/", "/", "/"),
            ("", ".", "."),
            ("c.txt", "c.txt", "."),
            ("a//b/../c", "c", "a"),
            ("/a", "a", "/"),
        ] {
            assert_eq!((base(path).as_str(), dir(path).as_str()), (b, d), "{path}");
        }
        assert_eq!(relative("tree/sub", "tree/b.md"), "../b.md");
        assert_eq!(relative(".", "tree/b.md"), "tree/b.md");
    }
}
