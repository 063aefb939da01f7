//! The Markdown skin: a plan for a comment on a pull request.
//!
//! What stands in it comes from strangers (names, keys, SQL): nothing of it may become a link, a mention, a heading or
//! the end of a fold.

use std::fmt::Write as _;

use super::diff::BlockDiff;
use super::diff::Body;
use super::diff::Diff;
use super::diff::Sign;
use super::model::ChangeReport;
use super::model::PlanReport;
use super::paint::Paint;
use super::terminal::DiffWriter;
use super::terminal::Layout;
use super::terminal::Manner;
use crate::plan::Action;
use crate::plan::PlanMode;

/// How the comment is made.
#[derive(Clone, Debug)]
pub struct MarkdownOptions {
    /// A title; none: the counts stand alone.
    pub title: Option<String>,
    /// A hidden line at the top by which the comment is found again.
    pub marker: Option<String>,
    /// At most so many characters. GitHub takes 65,536, GitLab 1,000,000.
    pub limit: usize,
}

impl Default for MarkdownOptions {
    fn default() -> Self {
        // One part in a hundred is kept free for what the host may add.
        MarkdownOptions {
            title: None,
            marker: None,
            limit: 65_536 - 656,
        }
    }
}

/// At most so many characters of one fold: one large statement must not push out all others.
const MOST_OF_ONE: usize = 20_000;

/// The plan as Markdown, never longer than the limit. Deletes and replacements are the last to be shortened.
pub fn plan_markdown(report: &PlanReport, options: &MarkdownOptions) -> String {
    let head = head(report, options);
    let foot = foot(report);
    let mut shown: Vec<&ChangeReport> = report.changes.iter().collect();
    shown.sort_by_key(|c| rank(c.action));
    let mut left = options
        .limit
        .saturating_sub(chars(&head) + chars(&foot) + NOTE_ROOM);
    let table = table(&shown, left.min(options.limit / 3));
    left = left.saturating_sub(chars(&table));
    let mut folds: Vec<(u8, String)> = shown.iter().map(|c| (rank(c.action), fold(c))).collect();
    if !report.outputs.is_empty() {
        folds.push((1, outputs(report)));
    }
    for c in &report.drift {
        folds.push((2, drift(c)));
    }
    // Smallest first within a rank: so the largest number of changes is shown.
    let sizes: Vec<usize> = folds.iter().map(|(_, t)| chars(t)).collect();
    let mut order: Vec<usize> = (0..folds.len()).collect();
    order.sort_by_key(|i| (folds[*i].0, sizes[*i]));
    let mut kept = vec![false; folds.len()];
    for i in order {
        if sizes[i] <= left {
            left -= sizes[i];
            kept[i] = true;
        }
    }
    let mut out = head;
    out.push_str(&table);
    for ((_, text), _) in folds.iter().zip(&kept).filter(|(_, k)| **k) {
        out.push_str(text);
    }
    let dropped = kept.iter().filter(|k| !**k).count();
    if dropped > 0 {
        _ = write!(
            out,
            "\n_{dropped} more of these would not fit here. Run `streamform show` with the plan file to see all._\n"
        );
    }
    out.push_str(&foot);
    cut(out, options.limit)
}

/// More warnings than these are only counted.
const MOST_WARNINGS: usize = 10;

/// What the note on dropped folds needs.
const NOTE_ROOM: usize = 160;

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// The last resort, where even counts and table are too long.
fn cut(mut out: String, limit: usize) -> String {
    if let Some((at, _)) = out.char_indices().nth(limit) {
        let at = out[..at].rfind('\n').unwrap_or(at);
        out.truncate(at);
    }
    out
}

fn rank(action: Action) -> u8 {
    match action {
        Action::Delete
        | Action::DeleteThenCreate
        | Action::CreateThenDelete
        | Action::CreateThenForget
        | Action::Forget => 0,
        Action::Update => 1,
        Action::Create | Action::Read | Action::NoOp => 2,
    }
}

fn symbol(action: Action, imports: bool) -> &'static str {
    match action {
        Action::NoOp if imports => "📥",
        Action::NoOp => "→",
        Action::Create => "➕",
        Action::Read => "📖",
        Action::Update => "✏️",
        Action::DeleteThenCreate | Action::CreateThenDelete | Action::CreateThenForget => "♻️",
        Action::Delete => "🗑️",
        Action::Forget => "👋",
    }
}

fn word(action: Action, imports: bool) -> &'static str {
    match action {
        Action::NoOp if imports => "import",
        Action::NoOp => "move",
        Action::Create => "create",
        Action::Read => "read",
        Action::Update => "update",
        Action::DeleteThenCreate => "replace (delete, then create)",
        Action::CreateThenDelete => "replace (create, then delete)",
        Action::CreateThenForget => "replace (create; the old one is kept)",
        Action::Delete => "**delete**",
        Action::Forget => "forget",
    }
}

