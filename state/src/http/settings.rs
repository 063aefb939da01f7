//! How to reach an address: the settings of Terraform's `http` backend.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where a state is, and who we are there.
#[derive(Clone)]
pub struct HttpSettings {
    /// `address`
    pub address: String,
    /// `update_method`
    pub update_method: String,
    /// `lock_address`; without one nothing is locked there.
    pub lock_address: Option<String>,
    /// `lock_method`
    pub lock_method: String,
    /// `unlock_address`; without one nothing is unlocked.
    pub unlock_address: Option<String>,
    /// `unlock_method`
    pub unlock_method: String,
    /// `username`
    pub username: Option<String>,
    /// `password`
    pub password: Option<String>,
    /// `skip_cert_verification`
    pub skip_cert_verification: bool,
    /// `client_ca_certificate_pem`: the only authority that is believed.
    pub authority: Option<String>,
    /// `client_certificate_pem` and `client_private_key_pem`.
    pub identity: Option<(String, String)>,
    /// `retry_max`
    pub retry_max: u32,
    /// `retry_wait_min`
    pub retry_wait_min: Duration,
    /// `retry_wait_max`
    pub retry_wait_max: Duration,
    /// The folder on this machine that holds the journal.
    pub journal: PathBuf,
}

impl HttpSettings {
    /// An address with everything else as Terraform has it by default.
    pub fn new(address: impl Into<String>, journal: impl Into<PathBuf>) -> Self {
        Self {
            address: address.into(),
            update_method: "POST".into(),
            lock_address: None,
            lock_method: "LOCK".into(),
            unlock_address: None,
            unlock_method: "UNLOCK".into(),
            username: None,
            password: None,
            skip_cert_verification: false,
            authority: None,
            identity: None,
            retry_max: 2,
            retry_wait_min: Duration::from_secs(1),
            retry_wait_max: Duration::from_secs(30),
            journal: journal.into(),
        }
    }

    /// The address without what opens it.
    pub(super) fn place(&self) -> String {
        let Ok(mut url) = self.address.parse::<reqwest::Url>() else {
            return "the http backend".to_owned();
        };
        // (Of addresses that can have neither nothing is to be hidden.)
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }
}

impl fmt::Debug for HttpSettings {
    /// Shows where, never what opens it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("address", &self.place())
            .finish_non_exhaustive()
    }
}
