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
