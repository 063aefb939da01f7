//! What the properties of a file in the JSON syntax mean, block by block: the same arguments and blocks that `decode` takes
//! out of a body, with what their strings are.

use streamform_lang::syntax::Label;
use streamform_lang::syntax::json::Meaning;
use streamform_lang::syntax::json::Reading;
use streamform_lang::syntax::json::Shape;
use streamform_provider::schema::Block;

use Reading::Expression;
use Reading::Literal;
use Reading::Reference;
use Reading::Requirement;
use Reading::Template;

/// The shape of a block that the language itself describes.
pub(super) struct Table {
    arguments: &'static [(&'static str, Reading)],
    blocks: &'static [(&'static str, &'static [&'static str], &'static Table)],
    /// What every other property is.
    others: Meaning,
    /// Every property is an assignment.
    assignments: bool,
}

/// A table of which only what stands out is said.
const PLAIN: Table = Table {
    arguments: &[],
    blocks: &[],
    others: Meaning::Extraneous,
    assignments: false,
};

/// Arguments only, whatever they are called.
const ARGUMENTS: Table = Table {
    others: Meaning::Argument(Template),
    ..PLAIN
};

/// The same, before anything can be evaluated.
const SETTINGS: Table = Table {
    others: Meaning::Argument(Literal),
    ..PLAIN
};

/// A schema of a provider will tell.
const LATER: Table = Table {
    others: Meaning::Later,
    ..PLAIN
};

/// A file of variable values.
pub(crate) const VALUES: &dyn Shape = &Table {
    others: Meaning::Argument(Literal),
    assignments: true,
    ..PLAIN
};

const LOCALS: Table = Table {
    others: Meaning::Argument(Template),
    assignments: true,
    ..PLAIN
};

const REQUIRED_PROVIDERS: Table = Table {
    others: Meaning::Argument(Requirement),
    assignments: true,
    ..PLAIN
};

const RULE: Table = Table {
    arguments: &[("condition", Template), ("error_message", Template)],
    ..PLAIN
};

/// A whole file.
pub(super) const FILE: Table = Table {
    blocks: &[
        ("terraform", &[], &TERRAFORM),
        ("required_providers", &[], &REQUIRED_PROVIDERS),
        ("provider", &["name"], &PROVIDER),
        ("variable", &["name"], &VARIABLE),
        ("locals", &[], &LOCALS),
        ("output", &["name"], &OUTPUT),
        ("module", &["name"], &MODULE),
        ("resource", &["type", "name"], &RESOURCE),
        ("data", &["type", "name"], &DATA),
        ("ephemeral", &["type", "name"], &DATA),
        ("moved", &[], &MOVED),
        ("removed", &[], &REMOVED),
        ("import", &[], &IMPORT),
        ("check", &["name"], &CHECK),
    ],
    ..PLAIN
};

const TERRAFORM: Table = Table {
    arguments: &[
        ("required_version", Literal),
        ("experiments", Reference),
        ("language", Reference),
    ],
    blocks: &[
        ("backend", &["type"], &SETTINGS),
        ("cloud", &[], &SETTINGS),
        ("required_providers", &[], &REQUIRED_PROVIDERS),
        ("provider_meta", &["provider"], &ARGUMENTS),
    ],
    ..PLAIN
};

const PROVIDER: Table = Table {
    arguments: &[
        ("version", Literal),
        ("alias", Literal),
        ("count", Template),
        ("depends_on", Reference),
        ("for_each", Template),
        ("source", Literal),
    ],
    blocks: &[
        ("_", &[], &LATER),
        ("lifecycle", &[], &ARGUMENTS),
        ("locals", &[], &ARGUMENTS),
    ],
    others: Meaning::Later,
    assignments: false,
};

const VARIABLE: Table = Table {
    arguments: &[
        ("description", Literal),
        ("default", Literal),
        ("type", Reference),
        ("sensitive", Literal),
        ("ephemeral", Literal),
        ("nullable", Literal),
    ],
    blocks: &[("validation", &[], &RULE)],
    ..PLAIN
};

const OUTPUT: Table = Table {
    arguments: &[
        ("description", Literal),
        ("value", Template),
        ("depends_on", Reference),
        ("sensitive", Literal),
        ("ephemeral", Literal),
    ],
    blocks: &[("precondition", &[], &RULE), ("postcondition", &[], &RULE)],
    ..PLAIN
};

const MODULE: Table = Table {
    arguments: &[
        ("source", Literal),
        ("version", Literal),
        ("count", Template),
        ("for_each", Template),
        ("depends_on", Reference),
        ("providers", Reference),
    ],
    blocks: &[
        ("_", &[], &ARGUMENTS),
        ("lifecycle", &[], &ARGUMENTS),
        ("locals", &[], &ARGUMENTS),
        ("provider", &["type"], &ARGUMENTS),
    ],
    others: Meaning::Argument(Template),
    assignments: false,
};

const LIFECYCLE: Table = Table {
    arguments: &[
        ("create_before_destroy", Literal),
        ("prevent_destroy", Literal),
        ("destroy", Literal),
        ("ignore_changes", Reference),
        ("replace_triggered_by", Expression),
    ],
    blocks: &[("precondition", &[], &RULE), ("postcondition", &[], &RULE)],
    ..PLAIN
};

const META: &[(&str, Reading)] = &[
    ("count", Template),
    ("for_each", Template),
    ("depends_on", Reference),
    ("provider", Reference),
];

