//! From settings to the place that they mean.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use sha2::Digest as _;
use sha2::Sha256;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_state::Backend;
use streamform_state::Credentials;
use streamform_state::HttpSettings;
use streamform_state::POSTGRES_ARGUMENTS;
use streamform_state::Places;
use streamform_state::PostgresSettings;
use streamform_state::Proxies;
use streamform_state::S3Settings;
use streamform_state::SealKey;

use crate::config::BackendSettings;
use crate::config::BackendType;

/// Gives the variables of the environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where a configuration is, and what its backend may draw on.
#[derive(Clone)]
pub struct Premises {
    /// The folder of the configuration.
    pub base: PathBuf,
    /// The folder in which `init` notes what it has settled.
    pub data: PathBuf,
    /// Seals what is secret in that note.
    pub key: Option<SealKey>,
    /// Stands in for settings that are not given.
    pub environment: Environment,
}

/// Settings together with what the environment adds to them.
pub(super) struct Resolved<'a> {
    ty: &'static BackendType,
    given: &'a BackendSettings,
    environment: &'a Environment,
}

impl Resolved<'_> {
    /// The text of an argument: of the block, or of the environment. An empty one counts as not given.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let given = match self.given.get(name) {
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        given
            .or_else(|| {
                let names = self.ty.argument(name)?.environment;
                names.iter().find_map(|name| (self.environment)(name))
            })
            .filter(|text| !text.is_empty())
    }
}

impl Premises {
    /// Premises without an environment.
    pub fn bare(base: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        Premises {
            base: base.into(),
            data: data.into(),
            key: None,
            environment: Arc::new(|_| None),
        }
    }

    fn resolved<'a>(&'a self, ty: &'static BackendType, given: &'a BackendSettings) -> Resolved<'a> {
        Resolved {
            ty,
            given,
            environment: &self.environment,
        }
    }

    /// What is missing or cannot be, as far as the settings themselves tell.
    pub fn check(&self, ty: &'static BackendType, settings: &BackendSettings) -> Diagnostics {
        let resolved = self.resolved(ty, settings);
        let mut found = Diagnostics::new();
        for argument in ty.arguments {
            let name = argument.name;
            if settings
                .get(name)
                .is_some_and(|value| value.as_str().is_some_and(str::is_empty))
            {
                found.push(Diagnostic::error(
                    "Invalid backend configuration",
                    format!("The \"{name}\" attribute value must not be empty."),
                ));
            } else if argument.required && resolved.text(name).is_none() {
                let mut text = format!("The attribute \"{name}\" is required by the backend.");
                if let [first, more @ ..] = argument.environment {
                    text.push_str(&format!(" The environment can give it as {first}"));
                    for other in more {
                        text.push_str(&format!(" or {other}"));
                    }
                    text.push('.');
                }
                found.push(Diagnostic::error("Missing Required Value", text));
            }
        }
        found
    }

    /// The place that the settings mean. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When settings are missing or cannot be.
    pub fn open(
        &self,
        ty: &'static BackendType,
        settings: &BackendSettings,
    ) -> Result<Backend, Box<Diagnostic>> {
        if let Some(first) = self.check(ty, settings).into_iter().next() {
            return Err(Box::new(first));
        }
        let resolved = self.resolved(ty, settings);
        match ty.name {
            "local" => Ok(local(&self.base, &resolved)),
            "pg" => postgres(&resolved),
            "s3" => s3(self, &resolved).map(Backend::s3),
            "http" => http(&self.data, &resolved).map(Backend::http),
            other => Err(Box::new(Diagnostic::error(
                "Backend is not available yet",
                format!(
                    "The backend \"{other}\" is not available yet. Remove the block, or write backend \"local\" {{}}."
                ),
            ))),
        }
    }
}

/// What Terraform's backend can do and this one cannot: without it another object would be written, or in another's name.
const S3_REFUSED: [(&str, &str); 4] = [
    (
        "assume_role",
        "Take the role outside, for example with \"aws sts assume-role\", and give its keys by the environment.",
    ),
    (
        "assume_role_with_web_identity",
        "Set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE instead.",
    ),
    ("allowed_account_ids", "Which account it is is not looked up."),
    ("forbidden_account_ids", "Which account it is is not looked up."),
];

/// Credentials that the platform gives, by the variables that say so.
const S3_PLATFORM: [(&str, &str); 6] = [
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws_web_identity_token_file"),
    ("AWS_ROLE_ARN", "aws_role_arn"),
    ("AWS_ROLE_SESSION_NAME", "aws_role_session_name"),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "aws_container_credentials_relative_uri",
    ),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "aws_container_credentials_full_uri",
    ),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "aws_container_authorization_token_file",
    ),
];

