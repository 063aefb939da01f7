//! Error answers in the three shapes of the real APIs.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

use crate::ids;

/// An error answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: u16,
    body: Body,
    retry_after: Option<u64>,
}

#[derive(Debug)]
enum Body {
    Json(Box<Value>),
    Html(String),
}

impl ApiError {
    /// The control plane's and the Flink gateway's shape: `{"errors":[{…}]}`. The status inside is a string.
    pub(crate) fn cloud(status: u16, code: &str, detail: impl Into<String>) -> ApiError {
        let mut error = json!({ "id": ids::request(), "status": status.to_string() });
        if !code.is_empty() {
            error["code"] = json!(code);
        }
        error["detail"] = json!(detail.into());
        error["source"] = json!({});
        ApiError::json(status, json!({ "errors": [error] }))
    }

    /// A 400 that points at a field of the body, such as `/spec/cloud`.
    pub(crate) fn field(pointer: &str, detail: impl Into<String>) -> ApiError {
        ApiError::json(
            400,
            json!({ "errors": [{
                "id": ids::request(), "status": "400", "code": "invalid_configuration", "detail": detail.into(),
                "source": { "pointer": pointer },
            }] }),
        )
    }

    /// The shape of role bindings, Kafka and the Schema Registry: `{"error_code":…,"message":…}`.
    pub(crate) fn coded(status: u16, error_code: u32, message: impl Into<String>) -> ApiError {
        ApiError::json(
            status,
            json!({ "error_code": error_code, "message": message.into() }),
        )
    }

    /// An HTML page, as the proxy before a Kafka cluster answers.
    pub(crate) fn html(status: u16, text: impl Into<String>) -> ApiError {
        ApiError {
            status,
            body: Body::Html(text.into()),
            retry_after: None,
        }
    }

    fn json(status: u16, body: Value) -> ApiError {
        ApiError {
            status,
            body: Body::Json(Box::new(body)),
            retry_after: None,
        }
    }

    /// Says when to come back, in seconds.
    pub(crate) fn with_retry_after(mut self, seconds: u64) -> ApiError {
        self.retry_after = Some(seconds);
        self
    }

    /// An environment, or anything else that is 404 when it is not there.
    pub(crate) fn not_found() -> ApiError {
        ApiError::cloud(404, "resource_not_found", "Resource Not Found")
    }

    /// A cluster or key that is not there: the real API does not say whether it ever was.
    pub(crate) fn forbidden() -> ApiError {
        ApiError::cloud(403, "forbidden_access", "Forbidden Access")
    }

    /// A clash with what exists.
    pub(crate) fn conflict(code: &str, detail: impl Into<String>) -> ApiError {
        ApiError::cloud(409, code, detail)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match self.body {
            Body::Json(body) => (status, axum::Json(*body)).into_response(),
            Body::Html(text) => (status, Html(text)).into_response(),
        };
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"confluent\""),
            );
        }
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
