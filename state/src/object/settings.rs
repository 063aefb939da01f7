//! How to reach a bucket: the settings of Terraform's `s3` backend that have an effect here.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::AmazonS3;
use object_store::aws::AmazonS3Builder;
use object_store::aws::AmazonS3ConfigKey;

use super::clock::Connector;
use super::clock::ServerClock;
use super::profile;
use crate::StateError;

/// Where a bucket is, who we are there, and where in it states are.
#[derive(Clone, Default)]
pub struct S3Settings {
    /// `bucket`
    pub bucket: String,
    /// `key`: where Terraform would keep the state of the default workspace.
    pub key: String,
    /// `region`
    pub region: String,
    /// `workspace_key_prefix`; `env:` if it is not given.
    pub workspace_key_prefix: Option<String>,
    /// `endpoints.s3`: another address than Amazon's.
    pub endpoint: Option<String>,
    /// `use_path_style`: the bucket stands in the path and not in the host name.
    pub path_style: bool,
    /// `use_dualstack_endpoint`
    pub dualstack: bool,
    /// `use_fips_endpoint`
    pub fips: bool,
    /// `access_key`, `secret_key` and `token`.
    pub credentials: Option<Credentials>,
    /// `profile`, and the files that profiles are looked for in.
    pub profile: Option<String>,
    /// Files of profiles, the first that knows the profile wins.
    pub profile_files: Vec<PathBuf>,
    /// Credentials of the platform, as `object_store` calls them: `aws_web_identity_token_file` and the like.
    pub platform: Vec<(&'static str, String)>,
    /// `skip_metadata_api_check`: there is no service on this machine to be asked for credentials.
    pub no_metadata_service: bool,
    /// `encrypt`
    pub encrypt: bool,
    /// `kms_key_id`
    pub kms_key_id: Option<String>,
    /// `sse_customer_key`, in base64.
    pub customer_key: Option<String>,
    /// `custom_ca_bundle`: a file of certificates.
    pub ca_bundle: Option<PathBuf>,
    /// `insecure`: certificates are not checked.
    pub insecure: bool,
    /// `http_proxy`, `https_proxy` and `no_proxy`.
    pub proxies: Proxies,
    /// `max_retries`
    pub max_retries: usize,
    /// How long a lock holds without a sign of life.
    pub lease: Duration,
}

/// What opens the bucket.
#[derive(Clone)]
pub struct Credentials {
    /// The key's name.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
    /// The token of a session.
    pub token: Option<String>,
}

/// Proxies between us and the bucket.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http://` addresses.
    pub http: Option<String>,
    /// For `https://` addresses.
    pub https: Option<String>,
    /// Hosts that are asked directly.
    pub none: Option<String>,
}

impl fmt::Debug for S3Settings {
    /// Shows where, never what opens it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl S3Settings {
    /// The client, and the clock of the server that it talks to.
    pub(super) fn connect(&self) -> Result<(AmazonS3, ServerClock), StateError> {
        let wrong = |detail: String| StateError::Settings {
            backend: "s3",
            detail,
        };
        let clock = ServerClock::default();
        let client = self.client().map_err(wrong)?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_allow_http(true)
            .with_retry(RetryConfig {
                max_retries: self.max_retries,
                retry_timeout: Duration::from_secs(60),
                ..RetryConfig::default()
            })
            .with_http_connector(Connector::new(client, clock.clone()));
        if let Some(endpoint) = self.endpoint() {
            builder = builder.with_endpoint(endpoint);
        }
        match self.credentials().map_err(wrong)? {
            Some(found) => {
                builder = builder
                    .with_access_key_id(found.access_key)
                    .with_secret_access_key(found.secret_key);
                if let Some(token) = found.token {
                    builder = builder.with_token(token);
                }
            }
            None if self.platform.is_empty() && self.no_metadata_service => {
                return Err(wrong(
                    "No valid credential sources found. Give access_key and secret_key, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials".to_owned(),
                ));
            }
            None => {
                for (name, value) in &self.platform {
                    if let Ok(name) = name.parse::<AmazonS3ConfigKey>() {
                        builder = builder.with_config(name, value);
                    }
                }
            }
        }
        builder = match (&self.customer_key, &self.kms_key_id) {
            (Some(key), _) => builder.with_ssec_encryption(key),
            (None, Some(key)) => builder.with_sse_kms_encryption(key),
            (None, None) if self.encrypt => match "aws_server_side_encryption".parse::<AmazonS3ConfigKey>() {
                Ok(name) => builder.with_config(name, "AES256"),
                Err(_) => builder,
            },
            _ => builder,
        };
        let store = builder.build().map_err(|e| wrong(e.to_string()))?;
        Ok((store, clock))
    }

