//! Kafka REST v3, as a Kafka cluster's REST endpoint serves it.

use axum::Router;
use axum::middleware;

use crate::app::App;
use crate::http::auth;

pub(crate) mod settings;
pub(crate) mod topics;

/// The routes of Kafka REST.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(topics::routes())
        .route_layer(middleware::from_fn_with_state(App::clone(app), auth::kafka))
}
