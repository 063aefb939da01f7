//! Where inside a value: `spec[0].name`.

use std::fmt;

use super::Name;
use super::Value;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// `.name` of an object.
    Attr(Name),
    /// `["key"]` of a map.
    Key(Name),
    /// `[3]` of a list or tuple.
    Index(usize),
    /// Some element of a set: sets have no positions, so the value itself names it.
    Element(Box<Value>),
}

/// A way into a value, from the outside in. The empty path is the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The value itself.
    pub fn root() -> Self {
        Path(Vec::new())
    }

    /// A path of one attribute.
    pub fn attr(name: impl Into<Name>) -> Self {
        Path(vec![Step::Attr(name.into())])
    }

    /// This path and one step more.
    #[must_use]
    pub fn child(&self, step: Step) -> Path {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Path(steps)
    }

    /// Whether `self` is `other` or lies inside it.
    pub fn starts_with(&self, other: &Path) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

/// Prints as written in an expression, without a leading dot: `config[0].name`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, s) in self.0.iter().enumerate() {
            match s {
                Step::Attr(n) if i == 0 => write!(f, "{n}")?,
                Step::Attr(n) => write!(f, ".{n}")?,
                Step::Key(n) => write!(f, "[{:?}]", n.as_str())?,
                Step::Index(n) => write!(f, "[{n}]")?,
                Step::Element(_) => f.write_str("[…]")?,
            }
        }
        Ok(())
    }
}
