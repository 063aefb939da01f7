//! How a state is kept: looking whether all of it is well, going back to a copy, the lock between two processes, a full disk.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::hcl;
use crate::sandbox::Run;
use crate::sandbox::Sandbox;
use crate::survival::living;
use crate::survival::recorded;

const MAIN: &str = r#"
variable "generation" {
  default = 1
}
resource "terraform_data" "a" {
  input = var.generation
}
resource "terraform_data" "b" {
  input = terraform_data.a.id
}
"#;

/// A state of three runs.
fn kept() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", MAIN);
    for generation in 1..=3 {
        sandbox.ok(["apply", "-auto-approve", &format!("-var=generation={generation}")]);
    }
    sandbox
}

const STATE: &str = "streamform.state/default";

/// Files of a folder of the state, sorted by name.
fn files(sandbox: &Sandbox, folder: &str) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(sandbox.path(STATE).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all
}

/// Flips a bit in the middle.
fn damage(file: &PathBuf) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x01;
    fs::write(file, bytes).unwrap();
}

/// What a command said, without the frame and the line breaks of its messages.
fn flat(run: &Run) -> String {
    let text = format!("{}{}", run.stdout, run.stderr);
    text.replace("\n│ ", " ")
}

#[track_caller]
fn tells(run: &Run, texts: &[&str]) {
    let flat = flat(run);
    for text in texts {
        assert!(flat.contains(text), "{text:?} should be said\n{run}");
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what} should come");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn check_says_of_every_part_that_it_is_well() {
    let sandbox = kept();
    insta::assert_snapshot!(sandbox.ok(["state", "check"]).stdout);
    let found = sandbox.ok(["state", "check", "-json"]).json();
    assert_eq!(found["well"], true);
    assert_eq!(found["records"], 2);
    assert_eq!(found["serial"], 3);
    sandbox.write("empty/main.tf", "");
    sandbox
        .fail(["-chdir=empty", "state", "check"])
        .says("No state file was found!");
}

#[test]
fn a_damaged_copy_is_named_and_mended_by_the_next_run() {
    let sandbox = kept();
    damage(files(&sandbox, "snapshots").last().unwrap());
    let run = sandbox.fail(["state", "check"]);
    insta::assert_snapshot!(run.stdout);
    let found = sandbox.fail(["state", "check", "-json"]).json();
    assert_eq!(found["well"], false);
    sandbox
        .ok(["apply", "-auto-approve", "-var=generation=4"])
        .says("State repaired");
    tells(
        &sandbox.fail(["state", "check"]),
        &["nothing needs it now", "It is there, with serial 4"],
    );
    fs::remove_file(&files(&sandbox, "snapshots")[2]).unwrap();
    sandbox.ok(["state", "check"]).says("The state is well.");
}

#[test]
fn restore_goes_back_to_what_reads_well() {
    let sandbox = kept();
    let list = sandbox.ok(["state", "restore", "-list"]).stdout;
    let serials: Vec<_> = list
        .lines()
        .skip(1)
        .map(|l| l.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(serials, ["3", "2", "1"], "{list}");

    // Both copies of the newest state are gone: nothing is guessed, and the message says how to go on.
    damage(files(&sandbox, "snapshots").last().unwrap());
    for log in files(&sandbox, "log") {
        damage(&log);
    }
    tells(&sandbox.fail(["plan"]), &["streamform state restore"]);
    let found = sandbox.fail(["state", "check"]);
    found.says("state restore").says("0000000002");
    let list = sandbox.ok(["state", "restore", "-list"]).stdout;
    assert!(list.lines().nth(1).unwrap().contains("damaged"), "{list}");

    sandbox
        .run_with_input(["state", "restore"], "no\n")
        .code_is(0)
        .says("Cancelled: the state is as it was.");
    sandbox.fail(["state", "show", "terraform_data.a"]);
    sandbox
        .run_with_input(["state", "restore"], "yes\n")
        .code_is(0)
        .says("The state is as it was at serial 2, and has the serial 4 now.");
    sandbox
        .ok(["state", "show", "terraform_data.a"])
        .says("input  = \"2\"");
    sandbox
        .run(["plan", "-var=generation=2", "-detailed-exitcode"])
        .code_is(0);

    sandbox
        .ok(["state", "restore", "-auto-approve", "1"])
        .says("The state is as it was at serial 1, and has the serial 5 now.");
    sandbox
        .ok(["state", "show", "terraform_data.a"])
        .says("input  = \"1\"");
    sandbox
        .fail(["state", "restore", "-auto-approve", "77"])
        .says("None has the serial 77")
        .says("state restore -list");
}

/// A provisioner that waits until it is let go keeps the run, and with it the lock.
const SLOW: &str = r#"
resource "terraform_data" "first" {
  input = "there"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "touch begun; while [ -e begun ] && [ ! -e go ]; do sleep 0.02; done"
  }
}
output "first" {
  value = terraform_data.first.output
}
"#;

