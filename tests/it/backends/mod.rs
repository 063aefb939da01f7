//! States in an object store and behind an HTTP address, with the built command.

#[allow(dead_code, reason = "the tests of the state's crate use the rest")]
#[path = "../../../state/src/backend/tests/servers.rs"]
pub(crate) mod servers;

use std::process::Child;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::sandbox::Sandbox;
use servers::ObjectStore;
use servers::StateServer;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

const MAIN: &str = "variable \"n\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = terraform.workspace }\nresource \"terraform_data\" \"b\" {\n  input = \"${terraform_data.a.output}-${var.n}\"\n}\noutput \"b\" { value = terraform_data.b.output }\noutput \"s\" {\n  value     = sensitive(\"battery staple\")\n  sensitive = true\n}\n";

/// A second object that takes as long as there is a file `wait` (with what `WHOSE` says behind it).
const SLOW: &str = "resource \"terraform_data\" \"slow\" {\n  depends_on = [terraform_data.b]\n  provisioner \"local-exec\" {\n    command = \"while [ -e wait$WHOSE ]; do sleep 0.1; done\"\n  }\n}\n";

/// Lets [`SLOW`] go on.
fn go_on(sandbox: &Sandbox) {
    std::fs::remove_file(sandbox.path("wait")).unwrap();
}

fn s3(store: &ObjectStore) -> String {
    format!(
        "backend \"s3\" {{\n    bucket = \"states\"\n    key = \"team/prod.tfstate\"\n    region = \"us-east-1\"\n    endpoints = {{ s3 = \"{}\" }}\n    use_path_style = true\n    skip_credentials_validation = true\n    skip_requesting_account_id = true\n    skip_metadata_api_check = true\n    use_lockfile = true\n  }}",
        store.endpoint
    )
}

fn main_with(block: &str) -> String {
    format!("terraform {{\n  {block}\n}}\n{MAIN}")
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "mock"),
        ("AWS_SECRET_ACCESS_KEY", "mock"),
        ("STREAMFORM_LEASE_SECONDS", "4"),
        ("STREAMFORM_STATE_PASSPHRASE", "a passphrase of the team"),
        ("TF_HTTP_PASSWORD", "correct horse"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        sandbox.set_env(name, value);
    }
    sandbox
}

/// Waits until a command prints a text.
#[track_caller]
fn wait_for(sandbox: &Sandbox, args: &[&str], text: &str) {
    let started = Instant::now();
    loop {
        let run = sandbox.run(args);
        if run.code == Some(0) && run.stdout.contains(text) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{run}");
    }
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(args);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn an_object_store_keeps_states() {
    let Some(store) = ObjectStore::start() else { return };
    let sandbox = sandbox();
    sandbox.write("main.tf", main_with(&s3(&store)));
    sandbox
        .fail(["plan"])
        .says("Initial configuration of the requested backend \"s3\"");
    sandbox
        .ok(["init"])
        .says("Successfully configured the backend \"s3\"!");
    sandbox.ok(APPLY);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-1");
    assert!(!sandbox.path("streamform.state").exists());
    // Everybody who has the settings and the key sees it.
    let other = self::sandbox();
    other.write("main.tf", main_with(&s3(&store)));
    other.ok(["init"]);
    other.ok(["plan", "-detailed-exitcode"]);
    other.ok(["apply", "-auto-approve", "-var=n=2"]);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-2");

    sandbox.ok(["workspace", "new", "stage"]);
    sandbox.ok(APPLY);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "stage-1");
    assert_eq!(other.ok(["workspace", "list"]).stdout, "* default\n  stage\n\n");
    assert_eq!(other.ok(["output", "-raw", "b"]).stdout, "default-2");
    // The outputs of one are data of another.
    let reader = self::sandbox();
    reader.write(
        "main.tf",
        format!(
            "data \"terraform_remote_state\" \"x\" {{\n  backend = \"s3\"\n  workspace = \"stage\"\n  config = {{\n    bucket = \"states\"\n    key = \"team/prod.tfstate\"\n    region = \"us-east-1\"\n    endpoints = {{ s3 = \"{}\" }}\n    use_path_style = true\n  }}\n}}\noutput \"found\" {{ value = data.terraform_remote_state.x.outputs.b }}\n",
            store.endpoint
        ),
    );
    reader.ok(APPLY);
    assert_eq!(reader.ok(["output", "-raw", "found"]).stdout, "stage-1");

    // Many runs leave few objects, and none of them has the secret in the clear.
    for n in 3..12 {
        other.ok(["apply", "-auto-approve", &format!("-var=n={n}")]);
    }
    let objects = store.objects();
    assert!(objects.len() < 80, "{objects:?}");
    for name in &objects {
        let text = store.object(name);
        assert!(!text.contains("battery staple"), "{name}: {text}");
    }
    sandbox.ok(["workspace", "select", "default"]);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-11");
    sandbox.ok(["workspace", "delete", "-force", "stage"]);
    assert!(!store.objects().iter().any(|name| name.contains("stage")));
    sandbox.ok(["destroy", "-auto-approve"]);
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "");
}

