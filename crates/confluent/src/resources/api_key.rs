//! `confluent_api_key`: <https://docs.confluent.io/cloud/current/api.html#tag/API-Keys-(iamv2)>
//!
//! The secret is told once, in the answer to the creating call, so it is made durable at once. A new key is refused for some time;
//! its readiness is polled with the key itself.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use streamform_provider::declared::Declaration;
use streamform_provider::declared::Field;
use streamform_provider::declared::Presence;
use streamform_provider::declared::Timeouts;
use streamform_provider::rest::Auth;
use streamform_provider::rest::Client;
use streamform_provider::rest::Failure;
use streamform_provider::rest::Patience;
use streamform_provider::rest::Poll;
use streamform_provider::rest::Schedule;
use streamform_provider::rest::WaitError;
use streamform_provider::rest::segment;
use streamform_provider::rest::wait_until;

use crate::checks;
use crate::context::Confluent;
use crate::control::ControlType;
use crate::control::Facts;
use crate::fields::blocks;
use crate::fields::computed;
use crate::fields::optional;
use crate::fields::required;
use crate::fields::switch;
use crate::json::differs;
use crate::json::flag;
use crate::json::given;
use crate::json::text;

/// A key and secret for one of the API planes.
pub(crate) struct ApiKey;

/// How long a new key may be refused.
const SYNC: Duration = Duration::from_secs(20 * 60);

/// Versions of the same API.
fn same_api(old: &Value, new: &Value) -> bool {
    fn family(v: &Value) -> Option<&str> {
        v.as_str().and_then(|s| s.split_once('/')).map(|(f, _)| f)
    }
    family(old).is_some() && family(old) == family(new)
}

#[async_trait]
impl ControlType for ApiKey {
    fn declaration(&self) -> Declaration {
        Declaration {
            type_name: "confluent_api_key",
            version: 0,
            fields: vec![
                optional("description").check(checks::not_empty),
                switch("disable_wait_for_ready"),
                optional("display_name").check(checks::not_empty),
                Field::one(
                    "managed_resource",
                    Presence::Optional,
                    vec![
                        required("api_version")
                            .force_new()
                            .one_of(&[
                                "cmk/v2",
                                "srcm/v2",
                                "srcm/v3",
                                "ksqldbcm/v2",
                                "fcpm/v2",
                                "tableflow/v1",
                                "global/v1",
                            ])
                            .suppress(same_api),
                        blocks(
                            "environment",
                            Presence::Optional,
                            false,
                            vec![required("id").force_new().check(checks::not_empty)],
                        ),
                        required("id").force_new().check(checks::not_empty),
                        required("kind")
                            .force_new()
                            .one_of(&["Cluster", "Region", "Tableflow", "Global"]),
                    ],
                )
                .force_new(),
                Field::one(
                    "owner",
                    Presence::Required,
                    vec![
                        required("api_version").force_new().one_of(&["iam/v2"]),
                        required("id").force_new().check(checks::owner_id),
                        required("kind").force_new().one_of(&["ServiceAccount", "User"]),
                    ],
                )
                .force_new(),
                computed("secret").sensitive(),
            ],
            timeouts: Timeouts::default(),
            deprecated: None,
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            noun: "API Key",
            path: "/iam/v2/api-keys",
            in_environment: false,
            poll: Duration::from_secs(60),
            wait_until_gone: false,
            useless_unanswered: Some("its secret is lost"),
        }
    }

    fn create_body(&self, planned: &Json) -> Json {
        let mut spec = json!({
            "display_name": text(planned, "/display_name"),
            "description": text(planned, "/description"),
            "owner": { "id": text(planned, "/owner/0/id"), "kind": text(planned, "/owner/0/kind") },
        });
        let managed = &planned["managed_resource"][0];
        if managed.is_object() {
            let api = text(managed, "/api_version");
            let mut resource = json!({ "id": managed["id"], "kind": managed["kind"] });
            if matches!(api, "fcpm/v2" | "tableflow/v1" | "global/v1") {
                resource["api_version"] = json!(api);
            }
            if api == "fcpm/v2" {
                resource["environment"] = json!(text(managed, "/environment/0/id"));
            }
            spec["resource"] = resource;
        }
        json!({ "spec": spec })
    }