    /// The address, where it is not what the region says alone.
    fn endpoint(&self) -> Option<String> {
        if let Some(endpoint) = &self.endpoint {
            let endpoint = match endpoint.trim_end_matches('/') {
                bare if bare.contains("://") => bare.to_owned(),
                bare => format!("https://{bare}"),
            };
            if self.path_style {
                return Some(endpoint);
            }
            let (scheme, host) = endpoint.split_once("://")?;
            return Some(format!("{scheme}://{}.{host}", self.bucket));
        }
        if !self.dualstack && !self.fips {
            return None;
        }
        let bucket = if self.path_style {
            String::new()
        } else {
            format!("{}.", self.bucket)
        };
        let fips = if self.fips { "-fips" } else { "" };
        let dualstack = if self.dualstack { ".dualstack" } else { "" };
        Some(format!(
            "https://{bucket}s3{fips}{dualstack}.{}.amazonaws.com",
            self.region
        ))
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        if let Some(given) = &self.credentials {
            return Ok(Some(given.clone()));
        }
        profile::credentials(&self.profile_files, self.profile.as_deref())
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        // The one that is in the process already does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |e: reqwest::Error| format!("the connection cannot be set up: {e}");
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("streamform/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .no_gzip();
        if let Some(file) = &self.ca_bundle {
            let unreadable = |e: &dyn fmt::Display| format!("custom_ca_bundle {}: {e}", file.display());
            let pem = std::fs::read(file).map_err(|e| unreadable(&e))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| unreadable(&e))?;
            builder = builder.tls_certs_merge(found);
        }
        if self.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        let excluded = self
            .proxies
            .none
            .as_deref()
            .and_then(reqwest::NoProxy::from_string);
        if let Some(url) = &self.proxies.http {
            let proxy = reqwest::Proxy::http(url).map_err(failed)?;
            builder = builder.proxy(proxy.no_proxy(excluded.clone()));
        }
        if let Some(url) = &self.proxies.https {
            let proxy = reqwest::Proxy::https(url).map_err(failed)?;
            builder = builder.proxy(proxy.no_proxy(excluded));
        }
        if self.endpoint.as_deref().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        builder.build().map_err(failed)
    }
}

/// Whether an address is on this machine, which no proxy reaches.
pub(crate) fn is_loopback(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|host| rest.starts_with(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_address() {
        for (endpoint, path_style, dualstack, fips, expected) in [
            (None, false, false, false, None),
            (Some("http://h:9/"), true, false, false, Some("http://h:9")),
            (Some("h"), false, false, false, Some("https://b.h")),
            (
                None,
                false,
                true,
                true,
                Some("https://b.s3-fips.dualstack.r.amazonaws.com"),
            ),
            (
                None,
                true,
                true,
                false,
                Some("https://s3.dualstack.r.amazonaws.com"),
            ),
        ] {
            let settings = S3Settings {
                bucket: "b".into(),
                region: "r".into(),
                endpoint: endpoint.map(str::to_owned),
                path_style,
                dualstack,
                fips,
                ..S3Settings::default()
            };
            assert_eq!(settings.endpoint().as_deref(), expected);
        }
    }
}
