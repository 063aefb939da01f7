//! The arguments and blocks of a body, taken out one by one; what is left over is unexpected.

use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::diag::did_you_mean;
use streamform_lang::syntax::Attribute;
use streamform_lang::syntax::Block;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Label;
use streamform_lang::syntax::Syntax;
use streamform_lang::syntax::is_identifier;
use streamform_lang::syntax::json::EXTRANEOUS;

use super::later::came_later;

/// A body that is being read.
pub(super) struct Content {
    body: Body,
    /// Names that were asked for, for suggestions.
    arguments: Vec<&'static str>,
    kinds: Vec<&'static str>,
}

impl Content {
    pub(super) fn new(body: Body) -> Self {
        Content {
            body,
            arguments: Vec::new(),
            kinds: Vec::new(),
        }
    }

    /// Takes an argument.
    pub(super) fn argument(&mut self, name: &'static str) -> Option<Attribute> {
        self.arguments.push(name);
        let at = self
            .body
            .attributes
            .iter()
            .position(|a| a.name.name.as_str() == name)?;
        Some(self.body.attributes.remove(at))
    }

    /// Takes an argument that must be there.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Attribute> {
        let found = self.argument(name);
        if found.is_none() {
            missing_argument_at(opening(&self.body), name, diagnostics);
        }
        found
    }

    /// Takes all blocks of a type.
    pub(super) fn blocks(&mut self, kind: &'static str) -> Vec<Block> {
        self.kinds.push(kind);
        let blocks = &mut self.body.blocks;
        let is_wanted = |block: &Block| block.kind.name.as_str() == kind;
        // A file may have many thousands, mostly of one type: they stay where they are if they can.
        match blocks.iter().filter(|b| is_wanted(b)).count() {
            0 => Vec::new(),
            all if all == blocks.len() => std::mem::take(blocks),
            _ => blocks.extract_if(.., |b| is_wanted(b)).collect(),
        }
    }

    /// Takes all blocks of a type that has no labels; those with labels are refused.
    pub(super) fn plain_blocks(&mut self, kind: &'static str, diagnostics: &mut Diagnostics) -> Vec<Block> {
        let mut all = self.blocks(kind);
        all.retain(|block| labels(block, [], diagnostics).is_some());
        all
    }

    /// Takes the blocks of a type of which there may be one; complains about further ones.
    pub(super) fn one_block(
        &mut self,
        kind: &'static str,
        owner: &str,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Block> {
        let mut all = self.plain_blocks(kind, diagnostics).into_iter();
        let first = all.next()?;
        for other in all {
            diagnostics.error_at(
                other.header,
                format!("Duplicate {kind} block"),
                format!(
                    "This {owner} already has a {kind} block at {}.",
                    sources.range(first.header)
                ),
            );
        }
        Some(first)
    }

    /// Complains about blocks whose type Terraform keeps for itself.
    pub(super) fn reserved_blocks(
        &mut self,
        kinds: &[&'static str],
        owner: &str,
        diagnostics: &mut Diagnostics,
    ) {
        for kind in kinds {
            for block in self.blocks(kind) {
                let labelled = match *kind {
                    "provider" => labels(&block, ["type"], diagnostics).is_some(),
                    _ => labels(&block, [], diagnostics).is_some(),
                };
                if !labelled {
                    continue;
                }
                diagnostics.error_at(
                    block.kind.span,
                    format!("Reserved block type name in {owner} block"),
                    format!(
                        "The block type name {kind:?} is reserved for use by Terraform in a future version."
                    ),
                );
            }
        }
    }

    /// Puts what the escaping block `_` holds among the arguments that the schema describes.
    pub(super) fn unescape(
        &mut self,
        owner: &str,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Body> {
        let mut all = self.blocks("_").into_iter();
        let first = all.next()?;
        for other in all {
            diagnostics.error_at(
                other.header,
                "Duplicate escaping block",
                format!(
                    "The special block type \"_\" can be used to force particular arguments to be interpreted as {owner}-specific rather than as meta-arguments, but each {owner} block can have only one such block. The first escaping block was at {}.",
                    sources.range(first.header)
                ),
            );
        }
        Some(first.body)
    }

    /// What was not taken, for a schema to describe.
    pub(super) fn rest(self) -> Body {
        self.body
    }

    /// Complains about all that was not taken.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) {
        for a in &self.body.attributes {
            unexpected_argument(a, Syntax::Native, &self.arguments, &self.kinds, diagnostics);
        }
        for b in &self.body.blocks {
            unexpected_block(b, &self.arguments, &self.kinds, diagnostics);
        }
    }
}

/// Where a missing argument is reported: the opening brace of a block's body, the closing one of a JSON object.
pub(super) fn opening(body: &Body) -> Span {
    match body.syntax {
        Syntax::Native => Span {
            start: body.span.start.saturating_sub(1),
            end: body.span.start,
            ..body.span
        },
        Syntax::Json => body.missing(),
    }
}

/// Complains that a body lacks an argument.
pub(crate) fn missing_argument_at(opening: Span, name: &str, diagnostics: &mut Diagnostics) {
    diagnostics.error_at(
        opening,
        "Missing required argument",
        format!("The argument {name:?} is required, but no definition was found."),
    );
}

/// Complains about an argument that is not known here; `syntax` is what it is written in.
pub(crate) fn unexpected_argument(
    attribute: &Attribute,
    syntax: Syntax,
    arguments: &[&str],
    kinds: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let name = attribute.name.name.as_str();
    let suggestion = if kinds.contains(&name) {
        format!(" Did you mean to define a block of type {name:?}?")
    } else {
        came_later(name).unwrap_or_else(|| suggest(name, arguments.iter().copied()))
    };
    let (summary, detail) = match syntax {
        Syntax::Native => (
            "Unsupported argument",
            format!("An argument named {name:?} is not expected here."),
        ),
        Syntax::Json => (
            EXTRANEOUS,
            format!("No argument or block type is named {name:?}."),
        ),
    };
    diagnostics.error_at(attribute.name.span, summary, detail + &suggestion);
}

fn unexpected_block(block: &Block, arguments: &[&str], kinds: &[&str], diagnostics: &mut Diagnostics) {
    let name = block.kind.name.as_str();
    let suggestion = if arguments.contains(&name) {
        format!(" Did you mean to define argument {name:?}? If so, use the equals sign to assign it a value.")
    } else {
        came_later(name).unwrap_or_else(|| suggest(name, kinds.iter().copied()))
    };
    diagnostics.error_at(
        block.kind.span,
        "Unsupported block type",
        format!("Blocks of type {name:?} are not expected here.{suggestion}"),
    );
}

/// Complains about blocks in a body of arguments alone.
pub(super) fn just_arguments(body: &Body, diagnostics: &mut Diagnostics) {
    for inner in &body.blocks {
        diagnostics.error_at(
            inner.kind.span,
            format!("Unexpected {:?} block", inner.kind.name.as_str()),
            "Blocks are not allowed here.",
        );
    }
}

/// ` Did you mean "x"?`, or nothing.
pub(crate) fn suggest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(given, candidates).map_or_else(String::new, |c| format!(" Did you mean {c:?}?"))
}

