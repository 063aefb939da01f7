use std::path::Path;
use std::sync::Arc;

use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::value::Type;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::Schema;

use super::*;

fn schemas(_: &ProviderAddr, mode: Mode, ty: &str) -> Option<Arc<Schema>> {
    (mode == Mode::Managed && ty == "terraform_data").then(|| {
        Arc::new(Schema {
            version: 0,
            block: Block {
                attributes: vec![
                    ("id".into(), Attribute::computed(Type::String)),
                    ("input".into(), Attribute::optional(Type::Any)),
                    ("output".into(), Attribute::computed(Type::Any)),
                ],
                ..Block::default()
            },
        })
    })
}

fn read<const N: usize>(files: [(&str, &str); N]) -> (Configuration, String) {
    let (config, mut found) = load(&Snapshot::from(files), Path::new("."));
    if !found.has_errors() {
        found.extend(check_references(&config, &schemas));
    }
    let lines: Vec<String> = found
        .iter()
        .map(|d| {
            let place = d.subject.map_or_else(String::new, |s| config.place(s));
            format!("{place} {}", d.summary)
        })
        .collect();
    (config, lines.join("\n"))
}

/// What is found wrong: place and summary, one a line.
fn check(text: &str) -> String {
    read([("main.tf", text)]).1
}

