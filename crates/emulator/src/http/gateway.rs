//! The path prefixes that stand for host names.
//!
//! The real planes live on hosts of their own; here one address serves them all, and the base addresses that are
//! handed out carry a prefix: `/pkc/<cluster>` for Kafka, `/psrc/<registry>` for the Schema Registry and
//! `/flink/<region>` for the Flink gateway. The prefix is taken off before routing. A client that leaves it out is
//! understood as well where its key or path says enough.

use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::Response;

/// The prefix through which a request came; in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gateway {
    Kafka(String),
    Registry(String),
    Flink(String),
}

impl Gateway {
    pub(crate) fn kafka(&self) -> Option<String> {
        if let Gateway::Kafka(id) = self {
            Some(id.clone())
        } else {
            None
        }
    }

    pub(crate) fn registry(&self) -> Option<String> {
        if let Gateway::Registry(id) = self {
            Some(id.clone())
        } else {
            None
        }
    }

    pub(crate) fn flink(&self) -> Option<String> {
        if let Gateway::Flink(id) = self {
            Some(id.clone())
        } else {
            None
        }
    }
}

/// Takes the prefix off.
pub(crate) async fn strip(mut request: Request, next: Next) -> Response {
    if let Some((gateway, uri)) = split(request.uri()) {
        request.extensions_mut().insert(gateway);
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

fn split(uri: &Uri) -> Option<(Gateway, Uri)> {
    let path = uri.path_and_query()?.as_str();
    let mut parts = path.strip_prefix('/')?.splitn(3, '/');
    let (kind, id, rest) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    let gateway = match kind {
        "pkc" => Gateway::Kafka(id.to_owned()),
        "psrc" => Gateway::Registry(id.to_owned()),
        "flink" => Gateway::Flink(id.to_owned()),
        _ => return None,
    };
    // A base address that ends with a slash gives two in a row.
    let uri = format!("/{}", rest.trim_start_matches('/')).parse().ok()?;
    Some((gateway, uri))
}
