//! The tokens of a file: what the scanner hands to the grammar and to the formatter.

/// Kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    OpenParen,
    CloseParen,
    /// `"` that begins a string.
    OpenQuote,
    /// `"` that ends one.
    CloseQuote,
    /// `<<NAME` with its line end.
    OpenHeredoc,
    /// The end marker without its line end; leading spaces included.
    CloseHeredoc,
    Star,
    Slash,
    Plus,
    Minus,
    Percent,
    Equal,
    EqualEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Bang,
    Dot,
    Comma,
    DoubleColon,
    Ellipsis,
    FatArrow,
    Question,
    Colon,
    /// `${` or `${~`
    Interpolation,
    /// `%{` or `%{~`
    Control,
    /// `}` or `~}` that ends one of these.
    SequenceEnd,
    /// Text within quotes, escapes as written.
    QuotedText,
    /// Text of a heredoc or of a bare template; of a heredoc at most one line.
    Text,
    Number,
    Name,
    /// With its line end, if it runs to the end of the line.
    Comment,
    Newline,
    End,
    // What the language does not have, kept apart because each deserves its own message.
    Ampersand,
    Pipe,
    Tilde,
    Caret,
    Apostrophe,
    Backtick,
    Semicolon,
    /// One or more line ends within quotes.
    QuotedNewline,
    Invalid,
}

impl Kind {
    /// What closes an opening token.
    pub(crate) fn closer(self) -> Option<Kind> {
        Some(match self {
            Kind::OpenBrace => Kind::CloseBrace,
            Kind::OpenBracket => Kind::CloseBracket,
            Kind::OpenParen => Kind::CloseParen,
            Kind::OpenQuote => Kind::CloseQuote,
            Kind::OpenHeredoc => Kind::CloseHeredoc,
            Kind::Interpolation | Kind::Control => Kind::SequenceEnd,
            _ => return None,
        })
    }

    /// What opens for a closing token; of a template sequence the interpolation.
    pub(crate) fn opener(self) -> Option<Kind> {
        Some(match self {
            Kind::CloseBrace => Kind::OpenBrace,
            Kind::CloseBracket => Kind::OpenBracket,
            Kind::CloseParen => Kind::OpenParen,
            Kind::CloseQuote => Kind::OpenQuote,
            Kind::CloseHeredoc => Kind::OpenHeredoc,
            Kind::SequenceEnd => Kind::Interpolation,
            _ => return None,
        })
    }
}

/// A token: a kind and a range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Token {
    /// The text of the token.
    pub(crate) fn text<'t>(&self, source: &'t str) -> &'t str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}
