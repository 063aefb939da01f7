use std::path::Path;

use super::*;
use crate::config::Snapshot;
use crate::config::load;

fn graph(text: &str) -> (Configuration, Graph, Vec<String>) {
    let files = Snapshot::from([("main.tf", text)]);
    let (config, found) = load(&files, Path::new("."));
    assert!(!found.has_errors(), "{found:?}");
    let (graph, found) = Graph::build(&config);
    let messages = found.iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect();
    (config, graph, messages)
}

fn names(config: &Configuration, graph: &Graph) -> Vec<String> {
    graph.order().iter().map(|n| cycle::describe(config, graph.kind(*n))).collect()
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
    let direct: Vec<String> =
        graph.resource_dependencies(b).iter().map(|n| cycle::describe(&config, graph.kind(*n))).collect();
    assert_eq!(direct, ["terraform_data.a"]);
}

#[test]
fn a_cycle_is_told_with_every_place() {
    let (_, _, found) = graph("locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("local.a → local.b → local.c → local.a"), "{}", found[0]);
    assert!(found[0].contains("local.b uses local.c at main.tf:3"), "{}", found[0]);
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
        text.push_str(&format!("resource \"terraform_data\" \"n{i}\" {{ input = terraform_data.n{}.id }}\n", i - 1));
    }
    let (_, graph, found) = graph(&text);
    assert!(found.is_empty());
    assert_eq!(graph.order().len(), 20_000);
}
