//! Cycles, told with the place of every step.

use std::collections::HashMap;
use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;

use super::NodeId;
use super::NodeKind;
use super::build::Builder;
use crate::config::Configuration;

/// How messages call a node.
pub(super) fn describe(config: &Configuration, kind: &NodeKind) -> String {
    let within = |module: &crate::config::ModuleId, rest: String| {
        let path = &config.module(*module).path;
        if path.is_root() {
            rest
        } else {
            format!("{path}.{rest}")
        }
    };
    match kind {
        NodeKind::Variable(m, n) => within(m, format!("var.{n}")),
        NodeKind::Local(m, n) => within(m, format!("local.{n}")),
        NodeKind::Output(m, n) => within(m, format!("output.{n}")),
        NodeKind::Call(m, n) => within(m, format!("module.{n}")),
        NodeKind::Resource(m, r) => within(m, r.to_string()),
        NodeKind::Check(m, n) => within(m, format!("check.{n}")),
        NodeKind::Provider(p) => p.to_string(),
        NodeKind::Hub => "everything in a module".to_owned(),
    }
}

/// How Terraform calls a node in the summary of a cycle: what it expands first has a mark.
fn as_terraform(config: &Configuration, kind: &NodeKind) -> String {
    let name = describe(config, kind);
    match kind {
        NodeKind::Local(..) | NodeKind::Output(..) | NodeKind::Call(..) => format!("{name} (expand)"),
        NodeKind::Variable(module, _) if !config.module(*module).path.is_root() => format!("{name} (expand)"),
        // A variable of the root module needs others only for its validation rules.
        NodeKind::Variable(..) => format!("{name} (validation)"),
        _ => name,
    }
}

/// One error for each group of nodes that use each other.
pub(super) fn report(b: &Builder<'_>, graph: &DiGraph<(), ()>, dependencies: &[Vec<NodeId>]) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for component in kosaraju_scc(graph).into_iter().filter(|c| c.len() > 1) {
        let members: Vec<NodeId> = component.iter().map(|i| NodeId(i.index() as u32)).collect();
        let Some(path) = shortest(&members, dependencies) else {
            continue;
        };
        let mut lines = Vec::new();
        for (i, node) in path.iter().enumerate() {
            let next = path[(i + 1) % path.len()];
            let span = b.edges.get(&(*node, next)).copied().flatten();
            let name = describe(b.config, &b.kinds[node.0 as usize]);
            let other = describe(b.config, &b.kinds[next.0 as usize]);
            match span {
                Some(s) => {
                    lines.push(format!("{name} uses {other} at {}", b.config.sources.place(s)));
                }
                None => lines.push(format!("{name} uses {other}")),
            }
        }
        let route: Vec<String> = path
            .iter()
            .chain(path.first())
            .filter(|n| b.kinds[n.0 as usize] != NodeKind::Hub)
            .map(|n| describe(b.config, &b.kinds[n.0 as usize]))
            .collect();
        let mut all: Vec<String> = members
            .iter()
            .filter_map(|n| match &b.kinds[n.0 as usize] {
                NodeKind::Hub => {
                    let ((module, call), _) = b.hubs.iter().find(|(_, hub)| *hub == n)?;
                    let call = NodeKind::Call(*module, call.clone());
                    Some(format!("{} (close)", describe(b.config, &call)))
                }
                kind => Some(as_terraform(b.config, kind)),
            })
            .collect();
        all.sort();
        // No single place is the wrong one: each is named in the text.
        diagnostics.push(Diagnostic::error(
            format!("Cycle: {}", all.join(", ")),
            format!(
                "These blocks need each other, so none of them can come first: {}.\n\n  {}\n\nTake one of these references away.",
                route.join(" → "),
                lines.join("\n  ")
            ),
        ));
    }
    diagnostics
}

/// A shortest way round through the first member.
fn shortest(members: &[NodeId], dependencies: &[Vec<NodeId>]) -> Option<Vec<NodeId>> {
    let start = *members.iter().min()?;
    let inside: std::collections::HashSet<NodeId> = members.iter().copied().collect();
    let mut from: HashMap<NodeId, NodeId> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in dependencies
            .get(node.0 as usize)?
            .iter()
            .filter(|n| inside.contains(n))
        {
            if *next == start {
                let mut path = vec![node];
                let mut at = node;
                while at != start {
                    at = *from.get(&at)?;
                    path.push(at);
                }
                path.reverse();
                return Some(path);
            }
            if !from.contains_key(next) {
                from.insert(*next, node);
                queue.push_back(*next);
            }
        }
    }
    None
}