fn s3(premises: &Premises, settings: &Resolved<'_>) -> Result<S3Settings, Box<Diagnostic>> {
    let invalid = |text: String| Box::new(Diagnostic::error("Invalid Value", text));
    for (name, instead) in S3_REFUSED {
        if settings.given.get(name).is_some_and(|value| !value.is_null()) {
            return Err(Box::new(Diagnostic::error(
                "Invalid backend configuration",
                format!("The argument \"{name}\" of the backend \"s3\" is not supported. {instead}"),
            )));
        }
    }
    let environment = |name: &str| (premises.environment)(name).filter(|value| !value.is_empty());
    let text = |name: &str| settings.text(name);
    let needed = |name: &str| text(name).unwrap_or_default();
    let on = |name: &str| text(name).is_some_and(|value| matches!(value.as_str(), "true" | "1"));
    let key = needed("key");
    let prefix = text("workspace_key_prefix");
    for (name, value) in [("key", Some(&key)), ("workspace_key_prefix", prefix.as_ref())] {
        if value.is_some_and(|value| value.starts_with('/') || value.ends_with('/')) {
            return Err(invalid(format!(
                "The value of \"{name}\" must not start or end with \"/\""
            )));
        }
    }
    let home = |name: &str| {
        let home = environment("HOME").or_else(|| environment("USERPROFILE"));
        home.map(|home| Path::new(&home).join(".aws").join(name))
    };
    let files = |list: &str, one: Option<&str>, variable: &str, default: &str| -> Vec<PathBuf> {
        let given = settings.given.get(list).and_then(Json::as_array);
        let expand = |file: &str| match file.strip_prefix("~/") {
            Some(rest) => environment("HOME").map_or_else(|| file.into(), |home| Path::new(&home).join(rest)),
            None => PathBuf::from(file),
        };
        match (given, one.and_then(text), environment(variable)) {
            (Some(given), ..) => given.iter().filter_map(Json::as_str).map(expand).collect(),
            (_, Some(one), _) | (_, _, Some(one)) => vec![expand(&one)],
            _ => home(default).into_iter().collect(),
        }
    };
    let mut profile_files = files(
        "shared_credentials_files",
        Some("shared_credentials_file"),
        "AWS_SHARED_CREDENTIALS_FILE",
        "credentials",
    );
    profile_files.extend(files("shared_config_files", None, "AWS_CONFIG_FILE", "config"));
    // A profile that the block names goes before keys of the environment.
    let named = settings.given.contains_key("profile") && !settings.given.contains_key("access_key");
    let credentials = match (text("access_key"), text("secret_key")) {
        (Some(access_key), Some(secret_key)) if !named => Some(Credentials {
            access_key,
            secret_key,
            token: text("token"),
        }),
        _ => None,
    };
    let number = |name: &str, default: u64| text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let endpoint = settings.given.get("endpoints").and_then(|all| all.get("s3"));
    let endpoint = endpoint.and_then(Json::as_str).map(str::to_owned);
    Ok(S3Settings {
        bucket: needed("bucket"),
        key,
        region: needed("region"),
        workspace_key_prefix: prefix,
        endpoint: endpoint.or_else(|| text("endpoint")),
        path_style: on("use_path_style") || on("force_path_style"),
        dualstack: on("use_dualstack_endpoint"),
        fips: on("use_fips_endpoint"),
        credentials,
        profile: text("profile"),
        profile_files,
        platform: S3_PLATFORM
            .iter()
            .filter_map(|(variable, name)| Some((*name, environment(variable)?)))
            .collect(),
        no_metadata_service: on("skip_metadata_api_check")
            || environment("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value == "true"),
        encrypt: on("encrypt"),
        kms_key_id: text("kms_key_id"),
        customer_key: text("sse_customer_key"),
        ca_bundle: text("custom_ca_bundle").map(PathBuf::from),
        insecure: on("insecure"),
        proxies: Proxies {
            http: text("http_proxy"),
            https: text("https_proxy"),
            none: text("no_proxy"),
        },
        max_retries: usize::try_from(number("max_retries", 5)).unwrap_or(5),
        lease: Duration::from_secs(number("lease_seconds", 30).max(1)),
    })
}

fn http(data: &Path, settings: &Resolved<'_>) -> Result<HttpSettings, Box<Diagnostic>> {
    let text = |name: &str| settings.text(name);
    let address = text("address").unwrap_or_default();
    for name in ["address", "lock_address", "unlock_address"] {
        if text(name).is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(Box::new(Diagnostic::error(
                "Invalid backend configuration",
                format!("{name} must be HTTP or HTTPS"),
            )));
        }
    }
    let identity = match (text("client_certificate_pem"), text("client_private_key_pem")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(Box::new(Diagnostic::error(
                "Invalid backend configuration",
                "client_certificate_pem and client_private_key_pem belong together: give both or none.",
            )));
        }
    };
    let number = |name: &str, default: u64| text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    // One folder an address, so that another address never meets this one's results.
    let name = Sha256::digest(address.as_bytes());
    let name: String = name[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut found = HttpSettings::new(address, data.join("http").join(name));
    let mut set = |slot: fn(&mut HttpSettings) -> &mut String, name: &str| {
        if let Some(value) = text(name) {
            *slot(&mut found) = value;
        }
    };
    set(|s| &mut s.update_method, "update_method");
    set(|s| &mut s.lock_method, "lock_method");
    set(|s| &mut s.unlock_method, "unlock_method");
    found.lock_address = text("lock_address");
    found.unlock_address = text("unlock_address");
    found.username = text("username");
    found.password = text("password");
    found.skip_cert_verification = text("skip_cert_verification").is_some_and(|value| value == "true");
    found.authority = text("client_ca_certificate_pem");
    found.identity = identity;
    found.retry_max = u32::try_from(number("retry_max", 2)).unwrap_or(2);
    found.retry_wait_min = Duration::from_secs(number("retry_wait_min", 1));
    found.retry_wait_max = Duration::from_secs(number("retry_wait_max", 30));
    Ok(found)
}

fn local(base: &Path, settings: &Resolved<'_>) -> Backend {
    Backend::local(Places {
        base: base.to_owned(),
        path: settings.text("path").map(PathBuf::from),
        workspace_dir: settings.text("workspace_dir").map(PathBuf::from),
    })
}

fn postgres(settings: &Resolved<'_>) -> Result<Backend, Box<Diagnostic>> {
    let arguments = POSTGRES_ARGUMENTS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), settings.text(name)?)))
        .collect();
    PostgresSettings::new(&arguments, &**settings.environment)
        .map(Backend::postgres)
        .map_err(|e| Box::new(Diagnostic::error("Invalid backend configuration", e.to_string())))
}