#[test]
fn one_writes_and_the_others_wait_or_read() {
    let Some(store) = ObjectStore::start() else { return };
    let sandbox = sandbox();
    sandbox.write("main.tf", main_with(&s3(&store)));
    sandbox.write("slow.tf", SLOW);
    sandbox.ok(["init"]);
    sandbox.write("wait", "");
    let mut first = start(&sandbox, &APPLY);
    wait_for(&sandbox, &["state", "list"], "terraform_data.b");
    sandbox
        .fail(APPLY)
        .says("Error acquiring the state lock")
        .says("OperationTypeApply")
        .says("its lock runs out by itself");
    let said = |name: &str| std::fs::File::create(sandbox.path(name)).unwrap();
    let mut second = sandbox
        .command(["apply", "-auto-approve", "-no-color", "-lock-timeout=120s"])
        .stdout(said("out"))
        .stderr(said("err"))
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !sandbox.read("err").contains("Waiting for the state lock") {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{}",
            sandbox.read("err")
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    go_on(&sandbox);
    let done = second.wait().unwrap();
    assert!(
        done.success() && sandbox.read("out").contains("0 added"),
        "{}",
        sandbox.read("out")
    );
    assert!(first.wait().unwrap().success());

    // Killed: what it did is there, and its lock runs out.
    sandbox.ok(["taint", "terraform_data.slow"]);
    sandbox.write("wait", "");
    let mut killed = start(&sandbox, &["apply", "-auto-approve", "-var=n=7"]);
    let b = ["output", "-raw", "b"];
    let state = ["state", "show", "terraform_data.b"];
    wait_for(&sandbox, &state, "default-7");
    killed.kill().unwrap();
    killed.wait().unwrap();
    go_on(&sandbox);
    sandbox
        .ok(["apply", "-auto-approve", "-var=n=7", "-lock-timeout=60s"])
        .says("Lock of an interrupted run taken over");
    assert_eq!(sandbox.ok(b).stdout, "default-7");
    sandbox.ok(["plan", "-detailed-exitcode", "-var=n=7"]);
}

#[test]
fn a_lost_lock_commits_nothing() {
    let Some(store) = ObjectStore::start() else { return };
    let sandbox = sandbox();
    sandbox.write("main.tf", main_with(&s3(&store)));
    sandbox.write("slow.tf", SLOW);
    sandbox.ok(["init"]);
    sandbox
        .fail(["force-unlock", "-force", "x"])
        .says("is not locked");
    sandbox.write("wait-first", "");
    let first = sandbox
        .command(APPLY)
        .env("WHOSE", "-first")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&sandbox, &["state", "list"], "terraform_data.b");
    let told = sandbox.fail(APPLY).stderr;
    let id = told
        .split("ID:")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    sandbox.fail(["force-unlock", "-force", "x"]).says(id);
    sandbox
        .ok(["force-unlock", "-force", id])
        .says("successfully unlocked");
    // The next one makes the slow object, too, without waiting; the first one, still alive, cannot write over that.
    sandbox.ok(["apply", "-auto-approve", "-var=n=5"]);
    std::fs::remove_file(sandbox.path("wait-first")).unwrap();
    let first = first.wait_with_output().unwrap();
    let told = String::from_utf8(first.stderr).unwrap();
    assert!(!first.status.success(), "{told}");
    assert!(told.contains("lock"), "{told}");
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-5");
    // What the first one could not write is of objects that the second one has written since.
    sandbox
        .fail(["plan", "-var=n=5"])
        .says("Rescued results do not fit the state")
        .says("terraform_data.");
    std::fs::remove_file(sandbox.path("errored.streamform-state")).unwrap();
    sandbox.ok(["plan", "-detailed-exitcode", "-var=n=5"]);
}

#[test]
fn states_move_between_backends() {
    let Some(store) = ObjectStore::start() else { return };
    let server = StateServer::start();
    let sandbox = sandbox();
    sandbox.write("main.tf", MAIN);
    sandbox.ok(APPLY);
    let at = |block: &str| sandbox.write("main.tf", main_with(block));
    at(&s3(&store));
    sandbox.fail(["init", "-input=false"]).says("-force-copy");
    sandbox
        .run_with_input(["init"], "yes\n")
        .says("backend type changed from \"local\" to \"s3\"")
        .code_is(0);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    at(&server.block());
    sandbox
        .fail(["plan"])
        .says("Backend type changed from \"s3\" to \"http\"");
    sandbox.fail(["init"]).says("Backend configuration changed");
    sandbox.ok(["init", "-migrate-state", "-force-copy"]);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    sandbox.ok(["apply", "-auto-approve", "-var=n=4"]);
    sandbox.write("main.tf", MAIN);
    sandbox
        .fail(["plan"])
        .says("Unsetting the previously set backend \"http\"");
    sandbox
        .ok(["init", "-migrate-state", "-force-copy"])
        .says("Successfully unset the backend \"http\"");
    sandbox.ok(["plan", "-detailed-exitcode", "-var=n=4"]);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-4");
}

