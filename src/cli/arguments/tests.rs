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

/// The reference of the command line: every help text.
#[test]
fn reference() {
    let mut tree = Cli::command().term_width(100);
    tree.build();
    let mut out = String::new();
    pages(&mut tree, &mut out);
    insta::assert_snapshot!(out);
}

fn pages(command: &mut clap::Command, out: &mut String) {
    let title = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    out.push_str(&format!("# {title}\n\n{}\n\n", lines.join("\n")));
    for child in command.get_subcommands_mut() {
        pages(child, out);
    }
}
