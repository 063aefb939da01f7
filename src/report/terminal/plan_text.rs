//! A plan as text.

use std::fmt::Write as _;
use std::path::Path;

use super::DiffWriter;
use super::Layout;
use super::TextStyle;
use super::diff_text::Manner;
use super::diff_text::attribute_name;
use crate::plan::Action;
use crate::plan::CheckStatus;
use crate::plan::PlanMode;
use crate::report::model::ChangeReport;
use crate::report::model::OutputReport;
use crate::report::model::PlanReport;
use crate::report::paint::Ink;
use crate::report::paint::wrap;
use streamform_lang::addrs::Mode;
use unicode_width::UnicodeWidthStr;

/// The whole plan as text, from drift to the counts and the changes of outputs. Ends in a line end.
pub fn plan_text(report: &PlanReport, style: &TextStyle) -> String {
    // Some lines for each change: a long text is not moved as it grows.
    let mut out = String::with_capacity(512 * (report.changes.len() + report.drift.len()));
    let words = |text: &str| wrap(text, style.width);
    if report.errored && report.changes.is_empty() && report.outputs.is_empty() {
        let text = "Planning failed. Streamform encountered an error while generating this plan.";
        style.paint.push(
            &mut out,
            Ink::BoldRed,
            text.split_inclusive('.').next().unwrap_or(text),
        );
        out.push_str(text.split_once('.').map_or("", |(_, rest)| rest));
        out.push_str("\n\n");
    }
    if !report.drift.is_empty() && (report.has_changes || report.mode == PlanMode::RefreshOnly) {
        drift(&mut out, report, style);
    }
    if report.mode == PlanMode::RefreshOnly {
        refresh_only(&mut out, report, style);
        outputs(&mut out, report, style);
        return out;
    }
    let shown: Vec<&ChangeReport> = report.changes.iter().collect();
    if shown.is_empty() && report.outputs.is_empty() {
        if !report.errored && report.deferred.is_empty() {
            no_changes(&mut out, report, style);
        }
        deferred(&mut out, report, style);
        checks(&mut out, report, style);
        return out;
    }
    if !shown.is_empty() {
        if shown.iter().any(|c| c.action != Action::NoOp) {
            out.push_str(&words(
                "Streamform used the selected providers to generate the following execution plan. Resource actions are indicated with the following symbols:",
            ));
            out.push('\n');
            legend(&mut out, report, style);
        }
        out.push('\n');
        out.push_str(if report.errored {
            "Streamform planned the following actions, but then encountered a problem:\n"
        } else {
            "Streamform will perform the following actions:\n"
        });
        for c in shown {
            out.push('\n');
            change(&mut out, c, style, false);
        }
        out.push('\n');
        summary(&mut out, report, style);
    }
    deferred(&mut out, report, style);
    outputs(&mut out, report, style);
    if report.changes.is_empty() && !report.outputs.is_empty() {
        out.push('\n');
        out.push_str(&words(
            "You can apply this plan to save these new output values to the Streamform state, without changing any real infrastructure.",
        ));
        out.push('\n');
    }
    checks(&mut out, report, style);
    out
}

/// What is left for a later apply.
fn deferred(out: &mut String, report: &PlanReport, style: &TextStyle) {
    if report.deferred.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    style.paint.push(out, Ink::Bold, "Deferred until more is known:");
    out.push('\n');
    for d in &report.deferred {
        _ = writeln!(out, "\n  # {}", d.address);
        for line in wrap(&d.explanation, style.width.saturating_sub(6)).lines() {
            _ = writeln!(out, "      {line}");
        }
    }
}

fn no_changes(out: &mut String, report: &PlanReport, style: &TextStyle) {
    let (title, text) = match report.mode {
        PlanMode::Destroy => (
            "No changes.",
            (
                " No objects need to be destroyed.",
                "Either you have not created any objects yet or the existing objects were already deleted outside of Streamform.",
            ),
        ),
        _ if report.drifted > 0 => (
            "No changes.",
            (
                " Your infrastructure matches the configuration.",
                "Streamform has checked that the real objects still match the result of your most recent changes. What was found changed outside agrees with the configuration; an apply records it in the state.",
            ),
        ),
        _ => (
            "No changes.",
            (
                " Your infrastructure matches the configuration.",
                "Streamform has compared your real infrastructure against your configuration and found no differences, so no changes are needed.",
            ),
        ),
    };
    style.paint.push(out, Ink::BoldGreen, title);
    style.paint.push(out, Ink::Bold, text.0);
    out.push_str("\n\n");
    out.push_str(&wrap(text.1, style.width));
    out.push('\n');
}

