//! The Schema Registry: subjects, versions, compatibility, settings.

use axum::Router;
use axum::middleware;

use crate::app::App;
use crate::http::auth;

pub(crate) mod avro;
pub(crate) mod check;
pub(crate) mod lookup;
pub(crate) mod settings;
pub(crate) mod subjects;

/// The routes of the Schema Registry.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(subjects::routes())
        .merge(lookup::routes())
        .merge(settings::routes())
        .route_layer(middleware::from_fn_with_state(App::clone(app), auth::registry))
}
