//! What survives the end of the emulator, and who may serve a data directory.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use streamform_emulator::{Emulator, EmulatorConfig, EmulatorError};

use crate::client::Api;

fn at(path: &Path) -> EmulatorConfig {
    EmulatorConfig {
        data_dir: Some(path.to_owned()),
        ..EmulatorConfig::default()
    }
}

#[tokio::test]
async fn objects_keys_and_the_port_survive() {
    let dir = tempfile::tempdir().unwrap();
    let api = Api::with(at(dir.path())).await;
    let env = api.environment("e").await;
    let gone = api.environment("gone").await;
    let cluster = api.cluster(&env, "c").await;
    assert_eq!(api.delete(&format!("/org/v2/environments/{gone}")).await.0, 204);
    let (endpoint, key) = (api.emulator.endpoint().to_owned(), api.cloud());
    let organization = api.emulator.organization_id().to_owned();
    // No shutdown: what is in the log was written when it was acknowledged. The copy stands for a process that was
    // killed, whose lock the kernel has taken back.
    let copy = tempfile::tempdir().unwrap();
    for file in ["objects.jsonl", "emulator.json"] {
        std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    api.emulator.shutdown().await;
    for path in [dir.path(), copy.path()] {
        let api = Api::with(at(path)).await;
        assert_eq!(api.emulator.endpoint(), endpoint);
        assert_eq!(api.emulator.organization_id(), organization);
        let url = format!(
            "/cmk/v2/clusters/{}?environment={env}",
            cluster["id"].as_str().unwrap()
        );
        let (status, body) = api.call_as(Some(&key), "GET", &url, None).await;
        assert_eq!(status, 200);
        assert_eq!(body, cluster);
        assert_eq!(api.get(&format!("/org/v2/environments/{gone}")).await.0, 404);
        assert_eq!(api.count("environments").await, 2);
        api.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_torn_last_line_is_dropped_and_other_damage_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("objects.jsonl");
    let api = Api::with(at(dir.path())).await;
    api.environment("e").await;
    api.emulator.shutdown().await;
    let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(b"{\"sum\":\"0123456789abcdef\",\"ops\":[{\"put\":")
        .unwrap();
    drop(file);
    let api = Api::with(at(dir.path())).await;
    assert_eq!(api.count("environments").await, 2);
    api.environment("f").await;
    api.emulator.shutdown().await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("\"display_name\":\"e\"").count(), 1);
    std::fs::write(
        &log,
        text.replace("\"display_name\":\"e\"", "\"display_name\":\"x\""),
    )
    .unwrap();
    let error = Emulator::start(at(dir.path())).await.err().unwrap();
    assert!(
        matches!(error, EmulatorError::Corrupt { line, .. } if line > 1),
        "{error}"
    );
}

#[tokio::test]
async fn a_second_starter_is_told_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let api = Api::with(at(dir.path())).await;
    match Emulator::start(at(dir.path())).await {
        Err(EmulatorError::AlreadyServing {
            endpoint,
            cloud_api_key,
            cloud_api_secret,
            organization_id,
        }) => {
            assert_eq!(endpoint, api.emulator.endpoint());
            assert_eq!(cloud_api_key, api.emulator.cloud_api_key());
            assert_eq!(cloud_api_secret, api.emulator.cloud_api_secret());
            assert_eq!(organization_id, api.emulator.organization_id());
        }
        other => panic!("{other:?}"),
    }
    api.emulator.shutdown().await;
    Emulator::start(at(dir.path())).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn a_stranger_on_the_port_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let api = Api::with(at(dir.path())).await;
    let address: SocketAddr = api
        .emulator
        .endpoint()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    api.emulator.shutdown().await;
    let _stranger = tokio::net::TcpListener::bind(address).await.unwrap();
    let error = Emulator::start(at(dir.path())).await.err().unwrap();
    assert!(
        matches!(error, EmulatorError::PortTaken { port, .. } if port == address.port()),
        "{error}"
    );
    // With an explicit address it starts, and gives out addresses there.
    let listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let other = Emulator::start(EmulatorConfig {
        listen,
        ..at(dir.path())
    })
    .await
    .unwrap();
    assert!(!other.endpoint().ends_with(&format!(":{}", address.port())));
    other.shutdown().await;
}

#[tokio::test]
async fn the_organization_stays_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = |id: &str| EmulatorConfig {
        organization_id: Some(id.to_owned()),
        ..at(dir.path())
    };
    let first = Emulator::start(wanted("11111111-2222-3333-4444-555555555555"))
        .await
        .unwrap();
    assert_eq!(first.organization_id(), "11111111-2222-3333-4444-555555555555");
    first.shutdown().await;
    let error = Emulator::start(wanted("99999999-2222-3333-4444-555555555555"))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(error, EmulatorError::OrganizationDiffers { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn secrets_are_not_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let api = Api::with(at(dir.path())).await;
    let account = api.service_account("a").await;
    let key = api.key(&account, serde_json::Value::Null).await;
    let log = std::fs::read_to_string(dir.path().join("objects.jsonl")).unwrap();
    assert!(log.contains(&key.id) && !log.contains(&key.secret) && !log.contains(&api.cloud().secret));
    let (_, objects) = api.call_as(None, "GET", "/_emulator/objects", None).await;
    assert!(!objects.to_string().contains(&key.secret));
}

const CHILD: &str = "STREAMFORM_EMULATOR_TEST_DIR";

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
#[ignore = "runs only as a child of a_kill_loses_nothing_acknowledged"]
async fn child() {
    if let Ok(dir) = std::env::var(CHILD) {
        let _emulator = Emulator::start(at(Path::new(&dir))).await.unwrap();
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    // Port and key are known from an earlier run, so that nothing has to be read out of the child.
    let first = Emulator::start(at(dir.path())).await.unwrap();
    let (endpoint, key) = (first.endpoint().to_owned(), first.cloud_api_key().to_owned());
    let secret = first.cloud_api_secret().to_owned();
    first.shutdown().await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::child", "--ignored"])
        .env(CHILD, dir.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while tokio::net::TcpStream::connect(endpoint.trim_start_matches("http://"))
        .await
        .is_err()
    {
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "the child serves until it is killed"
        );
        tokio::task::yield_now().await;
    }
    let client = crate::client::http();
    let mut acknowledged = 0;
    while acknowledged < 50 {
        let body = serde_json::json!({ "display_name": format!("e{acknowledged}") });
        let sent = client
            .post(format!("{endpoint}/org/v2/environments"))
            .basic_auth(&key, Some(&secret))
            .json(&body)
            .send()
            .await;
        assert_eq!(sent.unwrap().status().as_u16(), 201);
        acknowledged += 1;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let api = Api::with(at(dir.path())).await;
    assert_eq!(api.emulator.endpoint(), endpoint);
    assert_eq!(api.count("environments").await, 51);
    api.emulator.shutdown().await;
}
