//! The history as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use similar::TextDiff;
use streamform_lang::value::Value;

use super::TextStyle;
use super::diff::Differ;
use super::model::OutputReport;
use super::paint::Ink;
use super::paint::wrap;
use super::state_text::output_value;
use super::terminal::changed_values;
use super::value_text::clean;
use super::value_text::value_text;
use crate::engine::history::Counts;
use crate::engine::history::Difference;
use crate::engine::history::Earlier;
use crate::engine::history::Kind;
use crate::engine::history::Sql;
use crate::engine::history::Status;
use crate::engine::history::TwoTexts;
use crate::engine::history::Version;
use crate::plan::Secrets;

/// The list of versions, newest first. `all`: how many there are.
pub fn history_text(versions: &[Version], all: usize, style: &TextStyle) -> String {
    if versions.is_empty() {
        return "There is no history here yet: the first apply begins it.\n".to_owned();
    }
    let rows: Vec<[String; 4]> = versions
        .iter()
        .map(|v| {
            [
                v.number().to_string(),
                v.begun.at.clone(),
                clean(&v.begun.who),
                what(v),
            ]
        })
        .collect();
    let titles = ["Version", "When", "Who", "What"].map(str::to_owned);
    let width = |i: usize| {
        let all = rows.iter().chain([&titles]);
        all.map(|r| r[i].chars().count()).max().unwrap_or(0)
    };
    let (when, who) = (width(1), width(2));
    let mut out = String::new();
    let line = |row: &[String; 4]| format!("{:>7}  {:when$}  {:who$}  {}", row[0], row[1], row[2], row[3]);
    style.paint.push(&mut out, Ink::Bold, &line(&titles));
    out.push('\n');
    for row in &rows {
        out.push_str(line(row).trim_end());
        out.push('\n');
    }
    if versions.len() < all {
        let older = match all - versions.len() {
            1 => "1 older version".to_owned(),
            n => format!("{n} older versions"),
        };
        let more = format!("\n{older}: -limit=0 shows all.\n");
        style.paint.push(&mut out, Ink::Dim, &more);
    }
    out
}

/// A version in a few words.
fn what(version: &Version) -> String {
    let begun = &version.begun;
    let mut out = begun.kind.words().to_owned();
    if let Some(detail) = &begun.detail {
        _ = write!(out, " {}", clean(detail));
    }
    if begun.config.is_some() && begun.kind != Kind::Import {
        match version.ended.as_ref().and_then(|e| e.done) {
            Some(done) => {
                _ = write!(
                    out,
                    ": {}",
                    counted(done, ["imported", "added", "changed", "destroyed", "forgotten"])
                );
            }
            None => _ = write!(out, ": {}", planned(begun.planned)),
        }
    } else if !begun.changes.is_empty() && begun.kind != Kind::Import {
        let many = if begun.changes.len() == 1 { "" } else { "s" };
        _ = write!(out, ": {} record{many}", begun.changes.len());
    }
    match version.status() {
        None => out.push_str(" (under way)"),
        Some(Status::Complete) => {}
        Some(Status::Failed) => out.push_str(" (failed)"),
        Some(Status::Stopped) => out.push_str(" (stopped)"),
        Some(Status::Interrupted) => out.push_str(" (interrupted)"),
    }
    out
}

fn planned(counts: Counts) -> String {
    counted(
        counts,
        ["to import", "to add", "to change", "to destroy", "to forget"],
    )
}

