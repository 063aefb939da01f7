//! Reading a configuration and evaluating expressions.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use streamform::config;
use streamform::config::Snapshot;
use streamform_lang::addrs::Reference;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::FileId;
use streamform_lang::eval::Scope;
use streamform_lang::eval::evaluate;
use streamform_lang::functions::Surroundings;
use streamform_lang::syntax;
use streamform_lang::value::Value;

/// A configuration of about this many bytes, of the sort that people write.
fn configuration(bytes: usize) -> String {
    let mut text =
        String::from("variable \"environment\" {\n  type    = string\n  default = \"test\"\n}\n\n");
    let mut i = 0;
    while text.len() < bytes {
        let _ = writeln!(
            text,
            "# Team {i}\nresource \"terraform_data\" \"team_{i}\" {{\n  input = {{\n    name    = \"${{var.environment}}-team-{i}\"\n    \
             members = [for n in range(3) : format(\"member-%02d\", n)]\n    limits  = {{ topics = {i}, partitions = {i} * 6 }}\n  }}\n\n  \
             lifecycle {{\n    precondition {{\n      condition     = length(var.environment) > 0\n      error_message = \"No \
             environment.\"\n    }}\n  }}\n}}\n"
        );
        i += 1;
    }
    text
}

fn reading(c: &mut Criterion) {
    let text = configuration(1 << 20);
    let mut group = c.benchmark_group("1 MB");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(4))
        .throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse", |b| b.iter(|| syntax::parse(FileId(0), black_box(&text))));
    let mut files = Snapshot::default();
    files.add(Path::new("main.tf"), text.as_str());
    group.bench_function("load", |b| {
        b.iter(|| {
            let (configuration, found) = config::load(black_box(&files), Path::new(""));
            assert!(!found.has_errors());
            configuration
        });
    });
    group.finish();
}

/// A world with nothing in it.
struct Nothing(Surroundings);

impl Scope for Nothing {
    fn resolve(&self, _: &Reference) -> Result<Value, Diagnostics> {
        Ok(Value::string("there"))
    }

    fn surroundings(&self) -> &Surroundings {
        &self.0
    }
}

fn evaluating(c: &mut Criterion) {
    let scope = Nothing(Surroundings::default());
    let mut group = c.benchmark_group("evaluate");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    let expressions = [
        ("arithmetic", "(1 + 2 * 3 - 4) / 5 == 6 || 7 % 2 > 0"),
        (
            "template",
            "\"${var.name}-${upper(var.name)}-%{ if true }yes%{ else }no%{ endif }\"",
        ),
        (
            "for of 100",
            "{ for i in range(100) : \"k${i}\" => i * 2 if i % 3 == 0 }",
        ),
        (
            "json of 100",
            "jsonencode([for i in range(100) : { id = i, name = \"n${i}\" }])",
        ),
        (
            "merge",
            "merge({ a = 1, b = [1, 2] }, { c = { d = var.name } }, { a = 2 })",
        ),
    ];
    for (name, text) in expressions {
        let (expression, found) = syntax::parse_expression(FileId(0), text, 0);
        assert!(!found.has_errors(), "{found:?}");
        let expression = expression.unwrap();
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                let (value, found) = evaluate(black_box(&expression), &scope);
                assert!(!found.has_errors());
                value
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, evaluating);
criterion_main!(benches);
