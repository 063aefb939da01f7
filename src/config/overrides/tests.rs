use std::path::Path;

use crate::config::Configuration;
use crate::config::IgnoreChanges;
use crate::config::Snapshot;
use crate::config::load;

fn read(files: &[(&str, &str)]) -> (Configuration, Vec<String>) {
    let mut snapshot = Snapshot::default();
    for (path, text) in files {
        snapshot.add(Path::new(path), *text);
    }
    let (config, found) = load(&snapshot, Path::new("."));
    let told = found
        .iter()
        .map(|d| {
            let place = d.subject.map_or_else(String::new, |s| config.sources.range(s));
            format!("{place} {}", d.summary)
        })
        .collect();
    (config, told)
}

/// What is said about a base and an override.
#[test]
fn what_cannot_be_overridden_is_told() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "variable \"v\" {}",
            "variable \"v\" {\n  validation {\n  }\n}",
            &["override.tf:2,3-13 Can't override validation blocks"],
        ),
        (
            "output \"o\" { value = 1 }",
            "output \"o\" {\n  precondition {\n  }\n}",
            &["override.tf:2,3-15 Can't override precondition blocks"],
        ),
        (
            "resource \"a\" \"b\" {}",
            "resource \"a\" \"b\" {\n  lifecycle {\n    postcondition {\n    }\n  }\n}",
            &["override.tf:3,5-18 Can't override postcondition blocks"],
        ),
        (
            "resource \"a\" \"b\" {}",
            "resource \"a\" \"b\" {\n  depends_on = [a.c]\n}",
            &["override.tf:2,17-20 Unsupported override"],
        ),
        (
            "resource \"a\" \"b\" {}",
            "resource \"a\" \"b\" {\n  depends_on = []\n}",
            &[],
        ),
        (
            "resource \"a\" \"b\" {}",
            "resource \"a\" \"b\" {\n  lifecycle {\n    replace_triggered_by = [a.c]\n  }\n}",
            &["override.tf:3,5-25 Override without effect"],
        ),
        (
            "locals { a = 1 }",
            "locals { b = 1 }",
            &["override.tf:1,10-15 Missing base local value definition to override"],
        ),
        (
            "",
            "module \"m\" { source = \"./m\" }",
            &["override.tf:1,1-11 Missing module call to override"],
        ),
        // A provider without a block has an empty one; an alias is only there if a block says so.
        ("", "provider \"a\" {}", &[]),
        (
            "",
            "provider \"a\" { alias = \"b\" }",
            &["override.tf:1,1-13 Missing base provider configuration for override"],
        ),
        (
            "",
            "moved {}",
            &[
                "override.tf:1,1-6 Cannot override 'moved' blocks",
                "override.tf:1,7-8 Missing required argument",
                "override.tf:1,7-8 Missing required argument",
            ],
        ),
        (
            "",
            "removed {}",
            &[
                "override.tf:1,1-8 Override without effect",
                "override.tf:1,9-10 Missing required argument",
            ],
        ),
        (
            "locals { a = 1 }",
            "locals {\n  a {}\n}\nmoved \"x\" {}\noutput \"o\" {\n  precondition {}\n}",
            &[
                "override.tf:5,1-11 Missing base output definition to override",
                "override.tf:2,3-4 Unexpected \"a\" block",
                "override.tf:4,7-10 Extraneous label for moved",
                "override.tf:6,3-15 Can't override precondition blocks",
            ],
        ),
        (
            "",
            "terraform {\n  backend \"local\" {}\n  backend \"local\" {}\n}",
            &["override.tf:3,3-18 Duplicate backend configuration"],
        ),
    ];
    for (base, over, expected) in cases {
        let (_, told) = read(&[("main.tf", base), ("override.tf", over)]);
        assert_eq!(told, *expected, "{base}\n{over}");
    }
}

