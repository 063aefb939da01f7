use super::super::oracle::{call_in, s, shown};
use super::*;

fn world() -> (tempfile::TempDir, Surroundings) {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("hello.txt", "Hello World"),
        ("empty.txt", ""),
        ("tree/.hidden.txt", ""),
        ("tree/a.txt", ""),
        ("tree/b.md", ""),
        ("tree/e.TXT", ""),
        ("tree/sub/deep/c.txt", ""),
    ] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::write(dir.path().join("bin.dat"), [0xff, 0xfe, 0]).unwrap();
    let around = Surroundings {
        base_dir: dir.path().to_owned(),
        home_dir: Some("/home/someone".into()),
        ..Surroundings::default()
    };
    (dir, around)
}

#[test]
fn contents() {
    let (_dir, around) = world();
    let missing = "argument 0: no file exists at \"nope\"; this function works only with files that are distributed as part of the configuration source code, so if this file will be created by a resource in this configuration you must instead obtain this result from an attribute of that resource";
    for (name, path, expected) in [
        ("file", "hello.txt", "\"Hello World\""),
        ("file", "./tree/../hello.txt", "\"Hello World\""),
        ("file", "empty.txt", "\"\""),
        ("file", "nope", missing),
        ("filebase64", "nope", missing),
        (
            "file",
            "tree",
            "argument 0: failed to read file: read tree: is a directory",
        ),
        (
            "file",
            "bin.dat",
            "contents of \"bin.dat\" are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead",
        ),
        ("filebase64", "hello.txt", "\"SGVsbG8gV29ybGQ=\""),
        (
            "filebase64sha256",
            "hello.txt",
            "\"pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=\"",
        ),
        (
            "filesha256",
            "empty.txt",
            "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
        ),
        ("filemd5", "empty.txt", "\"d41d8cd98f00b204e9800998ecf8427e\""),
        (
            "filesha1",
            "empty.txt",
            "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"",
        ),
        ("filesha512", "nope", "open nope: no such file or directory"),
        ("filebase64sha512", "tree", "read tree: is a directory"),
        ("fileexists", "hello.txt", "true"),
        ("fileexists", "nope", "false"),
        ("fileexists", "tree", "\"tree\" is a directory, not a file"),
        (
            "fileexists",
            "~nobody/x",
            "failed to expand ~: cannot expand user-specific home dir",
        ),
        ("pathexpand", "~/x", "\"/home/someone/x\""),
        ("pathexpand", "~", "\"/home/someone\""),
        ("pathexpand", "a/~", "\"a/~\""),
        ("abspath", "/a/../b/./c//", "\"/b/c\""),
        ("basename", "a/b/", "\"b\""),
        ("dirname", "a//b/../c", "\"a\""),
    ] {
        assert_eq!(
            shown(call_in(name, &[s(path)], &around)),
            expected,
            "{name}({path})"
        );
    }
    let here = call_in("abspath", &[s("x")], &around).unwrap();
    assert_eq!(
        here.as_str().unwrap(),
        around.base_dir.join("x").to_str().unwrap()
    );
}

#[test]
fn patterns() {
    let (_dir, around) = world();
    for (path, pattern, expected) in [
        ("tree", "*", r#"[".hidden.txt","a.txt","b.md","e.TXT"]"#),
        ("tree", "{a,b}.*", r#"["a.txt","b.md"]"#),
        ("tree", "?.txt", r#"["a.txt"]"#),
        ("tree", "[ab].*", r#"["a.txt","b.md"]"#),
        ("tree", "*.none", "[]"),
        ("nope", "*", "[]"),
        (".", "tree/a.txt", r#"["tree/a.txt"]"#),
        ("tree/sub", "../*.md", r#"["../b.md"]"#),
        ("tree", "**/*.txt", r#"[".hidden.txt","a.txt","sub/deep/c.txt"]"#),
        (".", "**/c.txt", r#"["tree/sub/deep/c.txt"]"#),
        ("tree", "sub/*/c.txt", r#"["sub/deep/c.txt"]"#),
        (
            "tree",
            "{a",
            "failed to glob pattern \"tree/{a\": syntax error in pattern",
        ),
    ] {
        assert_eq!(
            shown(call_in("fileset", &[s(path), s(pattern)], &around)),
            expected,
            "{path} {pattern}"
        );
    }
    let root = around.base_dir.join("tree");
    let rooted = call_in("fileset", &[s(root.to_str().unwrap()), s("a.*")], &around);
    assert_eq!(shown(rooted), r#"["a.txt"]"#);
}

#[test]
fn secrets_are_not_in_messages() {
    let (_dir, around) = world();
    let secret = super::super::oracle::secret(s("hunter2"));
    let e = call_in("file", &[secret], &around).unwrap_err();
    assert!(
        format!("{e:?}").contains("no file exists at (sensitive value);"),
        "{e:?}"
    );
}

#[test]
fn what_is_looked_at_is_noted_if_somebody_wants_to_know() {
    let (dir, mut around) = world();
    let files = std::sync::Arc::new(crate::functions::FilesRead::default());
    around.files_read = Some(std::sync::Arc::clone(&files));
    let call = |name: &str, args: &[&str]| {
        let args: Vec<Value> = args.iter().map(|a| Value::string(*a)).collect();
        crate::functions::call(crate::functions::lookup(name).unwrap(), args, &around)
    };
    call("file", &["./tree/../hello.txt"]).unwrap();
    std::fs::write(dir.path().join("hello.txt"), "changed").unwrap();
    call("filesha256", &["hello.txt"]).unwrap();
    call("filebase64", &["bin.dat"]).unwrap();
    call("fileexists", &["hello.txt"]).unwrap();
    call("fileexists", &["nope"]).unwrap();
    call("fileset", &["./tree", "*.txt"]).unwrap();
    call("file", &["nope"]).unwrap_err();
    let seen = files.so_far();
    assert_eq!(
        Vec::from_iter(
            seen.contents
                .iter()
                .map(|(name, digest)| (name.as_str(), &digest[..8]))
        ),
        [("bin.dat", "ba778c02"), ("hello.txt", "a591a6d4")],
        "the first look counts"
    );
    assert_eq!(
        Vec::from_iter(seen.exist),
        [("hello.txt".to_owned(), true), ("nope".to_owned(), false)]
    );
    assert_eq!(
        Vec::from_iter(seen.sets),
        [(
            ("tree".to_owned(), "*.txt".to_owned()),
            vec![".hidden.txt".to_owned(), "a.txt".to_owned()]
        )]
    );
}

#[test]
fn classes_of_characters_are_checked() {
    for (pattern, wrong) in [
        ("[]a]*", true),
        ("[a-]", true),
        ("[-a]", true),
        ("[!]a]*", false),
        ("[a-c]x[^b]", false),
        ("\\[]", false),
        ("[\\]a]", false),
        ("[a\\-b]", false),
    ] {
        assert_eq!(super::has_wrong_class(pattern), wrong, "{pattern}");
    }
}
