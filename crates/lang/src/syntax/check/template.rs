//! Templates: text, interpolations and directives.

use super::Checker;
use crate::diag::did_you_mean;
use crate::syntax::shape::Bytes;
use crate::syntax::shape::Part;
use crate::syntax::shape::Template;
use crate::syntax::token::Kind;
use crate::syntax::token::Token;

/// A template as it is written, before directives are put into each other.
enum Flat {
    Text(String),
    Interpolation(Bytes),
    If(Bytes, Bytes),
    For(ForHead, Bytes),
    Else(Bytes),
    EndIf(Bytes),
    EndFor(Bytes),
}

struct ForHead {
    key: Option<Token>,
    value: Token,
    collection: Bytes,
}

impl Flat {
    /// Name and place, of a part that belongs to an earlier one.
    fn follower(&self) -> Option<(&'static str, Bytes)> {
        match self {
            Flat::Else(r) => Some(("else", r.clone())),
            Flat::EndIf(r) => Some(("endif", r.clone())),
            Flat::EndFor(r) => Some(("endfor", r.clone())),
            _ => None,
        }
    }
}

const FOR: &str = "Invalid 'for' directive";
const UNBALANCED: &str = "No directive is open here that this could belong to.";

impl Checker<'_> {
    /// A template up to the token that closes it, which is taken too.
    pub(super) fn template(&mut self, end: Kind, flush: bool) -> Template {
        let mut flat = self.flat(end);
        let close = self.last.start..self.last.end;
        if flush {
            remove_indentation(&mut flat);
        }
        let wraps = matches!(flat.as_slice(), [Flat::Interpolation(_)]);
        self.height += deepest(&flat);
        let mut rest = flat.into_iter().peekable();
        let mut parts = Vec::new();
        while let Some(part) = rest.next() {
            self.part(part, &mut rest, &close, &mut parts);
        }
        Template { parts, wraps }
    }

    fn flat(&mut self, end: Kind) -> Vec<Flat> {
        let mut parts: Vec<Flat> = Vec::new();
        let open = self.last;
        let first = self.peek();
        let mut trim_next = false;
        loop {
            let token = self.read();
            if token.kind == end {
                return parts;
            }
            let trim = std::mem::take(&mut trim_next);
            match token.kind {
                Kind::Text | Kind::QuotedText => {
                    let mut text = self.unescape(token);
                    if trim {
                        text = text.trim_start().to_owned();
                    }
                    parts.push(Flat::Text(text));
                }
                Kind::Interpolation | Kind::Control => {
                    if self.text_of(token).ends_with('~')
                        && let Some(Flat::Text(text)) = parts.last_mut()
                    {
                        text.truncate(text.trim_end().len());
                    }
                    self.newlines.push(false);
                    trim_next = if token.kind == Kind::Interpolation {
                        self.interpolation(first, end, &mut parts)
                    } else {
                        self.directive(token, &mut parts)
                    };
                    self.newlines.pop();
                }
                _ => {
                    if !self.lost {
                        let line = self.line(open.start);
                        self.error_since(
                            open.start,
                            token,
                            "Unterminated template string",
                            if end == Kind::CloseHeredoc {
                                let name = self.text_of(open).trim_start_matches(['<', '-']).trim();
                                format!("The heredoc that begins on line {line} is not closed. Its end marker {name} must stand alone on a line, and that line must end.")
                            } else {
                                format!("The string that begins on line {line} has no closing quote (\").")
                            },
                        );
                    }
                    self.recover(end);
                    return parts;
                }
            }
        }
    }

    /// `${ … }` behind its sign, in a template that begins with the token `first`. The result says whether the text behind it is trimmed.
    fn interpolation(&mut self, first: Token, end: Kind, parts: &mut Vec<Flat>) -> bool {
        const EXTRA: &str = "Extra characters after interpolation expression";
        let expr = self.expression();
        let close = self.peek();
        parts.push(Flat::Interpolation(expr));
        if close.kind == Kind::SequenceEnd {
            self.read();
            return self.text_of(close).starts_with('~');
        }
        if !self.lost {
            match close.kind {
                Kind::End => self.error(
                    first,
                    "Unclosed template interpolation sequence",
                    "A \"${\" in this string is not closed before the end of the file: its closing brace (\"}\") is missing.",
                ),
                Kind::CloseQuote | Kind::OpenQuote if end == Kind::CloseQuote => self.error(
                    first,
                    "Unclosed template interpolation sequence",
                    "A \"${\" in this string is not closed before the end of the string: its closing brace (\"}\") is missing.",
                ),
                Kind::Colon => self.error_since(
                    first.start,
                    close,
                    EXTRA,
                    "A colon has no meaning here. If this is text for another language, such as a shell script, double the dollar sign: \"$${\".",
                ),
                _ => self.error_since(
                    first.start,
                    close,
                    EXTRA,
                    "The closing brace (\"}\") of the interpolation is expected here. If this is text for another language, such as a shell script, double the dollar sign: \"$${\".",
                ),
            }
        }
        self.recover(Kind::SequenceEnd);
        false
    }

    /// `%{ … }` behind its sign. The result says whether the text behind it is trimmed.
    fn directive(&mut self, open: Token, parts: &mut Vec<Flat>) -> bool {
        let word = self.peek();
        if word.kind != Kind::Name {
            if !self.lost {
                self.error_since(
                    open.start,
                    word,
                    "Invalid template directive",
                    "A word such as \"if\" or \"for\" is expected behind \"%{\". To write %{ as text, double the sign: %%{.",
                );
            }
            self.recover(Kind::SequenceEnd);
            return false;
        }
        self.read();
        let name = self.text_of(word);
        let part = match name {
            "if" => {
                let condition = self.expression();
                Flat::If(condition, self.directive_span(open))
            }
            "for" => match self.for_head() {
                Some(head) => Flat::For(head, self.directive_span(open)),
                None => {
                    self.recover(Kind::SequenceEnd);
                    return false;
                }
            },
            "else" => Flat::Else(self.directive_span(open)),
            "endif" => Flat::EndIf(self.directive_span(open)),
            "endfor" => Flat::EndFor(self.directive_span(open)),
            _ => {
                if !self.lost {
                    let hint = if matches!(name, "elseif" | "elsif" | "elif") {
                        " Write an if within the else: %{ else }%{ if CONDITION } … %{ endif }%{ endif }."
                            .to_owned()
                    } else {
                        did_you_mean(name, ["if", "for", "else", "endif", "endfor"])
                            .map(|s| format!(" Did you mean {s:?}?"))
                            .unwrap_or_default()
                    };
                    self.error_since(
                        open.start,
                        word,
                        "Invalid template control keyword",
                        format!("{name:?} is no directive of templates.{hint}"),
                    );
                }
                self.recover(Kind::SequenceEnd);
                return false;
            }
        };
        parts.push(part);
        let close = self.peek();
        if close.kind == Kind::SequenceEnd {
            self.read();
            return self.text_of(close).starts_with('~');
        }
        if !self.lost {
            self.error_since(
                open.start,
                close,
                &format!("Extra characters in {name} marker"),
                "The closing brace (\"}\") of the directive is expected here.",
            );
        }
        self.recover(Kind::SequenceEnd);
        false
    }

    fn directive_span(&self, open: Token) -> Bytes {
        open.start..self.peek().end
    }

    fn for_head(&mut self) -> Option<ForHead> {
        let mut value = self.for_name("The name of a variable is expected behind 'for'.")?;
        let mut key = None;
        if self.peek().kind == Kind::Comma {
            self.read();
            key = Some(value);
            value = self.for_name("The name of the variable for the value is expected behind the comma.")?;
        }
        if !self.at_keyword("in") {
            let next = self.peek();
            if !self.lost {
                self.error(
                    next,
                    FOR,
                    "The word 'in' is expected behind the names of the variables.",
                );
            }
            return None;
        }
        self.read();
        Some(ForHead {
            key,
            value,
            collection: self.expression(),
        })
    }

    fn for_name(&mut self, detail: &str) -> Option<Token> {
        let next = self.peek();
        if next.kind == Kind::Name {
            return Some(self.read());
        }
        if !self.lost {
            self.error(next, FOR, detail);
        }
        None
    }

    /// Puts one part, with all that belongs to it, into `out`.
    fn part(
        &mut self,
        part: Flat,
        rest: &mut std::iter::Peekable<std::vec::IntoIter<Flat>>,
        close: &Bytes,
        out: &mut Vec<Part>,
    ) {
        if let Some((name, at)) = part.follower() {
            self.error_in(at, &format!("Unexpected {name} directive"), UNBALANCED);
            return;
        }
        match part {
            Flat::Text(new) => match out.last_mut() {
                Some(Part::Text(text)) => text.push_str(&new),
                _ => out.push(Part::Text(new)),
            },
            Flat::Interpolation(expr) => out.push(Part::Interpolation(expr)),
            Flat::If(condition, head) => self.if_part(condition, head, rest, close, out),
            Flat::For(for_head, head) => self.for_part_of(for_head, head, rest, close, out),
            Flat::Else(_) | Flat::EndIf(_) | Flat::EndFor(_) => {}
        }
    }

    fn too_deep(&mut self, head: &Bytes) -> bool {
        if self.depth < super::MAX_DEPTH {
            return false;
        }
        self.error_in(
            head.clone(),
            "Nesting too deep",
            format!(
                "Directives can be nested {} levels deep, and this is deeper.",
                super::MAX_DEPTH
            ),
        );
        true
    }

    fn if_part(
        &mut self,
        condition: Bytes,
        head: Bytes,
        rest: &mut std::iter::Peekable<std::vec::IntoIter<Flat>>,
        close: &Bytes,
        out: &mut Vec<Part>,
    ) {
        if self.too_deep(&head) {
            return;
        }
        self.depth += 1;
        let (mut yes, mut no, mut in_else) = (Vec::new(), Vec::new(), false);
        loop {
            let Some(part) = rest.next() else {
                let line = self.line(head.start);
                self.error_in(
                    close.clone(),
                    "Unexpected end of template",
                    format!("The \"if\" directive on line {line} has no \"%{{ endif }}\"."),
                );
                break;
            };
            match part {
                Flat::EndIf(end) => {
                    out.push(Part::If {
                        condition,
                        yes,
                        no,
                        span: head.start..end.end,
                    });
                    break;
                }
                Flat::Else(at) => {
                    if in_else {
                        let line = self.line(head.start);
                        self.error_in(
                            at,
                            "Unexpected else directive",
                            format!("The \"if\" directive on line {line} has an \"else\" already."),
                        );
                        break;
                    }
                    in_else = true;
                }
                Flat::EndFor(at) => {
                    let line = self.line(head.start);
                    self.error_in(
                        at,
                        "Unexpected endfor directive",
                        format!(
                            "The \"if\" directive on line {line} must be closed by \"%{{ endif }}\" first."
                        ),
                    );
                    break;
                }
                part => self.part(part, rest, close, if in_else { &mut no } else { &mut yes }),
            }
        }
        self.depth -= 1;
    }

    fn for_part_of(
        &mut self,
        for_head: ForHead,
        head: Bytes,
        rest: &mut std::iter::Peekable<std::vec::IntoIter<Flat>>,
        close: &Bytes,
        out: &mut Vec<Part>,
    ) {
        if self.too_deep(&head) {
            return;
        }
        self.depth += 1;
        let mut body = Vec::new();
        loop {
            let Some(part) = rest.next() else {
                let line = self.line(head.start);
                self.error_in(
                    close.clone(),
                    "Unexpected end of template",
                    format!("The \"for\" directive on line {line} has no \"%{{ endfor }}\"."),
                );
                break;
            };
            match part {
                Flat::EndFor(end) => {
                    out.push(Part::For {
                        key: for_head.key,
                        value: for_head.value,
                        collection: for_head.collection,
                        body,
                        span: head.start..end.end,
                    });
                    break;
                }
                Flat::Else(at) => {
                    self.error_in(
                        at,
                        "Unexpected else directive",
                        "A \"for\" directive has no \"else\".",
                    );
                    break;
                }
                Flat::EndIf(at) => {
                    let line = self.line(head.start);
                    self.error_in(
                        at,
                        "Unexpected endif directive",
                        format!(
                            "The \"for\" directive on line {line} must be closed by \"%{{ endfor }}\" first."
                        ),
                    );
                    break;
                }
                part => self.part(part, rest, close, &mut body),
            }
        }
        self.depth -= 1;
    }
}

