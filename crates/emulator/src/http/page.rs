//! Lists in pages, as the control plane and the Flink gateway give them.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::error::ApiError;

/// Query parameters. Where one name comes several times, [`Params::get`] gives the last.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::cloud(400, "invalid_query", "The query of the URL could not be read."))?;
        Ok(Params(pairs))
    }
}

impl Params {
    /// The parameter, if it is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).pop()
    }

    /// All values of a parameter that are not empty, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = self
            .0
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty());
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The parameter, or a 400.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            ApiError::cloud(
                400,
                "missing_parameter",
                format!("The query parameter '{name}' is required."),
            )
        })
    }

    /// Whether the parameter is `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, ApiError> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|size| (1..=100).contains(size))
                .ok_or_else(|| {
                    ApiError::cloud(400, "invalid_page_size", "page_size must be between 1 and 100.")
                }),
        }
    }
}

/// Cuts one page out of `rows` and wraps it: `api_version`, `kind`, `metadata.next`, `data`.
///
/// The token is the number of rows to skip. `url` is the address of the list without its query; the other query
/// parameters are carried into `metadata.next`.
pub(crate) fn list(
    params: &Params,
    url: &str,
    api_version: &str,
    kind: &str,
    rows: &[Value],
) -> Result<Value, ApiError> {
    let size = params.number("page_size", 10)?;
    let skip = match params.get("page_token") {
        None => 0,
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix("skip:").and_then(|n| n.parse::<usize>().ok()))
            .ok_or_else(|| {
                ApiError::cloud(
                    400,
                    "invalid_page_token",
                    "The page_token is not one that was given out.",
                )
            })?,
    };
    let data: Vec<&Value> = rows.iter().skip(skip).take(size).collect();
    let end = skip.saturating_add(data.len());
    let mut metadata = json!({ "first": url, "total_size": rows.len() });
    metadata["next"] = if end < rows.len() {
        let token = URL_SAFE_NO_PAD.encode(format!("skip:{end}"));
        let rest: String = params
            .0
            .iter()
            .filter(|(name, _)| name != "page_token")
            .map(|(name, value)| format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        json!(format!("{url}?page_token={token}{rest}"))
    } else {
        json!("")
    };
    Ok(json!({ "api_version": api_version, "kind": kind, "metadata": metadata, "data": data }))
}
