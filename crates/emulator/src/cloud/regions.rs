//! `/fcpm/v2/regions`: where Flink runs.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::S;
use crate::app::{App, Shared};
use crate::http::body::ok;
use crate::http::error::ApiError;
use crate::http::page::{self, Params};

const PATH: &str = "/fcpm/v2/regions";

/// Cloud, region, what the console calls it.
const REGIONS: &[(&str, &str, &str)] = &[
    ("aws", "us-east-1", "N. Virginia (us-east-1)"),
    ("aws", "us-east-2", "Ohio (us-east-2)"),
    ("aws", "us-west-2", "Oregon (us-west-2)"),
    ("aws", "ca-central-1", "Canada Central (ca-central-1)"),
    ("aws", "sa-east-1", "São Paulo (sa-east-1)"),
    ("aws", "eu-central-1", "Frankfurt (eu-central-1)"),
    ("aws", "eu-central-2", "Zurich (eu-central-2)"),
    ("aws", "eu-north-1", "Stockholm (eu-north-1)"),
    ("aws", "eu-west-1", "Ireland (eu-west-1)"),
    ("aws", "eu-west-2", "London (eu-west-2)"),
    ("aws", "ap-northeast-1", "Tokyo (ap-northeast-1)"),
    ("aws", "ap-south-1", "Mumbai (ap-south-1)"),
    ("aws", "ap-southeast-1", "Singapore (ap-southeast-1)"),
    ("aws", "ap-southeast-2", "Sydney (ap-southeast-2)"),
    ("azure", "centralus", "Iowa (centralus)"),
    ("azure", "eastus", "Virginia (eastus)"),
    ("azure", "eastus2", "Virginia (eastus2)"),
    ("azure", "westus2", "Washington (westus2)"),
    ("azure", "northeurope", "Ireland (northeurope)"),
    ("azure", "westeurope", "Netherlands (westeurope)"),
    ("azure", "uksouth", "London (uksouth)"),
    ("azure", "southeastasia", "Singapore (southeastasia)"),
    ("azure", "australiaeast", "New South Wales (australiaeast)"),
    ("gcp", "us-central1", "Iowa (us-central1)"),
    ("gcp", "us-east1", "South Carolina (us-east1)"),
    ("gcp", "us-east4", "N. Virginia (us-east4)"),
    ("gcp", "us-west1", "Oregon (us-west1)"),
    ("gcp", "europe-west1", "Belgium (europe-west1)"),
    ("gcp", "europe-west2", "London (europe-west2)"),
    ("gcp", "europe-west3", "Frankfurt (europe-west3)"),
    ("gcp", "europe-west4", "Netherlands (europe-west4)"),
    ("gcp", "asia-south1", "Mumbai (asia-south1)"),
    ("gcp", "asia-southeast1", "Singapore (asia-southeast1)"),
    ("gcp", "australia-southeast1", "Sydney (australia-southeast1)"),
];

pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(list))
}

/// Whether there is a region with this id (`aws.us-east-1`).
pub(crate) fn exists(id: &str) -> bool {
    REGIONS.iter().any(|(cloud, region, _)| {
        id.strip_prefix(cloud)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|rest| rest == *region)
    })
}

fn body(app: &Shared, cloud: &str, region: &str, name: &str) -> Value {
    let id = format!("{cloud}.{region}");
    json!({
        "api_version": "fcpm/v2",
        "kind": "Region",
        "id": id,
        "metadata": { "self": "" },
        "cloud": cloud.to_uppercase(),
        "region_name": region,
        "display_name": name,
        "http_endpoint": app.flink_endpoint(&id),
        "private_http_endpoint": app.flink_endpoint(&id),
    })
}

async fn list(State(app): S, params: Params) -> Result<Response, ApiError> {
    let rows: Vec<Value> = REGIONS
        .iter()
        .filter(|(cloud, _, _)| {
            params
                .get("cloud")
                .is_none_or(|wanted| cloud.eq_ignore_ascii_case(wanted))
        })
        .filter(|(_, region, _)| params.get("region_name").is_none_or(|wanted| *region == wanted))
        .map(|(cloud, region, name)| body(&app, cloud, region, name))
        .collect();
    Ok(ok(page::list(
        &params,
        &format!("{}{PATH}", app.endpoint),
        "fcpm/v2",
        "RegionList",
        &rows,
    )?))
}