struct Running(Child);

impl Running {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
        let mut command: Command = sandbox.command(args);
        Running(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        )
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        for pipe in [
            self.0
                .stdout
                .take()
                .map(|p| Box::new(p) as Box<dyn std::io::Read>),
            self.0
                .stderr
                .take()
                .map(|p| Box::new(p) as Box<dyn std::io::Read>),
        ] {
            pipe.unwrap().read_to_string(&mut said).unwrap();
        }
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(unix)]
fn who_waits_is_told_for_whom_and_readers_do_not_wait() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", SLOW);
    let apply = Running::start(&sandbox, &["apply", "-auto-approve"]);
    wait_until("the provisioner", || sandbox.path("begun").exists());

    wait_until("the first record", || {
        sandbox
            .ok(["state", "list"])
            .stdout
            .contains("terraform_data.first")
    });
    let began = Instant::now();
    sandbox.ok(["state", "list"]).says("terraform_data.first");
    sandbox.ok(["show"]).says("there");
    sandbox
        .ok(["state", "show", "terraform_data.first"])
        .says("there");
    sandbox.ok(["output"]);
    assert!(began.elapsed() < Duration::from_secs(30), "readers do not wait");

    let late = sandbox.fail(["state", "rm", "-lock-timeout=600ms", "terraform_data.first"]);
    let process = format!("(process {})", apply.0.id());
    tells(
        &late,
        &[
            "Waiting for the state lock",
            "OperationTypeApply",
            &process,
            "gives up after 600ms",
            "Error acquiring the state lock",
        ],
    );
    assert_eq!(late.stderr.matches("acquiring the state lock").count(), 1);

    let mut waiting = Running::start(&sandbox, &["plan", "-lock-timeout=100s"]);
    thread::sleep(Duration::from_millis(900));
    assert!(waiting.0.try_wait().unwrap().is_none(), "it should wait");
    sandbox.write("go", "");
    let (code, said) = apply.end();
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = waiting.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("Waiting for the state lock").count(), 1, "{said}");
    assert!(said.contains("No changes."), "{said}");
}

#[test]
#[cfg(unix)]
fn the_lock_of_a_dead_process_can_be_cleared_and_that_of_a_living_one_cannot() {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", SLOW);
    let id = || {
        let text = sandbox.read(format!("{STATE}/.lock"));
        let holder: serde_json::Value = serde_json::from_str(&text).unwrap();
        holder["id"].as_str().unwrap().to_owned()
    };
    let apply = Running::start(&sandbox, &["apply", "-auto-approve"]);
    wait_until("the provisioner", || sandbox.path("begun").exists());
    sandbox
        .fail(["force-unlock", "-force", &id()])
        .says("Failed to unlock state");
    drop(apply);
    sandbox.write("go", "");
    sandbox
        .fail(["force-unlock", "-force", "another"])
        .says("Failed to unlock state");
    sandbox
        .ok(["force-unlock", "-force", &id()])
        .says("successfully unlocked");
    sandbox
        .ok(["apply", "-auto-approve"])
        .is_silent_about("Lock of an interrupted run taken over");
}

