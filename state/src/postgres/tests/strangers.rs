//! A server that wants to be believed, and wants to know whom it talks to: certificates and passwords.

use std::fs;
use std::path::Path;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;

use super::Server;
use super::put;
use crate::Backend;
use crate::HolderInfo;
use crate::LockWait;
use crate::PostgresSettings;
use crate::StateError;

/// An authority.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn backend(text: &str, environment: &[(&str, &str)]) -> Backend {
    let arguments = [("conn_str".to_owned(), text.to_owned())].into();
    let settings = PostgresSettings::new(&arguments, &|name| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    Backend::postgres(settings.unwrap())
}

/// Opens and writes a state.
fn used(backend: &Backend) -> Result<(), StateError> {
    let holder = HolderInfo::new(
        "OperationTypeApply",
        "ada@engine",
        "run-1",
        "2026-11-21T10:00:00Z",
    );
    let mut store = backend.open("default", holder, LockWait::No)?;
    store.commit(vec![put("thing.a", "1")])?;
    store.finish().map(drop)
}

fn only_ours(path: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(path, mode).unwrap();
}

#[test]
fn certificates_and_passwords_are_looked_at_as_libpq_does() {
    let ours = authority();
    let others = authority();
    let server_key = KeyPair::generate().unwrap();
    // (For this name, not for its address.)
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&server_key, &ours).unwrap();
    let files = [
        ("server.crt", certificate.pem()),
        ("server.key", server_key.serialize_pem()),
        (
            "pg_hba.conf",
            "hostssl all secure all trust\nhostnossl all secure all reject\nhost all ada all scram-sha-256\n"
                .to_owned(),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let Some(server) = Server::start_with(&["ssl=on"], &files) else {
        return;
    };
    let sql = |text: &str| server.sql("postgres", text).unwrap();
    sql("CREATE ROLE secure LOGIN SUPERUSER");
    sql("CREATE ROLE ada LOGIN SUPERUSER PASSWORD 'correct horse'");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        only_ours(&path);
        path.display().to_string()
    };
    let ours = write("ours.pem", &ours.pem());
    let others = write("others.pem", &others.pem());

    let tls = |host: &str, mode: &str| {
        let port = server.port();
        used(&backend(
            &format!("host={host} port={port} user=secure dbname=postgres {mode}"),
            &[],
        ))
    };
    let (name, address) = ("localhost", "127.0.0.1");
    for (host, mode) in [
        (address, String::new()),
        (address, "sslmode=require".to_owned()),
        (address, "sslmode=prefer".to_owned()),
        (address, format!("sslmode=require sslrootcert={ours}")),
        (address, format!("sslmode=verify-ca sslrootcert={ours}")),
        (name, format!("sslmode=verify-full sslrootcert={ours}")),
    ] {
        tls(host, &mode).unwrap_or_else(|error| panic!("{host} {mode}: {error}"));
    }
    for (host, mode, why) in [
        (address, "sslmode=disable".to_owned(), "pg_hba.conf rejects"),
        (
            address,
            format!("sslmode=verify-full sslrootcert={ours}"),
            "not valid for name",
        ),
        (
            address,
            format!("sslmode=require sslrootcert={others}"),
            "certificate",
        ),
        (
            address,
            format!("sslmode=verify-ca sslrootcert={others}"),
            "certificate",
        ),
        (
            name,
            format!("sslmode=verify-full sslrootcert={others}"),
            "certificate",
        ),
        (name, "sslmode=verify-full".to_owned(), "certificate"),
        (name, "sslrootcert=system".to_owned(), "certificate"),
        (
            name,
            "sslmode=verify-full sslrootcert=/not/there".to_owned(),
            "/not/there",
        ),
    ] {
        let error = tls(host, &mode).unwrap_err().to_string();
        assert!(error.contains(why), "{host} {mode}: {error}");
    }

    let passwords = write(
        "pgpass",
        &format!(
            "*:1:*:*:wrong\n127.0.0.1:{}:postgres:ada:correct horse\n",
            server.port()
        ),
    );
    let text = format!(
        "host=127.0.0.1 port={} user=ada dbname=postgres sslmode=disable",
        server.port()
    );
    let home = folder.path().display().to_string();
    fs::rename(&passwords, folder.path().join(".pgpass")).unwrap();
    let passwords = folder.path().join(".pgpass").display().to_string();
    used(&backend(&text, &[("PGPASSFILE", &passwords)])).unwrap();
    used(&backend(&text, &[("HOME", &home)])).unwrap();
    used(&backend(&format!("{text} passfile={passwords}"), &[])).unwrap();
    used(&backend(&text, &[("PGPASSWORD", "correct horse")])).unwrap();
    for environment in [
        vec![],
        vec![("PGPASSWORD", "staple"), ("PGPASSFILE", passwords.as_str())],
    ] {
        let error = used(&backend(&text, &environment)).unwrap_err().to_string();
        assert!(error.contains("password") && !error.contains("staple"), "{error}");
    }
}
