//! The Flink SQL gateway, and the engine that gives statements their effect.

use axum::Router;
use axum::middleware;

use crate::app::App;
use crate::http::auth;

pub(crate) mod catalog;
pub(crate) mod engine;
pub(crate) mod phase;
pub(crate) mod schema;
pub(crate) mod statements;
pub(crate) mod tables;

/// The routes of the gateway.
pub(crate) fn routes(app: &App) -> Router<App> {
    statements::routes().route_layer(middleware::from_fn_with_state(App::clone(app), auth::flink))
}
