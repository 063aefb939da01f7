use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::null(Type::String)),
        Just(Value::unknown(Type::String)),
        "[a-c]{0,2}".prop_map(Value::string),
    ]
}

fn known_text() -> impl Strategy<Value = Value> {
    "[a-c]{0,2}".prop_map(Value::string)
}

fn entry(rank: bool) -> impl Strategy<Value = Value> {
    (known_text(), text(), 0_usize..3).prop_map(move |(key, note, n)| {
        let rank = if rank {
            Value::number(n)
        } else {
            Value::null(Type::Number)
        };
        Value::object([
            (Name::from("key"), key),
            (Name::from("note"), note),
            (Name::from("rank"), rank),
        ])
    })
}

/// An object of the sample schema; computed attributes set only where `made`.
fn object(made: bool) -> impl Strategy<Value = Value> {
    let entries = || proptest::collection::vec(entry(made), 0..3);
    let ty = || sample().nested("item").map(|b| b.block.implied_type()).unwrap();
    (text(), known_text(), entries(), entries(), entries()).prop_map(move |(id, name, item, owner, keyed)| {
        empty(&sample())
            .with_attr("id", if made { id } else { Value::null(Type::String) })
            .with_attr("name", name)
            .with_attr("item", Value::list(ty(), item))
            .with_attr("owner", Value::set(ty(), owner))
            .with_attr(
                "keyed",
                Value::map(
                    ty(),
                    keyed
                        .into_iter()
                        .enumerate()
                        .map(|(i, v)| (Name::from(format!("k{i}")), v)),
                ),
            )
    })
}

proptest! {
    #[test]
    fn what_is_configured_as_it_is_proposes_no_change(value in object(true)) {
        prop_assert_eq!(proposed(&value, &value, &sample()), value);
    }

    #[test]
    fn a_proposed_object_is_of_the_schemas_type_and_keeps_what_is_configured(
        prior in object(true), config in object(false),
    ) {
        let got = proposed(&prior, &config, &sample());
        prop_assert_eq!(got.ty(), sample().implied_type());
        prop_assert_eq!(got.get("name"), config.get("name"));
        prop_assert_eq!(got.get("id"), prior.get("id"));
        // What the proposal adds are computed attributes, so it is a valid plan.
        let found = plan_valid(&prior, &config, &got, &sample(), false);
        prop_assert!(found.is_empty(), "{:?}", found);
    }

    #[test]
    fn a_proposal_is_proposed_again(prior in object(true), config in object(false)) {
        let once = proposed(&prior, &config, &sample());
        prop_assert_eq!(proposed(&once, &config, &sample()), once);
    }

    #[test]
    fn an_object_is_consistent_with_itself(value in object(true)) {
        prop_assert!(consistent(&value, &value, &sample()).is_empty());
    }

    #[test]
    fn stored_and_read_back_it_is_the_same(value in object(true)) {
        prop_assume!(value.is_wholly_known());
        let back = from_state_json(&to_state_json(&value, &sample()), &sample());
        prop_assert_eq!(back.ok(), Some(value));
    }

    #[test]
    fn decoding_never_panics(
        words in proptest::collection::vec(
            prop_oneof![
                Just("name"), Just("item"), Just("keyed"), Just("owner"), Just("limits"), Just("dynamic"), Just("content"),
                Just("for_each"), Just("iterator"), Just("labels"), Just("="), Just("{"), Just("}"), Just("\"item\""),
                Just("\"keyed\""), Just("\n"), Just("var.names"), Just("var.none"), Just("[1, null]"), Just("item.value"),
                Just("{a = 1}"), Just("null"),
            ],
            0..40,
        ),
    ) {
        let text = words.join(" ");
        let mut sources = Sources::default();
        let id = sources.add("main.tf", text.as_str());
        let (file, _) = syntax::parse(id, &text);
        let (value, _) = decode(&file.body, &sample(), &World::new(), &[]);
        prop_assert!(value.is_known());
        let _ = references(&file.body, &sample());
    }
}
