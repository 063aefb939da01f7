//! Trees of names, as `providers` and `modules` print them.

/// A name and what is below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// What stands on the line.
    pub label: String,
    /// What hangs below it, from top to bottom.
    pub children: Vec<Tree>,
}

/// The tree in lines; the root is a dot.
pub fn tree_text(children: &[Tree]) -> String {
    let mut out = ".\n".to_owned();
    branches(&mut out, children, "");
    out
}

fn branches(out: &mut String, children: &[Tree], before: &str) {
    for (i, child) in children.iter().enumerate() {
        let last = i + 1 == children.len();
        out.push_str(before);
        out.push_str(if last { "└── " } else { "├── " });
        out.push_str(&child.label);
        out.push('\n');
        let deeper = format!("{before}{}", if last { "    " } else { "│   " });
        branches(out, &child.children, &deeper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_drawn() {
        let leaf = |label: &str| Tree {
            label: label.to_owned(),
            children: Vec::new(),
        };
        let tree = [
            leaf("a"),
            Tree {
                label: "b".to_owned(),
                children: vec![leaf("c"), leaf("d")],
            },
            Tree {
                label: "e".to_owned(),
                children: vec![leaf("f")],
            },
        ];
        insta::assert_snapshot!(tree_text(&tree), @r"
        .
        ├── a
        ├── b
        │   ├── c
        │   └── d
        └── e
            └── f
        ");
    }
}
