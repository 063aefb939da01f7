//! What must hold of any state that goes out as a file of Terraform's and comes back.

use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use streamform_lang::addrs;
use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::ModuleInstance;
use streamform_lang::addrs::Resource;

use crate::AttributePath;
use crate::ForeignState;
use crate::Mode;
use crate::Object;
use crate::ObjectStatus;
use crate::OutputValue;
use crate::PathStep;
use crate::RawJson;
use crate::Record;
use crate::StateView;

const PROVIDERS: [&str; 3] = [
    "provider[\"registry.terraform.io/acme/thing\"]",
    "provider[\"registry.terraform.io/acme/thing\"].eu",
    "module.m.provider[\"registry.terraform.io/acme/thing\"]",
];
/// Few, so that objects depend on what is there.
const NAMES: [&str; 4] = ["a", "b", "c-1", "d_2"];

fn key() -> impl Strategy<Value = InstanceKey> {
    prop_oneof![
        Just(InstanceKey::None),
        (0..12_u64).prop_map(InstanceKey::Int),
        "[a-z\"\\\\$%{}\\[\\]. \n\t\u{2028}<ä]{0,5}".prop_map(|key| InstanceKey::Str(key.as_str().into())),
    ]
}

fn address() -> impl Strategy<Value = AbsInstance> {
    let modules = vec((prop::sample::select(vec!["m", "n"]), key()), 0..3);
    let name = prop::sample::select(NAMES.to_vec());
    (modules, any::<bool>(), name, key()).prop_map(|(modules, data, name, key)| AbsInstance {
        module: modules
            .into_iter()
            .fold(ModuleInstance::root(), |module, (name, key)| {
                module.child(name, key)
            }),
        resource: Resource {
            mode: if data {
                addrs::Mode::Data
            } else {
                addrs::Mode::Managed
            },
            ty: "thing".into(),
            name: name.into(),
        },
        key,
    })
}

fn json() -> impl Strategy<Value = RawJson> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?(e[+-][1-9])?",
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
    ];
    let tree = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            btree_map(any::<String>(), inner, 0..4).prop_map(|fields| {
                let fields = fields
                    .iter()
                    .map(|(k, v)| format!("{}:{v}", serde_json::to_string(k).unwrap()));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }),
        ]
    });
    // Terraform writes these as escapes, which is the same text for whoever reads it, but not the same bytes.
    tree.prop_filter("escaped by Terraform", |text| {
        !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}'])
    })
    .prop_map(|text| RawJson::from_text(text).unwrap())
}

fn path() -> impl Strategy<Value = AttributePath> {
    let step = prop_oneof![
        any::<String>().prop_map(PathStep::Attribute),
        any::<u64>().prop_map(PathStep::Index),
        any::<String>().prop_map(|key| PathStep::Key { key }),
    ];
    vec(step, 1..4).prop_map(AttributePath)
}

prop_compose! {
    fn object()(
        attributes in json(),
        sensitive_paths in vec(path(), 0..3),
        private in option::of(vec(any::<u8>(), 0..40)),
        schema_version in 0..5_u64,
        tainted in any::<bool>(),
        dependencies in vec((any::<bool>(), prop::sample::select(NAMES.to_vec())), 0..4),
        create_before_destroy in any::<bool>(),
        prevent_destroy in any::<bool>(),
        skip_destroy in any::<bool>(),
        identity in option::of(any::<u32>().prop_map(|n| serde_json::json!({ "id": n }))),
    ) -> Object {
        let mut dependencies: Vec<String> = dependencies
            .into_iter()
            .map(|(inside, name)| format!("{}thing.{name}", if inside { "module.m." } else { "" }))
            .collect();
        dependencies.sort();
        dependencies.dedup();
        Object {
            attributes,
            sensitive_paths,
            private,
            schema_version,
            status: if tainted { ObjectStatus::Tainted } else { ObjectStatus::Ready },
            dependencies,
            create_before_destroy,
            prevent_destroy,
            skip_destroy,
            identity_schema_version: identity.is_some().then_some(1),
            identity,
        }
    }
}

prop_compose! {
    fn record()(
        address in address(),
        provider in prop::sample::select(PROVIDERS.to_vec()),
        current in option::of(object()),
        deposed in btree_map("[0-9a-f]{8}", object(), 0..3),
    ) -> Record {
        let none = current.is_none() && deposed.is_empty();
        let mut record = Record {
            mode: match address.resource.mode {
                addrs::Mode::Managed => Mode::Managed,
                _ => Mode::Data,
            },
            type_name: "thing".into(),
            provider: provider.into(),
            current: if none { Some(Object::default()) } else { current },
            deposed,
            version: 0,
            address: address.to_string(),
        };
        // Nothing depends on itself.
        let own = address.config().to_string();
        for object in record.current.iter_mut().chain(record.deposed.values_mut()) {
            object.dependencies.retain(|name| *name != own);
        }
        record
    }
}

prop_compose! {
    fn state()(
        records in vec(record(), 0..12),
        outputs in btree_map("[a-z_]{1,6}", (json(), any::<bool>()), 0..4),
        serial in any::<u64>(),
    ) -> StateView {
        let records: BTreeMap<String, Record> = records.into_iter().map(|r| (r.address.clone(), r)).collect();
        let outputs = outputs
            .into_iter()
            .map(|(name, (value, sensitive))| {
                let value_type = RawJson::from_text("\"dynamic\"".into()).unwrap();
                (name, OutputValue { value, value_type, sensitive })
            })
            .collect();
        let checks = serde_json::json!([{ "object_kind": "check", "config_addr": "check.c", "status": "pass", "objects": null }]);
        StateView::from_parts("0d9f", serial, records.into_values(), outputs, checks)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_state_comes_back_from_a_file_as_it_was(state in state()) {
        let text = state.to_v4_text("1.11.4").unwrap();
        let back = ForeignState::from_v4_text(&text).unwrap().view;
        prop_assert_eq!((back.lineage(), back.serial()), (state.lineage(), state.serial()));
        prop_assert_eq!(back.outputs(), state.outputs());
        prop_assert_eq!(back.checks(), state.checks());
        prop_assert_eq!(back.len(), state.len());
        for (there, here) in back.records().zip(state.records()) {
            prop_assert!(there.same_content(here), "{:#?}\nwas {:#?}", there, here);
        }
        prop_assert_eq!(back.to_v4_text("1.11.4").unwrap(), text);
    }
}