fn counted(c: Counts, words: [&str; 5]) -> String {
    let always = [false, true, true, true, false];
    let numbers = [c.import, c.add, c.change, c.destroy, c.forget];
    let parts = numbers
        .iter()
        .zip(words)
        .zip(always)
        .filter(|((n, _), always)| **n > 0 || *always)
        .map(|((n, word), _)| format!("{n} {word}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Everything that is known of a version.
pub fn version_text(version: &Version, style: &TextStyle) -> String {
    let begun = &version.begun;
    let mut out = String::new();
    let title = format!("Version {}: {}", version.number(), what(version));
    style.paint.push(&mut out, Ink::Bold, &title);
    out.push_str("\n\n");
    let mut fact = |name: &str, text: &str| {
        out.push_str(&hanging(&format!("  {name:<9} {text}"), 12, style));
        out.push('\n');
    };
    fact("by", &clean(&begun.who));
    fact("began", &begun.at);
    match (&version.ended, version.status()) {
        (Some(ended), Some(Status::Interrupted)) => fact("found", &ended.at),
        (Some(ended), _) => fact("ended", &ended.at),
        (None, _) => {}
    }
    let after = version
        .ended
        .as_ref()
        .map_or("?".to_owned(), |e| e.serial.to_string());
    fact(
        "state",
        &format!(
            "serial {} to {after}, lineage {}",
            begun.serial,
            clean(&begun.lineage)
        ),
    );
    if let Some(config) = &begun.config {
        fact("plan", &planned(begun.planned));
        if !config.limits.is_empty() {
            fact("limits", &clean(&config.limits.join(" ")));
        }
        for (i, folder) in by_folder(config.files.keys()).iter().enumerate() {
            fact(if i == 0 { "files" } else { "" }, folder);
        }
        let digest: String = config.digest.chars().take(12).collect();
        fact("digest", &digest);
    }
    fact("program", &format!("Streamform {}", clean(&begun.program)));
    if !begun.changes.is_empty() {
        out.push_str("\nChanges:\n\n");
        for change in &begun.changes {
            let mut line = clean(&change.address);
            if let Some(key) = &change.deposed {
                _ = write!(line, " (deposed object {})", clean(key));
            }
            if let Some(previous) = &change.previous {
                _ = write!(line, " (moved from {})", clean(previous));
            }
            if version.ended.is_some() && !version.is_done(&change.address) {
                line.push_str(" (not done)");
            }
            signed(&mut out, change.sign(), &line, style);
        }
    }
    let statements: Vec<TwoTexts> = version
        .statements()
        .into_iter()
        .map(|s| TwoTexts {
            name: s.address,
            before: s.before,
            after: s.after,
        })
        .collect();
    texts(&mut out, "Statements", &statements, style);
    let variables = version.variables();
    if !variables.is_empty() {
        out.push_str("\nVariables:\n\n");
        let width = name_width(variables.iter().map(|(n, _)| n));
        for (name, value) in &variables {
            _ = writeln!(out, "  {:width$} = {}", clean(name), shown(value));
        }
    }
    if let Some(ended) = &version.ended
        && !ended.outputs.is_empty()
    {
        out.push_str("\nOutputs:\n\n");
        let width = name_width(ended.outputs.keys());
        for (name, output) in &ended.outputs {
            _ = writeln!(out, "  {:width$} = {}", clean(name), shown(&output_value(output)));
        }
    }
    out
}

/// The names of files, a line a folder, those of the folder itself first.
fn by_folder<'a>(files: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut folders: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        folders.entry(folder).or_default().push(clean(name));
    }
    let one = |(folder, names): (&str, Vec<String>)| match folder {
        "" => names.join(", "),
        _ => format!("{}/: {}", clean(folder), names.join(", ")),
    };
    folders.into_iter().map(one).collect()
}

/// Breaks a line that is longer than the terminal is wide; what follows stands `indent` columns further in.
fn hanging(line: &str, indent: usize, style: &TextStyle) -> String {
    let room = style.width.saturating_sub(indent);
    let (Some(head), Some(rest), true) = (line.get(..indent), line.get(indent..), room >= 20) else {
        return line.to_owned();
    };
    let rest = wrap(rest, room).replace('\n', &format!("\n{}", " ".repeat(indent)));
    format!("{head}{rest}")
}

/// What is different between two versions. `secrets` knows those of both.
pub fn difference_text(difference: &Difference, secrets: &Secrets, style: &TextStyle) -> String {
    let Difference { from, to, .. } = difference;
    let mut out = String::new();
    let title = format!("From version {} to version {}", from.number(), to.number());
    style.paint.push(&mut out, Ink::Bold, &title);
    out.push('\n');
    let empty = out.len();
    texts(&mut out, "Configuration", &difference.files, style);
    sides(
        &mut out,
        "Variables",
        &difference.variables,
        Value::clone,
        secrets,
        style,
    );
    if !difference.objects.is_empty() {
        out.push_str("\nObjects:\n\n");
        for (address, sign) in &difference.objects {
            signed(&mut out, sign, &clean(address), style);
        }
    }
    texts(&mut out, "Statements", &difference.statements, style);
    sides(
        &mut out,
        "Outputs",
        &difference.outputs,
        output_value,
        secrets,
        style,
    );
    if out.len() == empty {
        out.push_str("\nNothing is different.\n");
    }
    if !difference.gaps.is_empty() {
        let gaps: Vec<String> = difference.gaps.iter().map(u64::to_string).collect();
        let note = match gaps.as_slice() {
            [one] => format!(
                "Version {one} between them is not kept any more: what it did to objects and statements is not shown."
            ),
            _ => format!(
                "The versions {} between them are not kept any more: what they did to objects and statements is not shown.",
                gaps.join(", ")
            ),
        };
        out.push('\n');
        style.paint.push(&mut out, Ink::Yellow, &wrap(&note, style.width));
        out.push('\n');
    }
    out
}

/// The words above the plan of a rollback.
pub fn rollback_text(earlier: &Earlier, style: &TextStyle) -> String {
    let begun = &earlier.version.begun;
    let mut out = String::new();
    let title = format!(
        "Rollback to version {} ({} by {}, {})",
        begun.number,
        begun.kind.words(),
        clean(&begun.who),
        begun.at
    );
    style.paint.push(&mut out, Ink::Bold, &title);
    let mut say = |text: &str| {
        out.push_str(&wrap(text, style.width));
        out.push('\n');
    };
    say(
        "\n\nThis is a plan like any other: the configuration and the variables of that version against the objects as they are now.",
    );
    if let Some(config) = &begun.config
        && !config.limits.is_empty()
    {
        let limits = clean(&config.limits.join(" "));
        say(&format!(
            "That version was made with {limits}; this plan is for the whole configuration."
        ));
    }
    if matches!(
        earlier.version.status(),
        Some(Status::Failed | Status::Stopped | Status::Interrupted)
    ) {
        say("That run did not come to its end; this plan is for what it was to do.");
    }
    if !earlier.other_now.is_empty() {
        let files: Vec<String> = earlier.other_now.iter().map(|f| clean(f)).collect();
        say(&format!(
            "The files in this folder stay as they are. They say something else ({}), so the next plain plan goes forward to them again.",
            files.join(", ")
        ));
    }
    out
}

/// Remembers the secrets of a version: nothing that is shown from now on may hold them.
pub fn learn_version(secrets: &Secrets, version: &Version) {
    version.variables().iter().for_each(|(_, v)| secrets.learn(v));
    let outputs = version.ended.iter().flat_map(|e| e.outputs.values());
    outputs.for_each(|o| secrets.learn(&output_value(o)));
}

fn shown(value: &Value) -> String {
    if value.is_sensitive() {
        "(sensitive value)".to_owned()
    } else {
        value_text(value).replace('\n', "\n  ")
    }
}

fn signed(out: &mut String, sign: &str, line: &str, style: &TextStyle) {
    let ink = match sign {
        "+" => Ink::Green,
        "-" => Ink::Red,
        _ => Ink::Yellow,
    };
    out.push_str(&" ".repeat(3_usize.saturating_sub(sign.len())));
    style.paint.push(out, ink, sign);
    _ = writeln!(out, " {line}");
}

type Sides<V> = [(String, Option<V>, Option<V>)];

fn sides<V>(
    out: &mut String,
    title: &str,
    all: &Sides<V>,
    value: impl Fn(&V) -> Value,
    secrets: &Secrets,
    style: &TextStyle,
) {
    if all.is_empty() {
        return;
    }
    _ = write!(out, "\n{title}:\n\n");
    let differ = Differ {
        secrets,
        replace: &[],
        untyped: true,
    };
    let changed: Vec<OutputReport> = all
        .iter()
        .map(|(name, before, after)| OutputReport {
            name: name.as_str().into(),
            diff: differ.value(
                before.as_ref().map(&value).as_ref(),
                after.as_ref().map(&value).as_ref(),
            ),
        })
        .collect();
    changed_values(out, &changed, style);
}

fn name_width<'a>(names: impl Iterator<Item = &'a String>) -> usize {
    names.map(|n| clean(n).chars().count()).max().unwrap_or(0)
}

