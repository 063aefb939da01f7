//! `destroy = false`: objects are forgotten where they would be deleted.

use crate::drift::shown;
use crate::drift::with_emulator;
use crate::guard::HEAD;

const KEPT: &str = r#"
resource "confluent_service_account" "kept" {
  count        = 2
  display_name = "kept-${count.index}"
  lifecycle { destroy = false }
}
"#;

#[test]
fn an_object_that_would_be_deleted_is_forgotten() {
    let (sandbox, emulator) = with_emulator(&format!("{HEAD}{KEPT}"));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.edit("main.tf", "= 2", "= 1");
    let fewer = sandbox.ok(["apply", "-auto-approve"]);
    fewer.says("Plan: 0 to add, 0 to change, 0 to destroy, 1 to forget.");
    assert_eq!(
        sandbox.ok(["state", "list"]).stdout,
        "confluent_service_account.kept[0]\n"
    );
    let destroy = sandbox.ok(["destroy", "-auto-approve"]);
    destroy.says("Destroy complete! Resources: 0 destroyed, 1 forgotten.");
    assert_eq!(sandbox.ok(["state", "list"]).stdout, "");
    assert_eq!(emulator.names("service_accounts"), ["kept-0", "kept-1"]);
}

#[test]
fn what_replaces_an_object_leaves_the_old_one() {
    let (sandbox, emulator) = with_emulator(&format!("{HEAD}{KEPT}"));
    sandbox.edit("main.tf", "= 2", "= 1");
    sandbox.ok(["apply", "-auto-approve"]);
    let replace = "-replace=confluent_service_account.kept[0]";
    // The old one still has the name: the new one cannot be made, and the old one stays managed.
    sandbox.fail(["apply", "-auto-approve", replace]);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    sandbox.edit("main.tf", "kept-", "new-");
    let plan = sandbox.ok(["plan", replace, "-out=p"]);
    shown("kept_replaced", &plan.stdout);
    let json = sandbox.ok(["show", "-json", "p"]).json();
    assert_eq!(
        json["resource_changes"][0]["change"]["actions"],
        serde_json::json!(["create", "forget"])
    );
    sandbox.ok(["apply", "p"]);
    sandbox.ok(["plan", "-detailed-exitcode"]);
    assert_eq!(emulator.names("service_accounts"), ["kept-0", "new-0"]);
}

#[test]
fn a_block_that_is_gone_is_remembered() {
    let (sandbox, emulator) = with_emulator(&format!("{HEAD}{KEPT}"));
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.write("main.tf", HEAD);
    let plan = sandbox.ok(["plan"]);
    shown("kept_remembered", &plan.stdout);
    // Who wants them gone says so, by name or with a block.
    let named = sandbox.ok(["plan", "-allow-destroy=confluent_service_account.kept[1]"]);
    named.says("Plan: 0 to add, 0 to change, 1 to destroy, 1 to forget.");
    let removed =
        "removed {\n  from = confluent_service_account.kept\n  lifecycle {\n    destroy = true\n  }\n}\n";
    sandbox.write("main.tf", format!("{HEAD}{removed}"));
    sandbox.ok(["apply", "-auto-approve"]);
    assert_eq!(emulator.names("service_accounts"), [""; 0]);
}
