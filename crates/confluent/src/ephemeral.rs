//! `ephemeral "confluent_api_key"`: a key that is made for a run and deleted at its end, so that no state holds its secret. The
//! official provider has no such type; its arguments are those of the managed one.
//!
//! A run that is killed cannot delete its key. Each key therefore says in its description from when on nobody needs it, and
//! whoever opens the next one for the same owner deletes those.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::ToSpan;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::EphemeralType;
use streamform_provider::protocol::Findings;
use streamform_provider::protocol::Private;
use streamform_provider::rest::Client;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Shape;
use streamform_provider::rest::encode;
use streamform_provider::rest::segment;

use crate::context::Confluent;
use crate::control::ControlType as _;
use crate::control::is_gone;
use crate::control::wait_finding;
use crate::json::given;
use crate::json::text;
use crate::resources::ApiKey;

/// A key and secret for one of the API planes, for as long as a run needs it.
pub(crate) struct EphemeralApiKey;

/// What a key is called that is given no description.
const UNNAMED: &str = "Ephemeral key of a Streamform run";

/// In the description, before the time from when on nobody needs the key.
const EXPIRES: &str = " (may be deleted after ";

/// No run takes longer.
const LIFETIME_HOURS: i64 = 24;

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(60);

#[async_trait]
impl EphemeralType<Confluent> for EphemeralApiKey {
    fn declaration(&self) -> Declaration {
        ApiKey.declaration()
    }

    async fn open(&self, client: &Confluent, config: &Value) -> Result<(Value, Private), Findings> {
        let wanted = encode(config);
        let control = client.control()?;
        delete_expired(control, &wanted).await;
        let mut body = ApiKey.create_body(&wanted);
        let end = Timestamp::now() + LIFETIME_HOURS.hours();
        let description = given(&wanted, "/description").unwrap_or(UNNAMED);
        body["spec"]["description"] = json!(format!("{description}{EXPIRES}{})", end.strftime("%FT%TZ")));
        let made = control
            .post(ApiKey.facts().path)
            .body(body)
            .secret()
            .json()
            .await
            .map_err(|e| e.findings("error creating an ephemeral API Key"))?;
        let id = text(&made, "/id");
        let mut state = ApiKey.state(&made, &wanted);
        state["description"] = wanted["description"].clone();
        state["disable_wait_for_ready"] = wanted["disable_wait_for_ready"].clone();
        if let Err(e) = ApiKey.settled(client, &made, &state, Patience::default()).await {
            let mut findings = wait_finding(&e, &format!("error waiting for API Key {id:?} to be accepted"));
            findings.extend(delete(control, id).await);
            return Err(findings);
        }
        let value = Shape::of(&self.declaration()).value(Some(config), &state);
        Ok((value, Some(Arc::from(id.as_bytes()))))
    }

    async fn close(&self, client: &Confluent, private: Private) -> Findings {
        let id = private
            .as_deref()
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        match client.control() {
            Ok(control) => delete(control, &id).await,
            Err(findings) => findings,
        }
    }
}

async fn delete(control: &Client, id: &str) -> Findings {
    let patience = Patience::default().within(CLOSING);
    let path = format!("{}/{}", ApiKey.facts().path, segment(id));
    let call = control.delete(path).during(patience);
    match call.send().await {
        Ok(_) => Findings::new(),
        Err(e) if is_gone(&e) => Findings::new(),
        Err(e) => e.findings(&format!("error deleting the ephemeral API Key {id:?}")),
    }
}

/// Deletes what killed runs have left. That it cannot be done now (the list may not be seen, say) is no reason not to go on.
async fn delete_expired(control: &Client, wanted: &Json) {
    let query = ApiKey.list_query(wanted);
    let query: Vec<(&str, &str)> = query.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let patience = Patience::default().within(CLOSING);
    let Ok(keys) = control.list(ApiKey.facts().path, &query, 99, patience).await else {
        return;
    };
    let now = Timestamp::now();
    for key in keys.iter().filter(|key| has_expired(key, now)) {
        let left = delete(control, text(key, "/id")).await;
        for finding in left {
            tracing::warn!("{}", finding.summary);
        }
    }
}

/// Whether a key is one of ours that nobody needs any more.
fn has_expired(key: &Json, now: Timestamp) -> bool {
    let end = text(key, "/spec/description")
        .rsplit_once(EXPIRES)
        .and_then(|(_, end)| end.strip_suffix(')')?.parse::<Timestamp>().ok());
    end.is_some_and(|end| end < now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_say_so_expire() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let key = |description: &str| json!({ "spec": { "description": description } });
        assert!(has_expired(
            &key("ours (may be deleted after 2026-01-01T00:00:00Z)"),
            now
        ));
        for kept in [
            "ours (may be deleted after 2026-01-03T00:00:00Z)",
            "ours (may be deleted after tomorrow)",
            "may be deleted after 2026-01-01T00:00:00Z",
            "",
        ] {
            assert!(!has_expired(&key(kept), now), "{kept}");
        }
    }
}
