use super::*;
use crate::HolderInfo;
use crate::LockWait;
use crate::Mode;
use crate::Object;
use crate::Record;
use crate::StateError;
use crate::StateView;
use crate::Store;

/// As Terraform 1.11.4 writes it (identifiers shortened).
const FILE: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 6,
  "lineage": "bd78651c-ac38-7fbb-9a10-a818adde61d9",
  "outputs": {
    "o": {"value": {"n": 123456789012345678901234567890}, "type": ["object", {"n": "number"}], "sensitive": true}
  },
  "resources": [
    {
      "mode": "data", "type": "thing", "name": "a", "provider": "provider[\"registry.terraform.io/acme/thing\"]",
      "instances": [{"schema_version": 0, "attributes": {"id": "d"}, "sensitive_attributes": []}]
    },
    {
      "mode": "managed", "type": "thing", "name": "a", "provider": "provider[\"registry.terraform.io/acme/thing\"].eu",
      "instances": [
        {
          "index_key": "y\"z.${x}", "schema_version": 2,
          "attributes": {"id": "1", "n": 123456789012345678901234567890, "m": {"k": ["s"]}},
          "sensitive_attributes": [[
            {"type": "get_attr", "value": "m"},
            {"type": "index", "value": {"value": "k", "type": "string"}},
            {"type": "index", "value": {"value": 0, "type": "number"}}
          ]],
          "private": "AP8H", "create_before_destroy": true
        },
        {
          "index_key": "y\"z.${x}", "status": "tainted", "deposed": "0123abcd", "schema_version": 2,
          "attributes": {"id": "0"}, "sensitive_attributes": []
        }
      ]
    },
    {
      "module": "module.m[0].module.n[\"k\"]", "mode": "managed", "type": "thing", "name": "c",
      "provider": "provider[\"registry.terraform.io/acme/thing\"]",
      "instances": [
        {"index_key": 2, "schema_version": 0, "attributes": {"id": "2"}, "sensitive_attributes": [], "dependencies": ["thing.a"]},
        {"index_key": 10, "schema_version": 0, "attributes": {"id": "3"}, "sensitive_attributes": []}
      ]
    }
  ],
  "check_results": [{"object_kind": "check", "config_addr": "check.c", "status": "pass", "objects": null}]
}"#;

#[test]
fn what_terraform_wrote_comes_back_as_it_was() {
    let state = ForeignState::from_v4_text(FILE).unwrap();
    assert_eq!(state.terraform_version, "1.11.4");
    let addresses: Vec<_> = state
        .view
        .records()
        .map(|record| record.address.as_str())
        .collect();
    assert_eq!(
        addresses,
        [
            "data.thing.a",
            "module.m[0].module.n[\"k\"].thing.c[10]",
            "module.m[0].module.n[\"k\"].thing.c[2]",
            "thing.a[\"y\\\"z.$${x}\"]",
        ]
    );
    let record = state.view.get("thing.a[\"y\\\"z.$${x}\"]").unwrap();
    let current = record.current.as_ref().unwrap();
    assert_eq!(current.sensitive_paths[0].to_string(), "m[\"k\"][0]");
    assert_eq!(current.private.as_deref(), Some(&[0, 255, 7][..]));
    assert!(record.deposed.contains_key("0123abcd"));

    let text = state.view.to_v4_text("1.11.4").unwrap();
    assert!(
        !text.contains("streamform"),
        "nothing of ours where nothing is needed"
    );
    assert_eq!(
        text.matches("123456789012345678901234567890").count(),
        2,
        "numbers keep every digit"
    );
    let (ours, theirs): (serde_json::Value, serde_json::Value) = (
        serde_json::from_str(&text).unwrap(),
        serde_json::from_str(FILE).unwrap(),
    );
    assert_eq!(ours, theirs);
    assert_eq!(state.view.to_v4_json("1.11.4").unwrap(), theirs);
}

#[test]
fn a_push_replaces_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let holder = HolderInfo::new("push", "ada@engine", "run-1", "2026-11-21T10:00:00Z");
    let mut store = Store::open(dir.path(), holder, LockWait::No).unwrap();
    store
        .commit(vec![crate::Entry::Put(thing("thing.gone", &[]))])
        .unwrap();
    let state = ForeignState::from_v4_text(FILE).unwrap();
    store.commit(state.replacing(&store.view())).unwrap();
    assert_eq!(
        store.view().to_v4_text("1.11.4").unwrap(),
        state.view.to_v4_text("1.11.4").unwrap()
    );
}

