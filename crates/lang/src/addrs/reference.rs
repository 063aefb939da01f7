//! What an expression refers to.

use std::fmt;

use super::InstanceKey;
use super::Resource;
use crate::diag::Span;
use crate::value::Name;

/// The object that a traversal in an expression refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `var.NAME`
    Variable(Name),
    /// `local.NAME`
    Local(Name),
    /// `TYPE.NAME`, `data.TYPE.NAME`, `ephemeral.TYPE.NAME`: all instances.
    Resource(Resource),
    /// The same with a literal instance key: one instance.
    ResourceInstance(Resource, InstanceKey),
    /// `module.NAME`: all instances, all outputs.
    Module(Name),
    /// `module.NAME[KEY]`: one instance, all outputs.
    ModuleInstance(Name, InstanceKey),
    /// `module.NAME.OUTPUT` or `module.NAME[KEY].OUTPUT`.
    ModuleOutput(Name, InstanceKey, Name),
    /// `each.key`
    EachKey,
    /// `each.value`
    EachValue,
    /// `count.index`
    CountIndex,
    /// `path.NAME` (`module`, `root`, `cwd`)
    Path(Name),
    /// `terraform.NAME` (`workspace`, `applying`)
    Terraform(Name),
    /// `self`
    SelfObject,
    /// `check.NAME`, `run.NAME` and other roots that only some places know: root and first name.
    Other(Name, Name),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Variable(n) => write!(f, "var.{n}"),
            Subject::Local(n) => write!(f, "local.{n}"),
            Subject::Resource(r) => write!(f, "{r}"),
            Subject::ResourceInstance(r, k) => write!(f, "{r}{k}"),
            Subject::Module(n) => write!(f, "module.{n}"),
            Subject::ModuleInstance(n, k) => write!(f, "module.{n}{k}"),
            Subject::ModuleOutput(n, k, o) => write!(f, "module.{n}{k}.{o}"),
            Subject::EachKey => f.write_str("each.key"),
            Subject::EachValue => f.write_str("each.value"),
            Subject::CountIndex => f.write_str("count.index"),
            Subject::Path(n) => write!(f, "path.{n}"),
            Subject::Terraform(n) => write!(f, "terraform.{n}"),
            Subject::SelfObject => f.write_str("self"),
            Subject::Other(a, b) => write!(f, "{a}.{b}"),
        }
    }
}

/// One reference in an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// What is referred to.
    pub subject: Subject,
    /// The part of the expression that names it.
    pub span: Span,
    /// How many steps behind the root of the traversal belong to `subject`; the rest goes into its value.
    pub consumed: usize,
}