fn refresh_only(out: &mut String, report: &PlanReport, style: &TextStyle) {
    if report.drift.is_empty() && report.outputs.is_empty() {
        style.paint.push(out, Ink::BoldGreen, "No changes.");
        style.paint.push(
            out,
            Ink::Bold,
            " Your infrastructure still matches the configuration.",
        );
        out.push_str("\n\n");
        out.push_str(&wrap(
            "Streamform has checked that the real remote objects still match the result of your most recent changes, and found no differences.",
            style.width,
        ));
        out.push('\n');
        return;
    }
    out.push_str(&wrap(
        "This is a refresh-only plan, so Streamform will not take any actions to undo these. If you were expecting these changes then you can apply this plan to record the updated values in the Streamform state without changing any remote objects.",
        style.width,
    ));
    out.push('\n');
}

fn drift(out: &mut String, report: &PlanReport, style: &TextStyle) {
    style.paint.push(out, Ink::Bold, "Note:");
    out.push_str(" Objects have changed outside of Streamform\n\n");
    out.push_str(&wrap(
        "Streamform detected the following changes made outside of Streamform since the last \"streamform apply\" which may have affected this plan:",
        style.width,
    ));
    out.push('\n');
    for c in &report.drift {
        out.push('\n');
        change(out, c, style, true);
    }
    out.push('\n');
    if report.mode != PlanMode::RefreshOnly && report.has_changes {
        out.push_str(&wrap(
            "Unless you have made equivalent changes to your configuration, the following plan may include actions to undo or respond to these changes.",
            style.width,
        ));
        out.push_str("\n\n");
        out.extend(std::iter::repeat_n('─', style.width.clamp(20, 78)));
        out.push_str("\n\n");
    }
}

fn legend(out: &mut String, report: &PlanReport, style: &TextStyle) {
    let entries = [
        (Action::Create, "create"),
        (Action::Update, "update in-place"),
        (Action::Delete, "destroy"),
        (Action::DeleteThenCreate, "destroy and then create replacement"),
        (Action::CreateThenDelete, "create replacement and then destroy"),
        (
            Action::CreateThenForget,
            "create replacement and then forget (kept, but no longer managed)",
        ),
        (Action::Read, "read (data resources)"),
        (Action::Forget, "forget (kept, but no longer managed)"),
    ];
    for (action, text) in entries {
        if report.changes.iter().any(|c| c.action == action) {
            symbol(out, action, style);
            out.push_str(text);
            out.push('\n');
        }
    }
}

/// Four columns with the symbol of an action.
fn symbol(out: &mut String, action: Action, style: &TextStyle) {
    let paint = style.paint;
    match action {
        Action::NoOp => out.push_str("    "),
        Action::DeleteThenCreate => {
            paint.push(out, Ink::Red, "-");
            out.push('/');
            paint.push(out, Ink::Green, "+");
            out.push(' ');
        }
        Action::CreateThenDelete | Action::CreateThenForget => {
            paint.push(out, Ink::Green, "+");
            out.push('/');
            let gone = if action == Action::CreateThenForget {
                "."
            } else {
                "-"
            };
            paint.push(out, Ink::Red, gone);
            out.push(' ');
        }
        other => {
            let ink = match other {
                Action::Create => Ink::Green,
                Action::Update => Ink::Yellow,
                Action::Read => Ink::Cyan,
                _ => Ink::Red,
            };
            let s = other.symbol();
            out.push_str(if s.len() == 2 { " " } else { "  " });
            paint.push(out, ink, s);
            out.push(' ');
        }
    }
}