fn texts(out: &mut String, title: &str, all: &[TwoTexts], style: &TextStyle) {
    if all.is_empty() {
        return;
    }
    _ = write!(out, "\n{title}:\n");
    for one in all {
        let sign = match (&one.before, &one.after) {
            (None, _) => "+",
            (_, None) => "-",
            _ => "~",
        };
        out.push('\n');
        signed(out, sign, &clean(&one.name), style);
        let hidden = |sql: &Option<Sql>| sql.as_ref().is_some_and(|s| s.sensitive);
        if hidden(&one.before) || hidden(&one.after) {
            out.push_str("      (sensitive value)\n");
            continue;
        }
        let text = |sql: &Option<Sql>| {
            let text = sql.as_ref().map(|s| s.text.as_str()).unwrap_or_default();
            let text = text.to_owned();
            if text.is_empty() || text.ends_with('\n') {
                text
            } else {
                text + "\n"
            }
        };
        let (before, after) = (text(&one.before), text(&one.after));
        let diff = TextDiff::from_lines(before.as_str(), after.as_str());
        for line in diff.unified_diff().context_radius(3).to_string().lines() {
            let ink = match line.chars().next() {
                Some('+') => Some(Ink::Green),
                Some('-') => Some(Ink::Red),
                Some('@') => Some(Ink::Cyan),
                _ => None,
            };
            let line = clean(line);
            out.push_str("      ");
            match ink {
                Some(ink) => style.paint.push(out, ink, &line),
                None => out.push_str(line.trim_end()),
            }
            out.push('\n');
        }
    }
}
