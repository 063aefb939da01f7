//! The same lives with the state in a database, in a bucket and behind an address: real servers, and the same kills.

use std::collections::BTreeMap;
use std::sync::Arc;

use streamform_state::Backend;
use streamform_state::Credentials;
use streamform_state::HttpSettings;
use streamform_state::PostgresSettings;
use streamform_state::S3Settings;
use streamform_state::SealKey;
use streamform_state::StateView;

use super::dice::Dice;
use super::life::End;
use super::life::Life;
use super::life::STAGES;
use crate::backends::servers::ObjectStore;
use crate::backends::servers::StateServer;
use crate::postgres::server::Server;
use crate::sandbox::Sandbox;

const PASSPHRASE: &str = "a passphrase of the team";

/// A place for the state beyond the folder.
pub(crate) enum Kept {
    Postgres {
        /// Ends with the last of its users.
        _server: Arc<Server>,
        conn_str: String,
    },
    Objects(Arc<ObjectStore>),
    Address(StateServer),
}

impl Kept {
    fn postgres() -> Option<Kept> {
        let server = Server::shared()?;
        let conn_str = server.database();
        Some(Kept::Postgres {
            _server: server,
            conn_str,
        })
    }

    fn objects() -> Option<Kept> {
        ObjectStore::shared().map(Kept::Objects)
    }

    /// Has a sandbox keep its state here.
    pub(crate) fn settle(&self, sandbox: &mut Sandbox) {
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "mock"),
            ("AWS_SECRET_ACCESS_KEY", "mock"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("STREAMFORM_LEASE_SECONDS", "1"),
            ("STREAMFORM_STATE_PASSPHRASE", PASSPHRASE),
            ("TF_HTTP_PASSWORD", "correct horse"),
        ] {
            sandbox.set_env(name, value);
        }
        let block = match self {
            Kept::Postgres { conn_str, .. } => {
                sandbox.set_env("PG_CONN_STR", conn_str);
                "backend \"pg\" {}".to_owned()
            }
            Kept::Objects(store) => format!(
                "backend \"s3\" {{\n    bucket = \"states\"\n    key = \"life.tfstate\"\n    region = \"us-east-1\"\n    endpoints = {{ s3 = \"{}\" }}\n    use_path_style = true\n  }}",
                store.endpoint
            ),
            Kept::Address(server) => server.block(),
        };
        sandbox.write("backend.tf", format!("terraform {{\n  {block}\n}}\n"));
        sandbox.ok(["init", "-input=false"]);
    }

    /// The state, as somebody else who has the key sees it.
    pub(crate) fn state(&self) -> StateView {
        let backend = match self {
            Kept::Postgres { conn_str, .. } => {
                let arguments = BTreeMap::from([("conn_str".to_owned(), conn_str.clone())]);
                Backend::postgres(PostgresSettings::new(&arguments, &|_| None).unwrap())
            }
            Kept::Objects(store) => Backend::s3(S3Settings {
                bucket: "states".into(),
                key: "life.tfstate".into(),
                region: "us-east-1".into(),
                endpoint: Some(store.endpoint.clone()),
                path_style: true,
                credentials: Some(Credentials {
                    access_key: "mock".into(),
                    secret_key: "mock".into(),
                    token: None,
                }),
                no_metadata_service: true,
                ..S3Settings::default()
            }),
            // What the server has, without the journal of the machine that was killed.
            Kept::Address(server) => Backend::http(HttpSettings {
                username: Some("ada".into()),
                password: Some("correct horse".into()),
                ..HttpSettings::new(&server.address, "/there/is/no/journal")
            }),
        };
        let key = SealKey::of_passphrase(PASSPHRASE).unwrap();
        backend.sealed(Some(key)).read("default").unwrap()
    }

    /// Behind an address a lock stays: somebody has looked that its holder is dead, and cleared it.
    pub(crate) fn unlock(&self) {
        if let Kept::Address(server) = self {
            server.clear_lock();
        }
    }
}

/// Killed in every stage, at a journal step or at some instant, and now and then in the repair, too. `STREAMFORM_KILLS` asks for more.
fn live(kept: Option<Kept>) {
    let Some(kept) = kept else { return };
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seed = number("STREAMFORM_KILL_SEED").unwrap_or(5);
    let rounds = number("STREAMFORM_KILLS").map_or(1, |kills| kills.div_ceil(7 * 3));
    let mut dice = Dice::new(seed);
    let mut life = Life::begin_in(Some(kept), &["-phase-delay=30ms"]);
    for round in 0..rounds {
        for stage in STAGES {
            life.enter(stage);
            life.faults(&[r#"{"fault":"latency","ms":5,"calls":300}"#.to_owned()]);
            let end = if cfg!(debug_assertions) && !dice.once_in(3) {
                End::AtStep(1 + dice.below(60))
            } else {
                End::After(100 + dice.below(900))
            };
            let mut told = format!("{end:?}");
            if !life.kill(&life.command(), end) {
                told.push_str(" (had ended)");
            }
            if dice.once_in(3) {
                let end = End::AtStep(1 + dice.below(24));
                if life.kill_repair(end) {
                    told.push_str(&format!(", the repair {end:?}"));
                }
            }
            life.mend(&format!("seed {seed}, round {round}, killed {told}"));
        }
    }
}

#[test]
fn kills_with_the_state_in_a_database() {
    live(Kept::postgres());
}

#[test]
fn kills_with_the_state_in_a_bucket() {
    live(Kept::objects());
}

#[test]
fn kills_with_the_state_behind_an_address() {
    live(Some(Kept::Address(StateServer::start())));
}
