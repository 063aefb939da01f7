use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Cli {
    Cli::try_parse_from(line.split(' ')).unwrap()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn global_flags_may_stand_anywhere() {
    let cli = parse("streamform --chdir=x plan --emulator --no-color");
    assert_eq!(cli.global.chdir, Some("x".into()));
    assert!(cli.global.emulator);
    assert!(cli.global.no_color);
}

#[test]
fn values_keep_the_order_in_which_they_were_typed() {
    let cli =
        parse("streamform plan --var a=1 --var-file f --var b=2 --refresh=false --detailed-exitcode --out=p");
    let Command::Plan(plan) = cli.command else {
        panic!("no plan")
    };
    assert_eq!(
        plan.variables.given,
        [
            GivenValue::Assignment("a=1".into()),
            GivenValue::File("f".into()),
            GivenValue::Assignment("b=2".into()),
        ]
    );
    assert_eq!(plan.planning.refresh, Some(false));
    assert!(plan.detailed_exitcode);
    assert_eq!(plan.out, Some("p".into()));
}

#[test]
fn the_last_of_equal_flags_wins() {
    let cli = parse("streamform plan --out=a --json --json --out=b --parallelism=1 --parallelism=2");
    let Command::Plan(plan) = cli.command else {
        panic!("no plan")
    };
    assert_eq!(plan.out, Some("b".into()));
    assert!(plan.json);
    assert_eq!(plan.running.parallelism, Some(2));
}

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");

/// docs/commands.md is every help text. `INSTA_UPDATE=always` writes it anew, as it does snapshots.
#[test]
fn the_reference_says_what_the_command_says() {
    let mut tree = Cli::command().term_width(100);
    tree.build();
    let mut out = String::from(
        "# Commands\n\nWhat `streamform COMMAND -help` prints, for every command. Flags take one dash or two. What the environment sets \
         is in [environment.md](environment.md).\n",
    );
    pages(&mut tree, &mut out, true);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always") {
        std::fs::write(REFERENCE, &out).unwrap();
    }
    let written = std::fs::read_to_string(REFERENCE).unwrap_or_default();
    let first = out.lines().zip(written.lines()).find(|(now, then)| now != then);
    assert!(
        written == out,
        "docs/commands.md is not what the commands say (INSTA_UPDATE=always writes it): {first:?}"
    );
}

/// The help of a command and of those below it; what every command takes is told once.
fn pages(command: &mut clap::Command, out: &mut String, all: bool) {
    let title = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let own = help
        .split_once("\nGlobal options:\n")
        .map_or(help.as_str(), |(own, _)| own);
    let shown = if all { help.as_str() } else { own };
    let lines: Vec<&str> = shown.trim_end().lines().map(str::trim_end).collect();
    out.push_str(&format!("\n## {title}\n\n```text\n{}\n```\n", lines.join("\n")));
    for child in command.get_subcommands_mut() {
        pages(child, out, false);
    }
}