fn head(report: &PlanReport, options: &MarkdownOptions) -> String {
    let mut out = String::new();
    if let Some(marker) = &options.marker {
        // Two dashes would end the comment.
        let marker = marker.replace("--", "- -").replace(['>', '\n'], " ");
        _ = writeln!(out, "<!-- {marker} -->");
    }
    if let Some(title) = &options.title {
        _ = writeln!(out, "### {}\n", escape(title));
    }
    let replaced = report.changes.iter().filter(|c| c.action.is_replace()).count();
    let s = &report.summary;
    if report.errored {
        out.push_str(
            "> [!CAUTION]\n> Planning failed: what follows is not complete, and cannot be applied.\n\n",
        );
    }
    if !report.has_changes && !report.deferred.is_empty() {
        out.push_str("**No changes yet.** What could not be planned is listed below.\n");
        return out;
    }
    if !report.has_changes {
        out.push_str(match report.mode {
            PlanMode::Destroy => "**No changes.** No objects need to be destroyed.\n",
            _ => "**No changes.** Your infrastructure matches the configuration.\n",
        });
        return out;
    }
    _ = write!(
        out,
        "➕ **{}** to add, ✏️ **{}** to change, ♻️ **{replaced}** to replace, 🗑️ **{}** to destroy",
        s.add - replaced.min(s.add),
        s.change,
        s.destroy - replaced.min(s.destroy),
    );
    if s.import > 0 {
        _ = write!(out, ", 📥 **{}** to import", s.import);
    }
    if s.forget > 0 {
        _ = write!(out, ", 👋 **{}** to forget", s.forget);
    }
    _ = writeln!(out, ", {} unchanged\n", report.unchanged);
    if s.destroy > 0 {
        out.push_str("> [!WARNING]\n");
        let gone = s.destroy - replaced.min(s.destroy);
        if gone > 0 {
            _ = writeln!(
                out,
                "> {gone} {} deleted.",
                plural(gone, "object is", "objects are")
            );
        }
        if replaced > 0 {
            let text = plural(
                replaced,
                "object is replaced: what it holds",
                "objects are replaced: what they hold",
            );
            _ = writeln!(out, "> {replaced} {text} may be lost.");
        }
        out.push('\n');
    }
    for (summary, detail) in report.warnings.iter().take(MOST_WARNINGS) {
        _ = writeln!(out, "> [!NOTE]\n> **{}** {}\n", escape(summary), escape(detail));
    }
    if report.warnings.len() > MOST_WARNINGS {
        _ = writeln!(
            out,
            "_{} more warnings are in the log._\n",
            report.warnings.len() - MOST_WARNINGS
        );
    }
    for c in &report.checks {
        _ = writeln!(
            out,
            "> [!WARNING]\n> Check {} does not hold: {}\n",
            code(&c.address),
            escape(&c.messages.join(" "))
        );
    }
    out
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

fn foot(report: &PlanReport) -> String {
    let mut out = deferred(report);
    if report.has_changes {
        _ = write!(out, "\nPlan: {}.\n", report.summary);
    }
    out
}

/// More deferred objects than these are only counted.
const MOST_DEFERRED: usize = 20;

/// What is left for a later apply.
fn deferred(report: &PlanReport) -> String {
    let mut out = String::new();
    if report.deferred.is_empty() {
        return out;
    }
    out.push_str("\n**Deferred** until more is known; apply again afterwards:\n\n");
    for d in report.deferred.iter().take(MOST_DEFERRED) {
        _ = writeln!(
            out,
            "- {}: {}",
            code(&d.address.to_string()),
            escape(&d.explanation)
        );
    }
    if let Some(more) = report
        .deferred
        .len()
        .checked_sub(MOST_DEFERRED)
        .filter(|n| *n > 0)
    {
        _ = writeln!(out, "- and {more} more");
    }
    out
}

fn table(changes: &[&ChangeReport], room: usize) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut out = String::from("| | resource | action | why |\n|---|---|---|---|\n");
    let mut size = chars(&out);
    for (i, c) in changes.iter().enumerate() {
        let row = format!(
            "| {} | {} | {} | {} |\n",
            symbol(c.action, c.imports),
            code(&c.label()),
            word(c.action, c.imports),
            why(c)
        );
        size += chars(&row);
        if size + 60 > room {
            _ = writeln!(out, "| … | and {} more | | |", changes.len() - i);
            break;
        }
        out.push_str(&row);
    }
    out.push('\n');
    out
}

