use super::*;

fn sources(text: &str) -> (Sources, streamform_lang::diag::FileId) {
    let mut sources = Sources::default();
    let id = sources.add("main.tf", text);
    (sources, id)
}

fn span_of(sources: &Sources, file: streamform_lang::diag::FileId, what: &str) -> Span {
    let text = sources.get(file).unwrap().text().clone();
    let start = text.find(what).unwrap() as u32;
    Span::new(file, start, start + what.len() as u32)
}

const TEXT: &str = "locals {\n  a = 1\n}\n\nresource \"terraform_data\" \"x\" {\n  input = var.sizes[\"né\"] + nope\n\n  triggers_replace = 1\n}\n";

fn sample() -> (Sources, Diagnostics) {
    let (sources, file) = sources(TEXT);
    let mut d = Diagnostic::error(
        "Invalid index",
        "The given key does not identify an element in this collection value. The collection has no element with the key \"né\".",
    )
    .at(span_of(&sources, file, "[\"né\"]"))
    .within(span_of(&sources, file, "var.sizes[\"né\"] + nope"))
    .on("terraform_data.x")
    .help("add the key to the map, or read it with `lookup(var.sizes, \"né\", null)`");
    d.values
        .push(("var.sizes".into(), "is map of string with 2 elements".into()));
    let mut all = Diagnostics::new();
    all.push(d);
    all.push(
        Diagnostic::warning("Deprecated attribute", "Use the other one.").at(span_of(
            &sources,
            file,
            "triggers_replace",
        )),
    );
    all.push(Diagnostic::error(
        "Failed to read the state",
        "Permission denied.\n\n  ls -l state\n\nshows who may.",
    ));
    (sources, all)
}

#[test]
fn many_at_once_warnings_first() {
    let (sources, all) = sample();
    insta::assert_snapshot!(diagnostics_text(&all, &sources, &DiagnosticStyle::default()));
}

#[test]
fn narrow_and_coloured_keep_the_words() {
    let (sources, all) = sample();
    let style = DiagnosticStyle {
        paint: Paint::new(true),
        width: 40,
        compact_warnings: false,
    };
    let text = diagnostics_text(&all, &sources, &style);
    assert!(text.contains("\u{1b}[1;31mError: "), "{text}");
    assert!(text.contains("Invalid index"));
}

#[test]
fn compact_warnings_are_a_list() {
    let (sources, file) = sources(TEXT);
    let mut all = Diagnostics::new();
    for what in ["triggers_replace", "input", "a = 1"] {
        all.push(
            Diagnostic::warning("Deprecated attribute", "Use the other one.")
                .at(span_of(&sources, file, what)),
        );
    }
    all.push(Diagnostic::warning("Other", ""));
    let style = DiagnosticStyle {
        compact_warnings: true,
        ..DiagnosticStyle::default()
    };
    insta::assert_snapshot!(diagnostics_text(&all, &sources, &style));
}

#[test]
fn places_at_the_edges_of_a_file() {
    let (sources, file) = sources("a = [\n  1\n");
    let mut all = Diagnostics::new();
    all.push(Diagnostic::error("Unterminated", "The list is not closed.").at(Span::new(file, 10, 10)));
    all.push(Diagnostic::error("Whole", "All of it.").at(Span::new(file, 0, 10)));
    all.push(Diagnostic::error("Beyond", "Past the end.").at(Span::new(file, 99, 120)));
    all.push(Diagnostic::error("Nowhere", "Of no file.").at(Span::new(
        streamform_lang::diag::FileId(9),
        1,
        2,
    )));
    insta::assert_snapshot!(diagnostics_text(&all, &sources, &DiagnosticStyle::default()));
    for d in &all {
        diagnostic_json(d, &sources);
    }
}

#[test]
fn json_form() {
    let (sources, all) = sample();
    let json = diagnostic_json(all.iter().next().unwrap(), &sources);
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn nothing_in_a_diagnostic_steers_the_terminal() {
    let (sources, file) = sources("a = \"\u{1b}[31m\u{9b}1m\" + nope\n");
    let mut all = Diagnostics::new();
    let mut d = Diagnostic::error("Bad \u{1b}[2J", "The API said \u{1b}]0;x\u{7}.")
        .on("x[\"\u{1b}\"]")
        .help("\u{1b}c");
    d.subject = Some(span_of(&sources, file, "nope"));
    d.values.push(("var.x".into(), "is \u{1b}".into()));
    all.push(d);
    let text = diagnostics_text(&all, &sources, &DiagnosticStyle::default());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    insta::assert_snapshot!(text);
}
