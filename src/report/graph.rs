//! Pictures of graphs: of the blocks of a configuration, and of the steps of a plan; as DOT and as Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use streamform_lang::addrs::ConfigResource;

use crate::config::Configuration;
use crate::deps;
use crate::deps::NodeKind;
use crate::plan::Plan;
use crate::plan::Step;

/// Id (unique, as shown in DOT), label, and the group that it is drawn in.
type Labelled = (String, String, Option<String>);

/// Boxes and arrows, whatever they stand for.
#[derive(Debug, Default)]
struct Picture {
    boxes: Vec<Labelled>,
    /// From, to.
    arrows: Vec<(usize, usize)>,
}

/// Resource blocks and what they depend on, in the form of `terraform graph`.
pub fn graph_dot(config: &Configuration, graph: &deps::Graph) -> String {
    blocks(config, graph).dot()
}

/// Resource blocks and what they depend on, for a Markdown page.
pub fn graph_mermaid(config: &Configuration, graph: &deps::Graph) -> String {
    blocks(config, graph).mermaid()
}

/// The steps of a plan and their order.
pub fn plan_graph_dot(plan: &Plan) -> String {
    steps(plan).dot()
}

/// The steps of a plan and their order, for a Markdown page.
pub fn plan_graph_mermaid(plan: &Plan) -> String {
    steps(plan).mermaid()
}

fn blocks(config: &Configuration, graph: &deps::Graph) -> Picture {
    let mut found = BTreeMap::new();
    for module in &config.modules {
        for resource in module.resources.keys() {
            let address = ConfigResource {
                module: module.path.clone(),
                resource: resource.clone(),
            };
            if let Some(node) = graph.find(&NodeKind::Resource(module.id, resource.clone())) {
                found.insert(
                    (module.path.to_string(), address.to_string()),
                    (node, resource.to_string()),
                );
            }
        }
    }
    let mut picture = Picture::default();
    let mut index = std::collections::HashMap::new();
    for ((module, address), (node, label)) in &found {
        index.insert(*node, picture.boxes.len());
        let group = (!module.is_empty()).then(|| module.clone());
        picture.boxes.push((address.clone(), label.clone(), group));
    }
    for (node, _) in found.values() {
        for other in graph.resource_dependencies(*node).iter() {
            if let (Some(a), Some(b)) = (index.get(node), index.get(other)) {
                picture.arrows.push((*a, *b));
            }
        }
    }
    picture.arrows.sort_unstable();
    picture.arrows.dedup();
    picture
}

fn steps(plan: &Plan) -> Picture {
    let mut picture = Picture::default();
    for (_, step) in plan.graph.steps() {
        let label = match step {
            Step::Configure(p) => format!("configure {p}"),
            Step::Close(p) => format!("close {p}"),
            Step::Open(r) => format!("open {r}"),
            Step::CloseEphemeral(r) => format!("close {r}"),
            Step::Gather(text) => format!("all of {text}"),
            Step::Create(_) => named(plan, step, "create"),
            Step::Update(_) => named(plan, step, "update"),
            Step::Read(_) => named(plan, step, "read"),
            Step::Delete(_) => named(plan, step, "delete"),
            Step::DeleteDeposed(_) => named(plan, step, "delete what was set aside of"),
            Step::Forget(_) => named(plan, step, "forget"),
            Step::Judge(_) => named(plan, step, "judge"),
        };
        picture.boxes.push((label.clone(), label, None));
    }
    picture.arrows = plan
        .graph
        .orders()
        .map(|(earlier, later)| (later.0 as usize, earlier.0 as usize))
        .collect();
    picture.arrows.sort_unstable();
    picture
}

fn named(plan: &Plan, step: &Step, verb: &str) -> String {
    match step.change().and_then(|i| plan.changes.get(i)) {
        Some(c) => match &c.deposed {
            Some(key) => format!("{verb} {} (deposed {key})", c.address),
            None => format!("{verb} {}", c.address),
        },
        None => verb.to_owned(),
    }
}

impl Picture {
    fn dot(&self) -> String {
        let mut out = String::from(
            "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n",
        );
        // INVARIANT: writing to a string does not fail.
        for (id, label, _) in self.boxes.iter().filter(|b| b.2.is_none()) {
            _ = writeln!(out, "  {} [label={}];", dot_text(id), dot_text(label));
        }
        for (group, members) in self.groups() {
            _ = writeln!(out, "  subgraph {} {{", dot_text(&format!("cluster_{group}")));
            _ = writeln!(
                out,
                "    label = {}\n    fontname = \"sans-serif\"",
                dot_text(group)
            );
            for (id, label, _) in members {
                _ = writeln!(out, "    {} [label={}];", dot_text(id), dot_text(label));
            }
            out.push_str("  }\n");
        }
        for (from, to) in &self.arrows {
            if let (Some(a), Some(b)) = (self.boxes.get(*from), self.boxes.get(*to)) {
                _ = writeln!(out, "  {} -> {};", dot_text(&a.0), dot_text(&b.0));
            }
        }
        out.push_str("}\n");
        out
    }

    fn mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let line = |out: &mut String, i: usize, label: &str, indent: &str| {
            _ = writeln!(out, "{indent}n{i}[\"{}\"]", mermaid_text(label));
        };
        for (i, (_, label, group)) in self.boxes.iter().enumerate() {
            if group.is_none() {
                line(&mut out, i, label, "  ");
            }
        }
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, (_, _, group)) in self.boxes.iter().enumerate() {
            if let Some(group) = group {
                groups.entry(group).or_default().push(i);
            }
        }
        for (g, (group, members)) in groups.into_iter().enumerate() {
            _ = writeln!(out, "  subgraph g{g}[\"{}\"]", mermaid_text(group));
            for i in members {
                line(&mut out, i, &self.boxes[i].1, "    ");
            }
            out.push_str("  end\n");
        }
        // Drawn from what is done first to what waits for it.
        for (from, to) in &self.arrows {
            _ = writeln!(out, "  n{to} --> n{from}");
        }
        out
    }

    fn groups(&self) -> BTreeMap<&str, Vec<&Labelled>> {
        let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for b in &self.boxes {
            if let Some(group) = &b.2 {
                groups.entry(group).or_default().push(b);
            }
        }
        groups
    }
}

fn dot_text(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}

fn mermaid_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\n', " ")
}

#[cfg(test)]
mod tests;
