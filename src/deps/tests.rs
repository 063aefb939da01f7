use std::path::Path;

use super::*;
use crate::config::Snapshot;
use crate::config::load;

fn graph(text: &str) -> (Configuration, Graph, Vec<String>) {
    let files = Snapshot::from([("main.tf", text)]);
    let (config, found) = load(&files, Path::new("."));
    assert!(!found.has_errors(), "{found:?}");
    let (graph, found) = Graph::build(&config);
    let messages = found
        .iter()
        .map(|d| format!("{}: {}", d.summary, d.detail))
        .collect();
    (config, graph, messages)
}

fn names(config: &Configuration, graph: &Graph) -> Vec<String> {
    graph
        .order()
        .iter()
        .map(|n| cycle::describe(config, graph.kind(*n)))
        .collect()
}

#[test]
fn what_is_used_comes_first() {
    let (config, graph, found) = graph(
        r#"
        resource "terraform_data" "b" { input = local.x }
        locals { x = terraform_data.a.id }
        resource "terraform_data" "a" { input = var.v }
        variable "v" {}
        "#,
    );
    assert_eq!(found, Vec::<String>::new());
    let order = names(&config, &graph);
    let at = |n: &str| order.iter().position(|x| x == n).unwrap();
    assert!(at("var.v") < at("terraform_data.a"));
    assert!(at("terraform_data.a") < at("local.x"));
    assert!(at("local.x") < at("terraform_data.b"));
    let b = graph.order()[at("terraform_data.b")];
    let direct: Vec<String> = graph
        .resource_dependencies(b)
        .iter()
        .map(|n| cycle::describe(&config, graph.kind(*n)))
        .collect();
    assert_eq!(direct, ["terraform_data.a"]);
}

#[test]
fn a_cycle_is_told_with_every_place() {
    let (_, _, found) = graph("locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("local.a → local.b → local.c → local.a"),
        "{}",
        found[0]
    );
    assert!(
        found[0].contains("local.b uses local.c at main.tf:3"),
        "{}",
        found[0]
    );
}

#[test]
fn create_before_destroy_spreads_to_what_is_used() {
    let (config, graph, _) = graph(
        r#"
        resource "terraform_data" "a" {}
        resource "terraform_data" "b" { input = terraform_data.a.id }
        resource "terraform_data" "c" {
          input = terraform_data.b.id
          lifecycle { create_before_destroy = true }
        }
        resource "terraform_data" "d" { input = terraform_data.c.id }
        "#,
    );
    let cbd: Vec<String> = graph
        .order()
        .iter()
        .filter(|n| graph.is_create_before_destroy(**n))
        .map(|n| cycle::describe(&config, graph.kind(*n)))
        .collect();
    assert_eq!(cbd, ["terraform_data.a", "terraform_data.b", "terraform_data.c"]);
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let mut text = String::from("resource \"terraform_data\" \"n0\" {}\n");
    for i in 1..20_000 {
        text.push_str(&format!(
            "resource \"terraform_data\" \"n{i}\" {{ input = terraform_data.n{}.id }}\n",
            i - 1
        ));
    }
    let (_, graph, found) = graph(&text);
    assert!(found.is_empty());
    assert_eq!(graph.order().len(), 20_000);
}

#[test]
fn a_cycle_is_named_as_terraform_names_it() {
    let (_, _, found) = graph("locals {\n  a = local.b\n  b = local.a\n}\n");
    assert!(
        found[0].starts_with("Cycle: local.a (expand), local.b (expand): "),
        "{}",
        found[0]
    );
}

#[test]
fn a_block_that_needs_itself_is_refused_but_may_name_itself_later() {
    let (_, _, found) = graph("resource \"terraform_data\" \"a\" {\n  input = terraform_data.a.id\n}\n");
    assert_eq!(
        found,
        ["Self-referential block: Configuration for terraform_data.a may not refer to itself."]
    );
    let (_, _, found) = graph(
        r#"
        resource "terraform_data" "a" {
          depends_on = [terraform_data.a]
          provisioner "local-exec" { command = terraform_data.a.id }
        }
        "#,
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_target_needs_what_it_uses() {
    let (config, graph, _) = graph(
        r#"
        resource "terraform_data" "a" {}
        locals { x = terraform_data.a.id }
        resource "terraform_data" "b" { input = local.x }
        resource "terraform_data" "c" { input = terraform_data.b.id }
        "#,
    );
    let target = streamform_lang::addrs::Target::parse("terraform_data.b[0]").unwrap();
    let needed = graph.needed(graph.named_by(&config, &target));
    let mut names: Vec<String> = needed
        .iter()
        .map(|n| cycle::describe(&config, graph.kind(*n)))
        .collect();
    names.sort();
    assert_eq!(names, ["local.x", "terraform_data.a", "terraform_data.b"]);
}

#[test]
fn a_long_chain_of_locals_is_gathered_once() {
    let mut text =
        String::from("resource \"terraform_data\" \"a\" {}\nlocals {\n  n0 = terraform_data.a.id\n");
    for i in 1..10_000 {
        text.push_str(&format!("  n{i} = local.n{}\n", i - 1));
    }
    text.push_str("}\n");
    for i in 0..10_000 {
        text.push_str(&format!(
            "resource \"terraform_data\" \"r{i}\" {{ input = local.n{i} }}\n"
        ));
    }
    let (_, graph, found) = graph(&text);
    assert!(found.is_empty());
    let total: usize = graph
        .order()
        .iter()
        .map(|n| graph.resource_dependencies(*n).len())
        .sum();
    assert_eq!(total, 20_000);
}