const RESOURCE: Table = Table {
    arguments: META,
    blocks: &[
        ("locals", &[], &ARGUMENTS),
        ("lifecycle", &[], &LIFECYCLE),
        ("connection", &[], &ARGUMENTS),
        ("provisioner", &["type"], &PROVISIONER),
        ("_", &[], &LATER),
    ],
    others: Meaning::Later,
    assignments: false,
};

/// Data sources and ephemeral resources.
const DATA: Table = Table {
    arguments: META,
    blocks: &[
        ("locals", &[], &ARGUMENTS),
        ("lifecycle", &[], &LIFECYCLE),
        ("_", &[], &LATER),
    ],
    others: Meaning::Later,
    assignments: false,
};

/// No provisioner has blocks of its own.
const PROVISIONER: Table = Table {
    arguments: &[("when", Reference), ("on_failure", Reference)],
    blocks: &[
        ("_", &[], &ARGUMENTS),
        ("connection", &[], &ARGUMENTS),
        ("lifecycle", &[], &ARGUMENTS),
    ],
    others: Meaning::Argument(Template),
    assignments: false,
};

const MOVED: Table = Table {
    arguments: &[("from", Reference), ("to", Reference)],
    ..PLAIN
};

const REMOVED: Table = Table {
    arguments: &[("from", Reference)],
    blocks: &[
        (
            "lifecycle",
            &[],
            &Table {
                arguments: &[("destroy", Literal)],
                ..PLAIN
            },
        ),
        ("connection", &[], &ARGUMENTS),
        ("provisioner", &["type"], &PROVISIONER),
    ],
    ..PLAIN
};

const IMPORT: Table = Table {
    arguments: &[
        ("provider", Reference),
        ("for_each", Template),
        ("id", Template),
        ("to", Expression),
    ],
    ..PLAIN
};

const CHECK: Table = Table {
    blocks: &[("data", &["type", "name"], &DATA), ("assert", &[], &RULE)],
    ..PLAIN
};

impl Shape for Table {
    fn meaning(&self, name: &str) -> Meaning {
        if let Some((_, reading)) = self.arguments.iter().find(|(n, _)| *n == name) {
            Meaning::Argument(*reading)
        } else if let Some((_, labels, _)) = self.blocks.iter().find(|(n, _, _)| *n == name) {
            Meaning::Blocks(labels)
        } else {
            self.others
        }
    }

    fn inside(&self, kind: &str, _: &[Label]) -> Box<dyn Shape + '_> {
        let inner = self.blocks.iter().find(|(n, _, _)| *n == kind);
        Box::new(Nested(inner.map_or(&PLAIN, |(_, _, table)| table)))
    }

    fn names(&self) -> Vec<&str> {
        let arguments = self.arguments.iter().map(|(n, _)| *n);
        arguments.chain(self.blocks.iter().map(|(n, _, _)| *n)).collect()
    }

    fn is_assignments(&self) -> bool {
        self.assignments
    }
}

/// A table inside another one.
struct Nested(&'static Table);

impl Shape for Nested {
    fn meaning(&self, name: &str) -> Meaning {
        self.0.meaning(name)
    }
    fn inside(&self, kind: &str, labels: &[Label]) -> Box<dyn Shape + '_> {
        self.0.inside(kind, labels)
    }
    fn names(&self) -> Vec<&str> {
        self.0.names()
    }
    fn is_assignments(&self) -> bool {
        self.0.assignments
    }
}

/// The shape that the schema of a provider describes; without one, everything is an argument.
pub(super) struct Described<'a>(pub(super) Option<&'a Block>);

impl Shape for Described<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        let Some(block) = self.0 else {
            return Meaning::Argument(Template);
        };
        if block.attribute(name).is_some() {
            Meaning::Argument(Template)
        } else if let Some(nested) = block.nested(name) {
            Meaning::Blocks(match nested.nesting {
                streamform_provider::schema::Nesting::Map => &["key"],
                _ => &[],
            })
        } else if name == "dynamic" {
            Meaning::Blocks(&["type"])
        } else {
            Meaning::Extraneous
        }
    }

    fn inside(&self, kind: &str, labels: &[Label]) -> Box<dyn Shape + '_> {
        let nested = |name: &str| Described(self.0.and_then(|b| b.nested(name)).map(|n| &n.block));
        match labels {
            [of] if kind == "dynamic" => Box::new(Dynamic(nested(&of.name))),
            _ => Box::new(nested(kind)),
        }
    }

    fn names(&self) -> Vec<&str> {
        let Some(block) = self.0 else {
            return Vec::new();
        };
        let attributes = block.attributes.iter().map(|(n, _)| n.as_str());
        attributes
            .chain(block.blocks.iter().map(|(n, _)| n.as_str()))
            .chain(["dynamic"])
            .collect()
    }
}

/// A `dynamic` block around content of a shape.
struct Dynamic<'a>(Described<'a>);

impl Shape for Dynamic<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        match name {
            "for_each" | "labels" => Meaning::Argument(Template),
            "iterator" => Meaning::Argument(Reference),
            "content" => Meaning::Blocks(&[]),
            _ => Meaning::Extraneous,
        }
    }

    fn inside(&self, _: &str, _: &[Label]) -> Box<dyn Shape + '_> {
        Box::new(Described(self.0.0))
    }

    fn names(&self) -> Vec<&str> {
        vec!["for_each", "iterator", "labels", "content"]
    }
}
