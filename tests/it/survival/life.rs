//! A platform's life, stage by stage: the commands that are killed or cut off, and the command that must put everything right.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::elsewhere::Kept;
use super::ledger::agree_on;
use super::ledger::state;
use super::platform::carriers;
use super::platform::platform;
use super::platform::whole;
use crate::sandbox::EmulatorProcess;
use crate::sandbox::Run;
use crate::sandbox::Sandbox;

/// What is done in a stage, in the order of the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Everything is made.
    Create,
    /// Nearly everything is changed in place.
    Update,
    /// Objects are deleted and made anew.
    Replace,
    /// An API key is deleted and made anew that objects carry in their credentials.
    ReplaceKey,
    /// Objects are made anew and then deleted.
    CreateBeforeDestroy,
    /// Some objects go.
    Shrink,
    /// Everything goes.
    Destroy,
}

/// All stages.
pub(crate) const STAGES: [Stage; 7] = [
    Stage::Create,
    Stage::Update,
    Stage::Replace,
    Stage::ReplaceKey,
    Stage::CreateBeforeDestroy,
    Stage::Shrink,
    Stage::Destroy,
];

/// A platform, and the service that it lives on.
pub(crate) struct Life {
    pub(crate) sandbox: Sandbox,
    pub(crate) emulator: EmulatorProcess,
    /// Where the state is, if it is not in the folder.
    kept: Option<Kept>,
    generation: usize,
    stage: Stage,
}

/// How a command is ended with SIGKILL.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// After so many milliseconds.
    After(u64),
    /// At its so manyth journal step.
    AtStep(u64),
}

impl Life {
    /// Nothing is there yet.
    pub(crate) fn begin(emulator_args: &[&str]) -> Life {
        Life::begin_in(None, emulator_args)
    }

    /// Nothing is there yet; the state is to be kept elsewhere.
    pub(crate) fn begin_in(kept: Option<Kept>, emulator_args: &[&str]) -> Life {
        let mut sandbox = Sandbox::new();
        sandbox.write("main.tf", platform());
        sandbox.write("carriers.tf", carriers());
        let emulator = sandbox.emulator(emulator_args);
        sandbox.set_env("STREAMFORM_EMULATOR", &emulator.endpoint);
        sandbox.set_env("CONFLUENT_CLOUD_API_KEY", &emulator.cloud_api_key);
        sandbox.set_env("CONFLUENT_CLOUD_API_SECRET", &emulator.cloud_api_secret);
        if let Some(kept) = &kept {
            kept.settle(&mut sandbox);
        }
        Life {
            sandbox,
            emulator,
            kept,
            generation: 0,
            stage: Stage::Create,
        }
    }

    /// Goes on to a stage.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.generation += usize::from(matches!(stage, Stage::Create | Stage::Update));
    }

    fn width(&self) -> usize {
        match self.stage {
            Stage::Shrink | Stage::Destroy => 1,
            _ => 2,
        }
    }

    fn variables(&self) -> [String; 3] {
        [
            format!("-var=generation={}", self.generation),
            format!("-var=token=secret-{}", self.generation),
            format!("-var=width={}", self.width()),
        ]
    }

    /// The command that finishes the stage, whatever became of an earlier one.
    fn repair(&self) -> Vec<String> {
        let command = match self.stage {
            Stage::Destroy => "destroy",
            _ => "apply",
        };
        let mut args = vec![command.to_owned(), "-auto-approve".to_owned()];
        args.extend(self.variables());
        if self.kept.is_some() {
            // The lock of one who was killed may have to run out.
            args.push("-lock-timeout=60s".to_owned());
        }
        args
    }

    /// The command of the stage.
    pub(crate) fn command(&self) -> Vec<String> {
        let mut args = self.repair();
        let replaced: &[&str] = match self.stage {
            Stage::Replace => &[
                "confluent_service_account.reader[1]",
                "confluent_flink_statement.copy",
                "confluent_kafka_topic.table[\"copies\"]",
            ],
            Stage::ReplaceKey => &["confluent_api_key.plain"],
            Stage::CreateBeforeDestroy => &[
                "confluent_api_key.kafka",
                "confluent_api_key.registry",
                "confluent_api_key.flink",
            ],
            _ => &[],
        };
        args.extend(replaced.iter().map(|address| format!("-replace={address}")));
        args
    }

    /// Runs a command and kills it. False: it had ended by itself before.
    pub(crate) fn kill(&self, args: &[String], end: End) -> bool {
        self.unlock();
        let mut command = self.sandbox.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let End::AtStep(step) = end {
            command.env("STREAMFORM_KILL_AT", step.to_string());
            // Killed by a signal: no code.
            return command.status().unwrap().code().is_none();
        }
        let mut child = command.spawn().unwrap();
        if let End::After(ms) = end {
            thread::sleep(Duration::from_millis(ms));
        }
        let living = child.try_wait().unwrap().is_none();
        let _ = child.kill();
        let _ = child.wait();
        living
    }

    /// Clears the lock of one who was killed, where nothing else does.
    fn unlock(&self) {
        if let Some(kept) = &self.kept {
            kept.unlock();
        }
    }

    /// The same of the command that repairs.
    pub(crate) fn kill_repair(&self, end: End) -> bool {
        self.kill(&self.repair(), end)
    }

    /// Finishes the stage, and checks that nothing is lost and nothing there twice, and that nothing is left to do.
    pub(crate) fn mend(&self, context: &str) {
        self.faults(&[]);
        self.unlock();
        let run = self.sandbox.run(self.repair());
        self.check(&run, context);
    }

    /// Checks what a run that finished the stage has left.
    pub(crate) fn check(&self, run: &Run, context: &str) {
        let context = format!("{:?}, {context}\n{run}", self.stage);
        assert_eq!(run.code, Some(0), "{context}");
        let gone = self.stage == Stage::Destroy;
        let count = if gone { 0 } else { whole(self.width()) };
        let state = match &self.kept {
            Some(kept) => kept.state(),
            None => state(&self.sandbox),
        };
        agree_on(&state, &self.emulator, count, &context);
        if gone {
            return;
        }
        // Reads everything with the keys in the state: their secrets are the right ones.
        let mut args = vec!["plan".to_owned(), "-detailed-exitcode".to_owned()];
        args.extend(self.variables());
        let plan = self.sandbox.run(args);
        assert_eq!(
            plan.code,
            Some(0),
            "nothing should be left to do; {context}\n{plan}"
        );
    }

    /// Sets the service's faults in place of those that it has.
    pub(crate) fn faults(&self, switches: &[String]) {
        self.emulator
            .request("POST", "/_emulator/faults", r#"{"clear":true}"#);
        if !switches.is_empty() {
            let body = format!(r#"{{"faults":[{}]}}"#, switches.join(","));
            self.emulator.request("POST", "/_emulator/faults", &body);
        }
    }
}
