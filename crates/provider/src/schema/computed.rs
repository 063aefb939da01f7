//! Attributes that only the provider can fill in.

use streamform_lang::value::Name;
use streamform_lang::value::Value;

use super::Attribute;
use super::Block;
use super::Nesting;

/// The value with every null attribute that the provider may set made unknown: an object (or data source) of which only
/// the configuration is known.
pub fn unknown_computed(value: &Value, block: &Block) -> Value {
    let Some(entries) = value.entries() else {
        return value.clone();
    };
    Value::object(
        entries
            .iter()
            .map(|(name, v)| (name.clone(), field(name, v, block))),
    )
    .with_marks(value.marks())
}

fn field(name: &Name, value: &Value, block: &Block) -> Value {
    match block.attribute(name) {
        Some(Attribute {
            computed: true, ty, ..
        }) if value.is_null() => Value::unknown(ty.clone()),
        Some(_) => value.clone(),
        None => match block.nested(name) {
            Some(nested) if matches!(nested.nesting, Nesting::Single | Nesting::Group) => {
                unknown_computed(value, &nested.block)
            }
            Some(nested) => value
                .clone()
                .map_children(|v| unknown_computed(&v, &nested.block)),
            None => value.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use streamform_lang::value::Type;

    use super::*;

    #[test]
    fn only_null_computed_attributes_become_unknown() {
        let block = Block {
            attributes: vec![
                ("a".into(), Attribute::optional(Type::String)),
                ("b".into(), Attribute::computed(Type::String)),
                ("c".into(), Attribute::optional_computed(Type::Number)),
            ],
            ..Block::default()
        };
        let value = Value::object([
            ("a".into(), Value::null(Type::String)),
            ("b".into(), Value::null(Type::String)),
            ("c".into(), Value::number(1i64)),
        ]);
        let found = unknown_computed(&value, &block);
        assert!(found.get("a").is_some_and(Value::is_null));
        assert!(found.get("b").is_some_and(|v| !v.is_known()));
        assert_eq!(found.get("c"), Some(&Value::number(1i64)));
    }
}
