//! Words of later versions of the language, which are not there: whoever writes them has not mistyped.

use crate::config::version::COMPATIBLE_VERSION;

/// Arguments and blocks, and where they came with (docs/differences.md names them, too).
const LATER: &[(&str, &str)] = &[
    ("action", "Terraform 1.14"),
    ("action_trigger", "Terraform 1.14"),
    ("component", "the stacks of HCP Terraform"),
    ("const", "Terraform 1.15"),
    ("deployment", "the stacks of HCP Terraform"),
    ("deprecated", "OpenTofu 1.10 and Terraform 1.15"),
    ("enabled", "OpenTofu 1.11"),
    ("encryption", "OpenTofu 1.7"),
    ("identity", "Terraform 1.12"),
    ("language", "OpenTofu"),
    ("list", "Terraform 1.14"),
    ("state_store", "Terraform 1.14"),
];

/// What to say of a name that nothing here has, if it is one of those; begins with a space.
pub(super) fn came_later(name: &str) -> Option<String> {
    let (_, with) = LATER.iter().find(|(later, _)| *later == name)?;
    let instead = if name == "encryption" {
        "a state is always sealed here, so leave it out".to_owned()
    } else {
        format!("this program knows the language of Terraform {COMPATIBLE_VERSION}")
    };
    Some(format!(" It came with {with}; {instead}."))
}