/// The labels of a block, if there are as many as there must be.
pub(super) fn labels<'a, const N: usize>(
    block: &'a Block,
    names: [&str; N],
    diagnostics: &mut Diagnostics,
) -> Option<&'a [Label; N]> {
    let kind = block.kind.name.as_str();
    if let Some(extra) = block.labels.get(N) {
        let detail = if N == 0 {
            format!("No labels are expected for {kind} blocks.")
        } else {
            format!(
                "Only {N} labels ({}) are expected for {kind} blocks.",
                names.join(", ")
            )
        };
        diagnostics.error_at(extra.span, format!("Extraneous label for {kind}"), detail);
        return None;
    }
    if let Some(missing) = names.get(block.labels.len()) {
        diagnostics.error_at(
            opening(&block.body),
            format!("Missing {missing} for {kind}"),
            format!("All {kind} blocks must have {N} labels ({}).", names.join(", ")),
        );
        return None;
    }
    block.labels.first_chunk::<N>()
}

/// What Terraform says about a name that cannot be one.
pub(super) const BAD_NAME: &str = "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.";

/// Complains about a label that is no name.
pub(super) fn check_name(label: &Label, summary: &str, diagnostics: &mut Diagnostics) {
    if !is_identifier(&label.name) {
        diagnostics.error_at(label.span, summary, BAD_NAME);
    }
}
