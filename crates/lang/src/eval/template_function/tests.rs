use super::*;
use crate::diag::FileId;
use crate::syntax::parse_expression;
use crate::value::Marks;

struct World {
    surroundings: Surroundings,
}

impl Scope for World {
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics> {
        Ok(match reference.subject.to_string().as_str() {
            "local.t" => Value::string("Hi ${name}!"),
            "local.v" => Value::string("${v}"),
            "local.bad" => Value::string("${"),
            "local.again" => Value::string("${templatestring(x, {})}"),
            "local.secret" => Value::string("x").with_marks(Marks::SENSITIVE),
            "local.unknown" => Value::unknown(Type::String),
            _ => Value::null(Type::String),
        })
    }
    fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
}

fn world() -> (tempfile::TempDir, World) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("simple", "Hello, ${name}!"),
        (
            "loop",
            "%{ for p in ports ~}\nserver ${host}:${p}\n%{ endfor ~}\n",
        ),
        ("pass", "${values}"),
        ("broken", "broken ${name"),
        ("nested", "${templatefile(\"simple\", {name = name})} again"),
        ("pathref", "${path.module}"),
        ("badfn", "${unknownfn(1)}"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let surroundings = Surroundings {
        base_dir: dir.path().to_owned(),
        ..Surroundings::default()
    };
    (dir, World { surroundings })
}

fn run(world: &World, source: &str) -> (Value, String) {
    let (expr, found) = parse_expression(FileId(0), source, 0);
    assert!(!found.has_errors(), "{found:?}");
    let (value, found) = super::super::evaluate(&expr.unwrap(), world);
    let message = found
        .iter()
        .map(|d| d.detail.clone())
        .collect::<Vec<_>>()
        .join(" | ");
    (value, message)
}

#[test]
fn renders() {
    let (_dir, world) = world();
    for (source, expected) in [
        (
            "templatefile(\"simple\", {name = \"x\", other = 1})",
            Value::string("Hello, x!"),
        ),
        (
            "templatefile(\"loop\", {host = \"h\", ports = [1, 2]})",
            Value::string("server h:1\nserver h:2\n"),
        ),
        (
            "templatefile(\"loop\", {host = \"h\", ports = []})",
            Value::string(""),
        ),
        (
            "templatefile(\"pass\", {values = [1]})",
            Value::tuple([Value::number(1i64)]),
        ),
        ("templatestring(local.t, {name = \"x\"})", Value::string("Hi x!")),
        ("templatestring(local.v, {v = 1})", Value::string("1")),
        (
            "core::templatestring(local.t, tomap({name = \"x\"}))",
            Value::string("Hi x!"),
        ),
    ] {
        let (value, message) = run(&world, source);
        assert_eq!((value, message.as_str()), (expected, ""), "{source}");
    }
    assert!(
        run(&world, "templatefile(\"simple\", {name = local.secret})")
            .0
            .is_sensitive()
    );
    assert!(
        !run(&world, "templatefile(\"simple\", {name = local.unknown})")
            .0
            .is_known()
    );
    assert!(!run(&world, "templatestring(local.unknown, {})").0.is_known());
}

/// Recorded from terraform, but for the full stop that the caller adds.
#[test]
fn refuses() {
    let (_dir, world) = world();
    for (source, expected) in [
        (
            "templatefile(\"simple\", {name = null})",
            "Call to function \"templatefile\" failed: simple:1,10-14: Invalid template interpolation value; The expression result is null. Cannot include a null value in a string template..",
        ),
        (
            "templatefile(\"simple\", {})",
            "Invalid value for \"vars\" parameter: vars map does not contain key \"name\", referenced at simple:1,10-14.",
        ),
        (
            "templatefile(\"pathref\", {})",
            "Invalid value for \"vars\" parameter: vars map does not contain key \"path\", referenced at pathref:1,3-7.",
        ),
        (
            "templatefile(\"simple\", {\"bad name\" = 1})",
            "Invalid value for \"vars\" parameter: invalid template variable name \"bad name\": must start with a letter, followed by zero or more letters, digits, and underscores.",
        ),
        (
            "templatefile(\"simple\", \"x\")",
            "Invalid value for \"vars\" parameter: invalid vars value: must be a map.",
        ),
        (
            "templatefile(\"nested\", {name = 1})",
            "Call to function \"templatefile\" failed: nested:1,3-16: Error in function call; Call to function \"templatefile\" failed: cannot recursively call templatefile from inside another template function..",
        ),
        (
            "templatestring(local.again, {x = \"a\"})",
            "Call to function \"templatestring\" failed: <templatestring argument>:1,3-18: Error in function call; Call to function \"templatestring\" failed: cannot recursively call templatestring from inside another template function..",
        ),
        (
            "templatestring(local.v, {v = [1]})",
            "Call to function \"templatestring\" failed: invalid template result: string required.",
        ),
        (
            "templatestring(\"x\", {})",
            "Invalid value for \"template\" parameter: invalid template expression: templatestring is only for rendering templates retrieved dynamically from elsewhere, and so does not support providing a literal template; consider using a template string expression instead.",
        ),
        (
            "templatestring(upper(local.t), {})",
            "Invalid value for \"template\" parameter: invalid template expression: must be a direct reference to a single string from elsewhere, containing valid Terraform template syntax.",
        ),
    ] {
        assert_eq!(run(&world, source).1, expected, "{source}");
    }
    for (source, start) in [
        (
            "templatefile(\"broken\", {})",
            "Call to function \"templatefile\" failed: broken:1,",
        ),
        (
            "templatestring(local.bad, {})",
            "Invalid value for \"template\" parameter: invalid template: <templatestring argument>:1,",
        ),
        (
            "templatefile(\"badfn\", {})",
            "Call to function \"templatefile\" failed: badfn:1,3-12: Call to unknown function; There is no function named \"unknownfn\".",
        ),
        (
            "templatestring(\"${local.t}\", {})",
            "Invalid value for \"template\" parameter: invalid template expression: templatestring is only for rendering templates retrieved dynamically from elsewhere; to treat",
        ),
    ] {
        let message = run(&world, source).1;
        assert!(message.starts_with(start), "{source}: {message}");
    }
}
