//! `emulator`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use streamform_emulator::Emulator;
use streamform_emulator::EmulatorConfig;
use streamform_emulator::EmulatorError;
use streamform_lang::diag::Diagnostic;

use super::fail;
use super::line;
use crate::cli::session::duration;
use crate::cli::session::interrupted;
use crate::cli::session::invalid_duration;
use crate::cli::session::phase_delay;
use crate::report::Ui;

/// Run an emulator of the Confluent APIs
///
/// Serves the Confluent Cloud, Kafka, Schema Registry and Flink APIs on this machine until it is interrupted. Set
/// STREAMFORM_EMULATOR to its address to run any other command against it.
#[derive(Debug, Args)]
pub(in crate::cli) struct EmulatorArgs {
    /// Listen here [default: a free port of 127.0.0.1, the same again for the same data]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Keep the data in this folder [default: in memory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Let clusters, pools and statements take this long to come up, such as 2s
    #[arg(long, value_name = "DURATION")]
    phase_delay: Option<String>,
    /// Print one line of JSON as soon as it answers
    #[arg(long)]
    json: bool,
}

pub(super) fn run(ui: &Ui, args: &EmulatorArgs) -> u8 {
    let phase_delay = match &args.phase_delay {
        None => phase_delay(),
        Some(text) => duration(text).ok_or_else(|| Box::new(invalid_duration("-phase-delay", text))),
    };
    match phase_delay.and_then(|delay| serve(ui, args, delay)) {
        Ok(()) => 0,
        Err(d) => fail(ui, d),
    }
}

fn serve(ui: &Ui, args: &EmulatorArgs, phase_delay: Duration) -> Result<(), Box<Diagnostic>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Diagnostic::error("Cannot start", format!("The runtime cannot be started: {e}.")))?;
    let config = EmulatorConfig {
        listen: args.listen,
        data_dir: args.data.clone(),
        phase_delay,
        ..EmulatorConfig::default()
    };
    runtime.block_on(async {
        let emulator = Emulator::start(config).await.map_err(|e| refused(&e))?;
        ui.out_in_clear(&if args.json {
            as_json(&emulator)
        } else {
            as_text(&emulator)
        });
        interrupted().await;
        emulator.shutdown().await;
        Ok(())
    })
}

fn refused(e: &EmulatorError) -> Diagnostic {
    let found = Diagnostic::error("Emulator cannot start", format!("It was not started: {e}."));
    match e {
        EmulatorError::AlreadyServing { endpoint, .. } => {
            found.help(format!("export STREAMFORM_EMULATOR={endpoint}"))
        }
        _ => found,
    }
}

fn as_json(emulator: &Emulator) -> String {
    line(json!({
        "endpoint": emulator.endpoint(),
        "cloud_api_key": emulator.cloud_api_key(),
        "cloud_api_secret": emulator.cloud_api_secret(),
        "organization_id": emulator.organization_id(),
    }))
}

fn as_text(emulator: &Emulator) -> String {
    let (endpoint, key, secret) = (
        emulator.endpoint(),
        emulator.cloud_api_key(),
        emulator.cloud_api_secret(),
    );
    format!(
        "The emulator of the Confluent APIs listens at {endpoint}

  Organization:      {}
  Cloud API key:     {key}
  Cloud API secret:  {secret}

Every command uses it, without a change of the configuration, after

  export STREAMFORM_EMULATOR={endpoint}

and a single configuration with

  provider \"confluent\" {{
    endpoint         = \"{endpoint}\"
    cloud_api_key    = \"{key}\"
    cloud_api_secret = \"{secret}\"
  }}

Ctrl-C ends it.
",
        emulator.organization_id(),
    )
}