#[test]
fn type_and_default_of_a_variable_must_fit_after_each_file() {
    const SUMMARY: &str = "Invalid default value for variable";
    let number = "variable \"v\" {\n  type    = number\n  default = 1\n}";
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        (number, &["variable \"v\" { default = \"2\" }"], None),
        (
            number,
            &["variable \"v\" { default = \"x\" }"],
            Some("a_override.tf:1,1-13"),
        ),
        (
            number,
            &["variable \"v\" { type = list(string) }"],
            Some("a_override.tf:1,1-13"),
        ),
        // The second file comes too late.
        (
            number,
            &[
                "variable \"v\" { type = list(string) }",
                "variable \"v\" { default = [\"x\"] }",
            ],
            Some("a_override.tf:1,1-13"),
        ),
        (
            number,
            &["variable \"v\" {\n  type    = list(string)\n  default = [\"x\"]\n}"],
            None,
        ),
        (
            number,
            &["variable \"v\" {\n  type    = list(string)\n  default = 3\n}"],
            Some("a_override.tf:3,13-14"),
        ),
        (
            "variable \"v\" { default = null }",
            &["variable \"v\" { nullable = false }"],
            Some("a_override.tf:1,1-13"),
        ),
    ];
    for (base, overs, expected) in cases {
        let names = ["a_override.tf", "b_override.tf"];
        let mut files = vec![("main.tf", *base)];
        files.extend(names.into_iter().zip(overs.iter().copied()));
        let (_, told) = read(&files);
        let expected: Vec<String> = expected
            .iter()
            .map(|place| format!("{place} {SUMMARY}"))
            .collect();
        assert_eq!(told, expected, "{base}\n{overs:?}");
    }
}

#[test]
fn a_lifecycle_changes_only_what_it_says() {
    let base = |ignored: &str| {
        format!(
            "resource \"a\" \"b\" {{\n  lifecycle {{\n    create_before_destroy = true\n    ignore_changes = {ignored}\n  }}\n}}"
        )
    };
    let over = |ignored: &str| {
        format!(
            "resource \"a\" \"b\" {{\n  lifecycle {{\n    prevent_destroy = true\n    ignore_changes = {ignored}\n  }}\n}}"
        )
    };
    let count = |ignored: &IgnoreChanges| match ignored {
        IgnoreChanges::All => None,
        IgnoreChanges::Paths(paths) => Some(paths.len()),
    };
    for (old, new, expected) in [
        ("[x]", "[y, z]", Some(2)),
        ("[x]", "[]", Some(1)),
        ("[x]", "all", None),
        ("all", "[x]", None),
    ] {
        let (config, told) = read(&[("main.tf", &base(old)), ("override.tf", &over(new))]);
        assert!(told.is_empty(), "{told:?}");
        let block = config.root().resources.values().next().unwrap();
        assert_eq!(block.lifecycle.create_before_destroy, Some(true));
        assert!(block.lifecycle.prevent_destroy);
        assert_eq!(count(&block.lifecycle.ignore_changes), expected, "{old} {new}");
    }
}

#[test]
fn where_count_and_for_each_meet_count_counts() {
    for (base, over, count) in [
        ("count = 1", "for_each = {}", true),
        ("for_each = {}", "count = 1", true),
        ("count = 1", "count = 2", true),
        ("for_each = {}", "for_each = { a = 1 }", false),
    ] {
        let block = |argument: &str| format!("resource \"a\" \"b\" {{\n  {argument}\n}}");
        let (config, _) = read(&[("main.tf", &block(base)), ("override.tf", &block(over))]);
        let block = config.root().resources.values().next().unwrap();
        assert_eq!(block.count.is_some(), count, "{base} {over}");
        assert_eq!(block.for_each.is_some(), !count, "{base} {over}");
    }
}

#[test]
fn settings_are_replaced_by_name_and_state_is_kept_in_one_place() {
    let (config, told) = read(&[
        (
            "main.tf",
            "terraform {\n  required_version = \"> 99\"\n  cloud {}\n  required_providers {\n    a = { source = \"x/a\" }\n    b = { source = \"x/b\" }\n  }\n}",
        ),
        (
            "override.tf.json",
            r#"{"terraform": {"required_version": "> 1", "backend": {"local": {"path": "p"}}, "required_providers": {"b": {"source": "y/b"}}}}"#,
        ),
    ]);
    assert!(told.is_empty(), "{told:?}");
    let root = config.root();
    assert!(root.backend.is_some());
    let sources: Vec<String> = root
        .required_providers
        .values()
        .map(|r| r.source.for_display())
        .collect();
    assert_eq!(sources, ["x/a", "y/b"]);
}
