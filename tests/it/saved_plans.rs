//! Plans that are applied later: what may have changed meanwhile.

use crate::sandbox::Sandbox;

const READERS: &str = r#"
resource "terraform_data" "first" {
  input = file("content.txt")
}
resource "terraform_data" "later" {
  input = "${terraform_data.first.id} ${templatefile("text.tftpl", { n = 1 })}"
}
resource "terraform_data" "set" {
  input = fileset("many", "*.txt")
}
output "there" {
  value = fileexists("maybe.txt")
}
"#;

fn planned() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("main.tf", READERS);
    sandbox.write("content.txt", "one");
    sandbox.write("text.tftpl", "n is ${n}");
    sandbox.write("many/a.txt", "");
    sandbox.ok(["plan", "-out=p"]);
    sandbox
}

/// Terraform finds out half-way, with "Provider produced inconsistent final plan"; here nothing is begun.
#[test]
fn files_that_have_changed_since_are_named_before_anything_is_done() {
    for (file, text) in [
        ("content.txt", "two"),
        ("text.tftpl", "n was ${n}"),
        ("many/b.txt", ""),
        ("maybe.txt", ""),
    ] {
        let sandbox = planned();
        let before = std::fs::read(sandbox.path(file)).ok();
        sandbox.write(file, text);
        sandbox
            .fail(["apply", "p"])
            .says("Files have changed since the plan")
            .says(if file == "many/b.txt" { "many/*.txt" } else { file });
        assert!(!sandbox.path("streamform.state").exists());
        match before {
            Some(bytes) => sandbox.write(file, bytes),
            None => std::fs::remove_file(sandbox.path(file)).unwrap(),
        }
        sandbox.ok(["apply", "p"]);
        sandbox.ok(["plan", "-detailed-exitcode"]);
    }
}

/// Another machine may have less: what is not read again need not be there.
#[test]
fn a_file_that_is_gone_is_missed_by_who_reads_it() {
    let sandbox = planned();
    std::fs::remove_file(sandbox.path("text.tftpl")).unwrap();
    sandbox.fail(["apply", "p"]).says("text.tftpl");
}

/// What functions have read for a saved plan is in the history of its apply.
#[test]
fn what_a_saved_plan_has_made_can_be_gone_back_to() {
    let sandbox = planned();
    sandbox.ok(["apply", "p"]);
    sandbox.write("content.txt", "two");
    sandbox.write("text.tftpl", "n was ${n}");
    sandbox.write("many/b.txt", "");
    sandbox.write("maybe.txt", "");
    sandbox.ok(["apply", "-auto-approve"]);
    sandbox.ok(["rollback", "1", "-auto-approve"]);
    let shown = sandbox.ok(["state", "show", "terraform_data.first"]);
    shown.says("one");
    sandbox
        .ok(["state", "show", "terraform_data.set"])
        .is_silent_about("b.txt");
}