    fn patches(&self, prior: &Json, planned: &Json) -> Result<Vec<Json>, String> {
        let mut spec = json!({});
        for name in ["display_name", "description"] {
            if differs(prior, planned, &format!("/{name}")) {
                spec[name] = json!(planned[name].as_str().unwrap_or(""));
            }
        }
        Ok(if spec == json!({}) {
            Vec::new()
        } else {
            vec![json!({ "spec": spec })]
        })
    }

    fn state(&self, api: &Json, known: &Json) -> Json {
        let spec = &api["spec"];
        let resource = &spec["resource"];
        let mut state = json!({
            "id": api["id"],
            "display_name": text(spec, "/display_name"),
            "description": text(spec, "/description"),
            "owner": [{
                "id": spec["owner"]["id"],
                "kind": spec["owner"]["kind"],
                "api_version": spec["owner"]["api_version"],
            }],
            "managed_resource": [],
        });
        // Only the answer to the creating call has it; what is known stays otherwise.
        state["secret"] = match given(spec, "/secret") {
            Some(secret) => json!(secret),
            None => known["secret"].clone(),
        };
        if resource.is_object() && text(resource, "/kind") != "Cloud" {
            let kind = match text(resource, "/kind") {
                "SchemaRegistry" | "ksqlDB" => "Cluster",
                kind => kind,
            };
            // A region comes as "env-1.aws.us-east-1" or as "aws.us-east-1".
            let mut id = text(resource, "/id");
            if kind == "Region"
                && let Some((environment, region)) = id.split_once('.')
                && environment.starts_with("env-")
            {
                id = region;
            }
            state["managed_resource"] = json!([{
                "id": id,
                "kind": kind,
                "api_version": resource["api_version"],
                // The answer does not always have it.
                "environment": known["managed_resource"][0]["environment"],
            }]);
        }
        state
    }

    /// All keys of the owner.
    fn list_query(&self, planned: &Json) -> Vec<(&'static str, String)> {
        vec![("spec.owner", text(planned, "/owner/0/id").to_owned())]
    }

    fn matches(&self, api: &Json, planned: &Json) -> bool {
        let state = self.state(api, planned);
        text(&state, "/owner/0/id") == text(planned, "/owner/0/id")
            && text(&state, "/managed_resource/0/id") == text(planned, "/managed_resource/0/id")
            && text(&state, "/managed_resource/0/kind") == text(planned, "/managed_resource/0/kind")
            && text(&state, "/description") == text(planned, "/description")
    }

    async fn settled(
        &self,
        client: &Confluent,
        api: &Json,
        known: &Json,
        patience: Patience<'_>,
    ) -> Result<(), WaitError> {
        if flag(known, "/disable_wait_for_ready") {
            return Ok(());
        }
        let patience = patience.within(SYNC);
        let auth = Auth::basic(text(api, "/id"), text(known, "/secret"));
        let (plane, path) = match probe(client, api, known, auth, patience).await? {
            Some(probe) => probe,
            None => return Ok(()),
        };
        let schedule = Schedule::new(Duration::from_secs(30), plane.is_loopback());
        wait_until(
            &format!("waiting for API Key {:?} to be accepted", text(api, "/id")),
            schedule,
            patience,
            || async {
                match plane
                    .get(&path)
                    .query("page_size", "1")
                    .secret()
                    .during(patience)
                    .send()
                    .await
                {
                    Ok(_) => Ok(Poll::Done(())),
                    Err(e) if matches!(e.status(), Some(401 | 403)) => {
                        Ok(Poll::Pending(format!("{} so far", e.status().unwrap_or(0))))
                    }
                    // The key was let in: that the call itself is refused does not matter.
                    Err(e) if e.status().is_some() && !e.is_transient() => Ok(Poll::Done(())),
                    // A private endpoint that this machine will never see.
                    Err(e) if matches!(e.failure(), Failure::Unreachable(_)) => Ok(Poll::Failed(format!(
                        "the key exists, but could not be tried: {}. If the cluster is reached only from inside its network, set disable_wait_for_ready = true",
                        e.short()
                    ))),
                    Err(e) => Err(e),
                }
            },
        )
        .await
    }

