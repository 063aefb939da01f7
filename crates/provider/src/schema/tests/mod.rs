mod decode;
mod laws;
mod places;

use streamform_lang::addrs::Reference;
use streamform_lang::addrs::Subject;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::eval::Scope;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax;
use streamform_lang::syntax::Body;
use streamform_lang::value::Marks;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::*;

/// `var.unknown`, `var.secret` (a sensitive list), `var.names`, `var.none`; everything else is an unknown value.
pub(super) struct World(Surroundings);

impl World {
    pub(super) fn new() -> Self {
        World(Surroundings::default())
    }
}

impl Scope for World {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        let Subject::Variable(name) = &reference.subject else {
            return Ok(Value::unknown(Type::Any));
        };
        let names = Value::list(Type::String, [Value::string("x"), Value::string("y")]);
        Ok(match name.as_str() {
            "names" => names,
            "secret" => names.with_marks(Marks::SENSITIVE),
            "none" => Value::null(Type::Any),
            _ => Value::unknown(Type::Any),
        })
    }
    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

pub(super) fn block(
    attributes: impl IntoIterator<Item = (&'static str, Attribute)>,
    blocks: impl IntoIterator<Item = (&'static str, NestedBlock)>,
) -> Block {
    Block {
        attributes: attributes.into_iter().map(|(n, a)| (Name::from(n), a)).collect(),
        blocks: blocks.into_iter().map(|(n, b)| (Name::from(n), b)).collect(),
        ..Block::default()
    }
}

pub(super) fn nested(
    nesting: Nesting,
    block: Block,
    min_items: usize,
    max_items: Option<usize>,
) -> NestedBlock {
    NestedBlock {
        nesting,
        block,
        min_items,
        max_items,
    }
}

/// A schema with something of everything.
pub(super) fn sample() -> Block {
    let entry = || {
        block(
            [
                ("key", Attribute::required(Type::String)),
                ("note", Attribute::optional(Type::String)),
                ("rank", Attribute::computed(Type::Number)),
            ],
            [],
        )
    };
    block(
        [
            ("count_of", Attribute::optional(Type::Number)),
            ("id", Attribute::optional_computed(Type::String)),
            ("labels", Attribute::optional(Type::map(Type::String))),
            ("name", Attribute::required(Type::String)),
        ],
        [
            (
                "group",
                nested(
                    Nesting::Group,
                    block([("a", Attribute::optional(Type::Bool))], []),
                    0,
                    None,
                ),
            ),
            ("item", nested(Nesting::List, entry(), 0, Some(2))),
            ("keyed", nested(Nesting::Map, entry(), 0, None)),
            (
                "limits",
                nested(
                    Nesting::Single,
                    block([("cpu", Attribute::optional(Type::Number))], []),
                    0,
                    None,
                ),
            ),
            ("owner", nested(Nesting::Set, entry(), 0, None)),
        ],
    )
}

pub(super) fn parse(text: &str) -> (Sources, Body) {
    let mut sources = Sources::default();
    let id = sources.add("main.tf", text);
    let (file, diags) = syntax::parse(id, text);
    assert!(!diags.has_errors(), "{diags:?}");
    (sources, file.body)
}

/// The value and, for each problem, `line: summary: detail`.
pub(super) fn run(text: &str) -> (Value, Vec<String>) {
    let (sources, body) = parse(text);
    let (value, diags) = decode(&body, &sample(), &World::new(), &["meta"]);
    let told = diags
        .iter()
        .map(|d| {
            let line = d
                .subject
                .map_or(0, |s| sources.get(s.file).map_or(0, |f| f.position(s.start).line));
            format!("{line}: {}: {}", d.summary, d.detail)
        })
        .collect();
    (value, told)
}