#[test]
fn of_several_workspaces_the_selected_one_goes_behind_an_address() {
    let server = StateServer::start();
    let sandbox = sandbox();
    sandbox.write("main.tf", MAIN);
    sandbox.ok(APPLY);
    sandbox.ok(["workspace", "new", "prod"]);
    sandbox.ok(APPLY);
    sandbox.write("main.tf", main_with(&server.block()));
    sandbox
        .run_with_input(["init"], "yes\n")
        .says("doesn't support workspaces")
        .says("your current workspace \"prod\" to the default workspace")
        .code_is(0);
    assert_eq!(sandbox.ok(["workspace", "show"]).stdout, "default\n");
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "prod-1");
    // The others are where they were.
    sandbox.write("main.tf", MAIN);
    sandbox.ok(["init", "-reconfigure"]);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-1");
    sandbox.ok(["workspace", "new", "empty"]);
    sandbox.write("main.tf", main_with(&server.block()));
    sandbox
        .fail(["init", "-force-copy"])
        .says("There are states of default, prod")
        .says("streamform workspace select");
}

#[test]
fn an_address_keeps_a_state() {
    let server = StateServer::start();
    let mut sandbox = sandbox();
    sandbox.write("main.tf", main_with(&server.block()));
    sandbox.write("slow.tf", SLOW);
    sandbox.ok(["init"]);
    sandbox.set_env("TF_HTTP_PASSWORD", "wrong");
    sandbox.fail(["plan"]).says("requires auth");
    sandbox.set_env("TF_HTTP_PASSWORD", "correct horse");
    sandbox
        .fail(["workspace", "new", "x"])
        .says("workspaces not supported");
    sandbox.write("wait", "");
    let mut first = start(&sandbox, &APPLY);
    wait_for(&sandbox, &["state", "list"], "terraform_data.b");
    let lock = server.lock().unwrap();
    let other = self::sandbox();
    other.write("main.tf", main_with(&server.block()));
    other.ok(["init"]);
    other
        .fail(APPLY)
        .says("Error acquiring the state lock")
        .says(&lock)
        .says("force-unlock");
    // Killed: what it did is in the journal of this machine alone.
    first.kill().unwrap();
    first.wait().unwrap();
    go_on(&sandbox);
    assert_eq!(server.document(), "");
    sandbox.ok(["force-unlock", "-force", &lock]);
    sandbox.ok(APPLY);
    assert_eq!(server.lock(), None);
    let document = server.document();
    assert!(!document.contains("battery staple"), "{document}");
    assert!(!document.contains("correct horse"), "{document}");
    other.write("slow.tf", SLOW);
    other.ok(["plan", "-detailed-exitcode"]);
    other.ok(["apply", "-auto-approve", "-var=n=2"]);
    assert_eq!(sandbox.ok(["output", "-raw", "b"]).stdout, "default-2");
    sandbox.ok(["plan", "-detailed-exitcode", "-var=n=2"]);
    // A server in trouble is no empty state.
    server.set_broken(true);
    sandbox.fail(["plan"]).says("500");
    server.set_broken(false);
    sandbox.ok(["destroy", "-auto-approve"]);
}

/// The real terraform makes a state; its work goes on here.
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn taken_over(sandbox: &Sandbox, block: &str) -> bool {
    sandbox.write("main.tf", main_with(block));
    let run = |args: &[&str]| sandbox.program("terraform", "", args);
    let Some(init) = run(&["init", "-no-color"]) else {
        eprintln!("skipped: terraform is not on this machine");
        return false;
    };
    init.code_is(0);
    run(&["apply", "-no-color", "-auto-approve"]).unwrap().code_is(0);
    sandbox.fail(["plan"]).says("Backend initialization required");
    sandbox
        .ok(["init", "-migrate-state"])
        .says("Took over the state of Terraform");
    sandbox.ok(["plan", "-detailed-exitcode"]);
    sandbox.ok(["apply", "-auto-approve", "-var=n=2"]);
    true
}

#[test]
fn what_terraform_kept_in_an_object_store_is_taken_over() {
    let Some(store) = ObjectStore::start() else { return };
    let sandbox = sandbox();
    if taken_over(&sandbox, &s3(&store)) {
        let late = self::sandbox();
        late.write("main.tf", main_with(&s3(&store)));
        late.ok(["init", "-reconfigure"]);
        assert_eq!(late.ok(["output", "-raw", "b"]).stdout, "default-2");
        assert!(store.objects().contains(&"team/prod.tfstate".to_owned()));
    }
}

#[test]
fn what_terraform_kept_behind_an_address_is_taken_over() {
    let server = StateServer::start();
    let sandbox = sandbox();
    if taken_over(&sandbox, &server.block()) {
        let theirs = sandbox.program("terraform", "", &["plan", "-no-color"]).unwrap();
        theirs.code_is(1).says("format version");
    }
}