    fn import_id<'i>(&self, client: &Confluent, id: &'i str) -> Result<(Json, &'i str), String> {
        let Some(secret) = client.variable("API_KEY_SECRET") else {
            return Err(
                "Set the environment variable API_KEY_SECRET to the key's secret: it cannot be read from the service."
                    .to_owned(),
            );
        };
        let mut known = json!({ "secret": secret, "managed_resource": [{ "environment": [] }] });
        match id.split_once('/') {
            Some((environment, key)) if !key.contains('/') => {
                known["managed_resource"][0]["environment"] = json!([{ "id": environment }]);
                Ok((known, key))
            }
            None => Ok((known, id)),
            Some(_) => Err(
                "The import ID of an API key is \"<Environment ID>/<API Key ID>\" for a key of a cluster or region, and \"<API Key ID>\" otherwise."
                    .to_owned(),
            ),
        }
    }
}

/// Where the new key is tried: a client that uses it, and a path. None: there is no call that would tell.
async fn probe(
    client: &Confluent,
    api: &Json,
    known: &Json,
    auth: Auth,
    patience: Patience<'_>,
) -> Result<Option<(Client, String)>, WaitError> {
    let Ok(control) = client.control() else {
        return Ok(None);
    };
    let resource = &api["spec"]["resource"];
    let id = text(resource, "/id");
    let environment = text(known, "/managed_resource/0/environment/0/id");
    let version = text(resource, "/api_version");
    let own = |path: &str| Ok(Some((control.with_auth(auth.clone()), path.to_owned())));
    match (text(resource, "/kind"), version.split('/').next().unwrap_or("")) {
        ("Cluster", "cmk") => {
            let cluster = control
                .get(format!("/cmk/v2/clusters/{}", segment(id)))
                .query("environment", environment)
                .during(patience)
                .json()
                .await
                .map_err(WaitError::Call)?;
            at(client, text(&cluster, "/spec/http_endpoint"), auth, || {
                format!("/kafka/v3/clusters/{}/topics", segment(id))
            })
        }
        ("Cluster" | "SchemaRegistry", "srcm") => {
            let registry = control
                .get(format!("/srcm/v3/clusters/{}", segment(id)))
                .query("environment", environment)
                .during(patience)
                .json()
                .await
                .map_err(WaitError::Call)?;
            at(client, text(&registry, "/spec/http_endpoint"), auth, || {
                "/subjects".to_owned()
            })
        }
        ("Region", _) => {
            let region = id.strip_prefix(&format!("{environment}.")).unwrap_or(id);
            let (cloud, name) = region.split_once('.').unwrap_or(("", region));
            let query = [("cloud", cloud), ("region_name", name)];
            let regions = control
                .list("/fcpm/v2/regions", &query, 99, patience)
                .await
                .map_err(WaitError::Call)?;
            let organization = organization_of(text(resource, "/resource_name"))
                .or_else(|| organization_of(text(api, "/metadata/resource_name")))
                .or(client.organization());
            match (regions.first(), organization) {
                (Some(region), Some(organization)) => {
                    at(client, text(region, "/http_endpoint"), auth, || {
                        format!(
                            "/sql/v1/organizations/{}/environments/{}/statements",
                            segment(organization),
                            segment(environment)
                        )
                    })
                }
                _ => Ok(None),
            }
        }
        ("Tableflow", _) => own("/tableflow/v1/regions"),
        ("Cloud" | "Global", _) => own("/org/v2/environments"),
        // ksqlDB has no call that every key may make.
        _ => Ok(None),
    }
}

fn at(
    client: &Confluent,
    base: &str,
    auth: Auth,
    path: impl FnOnce() -> String,
) -> Result<Option<(Client, String)>, WaitError> {
    if base.is_empty() {
        return Ok(None);
    }
    match client.client(base, auth) {
        Ok(plane) => Ok(Some((plane, path()))),
        Err(e) if matches!(e.failure(), Failure::Unusable(_)) => Err(WaitError::Call(e)),
        Err(_) => Ok(None),
    }
}

/// The organization in a CRN.
fn organization_of(crn: &str) -> Option<&str> {
    let rest = crn.split_once("organization=")?.1;
    Some(rest.split('/').next().unwrap_or(rest)).filter(|o| !o.is_empty())
}