#[test]
fn blocks_have_labels_names_and_known_arguments() {
    insta::assert_snapshot!(check("variable {}\nvariable \"1x\" {}\nvariable \"count\" {}\nlocals \"x\" {}\n"), @r"
    main.tf:1,10-11 Missing name for variable
    main.tf:2,10-14 Invalid variable name
    main.tf:3,10-17 Invalid variable name
    main.tf:4,8-11 Extraneous label for locals
    ");
    insta::assert_snapshot!(check("resurce \"a\" \"b\" {}\noutput \"o\" {}\nx = 1\n"), @r"
    main.tf:2,12-13 Missing required argument
    main.tf:3,1-2 Unsupported argument
    main.tf:1,1-8 Unsupported block type
    ");
    insta::assert_snapshot!(check("resource \"terraform_data\" \"a.b\" {}\nresource \"terra form\" \"a\" {}\n"), @r#"
    main.tf:1,27-32 Invalid resource name
    main.tf:2,10-22 Invalid resource type name
    "#);
}

#[test]
fn blocks_inside_blocks_have_no_labels() {
    insta::assert_snapshot!(check("resource \"terraform_data\" \"a\" {\n  lifecycle \"x\" {\n  }\n}\nresource \"terraform_data\" \"b\" {\n  lifecycle {\n    precondition \"x\" {\n      condition     = var.v\n      error_message = \"no\"\n    }\n  }\n}\nvariable \"v\" {\n  validation \"x\" {\n    condition     = var.v\n    error_message = \"no\"\n  }\n}\n"), @r"
    main.tf:14,14-17 Extraneous label for validation
    main.tf:2,13-16 Extraneous label for lifecycle
    main.tf:7,18-21 Extraneous label for precondition
    ");
}

#[test]
fn a_name_is_declared_once() {
    insta::assert_snapshot!(check("resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"a\" {}\nlocals {\n  x = 1\n}\nlocals {\n  x = 2\n}\n"), @r#"
    main.tf:7,3-8 Duplicate local value definition
    main.tf:2,1-30 Duplicate resource "terraform_data" configuration
    "#);
}

#[test]
fn constants_are_constant_and_of_their_type() {
    insta::assert_snapshot!(check("variable \"a\" {\n  type = number\n  default = \"x\"\n}\nvariable \"b\" {\n  default = var.a\n}\noutput \"o\" {\n  value = 1\n  sensitive = upper(\"x\")\n}\n"), @r"
    main.tf:3,13-16 Invalid default value for variable
    main.tf:6,13-16 Variables not allowed
    main.tf:10,15-25 Function calls not allowed
    main.tf:10,15-25 Unsuitable value type
    ");
}

#[test]
fn references_lead_somewhere() {
    insta::assert_snapshot!(check("variable \"region\" {\n  default = 1\n}\noutput \"a\" {\n  value = [var.regoin, local.x, each.key, count.index, path.foo]\n}\noutput \"b\" {\n  value = [module.m.y, terraform_data.n.id, self.id, var.regoin]\n}\n"), @r#"
    main.tf:5,12-22 Reference to undeclared input variable
    main.tf:5,24-31 Reference to undeclared local value
    main.tf:5,33-41 Reference to "each" in context without for_each
    main.tf:5,43-54 Reference to "count" in non-counted context
    main.tf:5,56-64 Invalid "path" attribute
    main.tf:8,12-22 Reference to undeclared module
    main.tf:8,24-40 Reference to undeclared resource
    main.tf:8,45-49 Invalid "self" reference
    "#);
    insta::assert_snapshot!(check("resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"c\" {\n  count = 2\n}\noutput \"o\" {\n  value = [terraform_data.a[0].id, terraform_data.c.id, terraform_data.c[0].idd, [for a in [1] : a.b]]\n}\n"), @r"
    main.tf:6,12-31 Unexpected resource instance key
    main.tf:6,36-52 Missing resource instance key
    main.tf:6,76-80 Unsupported attribute
    ");
}

#[test]
fn modules_are_found_beside_their_caller() {
    let (config, found) = read([
        (
            "main.tf",
            "module \"a\" {\n  source = \"./m\"\n  nam = 1\n}\nmodule \"b\" {\n  source = \"./nope\"\n}\n",
        ),
        ("m/main.tf", "variable \"name\" {}\n"),
    ]);
    insta::assert_snapshot!(found, @"main.tf:5,1-11 Module not installed");
    assert_eq!(config.modules.len(), 2);
    assert_eq!(config.modules[1].dir, Path::new("m"));
    let (_, found) = read([
        (
            "main.tf",
            "module \"a\" {\n  source = \"./m\"\n  nam = 1\n}\noutput \"o\" {\n  value = module.a.x\n}\n",
        ),
        ("m/main.tf", "variable \"name\" {}\n"),
    ]);
    insta::assert_snapshot!(found, @r"
    main.tf:6,19-21 Unsupported attribute
    main.tf:1,12-13 Missing required argument
    main.tf:3,3-6 Unsupported argument
    ");
}

#[test]
fn a_module_in_itself_is_refused() {
    let (_, found) = read([
        ("main.tf", "module \"a\" {\n  source = \"./m\"\n}\n"),
        ("m/main.tf", "module \"b\" {\n  source = \"../m\"\n}\n"),
    ]);
    insta::assert_snapshot!(found, @"m/main.tf:2,12-18 Module source cycle");
}

#[test]
fn override_files_change_what_is_there() {
    let (config, found) = read([
        (
            "main.tf",
            "variable \"v\" {\n  default = 1\n}\nresource \"terraform_data\" \"a\" {\n  input = 1\n}\n",
        ),
        (
            "override.tf",
            "variable \"v\" {\n  default = 2\n}\nresource \"terraform_data\" \"a\" {\n  count = 3\n}\n",
        ),
    ]);
    assert_eq!(found, "");
    assert_eq!(
        config.root().variables["v"]
            .default
            .as_ref()
            .map(|v| v.as_number().unwrap().to_string()),
        Some("2".into())
    );
    assert!(config.root().resources.values().all(|r| r.count.is_some()));
    let (_, found) = read([
        ("main.tf", "locals {}\n"),
        ("x_override.tf", "resource \"terraform_data\" \"z\" {}\n"),
    ]);
    insta::assert_snapshot!(found, @"x_override.tf:1,1-30 Missing resource to override");
}

#[test]
fn a_version_that_is_not_ours_is_all_that_is_said() {
    insta::assert_snapshot!(check("terraform {\n  required_version = \"< 1.0.0\"\n}\nfoo {}\n"), @"main.tf:2,3-31 Unsupported Terraform Core version");
}

#[test]
fn provider_configurations_are_inherited_and_passed() {
    let child = "resource \"x_y\" \"a\" {}\nresource \"x_y\" \"b\" {\n  provider = x.other\n}\n";
    let required = "terraform {\n  required_providers {\n    x = {\n      source = \"n/x\"\n      configuration_aliases = [x.other]\n    }\n  }\n}\n";
    let (config, found) = read([
        (
            "main.tf",
            "terraform {\n  required_providers {\n    x = { source = \"n/x\" }\n  }\n}\nprovider \"x\" {\n  a = 1\n}\nprovider \"x\" {\n  alias = \"e\"\n}\nmodule \"m\" {\n  source = \"./m\"\n  providers = { x = x, x.other = x.e }\n}\n",
        ),
        ("m/main.tf", child),
        ("m/versions.tf", required),
    ]);
    assert_eq!(found, "");
    let served: Vec<String> = config.modules[1]
        .resources
        .values()
        .map(|r| format!("{} {}", r.address, r.resolved_provider))
        .collect();
    insta::assert_snapshot!(served.join("\n"), @r#"
    x_y.a provider["registry.terraform.io/n/x"]
    x_y.b provider["registry.terraform.io/n/x"].e
    "#);
}

#[test]
fn a_snapshot_loads_to_the_same_again() {
    let (config, _) = read([
        ("main.tf", "module \"a\" {\n  source = \"./m\"\n}\n"),
        ("m/main.tf", "locals {\n  x = 1\n}\n"),
    ]);
    let text = serde_json::to_string(&config.snapshot).unwrap();
    let again: Snapshot = serde_json::from_str(&text).unwrap();
    assert_eq!(again, config.snapshot);
    assert_eq!(load(&again, Path::new(".")).0.modules.len(), 2);
}

#[test]
fn a_default_is_judged_as_far_as_it_is_constant() {
    insta::assert_snapshot!(check("variable \"a\" {\n  type    = map(string)\n  default = [local.x]\n}\nvariable \"b\" {\n  type    = string\n  default = local.x\n}\nvariable \"c\" {\n  default = \"x${each.nope}\"\n}\nvariable \"d\" {\n  default = [for q in [1] : f(q)]\n}\nvariable \"e\" {\n  default = [for q in [1] : r]\n}\nvariable \"f\" {\n  type = \"x${path.module}\"\n}\n"), @r"
    main.tf:3,14-19 Variables not allowed
    main.tf:3,13-22 Invalid default value for variable
    main.tf:7,13-18 Variables not allowed
    main.tf:10,17-21 Variables not allowed
    main.tf:13,29-33 Function calls not allowed
    main.tf:16,29-30 Unknown variable
    main.tf:19,14-18 Variables not allowed
    ");
}

#[test]
fn a_version_constraint_is_told_once() {
    insta::assert_snapshot!(check("terraform {\n  required_version = upper(\"x\")\n}\nmodule \"m\" {\n  version = \"x y\"\n}\nmodule \"n\" {\n  source  = \"./n\"\n  version = []\n}\n"), @r"
    main.tf:7,1-11 Module not installed
    main.tf:2,22-32 Function calls not allowed
    main.tf:4,12-13 Missing required argument
    main.tf:5,13-18 Invalid version constraint
    main.tf:9,13-15 Invalid version constraint
    ");
}

#[test]
fn labels_come_before_what_a_block_means() {
    insta::assert_snapshot!(check("required_providers \"x\" {}\nmodule \"m\" {\n  source = \"./m\"\n  locals \"x\" {}\n}\noutput \"o\" {\n  value = 1\n  postcondition \"x\" {}\n}\nterraform {\n  cloud \"x\" {}\n  provider_meta {}\n}\n"), @r"
    main.tf:2,1-11 Module not installed
    main.tf:11,9-12 Extraneous label for cloud
    main.tf:12,17-18 Missing provider for provider_meta
    main.tf:1,20-23 Extraneous label for required_providers
    main.tf:8,17-20 Extraneous label for postcondition
    main.tf:4,10-13 Extraneous label for locals
    ");
}

#[test]
fn data_of_a_module_for_a_provider_is_constant_and_said_once() {
    insta::assert_snapshot!(check("terraform {\n  provider_meta \"x\" {\n    a = var.x\n  }\n  provider_meta \"x\" {}\n  provider_meta \"y\" {\n    b {}\n  }\n  provider_meta \"Z\" {}\n}\n"), @r#"
    main.tf:3,9-12 Variables not allowed
    main.tf:5,17-20 Duplicate provider_meta block
    main.tf:7,5-6 Unexpected "b" block
    main.tf:9,3-20 Invalid provider local name
    "#);
    let (config, found) = read([(
        "main.tf",
        "terraform {\n  provider_meta \"terraform\" {}\n  provider_meta \"other\" {}\n}\nresource \"terraform_data\" \"a\" {}\n",
    )]);
    assert_eq!(found, "");
    let told: Vec<_> = config
        .unsupported_metas()
        .into_iter()
        .map(|d| d.summary)
        .collect();
    assert_eq!(
        told,
        ["Provider terraform.io/builtin/terraform doesn't support provider_meta"]
    );
}

#[test]
fn what_a_schema_does_not_have_refers_to_nothing() {
    // That it is not there is told by the check of the bodies.
    assert_eq!(
        check("resource \"terraform_data\" \"a\" {\n  nope = var.x\n  block {\n    a = self.x\n  }\n}\n"),
        ""
    );
    let connected = |own: &str| {
        check(&format!(
            "resource \"terraform_data\" \"a\" {{\n  connection {{\n    host = var.x\n  }}\n{own}}}\n"
        ))
    };
    // Without a provisioner nothing connects.
    assert_eq!(connected(""), "");
    assert_eq!(
        connected("  provisioner \"local-exec\" {\n    command = \"x\"\n  }\n"),
        "main.tf:3,12-17 Reference to undeclared input variable"
    );
    assert_eq!(
        connected(
            "  provisioner \"local-exec\" {\n    command = \"x\"\n    connection {\n      host = 1\n      nope = var.y\n    }\n  }\n"
        ),
        ""
    );
}

#[test]
fn a_name_that_is_no_reference_is_unknown_in_a_condition() {
    insta::assert_snapshot!(check("output \"o\" {\n  value = 1\n  precondition {\n    condition     = x == y\n    error_message = \"no\"\n  }\n  precondition {\n    condition     = terraform_data == terraform_data.a\n    error_message = z\n  }\n}\nresource \"terraform_data\" \"a\" {}\n"), @r"
    main.tf:4,21-22 Invalid reference
    main.tf:4,26-27 Invalid reference
    main.tf:4,21-22 Unknown variable
    main.tf:4,26-27 Unknown variable
    main.tf:9,21-22 Invalid reference
    main.tf:8,21-35 Invalid reference
    main.tf:9,21-22 Unknown variable
    ");
    // A check looks at its message, a resource at each by itself, an output at both.
    let both = |around: [&str; 2]| {
        check(&format!(
            "{}    condition     = terraform_data.n.id == var.v\n    error_message = \"${{var.v}}\"\n{}variable \"v\" {{}}\n",
            around[0], around[1]
        ))
    };
    insta::assert_snapshot!(both(["check \"c\" {\n  assert {\n", "  }\n}\n"]), @r"
    main.tf:3,21-37 Reference to undeclared resource
    main.tf:4,24-27 Unknown variable
    ");
    insta::assert_snapshot!(both(["resource \"terraform_data\" \"a\" {\n  lifecycle {\n  precondition {\n", "  }\n  }\n}\n"]), @r"
    main.tf:4,21-37 Reference to undeclared resource
    main.tf:4,21-35 Unknown variable
    main.tf:4,44-47 Unknown variable
    ");
    insta::assert_snapshot!(both(["output \"o\" {\n  value = 1\n  precondition {\n", "  }\n}\n"]), @r"
    main.tf:4,21-37 Reference to undeclared resource
    main.tf:5,24-27 Unknown variable
    main.tf:4,21-35 Unknown variable
    main.tf:4,44-47 Unknown variable
    ");
}

#[test]
fn a_provider_has_one_name_in_a_module() {
    let required = "terraform {\n  required_providers {\n    x = { source = \"hashicorp/x\" }\n    z = { source = \"hashicorp/x\" }\n    b = { source = \"hashicorp/y\" }\n  }\n}\n";
    insta::assert_snapshot!(check(&format!("{required}provider \"y\" {{}}\nresource \"y_a\" \"a\" {{}}\nresource \"x_a\" \"a\" {{}}\nresource \"y_a\" \"b\" {{\n  provider = b\n}}\n")), @r"
    main.tf:5,5-35 Duplicate required provider
    main.tf:4,5-35 Duplicate required provider
    main.tf:9,1-19 Duplicate required provider
    ");
    insta::assert_snapshot!(check("resource \"_a\" \"a\" {}\n"), @r"main.tf:1,1-18 Invalid provider local name");
}

#[test]
fn what_is_passed_to_a_module_is_declared() {
    let child = "terraform {\n  required_providers {\n    terraform = { source = \"terraform.io/builtin/terraform\" }\n    p = { source = \"n/p\" }\n  }\n}\nmodule \"n\" {\n  source = \"./n\"\n  providers = { p = p }\n}\n";
    let inner = "terraform {\n  required_providers {\n    p = { source = \"n/p\" }\n  }\n}\n";
    let (_, found) = read([
        (
            "main.tf",
            "provider \"terraform\" {}\nmodule \"m\" {\n  source = \"./m\"\n  providers = {\n    terraform = terraform\n  }\n}\n",
        ),
        ("m/main.tf", child),
        ("m/n/main.tf", inner),
    ]);
    insta::assert_snapshot!(found, @r"
    main.tf:5,17-26 Provider type mismatch
    main.tf:5,17-26 Reference to undefined provider
    main.tf:2,1-11 Missing required provider configuration
    ");
}

#[test]
fn a_check_that_stands_twice_is_one_mistake() {
    let block = "check \"c\" {\n  data \"terraform_remote_state\" \"r\" {\n    lifecycle {\n      prevent_destroy = true\n    }\n  }\n  assert {\n    condition     = var.x\n    error_message = \"no\"\n  }\n}\n";
    insta::assert_snapshot!(check(&block.repeat(2)), @r#"
    main.tf:3,5-14 Invalid lifecycle block
    main.tf:4,7-22 Invalid data resource lifecycle argument
    main.tf:14,5-14 Invalid lifecycle block
    main.tf:15,7-22 Invalid data resource lifecycle argument
    main.tf:13,3-36 Duplicate data "terraform_remote_state" configuration
    "#);
}