/// How many directives are open at once.
fn deepest(parts: &[Flat]) -> u32 {
    let (mut open, mut most) = (0u32, 0);
    for part in parts {
        match part {
            Flat::If(..) | Flat::For(..) => open += 1,
            Flat::EndIf(_) | Flat::EndFor(_) => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// Takes the indentation that all lines of a `<<-` heredoc share away from them.
///
/// Lines of nothing but space do not count and are left alone; a line that begins with a template sequence has none;
/// trimming (`~`) has been done before. That is what Terraform does.
fn remove_indentation(parts: &mut [Flat]) {
    let indent = |text: &str| text.chars().take_while(|c| c.is_whitespace()).count();
    let mut shared: Option<usize> = None;
    let mut lines: Vec<usize> = Vec::new();
    let mut line_start = true;
    for (i, part) in parts.iter().enumerate() {
        let Flat::Text(text) = part else {
            if line_start {
                shared = Some(0);
            }
            line_start = false;
            continue;
        };
        if line_start && !(text.ends_with('\n') && text.trim().is_empty()) {
            let this = indent(text);
            shared = Some(shared.map_or(this, |s| s.min(this)));
            lines.push(i);
        }
        line_start = text.ends_with('\n');
    }
    let shared = shared.unwrap_or(0);
    for i in lines {
        if let Some(Flat::Text(text)) = parts.get_mut(i) {
            *text = text.chars().skip(shared).collect();
        }
    }
}
