//! `state check`

use clap::Args;
use serde::Serialize;
use streamform_lang::diag::Diagnostic;
use streamform_state::Check;
use streamform_state::Finding;
use streamform_state::Verdict;

use super::super::line;
use super::reading;
use crate::cli::arguments::LockArgs;
use crate::cli::arguments::StateFileArg;
use crate::cli::session::Surroundings;
use crate::engine::state::check_state;
use crate::report::Ui;

/// Look whether everything that belongs to the state is well
///
/// Reads every byte of log, snapshots, working store, manifest and documents, opens every seal and every record, and says of
/// each part what it found and what to do. Changes nothing. The exit code is 1 when something is damaged, lost or not what it
/// should be.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state_file: StateFileArg,
    #[command(flatten)]
    lock: LockArgs,
}

/// True: all is well.
pub(super) fn run(ui: &Ui, surroundings: &Surroundings, args: &CheckArgs) -> Result<bool, Box<Diagnostic>> {
    let mut session = reading(surroundings)?;
    session.lock_wait = args.lock.wait()?;
    args.state_file.settle(&mut session);
    let check = check_state(&session)?;
    ui.out(&if args.json { json(&check) } else { text(&check) });
    Ok(check.wrong() == 0)
}

fn text(check: &Check) -> String {
    let mut text = format!("State in {}\n\n", check.place);
    for Finding {
        part,
        verdict,
        text: seen,
        advice,
    } in &check.findings
    {
        let word = match verdict {
            Verdict::Well => "ok",
            Verdict::Note => "note",
            Verdict::Wrong => "WRONG",
        };
        text.push_str(&line(format_args!("  {word:<5}  {part:<13}  {seen}.")));
        if let Some(advice) = advice {
            text.push_str(&line(format_args!("{:24}{advice}", "")));
        }
    }
    text.push_str(&match check.wrong() {
        0 => "\nThe state is well.\n".to_owned(),
        1 => "\nOne thing is wrong.\n".to_owned(),
        many => format!("\n{many} things are wrong.\n"),
    });
    text
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    place: &'a str,
    well: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lineage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<usize>,
    findings: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    part: &'a str,
    verdict: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn of(finding: &'a Finding) -> Part<'a> {
        Part {
            part: finding.part,
            verdict: match finding.verdict {
                Verdict::Well => "ok",
                Verdict::Note => "note",
                Verdict::Wrong => "wrong",
            },
            text: &finding.text,
            advice: finding.advice.as_deref(),
        }
    }
}

fn json(check: &Check) -> String {
    let view = check.view.as_ref();
    let document = Document {
        format_version: "1.0",
        place: &check.place,
        well: check.wrong() == 0,
        lineage: view.map(|view| view.lineage()),
        serial: view.map(|view| view.serial()),
        records: view.map(|view| view.len()),
        findings: check.findings.iter().map(Part::of).collect(),
    };
    line(serde_json::to_string(&document).unwrap_or_default())
}