/// A file system of a few pages, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a word why, where nothing can be mounted.
    #[expect(clippy::print_stdout, reason = "why a test did not run is for its reader")]
    fn mount(at: PathBuf, bytes: usize) -> Option<SmallDisk> {
        fs::create_dir_all(&at).unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(&at)
            .output();
        match done {
            Ok(output) if output.status.success() => Some(SmallDisk(at)),
            Ok(output) => {
                println!(
                    "skipped: no file system can be mounted: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
                None
            }
            Err(error) => {
                println!("skipped: no file system can be mounted: {error}");
                None
            }
        }
    }

    fn grow(&self, bytes: usize) {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,size={bytes}")])
            .arg(&self.0)
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A key whose record is to be written once more when the disk is full.
fn filling(file: &str) -> String {
    let more = format!(
        r#"display_name = "k"
  description  = "round ${{var.round}} ${{join("", [for n in range(900) : "0123456789"])}}"
  provisioner "local-exec" {{
    command = "[ -e filled ] || dd if=/dev/zero of={file} bs=4096 2>/dev/null; touch filled"
  }}
"#
    );
    let app = r#"
variable "round" {
  default = 1
}
resource "confluent_service_account" "app" {
  display_name = "app"
}
output "secret" {
  value     = confluent_api_key.k.secret
  sensitive = true
}
"#;
    let key = hcl::key("k", "confluent_service_account.app", None, &more);
    [hcl::CONFLUENT, app, &key].concat()
}

const RESCUED: &str = "errored.streamform-state";

/// The disk of the state fills up, or that of everything: the file goes to the home folder then.
#[test]
#[cfg(target_os = "linux")]
fn what_a_full_disk_does_not_take_is_taken_in_by_the_next_run() {
    for (mounted, fill, rescued) in [
        ("streamform.state", "streamform.state/fill", RESCUED),
        (
            "",
            "fill",
            "../home/.local/state/streamform/errored.streamform-state",
        ),
    ] {
        let mut sandbox = Sandbox::new();
        let disk = SmallDisk::mount(sandbox.path(mounted), 4096 * 256);
        let Some(_disk) = disk else { return };
        sandbox.write("main.tf", filling(fill));
        let emulator = sandbox.start_emulator();
        let run = sandbox.fail(["apply", "-auto-approve"]);
        tells(
            &run,
            &[
                "Failed to save the state",
                "errored.streamform-state",
                "No space left",
            ],
        );
        let kept = std::fs::read_to_string(sandbox.path(rescued)).unwrap();

        std::fs::remove_file(sandbox.path(fill)).unwrap();
        let plan = sandbox.ok(["plan", "-detailed-exitcode"]);
        tells(
            &plan,
            &["Results of an interrupted run taken in", "confluent_api_key.k"],
        );
        assert!(!sandbox.path(rescued).exists());
        assert_eq!(recorded(&sandbox), living(&emulator));
        let secret = sandbox.ok(["output", "-raw", "secret"]).stdout;
        assert!(secret.len() > 8 && !kept.contains(&secret), "it is sealed");

        // Somebody has put the file back, and the state has moved on: to more about the same object, and to another one.
        sandbox.ok(["apply", "-auto-approve", "-var=round=2"]);
        std::fs::write(sandbox.path(rescued), &kept).unwrap();
        let plan = sandbox.ok(["plan", "-detailed-exitcode", "-var=round=2"]);
        tells(&plan, &["The state had all of them already"]);
        sandbox.ok([
            "apply",
            "-auto-approve",
            "-var=round=2",
            "-replace=confluent_api_key.k",
        ]);
        std::fs::write(sandbox.path(rescued), &kept).unwrap();
        let refused = sandbox.fail(["apply", "-auto-approve", "-var=round=3"]);
        tells(
            &refused,
            &[
                "Rescued results do not fit the state",
                "confluent_api_key.k",
                "in the file",
                "in the state",
            ],
        );
        std::fs::remove_file(sandbox.path(rescued)).unwrap();
        sandbox.ok(["plan", "-detailed-exitcode", "-var=round=2"]);
        // A file of another state is left alone.
        std::fs::write(
            sandbox.path(rescued),
            kept.replacen("\"lineage\":\"", "\"lineage\":\"0", 1),
        )
        .unwrap();
        sandbox.ok(["plan", "-detailed-exitcode", "-var=round=2"]);
        assert!(sandbox.path(rescued).exists());
    }
}

/// Objects whose records are large, so that a disk fills while they are made.
const MANY: &str = r#"
resource "confluent_service_account" "many" {
  count        = 40
  display_name = "many-${count.index}"
  description  = "account number ${count.index}"
}
"#;

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_nothing() {
    for pages in [4, 6, 8, 12, 16, 24] {
        let mut sandbox = Sandbox::new();
        let disk = SmallDisk::mount(sandbox.path("streamform.state"), 4096 * 1024);
        let Some(disk) = disk else { return };
        sandbox.write("main.tf", [hcl::CONFLUENT, MANY].concat());
        let emulator = sandbox.start_emulator();
        disk.grow(4096 * pages);
        let run = sandbox.fail(["apply", "-auto-approve"]);
        tells(&run, &["could not be written", "No space left on device"]);
        // What is there is whole, however early the disk was full.
        let check = sandbox.run(["state", "check"]);
        check.is_silent_about("WRONG");

        disk.grow(4096 * 4096);
        let second = sandbox.ok(["apply", "-auto-approve"]);
        assert_eq!(
            recorded(&sandbox),
            living(&emulator),
            "{pages} pages\n{run}\n{second}"
        );
        assert_eq!(
            emulator
                .names("service_accounts")
                .iter()
                .filter(|n| n.starts_with("many-"))
                .count(),
            40
        );
        sandbox.run(["plan", "-detailed-exitcode"]).code_is(0);
        sandbox.ok(["state", "check"]);
    }
}