/// One change: its title, its reasons and its attributes.
fn change(out: &mut String, c: &ChangeReport, style: &TextStyle, drift: bool) {
    out.push_str("  # ");
    style.paint.push(out, Ink::Bold, &c.label());
    out.push(' ');
    let ink = match c.action {
        action if action.deletes() && !drift => Ink::BoldRed,
        _ => Ink::Bold,
    };
    style.paint.push(out, ink, &c.verb);
    out.push('\n');
    for note in &c.notes {
        _ = writeln!(out, "  # ({note})");
    }
    if let Some(warning) = c.warning {
        out.push_str("  # ");
        style.paint.push(out, Ink::BoldYellow, warning);
        out.push('\n');
    }
    if let Some(text) = &c.explanation {
        for line in wrap(text, style.width.saturating_sub(4)).lines() {
            _ = writeln!(out, "  # {line}");
        }
    }
    let action = match (drift, c.action) {
        (true, Action::Delete | Action::NoOp) => c.action,
        (true, _) => Action::Update,
        (false, a) => a,
    };
    symbol(out, action, style);
    out.push_str(if c.mode == Mode::Data { "data" } else { "resource" });
    _ = writeln!(out, " \"{}\" \"{}\" {{", c.ty, c.name);
    let mut writer = DiffWriter {
        out,
        paint: style.paint,
        layout: Layout::Terminal,
    };
    writer.block(&c.body, 0, Manner::TOP);
    out.push_str("    }\n");
}

fn summary(out: &mut String, report: &PlanReport, style: &TextStyle) {
    style.paint.push(out, Ink::Bold, "Plan:");
    _ = writeln!(out, " {}.", report.summary);
}

fn outputs(out: &mut String, report: &PlanReport, style: &TextStyle) {
    if report.outputs.is_empty() {
        return;
    }
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
    out.push_str("Changes to Outputs:\n");
    changed_values(out, &report.outputs, style);
}

/// Values that have a name, each with what changes in it.
pub(in crate::report) fn changed_values(out: &mut String, values: &[OutputReport], style: &TextStyle) {
    let width = values
        .iter()
        .map(|o| attribute_name(&o.name).width())
        .max()
        .unwrap_or(0);
    for o in values {
        let name = attribute_name(&o.name);
        let mut writer = DiffWriter {
            out,
            paint: style.paint,
            layout: Layout::Terminal,
        };
        writer.sign(o.diff.sign);
        writer.out.push_str(&name);
        writer
            .out
            .extend(std::iter::repeat_n(' ', width.saturating_sub(name.width())));
        writer.out.push_str(" = ");
        writer.diff(&o.diff, 0, Manner::TOP);
        out.push('\n');
    }
}

fn checks(out: &mut String, report: &PlanReport, style: &TextStyle) {
    for c in &report.checks {
        out.push('\n');
        let title = if c.status == CheckStatus::Error {
            "Check could not be evaluated:"
        } else {
            "Check does not hold:"
        };
        style.paint.push(out, Ink::BoldYellow, title);
        _ = writeln!(out, " {}", c.address);
        for m in &c.messages {
            _ = writeln!(out, "  {m}");
        }
    }
}

/// What a user may do after a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep<'a> {
    /// The plan was not saved.
    NotSaved,
    /// The plan was saved in this file.
    Saved(&'a str),
}

/// The rule and the note below a plan that was only made.
/// `generated` is the file of resource blocks that were written for imports.
pub fn next_step_text(next: NextStep<'_>, generated: Option<&Path>, style: &TextStyle) -> String {
    let mut out = String::from("\n");
    out.extend(std::iter::repeat_n('─', style.width.clamp(20, 78)));
    out.push_str("\n\n");
    if let Some(path) = generated {
        out.push_str(&wrap(
            &format!("Streamform has generated configuration and written it to {}. Please review the configuration and edit it as necessary before adding it to version control.", path.display()),
            style.width,
        ));
        out.push_str("\n\n");
    }
    match next {
        NextStep::NotSaved => out.push_str(&wrap(
            "Note: You didn't use the -out option to save this plan, so Streamform can't guarantee to take exactly these actions if you run \"streamform apply\" now.",
            style.width,
        )),
        NextStep::Saved(path) => {
            _ = write!(
                out,
                "Saved the plan to: {path}\n\nTo perform exactly these actions, run the following command to apply:\n    streamform apply {path:?}"
            );
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests;