#[test]
fn an_edited_list_of_dependencies_holds() {
    let state = view(vec![
        thing("thing.a", &[]),
        thing("thing.b", &["thing.a"]),
        thing("thing.c", &["thing.b"]),
    ]);
    let text = state.to_v4_text("1.11.4").unwrap();
    let back = |text: &str| {
        let back = ForeignState::from_v4_text(text).unwrap().view;
        back.get("thing.c")
            .unwrap()
            .current
            .as_ref()
            .unwrap()
            .dependencies
            .clone()
    };
    assert_eq!(back(&text), ["thing.b"]);
    let both = "\"thing.a\",\n            \"thing.b\"";
    assert!(text.contains(both), "{text}");
    assert_eq!(
        back(&text.replace(both, &format!("{both}, \"thing.x\""))),
        ["thing.a", "thing.b", "thing.x"]
    );
    assert_eq!(back(&text.replace(both, "\"thing.a\"")), ["thing.a"]);
}

fn thing(address: &str, dependencies: &[&str]) -> Record {
    Record {
        address: address.into(),
        mode: Mode::Managed,
        type_name: "thing".into(),
        provider: "provider[\"registry.terraform.io/acme/thing\"]".into(),
        current: Some(Object {
            attributes: RawJson::from_text("{}".into()).unwrap(),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
            ..Object::default()
        }),
        deposed: BTreeMap::new(),
        version: 0,
    }
}

fn view(records: Vec<Record>) -> StateView {
    StateView::from_parts("l", 1, records, BTreeMap::new(), serde_json::Value::Null)
}

#[test]
fn dependencies_are_written_in_full() {
    let state = view(vec![
        thing("thing.a", &[]),
        thing("thing.b[0]", &["thing.a"]),
        thing("module.m[0].thing.c", &["thing.b"]),
        thing("thing.d", &["module.m.thing.c", "thing.gone"]),
    ]);
    let json = state.to_v4_json("1.11.4").unwrap();
    let last = json["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|resource| resource["name"] == "d")
        .map(|resource| resource["instances"][0]["dependencies"].clone());
    assert_eq!(
        last,
        Some(serde_json::json!([
            "module.m.thing.c",
            "thing.a",
            "thing.b",
            "thing.gone"
        ]))
    );
}

#[test]
fn dependencies_in_a_ring_or_a_long_chain_end() {
    let ring = view(vec![
        thing("thing.a", &["thing.b"]),
        thing("thing.b", &["thing.a"]),
    ]);
    assert_eq!(
        ring.to_v4_json("1.11.4").unwrap()["resources"][0]["instances"][0]["dependencies"],
        serde_json::json!(["thing.b"])
    );
    let chain = (0..3000).map(|i| {
        let before = format!("thing.t{}", i - 1);
        let dependencies: &[&str] = if i == 0 { &[] } else { &[&before] };
        thing(&format!("thing.t{i}"), dependencies)
    });
    assert!(
        view(chain.collect()).to_v4_text("1.11.4").unwrap().len() < 2_000_000,
        "too many: the direct ones are written"
    );
}

#[test]
fn other_files_are_refused_by_name() {
    let instance = r#"{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"managed","type":"t","name":"n","provider":"provider[\"h/n/t\"]","instances":[X]}]}"#;
    for (text, part) in [
        ("{", "could not be parsed as JSON"),
        ("{}", "does not have a \"version\""),
        (
            r#"{"serial":1,"lineage":"l","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}"#,
            "encrypted by OpenTofu",
        ),
        (
            &instance
                .replace(r#"provider[\"h/n/t\"]"#, "provider.t")
                .replace('X', "{}"),
            "the provider \"provider.t\"",
        ),
        (r#"{"version":3}"#, "format version 3"),
        (r#"{"version":5}"#, "format version 5"),
        (r#"{"version":4}"#, "shape"),
        (
            &instance.replace('X', r#"{"attributes_flat":{"a":"b"}}"#),
            "t.n still has the attributes of Terraform 0.11",
        ),
        (
            &instance.replace('X', r#"{"status":"odd"}"#),
            "the status \"odd\"",
        ),
        (&instance.replace('X', "{},{}"), "t.n is in the state file twice"),
        (
            &instance.replace("\"n\"", "\"n n\"").replace('X', "{}"),
            "\"t.n n\"",
        ),
        (
            &instance.replace("managed", "odd").replace('X', "{}"),
            "the mode \"odd\"",
        ),
    ] {
        let error = ForeignState::from_v4_text(text).unwrap_err();
        assert!(matches!(error, StateError::ForeignState { .. }));
        assert!(error.to_string().contains(part), "{part} is missing in {error}");
    }
}
