//! Asking a running emulator for what opens it.

use streamform_emulator::{CredentialsError, Emulator, EmulatorConfig, credentials};

#[tokio::test]
async fn a_running_emulator_tells_its_credentials_to_this_machine() {
    let emulator = Emulator::start(EmulatorConfig::default()).await.unwrap();
    let told = credentials(&format!("{}/", emulator.endpoint())).await.unwrap();
    assert_eq!(told.endpoint, emulator.endpoint());
    assert_eq!(told.cloud_api_key, emulator.cloud_api_key());
    assert_eq!(told.cloud_api_secret, emulator.cloud_api_secret());
    assert_eq!(told.organization_id, emulator.organization_id());
    assert!(!format!("{told:?}").contains(emulator.cloud_api_secret()));
    emulator.shutdown().await;
}

#[tokio::test]
async fn what_is_no_emulator_is_told_apart() {
    assert!(matches!(
        credentials("https://x").await,
        Err(CredentialsError::Address(_))
    ));
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let found = credentials(&format!("http://{address}")).await;
    assert!(
        matches!(found, Err(CredentialsError::Unreachable { .. })),
        "{found:?}"
    );
}