/// Why something happens, for one cell of a table.
fn why(c: &ChangeReport) -> String {
    let mut reasons: Vec<String> = c.notes.iter().map(|n| escape(n)).collect();
    reasons.extend(c.warning.map(|w| format!("**{}**", escape(w))));
    if c.action.is_replace() {
        if c.replace_paths.is_empty() {
            reasons.push(escape(&c.verb));
        } else {
            let paths: Vec<String> = c.replace_paths.iter().map(|p| code(p)).collect();
            reasons.push(format!("**forced by** {}", paths.join(", ")));
        }
    } else if c.action == Action::Update {
        let changed: Vec<String> = changed(&c.body).into_iter().take(4).map(|n| code(&n)).collect();
        reasons.push(format!("changes {}", changed.join(", ")));
    }
    if c.action == Action::NoOp {
        reasons.push(escape(&c.verb));
    }
    if let Some(text) = &c.explanation {
        reasons.push(escape(text));
    }
    reasons.join("; ")
}

/// Names of attributes and blocks that change in a way that a person decided on: not those that merely become unknown.
fn changed(body: &BlockDiff) -> Vec<String> {
    let decided = |d: &Diff| d.sign != Sign::Same && !matches!(d.body, Body::Unknown(_));
    let attributes = body
        .attributes
        .iter()
        .filter(|(_, d)| decided(d))
        .map(|(n, _)| n.to_string());
    let blocks = body
        .blocks
        .iter()
        .filter(|(_, l)| l.iter().any(|(_, d)| decided(d)))
        .map(|(n, _)| n.to_string());
    attributes.chain(blocks).collect()
}

fn fold(c: &ChangeReport) -> String {
    let mut text = String::new();
    let sign = match c.action {
        Action::Create => '+',
        Action::Delete => '-',
        Action::NoOp | Action::Forget | Action::Read => ' ',
        _ => '!',
    };
    _ = writeln!(text, "{sign} # {} {}", c.label(), c.verb);
    for note in &c.notes {
        _ = writeln!(text, "{sign} # ({note})");
    }
    if let Some(warning) = c.warning {
        _ = writeln!(text, "{sign} # {warning}");
    }
    let mut writer = DiffWriter {
        out: &mut text,
        paint: Paint::plain(),
        layout: Layout::SignFirst,
    };
    writer.block(&c.body, 0, Manner::TOP);
    let title = format!(
        "{} {} {}",
        symbol(c.action, c.imports),
        code(&c.label()),
        escape(&c.verb)
    );
    folded(&title, &text)
}

fn drift(c: &ChangeReport) -> String {
    let mut text = String::new();
    let mut writer = DiffWriter {
        out: &mut text,
        paint: Paint::plain(),
        layout: Layout::SignFirst,
    };
    writer.block(&c.body, 0, Manner::TOP);
    folded(
        &format!(
            "👀 {} {} outside of Streamform",
            code(&c.label()),
            escape(&c.verb)
        ),
        &text,
    )
}

fn outputs(report: &PlanReport) -> String {
    let mut text = String::new();
    let body = BlockDiff {
        attributes: report
            .outputs
            .iter()
            .map(|o| (o.name.clone(), o.diff.clone()))
            .collect(),
        blocks: Vec::new(),
    };
    let mut writer = DiffWriter {
        out: &mut text,
        paint: Paint::plain(),
        layout: Layout::SignFirst,
    };
    writer.block(&body, 0, Manner::TOP);
    folded("Changes to outputs", &text)
}

/// A fold with a block of differences in it; long ones are cut between lines.
fn folded(title: &str, text: &str) -> String {
    let mut body = String::new();
    let mut size = 0;
    let mut left_out = 0;
    for line in text.lines() {
        let n = chars(line) + 1;
        if left_out > 0 || size + n > MOST_OF_ONE {
            left_out += 1;
            continue;
        }
        size += n;
        body.push_str(line);
        body.push('\n');
    }
    if left_out > 0 {
        _ = writeln!(body, "  # ({left_out} more lines)");
    }
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    format!("<details><summary>{title}</summary>\n\n{fence}diff\n{body}{fence}\n\n</details>\n\n")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text that is shown as it is: everything that Markdown or HTML could read as more than a letter is spelt out. `apart`
/// also keeps names behind `@` and `#` from being read as mentions, which hosts look for in the finished page.
fn spell(text: &str, apart: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // Between letters an underscore is never emphasis.
        let inside = c == '_' && before.is_alphanumeric() && rest.peek().is_some_and(|n| n.is_alphanumeric());
        match c {
            c if c.is_alphanumeric() || inside => out.push(c),
            ' ' | '.' | ',' | '-' | '\'' | '"' | '?' | '/' | '=' | '%' | ';' | '(' | ')' => out.push(c),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => {}
            '@' | '#' if apart => _ = write!(out, "&#{};&#8203;", u32::from(c)),
            c => _ = write!(out, "&#{};", u32::from(c)),
        }
        before = c;
    }
    out
}

fn escape(text: &str) -> String {
    spell(text, true)
}

/// Text as code.
fn code(text: &str) -> String {
    format!("<code>{}</code>", spell(text, false))
}

#[cfg(test)]
mod tests;
