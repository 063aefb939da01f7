//! Request bodies, read leniently where the real APIs are lenient: unknown fields, `null` and empty references pass.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::error::ApiError;

/// A JSON object that came as a request body.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ApiError::cloud(400, "invalid_body", "The request body could not be read."))?;
        if bytes.is_empty() {
            return Ok(JsonBody(Value::Object(serde_json::Map::new())));
        }
        match serde_json::from_slice(&bytes) {
            Ok(value @ Value::Object(_)) => Ok(JsonBody(value)),
            Ok(_) => Err(ApiError::cloud(
                400,
                "invalid_body",
                "The request body must be a JSON object.",
            )),
            Err(error) => Err(ApiError::cloud(
                400,
                "invalid_body",
                format!("The request body is not valid JSON: {error}."),
            )),
        }
    }
}

impl JsonBody {
    /// The non-empty text at a pointer such as `/spec/display_name`.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// The text at a pointer, also an empty one; `None` where there is none.
    pub(crate) fn any_text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer).and_then(Value::as_str)
    }

    /// The non-empty text at a pointer, or a 400 that points there.
    pub(crate) fn required(&self, pointer: &str) -> Result<&str, ApiError> {
        self.text(pointer).ok_or_else(|| {
            ApiError::field(
                pointer,
                format!("The property '{pointer}' is required and must not be empty."),
            )
        })
    }

    /// The whole number at a pointer; `None` where there is none.
    pub(crate) fn number(&self, pointer: &str) -> Result<Option<u64>, ApiError> {
        match self.0.pointer(pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| {
                ApiError::field(
                    pointer,
                    format!("The property '{pointer}' must be a whole number that is not negative."),
                )
            }),
        }
    }

    /// The flag at a pointer; `None` where there is none.
    pub(crate) fn flag(&self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer).and_then(Value::as_bool)
    }

    /// The text at a pointer, which must be one of `allowed` where it is given.
    pub(crate) fn one_of(&self, pointer: &str, allowed: &[&str]) -> Result<Option<&str>, ApiError> {
        match self.text(pointer) {
            Some(text) if !allowed.contains(&text) => Err(ApiError::field(
                pointer,
                format!(
                    "The property '{pointer}' is '{text}', but must be one of {}.",
                    allowed.join(", ")
                ),
            )),
            other => Ok(other),
        }
    }
}

/// A JSON answer with a status.
pub(crate) fn answer(status: StatusCode, body: Value) -> Response {
    (status, axum::Json(body)).into_response()
}

/// A 200 with a JSON body.
pub(crate) fn ok(body: Value) -> Response {
    answer(StatusCode::OK, body)
}
