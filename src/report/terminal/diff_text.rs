//! Differences as Terraform writes them.

use streamform_lang::value::Name;
use unicode_width::UnicodeWidthStr;

use crate::report::diff::BlockDiff;
use crate::report::diff::Body;
use crate::report::diff::Diff;
use crate::report::diff::Line;
use crate::report::diff::MappingStyle;
use crate::report::diff::Sign;
use crate::report::diff::TextLines;
use crate::report::paint::Ink;
use crate::report::paint::Paint;
use crate::report::value_text::SENSITIVE;
use crate::report::value_text::UNKNOWN;
use streamform_lang::syntax::push_go_quoted;

/// Writes differences.
pub(crate) struct DiffWriter<'a> {
    /// Where to.
    pub(crate) out: &'a mut String,
    /// Colours.
    pub(crate) paint: Paint,
    /// How lines begin.
    pub(crate) layout: Layout,
}

/// How lines begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Indentation, then the sign, as Terraform prints it.
    Terminal,
    /// No signs: a value and not a difference is written (`show` of a state).
    Plain,
    /// The sign in the first column, so that a block of `diff` in Markdown is coloured; `!` for a change.
    SignFirst,
}

/// What a place passes on to what is inside it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner {
    /// What goes ends in `-> null`.
    null_suffix: bool,
    /// Unchanged parts are written too.
    all: bool,
}

impl Manner {
    /// For attributes of resources, blocks, and for outputs.
    pub(crate) const TOP: Manner = Manner {
        null_suffix: true,
        all: false,
    };
    /// For values of which everything is shown.
    pub(crate) const WHOLE: Manner = Manner {
        null_suffix: false,
        all: true,
    };

    const fn inner(self) -> Manner {
        Manner {
            null_suffix: false,
            ..self
        }
    }
    const fn whole(self) -> Manner {
        Manner { all: true, ..self }
    }
}

/// Attributes that are shown also where they do not change, because people know objects by them.
pub(crate) fn is_important(name: &str) -> bool {
    matches!(name, "id" | "name" | "tags")
}

/// An attribute name as it is written: quoted where it is no identifier.
pub(crate) fn attribute_name(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if first && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return name.to_owned();
    }
    let mut out = String::new();
    push_go_quoted(&mut out, name);
    out
}

/// How unchanged elements around a changed one are kept.
const TEXT_CONTEXT: usize = 4;

