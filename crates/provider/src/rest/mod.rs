//! HTTP for types that stand on a REST API.
//!
//! * [`Client`] – one API plane: base URL and credentials; makes [`Call`]s and paces them per host;
//! * [`Call`] – one request with its retries: what may be resent is resent, what may have had its effect is not;
//! * [`CallError`] – how a call ended badly, in words that a user can act on;
//! * [`wait_until`] – polls a real condition, never a fixed sleep;
//! * [`Shape`] – between the JSON of an API and the values of a type.

mod call;
mod client;
mod error;
mod page;
mod patience;
mod retry;
mod shape;
mod wait;

pub use call::Call;
pub use call::Reply;
pub use client::Auth;
pub use client::Client;
pub use client::Transport;
pub use error::CallError;
pub use error::Failure;
pub use patience::Patience;
pub use retry::RetryPolicy;
pub use shape::Shape;
pub use shape::encode;
pub use wait::Poll;
pub use wait::Schedule;
pub use wait::WaitError;
pub use wait::wait_until;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;

/// All but RFC 3986's unreserved characters is escaped in a segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A name as one segment of a URL's path, escaped.
pub fn segment(name: &str) -> String {
    // A segment of dots would be read as a step in the path.
    match name {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => percent_encoding::utf8_percent_encode(name, SEGMENT).to_string(),
    }
}

/// Decodes `%41` in a text; what is not a valid escape stays as it is.
pub fn unescape(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
