//! What the official provider said about configurations of these types: validation and plans without any API.

use std::collections::BTreeSet;
use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::Reference;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::eval::Scope;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax;
use streamform_provider::Provider;
use streamform_provider::protocol::PlanRequest;
use streamform_provider::protocol::PlanResponse;
use streamform_provider::protocol::ProviderFactory;
use streamform_provider::schema;

use super::schema::reference;
use super::*;

/// Every reference is to something that is not there yet.
struct Nothing(Surroundings);

impl Scope for Nothing {
    fn resolve(&self, _: &Reference) -> Result<Value, Diagnostics> {
        Ok(Value::unknown(Type::Any))
    }
    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

/// Cases that need what only the engine does, or in which we differ on purpose.
const ELSEWHERE: &[&str] = &[
    "count",
    "for-each",
    "ignore-",
    "moved",
    "no-sensitive-paths",
    "sensitive-",
    "tainted",
    "create-before-destroy",
    "prevent-destroy",
    "deleted",
    "x-state-newer-version",
    "x-unknown-attribute-in-state",
];
/// Texts that say the same are the same statement; a timeout that is not known yet is no mistake.
const DIFFERENT: &[&str] = &[
    "x-sql-space",
    "x-sql-newline",
    "x-sql-case",
    "x-sql-leading",
    "timeouts-unknown",
];

struct Case {
    factory: Arc<dyn ProviderFactory>,
    provider: Arc<dyn Provider>,
    json: Json,
}

#[tokio::test]
async fn the_official_provider_says_the_same() {
    let Some(dir) = reference("corpus/provider/cases") else {
        return;
    };
    let factory = crate::factory(ProviderDefaults {
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        cloud_api_key: Some("k".to_owned()),
        cloud_api_secret: Some("s".to_owned()),
        organization_id: None,
        environment: Some(Arc::new(|_| None)),
        without_credentials: None,
    });
    let provider = factory.instance();
    let findings = provider.configure(Value::null(Type::empty_object())).await;
    assert!(findings.is_empty(), "{findings:?}");
    let (mut passed, mut problems) = (0, Vec::new());
    let types = |mode| factory.type_names(mode).into_iter().map(move |name| (mode, name));
    for (mode, name) in types(Mode::Managed).chain(types(Mode::Data)) {
        let text = std::fs::read_to_string(dir.join(format!("{name}.jsonl"))).unwrap();
        let full = match mode {
            Mode::Data => format!("data.{name}"),
            _ => name.to_owned(),
        };
        for line in text.lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            let id = text_of(&json, "/id").to_owned();
            let short = id.rsplit('/').next().unwrap().to_owned();
            if text_of(&json, "/type") != full
                || (mode == Mode::Data && text_of(&json, "/kind") != "validate")
                || ELSEWHERE.iter().any(|e| short.starts_with(e))
                || DIFFERENT.contains(&short.as_str())
            {
                continue;
            }
            let case = Case {
                factory: Arc::clone(&factory),
                provider: Arc::clone(&provider),
                json,
            };
            match case.run().await {
                Ok(()) => passed += 1,
                Err(why) => problems.push(format!("{id}: {why}")),
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{passed} passed, {} failed\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn text_of<'j>(json: &'j Json, at: &str) -> &'j str {
    crate::json::text(json, at)
}

impl Case {
    async fn run(&self) -> Result<(), String> {
        let mut sources = Sources::default();
        let text = text_of(&self.json, "/hcl");
        let id = sources.add("main.tf", text);
        let (file, diags) = syntax::parse(id, text);
        if diags.has_errors() {
            return Err(format!("does not parse: {diags:?}"));
        }
        let mut errors = Vec::new();
        for block in &file.body.blocks {
            let mode = match block.kind.name.as_str() {
                "resource" => Mode::Managed,
                "data" => Mode::Data,
                _ => continue,
            };
            let (ty, name) = (block.labels[0].name.to_string(), block.labels[1].name.to_string());
            let Some(schema) = self.factory.schema(mode, &ty) else {
                return Err(format!("no type {ty}"));
            };
            let scope = Nothing(Surroundings::default());
            let (config, diags) =
                schema::decode(&block.body, &schema.block, &scope, &["lifecycle", "depends_on"]);
            let before = errors.len();
            errors.extend(
                diags
                    .iter()
                    .filter(|d| d.severity == Severity::Error)
                    .map(|d| d.summary.clone()),
            );
            if errors.len() > before {
                continue;
            }
            errors.extend(summaries(&self.provider.validate(mode, &ty, &config)));
            if errors.len() > before || text_of(&self.json, "/kind") == "validate" {
                continue;
            }
            let planned = self.plan(&ty, &name, &schema.block, config).await;
            match planned {
                Ok((actions, response, prior)) => {
                    errors.extend(summaries(&response.findings));
                    if errors.len() == before && self.json["expect"]["ok"] == true {
                        self.compare(&format!("{ty}.{name}"), &actions, &response, &prior)?;
                    }
                }
                Err(findings) => errors.extend(findings),
            }
        }
        errors.sort();
        let mut expect: Vec<String> = self.json["expect"]["diags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|d| d["severity"] == "error")
            .map(|d| text_of(d, "/summary").to_owned())
            .collect();
        expect.sort();
        if errors == expect {
            Ok(())
        } else {
            Err(format!("errors {errors:?}, officially {expect:?}"))
        }
    }

    async fn plan(
        &self,
        ty: &str,
        name: &str,
        block: &schema::Block,
        config: Value,
    ) -> Result<(Vec<&'static str>, PlanResponse, Value), Vec<String>> {
        let none = Value::null(block.implied_type());
        let stored = self.json["prior"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|r| r["type"] == ty && r["name"] == name);
        let prior = match stored {
            Some(stored) => {
                let instance = &stored["instances"][0];
                let version = instance["schema_version"].as_u64().unwrap_or(0);
                self.provider
                    .upgrade(ty, version, &instance["attributes"].to_string())
                    .await
                    .map_err(|f| summaries(&f))?
            }
            None => none.clone(),
        };
        let request = |prior: &Value| PlanRequest {
            type_name: ty.to_owned(),
            prior: prior.clone(),
            config: config.clone(),
            proposed: schema::proposed(prior, &config, block),
            private: None,
        };
        let response = self.provider.plan(request(&prior));
        if prior.is_null() {
            return Ok((vec!["create"], response, prior));
        }
        if !response.requires_replace.is_empty() {
            let mut anew = self.provider.plan(request(&none));
            anew.requires_replace = response.requires_replace;
            anew.findings.extend(response.findings);
            return Ok((vec!["delete", "create"], anew, prior));
        }
        let actions = if response.planned == prior {
            "no-op"
        } else {
            "update"
        };
        Ok((vec![actions], response, prior))
    }

    fn compare(
        &self,
        address: &str,
        actions: &[&str],
        response: &PlanResponse,
        prior: &Value,
    ) -> Result<(), String> {
        let expect = &self.json["expect"]["changes"][address];
        if expect.is_null() {
            return if actions == ["no-op"] {
                Ok(())
            } else {
                Err(format!("{address}: {actions:?}, officially nothing"))
            };
        }
        if json!(actions) != expect["actions"] {
            return Err(format!(
                "{address}: {actions:?}, officially {}; before {}, planned {}",
                expect["actions"],
                encode(prior),
                encode(&response.planned)
            ));
        }
        let paths: BTreeSet<String> = response
            .requires_replace
            .iter()
            .map(|p| p.to_string().replace(['[', ']'], "."))
            .map(|p| p.replace("..", ".").trim_matches('.').to_owned())
            .collect();
        let official: BTreeSet<String> = expect["replace_paths"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| {
                let steps: Vec<String> = p
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|s| s.as_str().map_or_else(|| s.to_string(), str::to_owned))
                    .collect();
                steps.join(".")
            })
            .collect();
        if paths != official {
            return Err(format!(
                "{address}: replaced by {paths:?}, officially {official:?}"
            ));
        }
        let (ours, theirs) = (bare(&encode(&response.planned)), bare(&expect["after"]));
        if ours != theirs {
            return Err(format!("{address}: after {ours}, officially {theirs}"));
        }
        Ok(())
    }
}

fn summaries(findings: &[streamform_provider::protocol::ProviderDiagnostic]) -> Vec<String> {
    findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .map(|f| f.summary.clone())
        .collect()
}

/// Without null members, elements in one order, names in one order.
fn bare(json: &Json) -> Json {
    match json {
        Json::Object(items) => {
            let mut names: Vec<_> = items.iter().filter(|(_, v)| !v.is_null()).collect();
            names.sort_by_key(|(name, _)| name.as_str());
            names.into_iter().map(|(n, v)| (n.clone(), bare(v))).collect()
        }
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(bare).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        Json::Number(n) => n.as_f64().map_or(Json::Null, |f| json!(f)),
        other => other.clone(),
    }
}