impl DiffWriter<'_> {
    fn indent(&mut self, level: usize) {
        self.out.extend(std::iter::repeat_n("    ", level));
    }

    /// Four columns with the sign in them.
    pub(crate) fn sign(&mut self, sign: Sign) {
        if self.layout == Layout::Plain {
            return;
        }
        let (ink, symbol) = match sign {
            Sign::Same => return self.out.push_str("    "),
            Sign::Add => (Ink::Green, "+"),
            Sign::Change => (Ink::Yellow, "~"),
            Sign::Remove => (Ink::Red, "-"),
        };
        self.out.push_str("  ");
        self.paint.push(self.out, ink, symbol);
        self.out.push(' ');
    }

    fn start(&mut self, level: usize, sign: Sign) {
        if self.layout == Layout::SignFirst {
            self.out.push(match sign {
                Sign::Same => ' ',
                Sign::Add => '+',
                Sign::Change => '!',
                Sign::Remove => '-',
            });
            self.out.push(' ');
            return self.out.extend(std::iter::repeat_n("  ", level));
        }
        self.indent(level);
        self.sign(sign);
    }

    fn forces(&mut self, diff: &Diff) {
        if diff.forces {
            self.out.push(' ');
            self.paint.push(self.out, Ink::Red, "# forces replacement");
        }
    }

    fn null_end(&mut self, diff: &Diff, manner: Manner) {
        if diff.sign == Sign::Remove && manner.null_suffix {
            self.arrow();
            self.paint.push(self.out, Ink::Dim, "null");
        }
    }

    fn arrow(&mut self) {
        self.out.push(' ');
        self.paint.push(self.out, Ink::Yellow, "->");
        self.out.push(' ');
    }

    fn hidden(&mut self, level: usize, count: usize, what: &str) {
        if count > 0 {
            self.start(level, Sign::Same);
            let s = if count == 1 { "" } else { "s" };
            let text = format!("# ({count} unchanged {what}{s} hidden)");
            self.paint.push(self.out, Ink::Dim, &text);
            self.out.push('\n');
        }
    }

    /// A value behind `=`; `level` is that of the line that it begins on.
    pub(crate) fn diff(&mut self, diff: &Diff, level: usize, manner: Manner) {
        match &diff.body {
            Body::Token { before, after } => {
                match (before, after) {
                    (Some(b), Some(a)) if diff.sign == Sign::Change => {
                        self.out.push_str(b);
                        self.arrow();
                        self.out.push_str(a);
                    }
                    (b, a) => self.out.push_str(a.as_deref().or(b.as_deref()).unwrap_or("null")),
                }
                self.null_end(diff, manner);
                self.forces(diff);
            }
            Body::Sensitive => {
                self.out.push_str(SENSITIVE);
                self.null_end(diff, manner);
                self.forces(diff);
            }
            Body::Unknown(before) => {
                if let Some(before) = before {
                    self.diff(before, level, manner.inner());
                    self.arrow();
                }
                self.out.push_str(UNKNOWN);
                self.forces(diff);
            }
            Body::Text(text) => self.text(diff, text, level, manner),
            Body::Json { inner, only_space } => self.json(diff, inner, *only_space, level, manner),
            Body::Mapping { items, style } => self.mapping(diff, items, *style, level, manner),
            Body::List(items) => self.list(diff, items, level, manner),
            Body::Set(items) => self.set(diff, items, level, manner),
            Body::Turned { before, after } => {
                self.diff(before, level, manner.inner());
                self.arrow();
                self.diff(after, level, manner.inner());
                self.forces(diff);
            }
            Body::Block(block) => {
                self.out.push('{');
                self.forces(diff);
                self.out.push('\n');
                self.block(block, level, manner);
                self.start(level, Sign::Same);
                self.out.push('}');
            }
        }
    }

    /// Attributes and blocks, each on its lines; the braces around are the caller's.
    pub(crate) fn block(&mut self, block: &BlockDiff, level: usize, manner: Manner) {
        let manner = Manner {
            null_suffix: true,
            ..manner
        };
        let names: Vec<String> = block.attributes.iter().map(|(n, _)| attribute_name(n)).collect();
        let width = names.iter().map(|n| n.width()).max().unwrap_or(0);
        let mut hidden = 0;
        for ((name, diff), shown) in block.attributes.iter().zip(&names) {
            let important = is_important(name);
            if diff.sign == Sign::Same && !important && !manner.all {
                hidden += 1;
                continue;
            }
            self.entry(
                shown,
                width,
                diff,
                level,
                if important { manner.whole() } else { manner },
            );
        }
        self.hidden(level + 1, hidden, "attribute");
        let mut hidden = 0;
        for (name, list) in &block.blocks {
            let mut first = true;
            for (label, diff) in list {
                if diff.sign == Sign::Same && !manner.all {
                    hidden += 1;
                    continue;
                }
                if std::mem::take(&mut first) {
                    self.out.push('\n');
                }
                self.start(level + 1, diff.sign);
                self.out.push_str(&attribute_name(name));
                self.out.push(' ');
                if let Some(label) = label {
                    push_go_quoted(self.out, label);
                    self.out.push(' ');
                }
                self.nested_block(diff, level + 1, manner);
                self.out.push('\n');
            }
        }
        if hidden > 0 {
            self.out.push('\n');
            self.hidden(level + 1, hidden, "block");
        }
    }

    fn nested_block(&mut self, diff: &Diff, level: usize, manner: Manner) {
        let note = match &diff.body {
            Body::Sensitive => {
                "# At least one attribute in this block is (or was) sensitive,\n# so its contents will not be displayed."
            }
            Body::Unknown(_) => "# (known after apply)",
            _ => return self.diff(diff, level, manner),
        };
        self.out.push('{');
        self.forces(diff);
        self.out.push('\n');
        for line in note.lines() {
            self.start(level + 1, Sign::Same);
            self.out.push_str(line);
            self.out.push('\n');
        }
        self.start(level, Sign::Same);
        self.out.push('}');
    }

    fn entry(&mut self, name: &str, width: usize, diff: &Diff, level: usize, manner: Manner) {
        self.start(level + 1, diff.sign);
        self.out.push_str(name);
        self.out
            .extend(std::iter::repeat_n(' ', width.saturating_sub(name.width())));
        self.out.push_str(" = ");
        self.diff(diff, level + 1, manner);
        self.out.push('\n');
    }

    fn mapping(
        &mut self,
        diff: &Diff,
        items: &[(Name, Diff)],
        style: MappingStyle,
        level: usize,
        manner: Manner,
    ) {
        let what = if style == MappingStyle::Map {
            "element"
        } else {
            "attribute"
        };
        if items.is_empty() {
            self.out.push_str("{}");
            self.null_end(diff, manner);
            return self.forces(diff);
        }
        self.out.push('{');
        self.forces(diff);
        self.out.push('\n');
        let names: Vec<String> = items
            .iter()
            .map(|(n, _)| {
                if style == MappingStyle::Map {
                    let mut out = String::new();
                    push_go_quoted(&mut out, n);
                    out
                } else {
                    attribute_name(n)
                }
            })
            .collect();
        let width = names.iter().map(|n| n.width()).max().unwrap_or(0);
        let inner = match style {
            MappingStyle::Object => manner.inner(),
            MappingStyle::Nested => Manner {
                null_suffix: true,
                ..manner
            },
            MappingStyle::Map => Manner {
                null_suffix: diff.sign == Sign::Change,
                ..manner
            },
        };
        let mut hidden = 0;
        for ((name, d), shown) in items.iter().zip(&names) {
            let important = style != MappingStyle::Map && is_important(name);
            if d.sign == Sign::Same && !important && !manner.all {
                hidden += 1;
                continue;
            }
            self.entry(
                shown,
                width,
                d,
                level,
                if important { inner.whole() } else { inner },
            );
        }
        self.hidden(level + 1, hidden, what);
        self.start(level, Sign::Same);
        self.out.push('}');
        self.null_end(diff, manner);
    }

    fn list(&mut self, diff: &Diff, items: &[Diff], level: usize, manner: Manner) {
        if items.is_empty() {
            self.out.push_str("[]");
            self.null_end(diff, manner);
            return self.forces(diff);
        }
        self.out.push('[');
        self.forces(diff);
        self.out.push('\n');
        let mut hidden = 0;
        for (i, d) in items.iter().enumerate() {
            let changes =
                |j: Option<usize>| j.and_then(|j| items.get(j)).is_some_and(|d| d.sign != Sign::Same);
            // An unchanged element is kept where its neighbour changes: it tells where we are.
            if d.sign == Sign::Same && !manner.all && !changes(i.checked_sub(1)) && !changes(Some(i + 1)) {
                hidden += 1;
                continue;
            }
            self.hidden(level + 1, std::mem::take(&mut hidden), "element");
            let inner = if d.sign == Sign::Same {
                manner.inner().whole()
            } else {
                manner.inner()
            };
            self.element(d, level, inner);
        }
        self.hidden(level + 1, hidden, "element");
        self.start(level, Sign::Same);
        self.out.push(']');
        self.null_end(diff, manner);
    }

    fn set(&mut self, diff: &Diff, items: &[Diff], level: usize, manner: Manner) {
        if items.is_empty() {
            self.out.push_str("[]");
            self.null_end(diff, manner);
            return self.forces(diff);
        }
        self.out.push('[');
        self.forces(diff);
        self.out.push('\n');
        let mut hidden = 0;
        for d in items {
            if d.sign == Sign::Same && !manner.all {
                hidden += 1;
                continue;
            }
            self.element(d, level, manner.inner());
        }
        self.hidden(level + 1, hidden, "element");
        self.start(level, Sign::Same);
        self.out.push(']');
        self.null_end(diff, manner);
    }

    fn element(&mut self, diff: &Diff, level: usize, manner: Manner) {
        self.start(level + 1, diff.sign);
        self.diff(diff, level + 1, manner);
        self.out.push_str(",\n");
    }

    fn json(&mut self, diff: &Diff, inner: &Diff, only_space: bool, level: usize, manner: Manner) {
        self.out.push_str("jsonencode(");
        match (only_space, diff.forces) {
            (true, true) => self
                .paint
                .push(self.out, Ink::Red, " # whitespace changes force replacement"),
            (true, false) => self.out.push_str(" # whitespace changes"),
            (false, true) => self.forces(diff),
            (false, false) => {}
        }
        self.out.push('\n');
        let sign = if inner.sign == Sign::Change {
            Sign::Change
        } else {
            Sign::Same
        };
        self.start(level + 1, sign);
        let inner_manner = if only_space { Manner::WHOLE } else { manner.inner() };
        self.diff(inner, level + 1, inner_manner);
        self.out.push('\n');
        self.start(level, Sign::Same);
        self.out.push(')');
        self.null_end(diff, manner);
    }

    fn text(&mut self, diff: &Diff, text: &TextLines, level: usize, manner: Manner) {
        let mut marker = "EOT".to_owned();
        while text.lines.iter().any(|l| l.text().trim() == marker) {
            marker.push('_');
        }
        self.out.push_str("<<-");
        self.out.push_str(&marker);
        if text.only_space {
            self.out.push_str(" # whitespace changes");
        }
        self.forces(diff);
        self.out.push('\n');
        let fold = diff.sign == Sign::Change && !text.only_space && !manner.all;
        let mut hidden = 0;
        for (keep, line) in folded(&text.lines, fold) {
            if keep {
                self.hidden(level + 1, std::mem::take(&mut hidden), "line");
                // On one side only, the sign stands once before the whole text, but for a reader of colours on each line.
                let alone = self.layout == Layout::SignFirst && matches!(diff.sign, Sign::Add | Sign::Remove);
                self.text_line(line, if alone { diff.sign } else { line.sign }, level);
            } else {
                hidden += 1;
            }
        }
        self.hidden(level + 1, hidden, "line");
        self.start(level, Sign::Same);
        self.out.push_str(&marker);
        self.null_end(diff, manner);
    }

    fn text_line(&mut self, line: &Line, sign: Sign, level: usize) {
        self.start(level + 1, sign);
        let (ink, word) = match sign {
            Sign::Add => (Ink::Green, Ink::GreenWord),
            Sign::Remove => (Ink::Red, Ink::RedWord),
            Sign::Same | Sign::Change => {
                line.pieces.iter().for_each(|(_, t)| self.out.push_str(t));
                return self.out.push('\n');
            }
        };
        for (emphasis, piece) in &line.pieces {
            self.paint
                .push(self.out, if *emphasis { word } else { ink }, piece);
        }
        self.out.push('\n');
    }
}

/// Each line with whether it is shown. Of long runs of unchanged lines only those near a change are.
pub(crate) fn folded(lines: &[Line], fold: bool) -> impl Iterator<Item = (bool, &Line)> {
    let mut near = vec![!fold; lines.len()];
    if fold {
        let mut last: Option<usize> = None;
        for (i, line) in lines.iter().enumerate() {
            if line.sign != Sign::Same {
                // The run before it: all of it where only a few lines would be left out.
                let from = last.map_or(0, |l| l + 1);
                let gap = i - from;
                let tail = if last.is_some() { TEXT_CONTEXT } else { 0 };
                let all = gap <= tail + TEXT_CONTEXT + 1;
                for (j, n) in near.iter_mut().enumerate().take(i + 1).skip(from) {
                    *n = all || j - from < tail || i - j <= TEXT_CONTEXT;
                }
                last = Some(i);
            }
        }
        let from = last.map_or(0, |l| l + 1);
        let all = lines.len() - from <= TEXT_CONTEXT + 1;
        for (j, n) in near.iter_mut().enumerate().skip(from) {
            *n = all || j - from < TEXT_CONTEXT;
        }
    }
    near.into_iter().zip(lines)
}

#[cfg(test)]
mod tests;
