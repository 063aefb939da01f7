//! The Flink SQL gateway.

use axum::Router;

use crate::app::App;

pub(crate) mod phase;

/// The routes of the gateway.
pub(crate) fn routes(_app: &App) -> Router<App> {
    Router::new()
}
