//! Configuration for objects that have none: what an imported object says of itself, as a resource block.
//!
//! The block is driven by the schema. What only the provider sets is left out, what must not be shown is `null` with a
//! comment, everything else that could be written is there, with the value that it has.

use std::fmt::Write as _;

use streamform_lang::addrs::LocalProviderConfig;
use streamform_lang::addrs::Resource;
use streamform_lang::diag::FileId;
use streamform_lang::fmt;
use streamform_lang::syntax::is_identifier;
use streamform_lang::syntax::string_literal;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Value;
use streamform_lang::value::from_json_implied;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::NestedBlock;
use streamform_provider::schema::Nesting;

/// A resource block that was written for an imported object.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The id that it was imported by, as it may be shown.
    pub id: String,
    /// The block, without a line end behind it.
    pub text: String,
}

/// The first lines of a file of generated configuration. The words are those of Terraform, by which its users find what
/// still needs their review.
const HEADER: &str = "# __generated__ by Terraform\n# Please review these resources and move them into your main configuration files.\n";

/// The whole file.
pub fn generated_file(blocks: &[Generated]) -> String {
    let mut out = String::from(HEADER);
    for block in blocks {
        // In quotes as in a message: a comment has no templates.
        _ = writeln!(out, "\n# __generated__ by Terraform from {:?}", block.id);
        out.push_str(&block.text);
        out.push('\n');
    }
    out
}

/// A resource block for an object. `provider` is written into it where the name of the type does not say it.
pub(super) fn generated_block(
    resource: &Resource,
    provider: Option<&LocalProviderConfig>,
    object: &Value,
    schema: &Block,
) -> String {
    let mut out = String::new();
    _ = writeln!(out, "resource \"{}\" \"{}\" {{", resource.ty, resource.name);
    if let Some(provider) = provider {
        _ = writeln!(out, "provider = {provider}");
    }
    body(&mut out, object, schema, true);
    out.push_str("}\n");
    let text = fmt::format(FileId(0), &out).unwrap_or(out);
    text.trim_end().to_owned()
}

fn body(out: &mut String, object: &Value, schema: &Block, top: bool) {
    for (name, attribute) in &schema.attributes {
        // The id of the older plugin SDK is called optional, but nobody may write it.
        let id = top && name.as_str() == "id" && attribute.optional && attribute.computed;
        if !id {
            argument(out, name, attribute, object.get(name));
        }
    }
    for (name, nested) in &schema.blocks {
        if nested.block.deprecated.is_none()
            && let Some(value) = object.get(name)
        {
            blocks(out, name, nested, value);
        }
    }
}

fn argument(out: &mut String, name: &Name, attribute: &Attribute, value: Option<&Value>) {
    if !(attribute.required || attribute.optional) || attribute.deprecated.is_some() {
        return;
    }
    _ = write!(out, "{name} = ");
    match value {
        _ if attribute.write_only => out.push_str("null # sensitive, write-only"),
        _ if attribute.sensitive => out.push_str("null # sensitive"),
        Some(v) if v.is_sensitive() => out.push_str("null # sensitive"),
        None => out.push_str("null"),
        // An empty text of the older plugin SDK is one that was never given.
        Some(v) if attribute.optional && v.as_str() == Some("") => out.push_str("null"),
        Some(v) => match &attribute.nested {
            Some(nested) => structure(out, &nested.attributes, nested.nesting, v),
            None => top_expression(out, v),
        },
    }
    out.push('\n');
}

/// A structural attribute: objects whose attributes have schemas of their own.
fn structure(out: &mut String, attributes: &[(Name, Attribute)], nesting: Nesting, value: &Value) {
    let object = |out: &mut String, v: &Value| {
        if v.is_null() {
            out.push_str("null");
            return;
        }
        out.push_str("{\n");
        for (name, attribute) in attributes {
            argument(out, name, attribute, v.get(name));
        }
        out.push('}');
    };
    if value.is_null() || !value.is_known() {
        out.push_str("null");
        return;
    }
    match nesting {
        Nesting::Single | Nesting::Group => object(out, value),
        Nesting::List | Nesting::Set => {
            out.push_str("[\n");
            for item in value.items().unwrap_or_default() {
                object(out, item);
                out.push_str(",\n");
            }
            out.push(']');
        }
        Nesting::Map => {
            out.push_str("{\n");
            for (key, item) in value.entries().unwrap_or_default() {
                self::key(out, key);
                out.push_str(" = ");
                object(out, item);
                out.push('\n');
            }
            out.push('}');
        }
    }
}

fn blocks(out: &mut String, name: &Name, nested: &NestedBlock, value: &Value) {
    if value.is_null() || !value.is_known() {
        return;
    }
    if value.is_sensitive() {
        _ = writeln!(out, "{name} {{}} # sensitive");
        return;
    }
    let mut one = |label: Option<&Name>, v: &Value| {
        _ = write!(out, "{name} ");
        if let Some(label) = label {
            out.push_str(&string_literal(label));
            out.push(' ');
        }
        if v.is_sensitive() {
            out.push_str("{} # sensitive\n");
            return;
        }
        out.push_str("{\n");
        body(out, v, &nested.block, false);
        out.push_str("}\n");
    };
    match nested.nesting {
        Nesting::Single | Nesting::Group => one(None, value),
        Nesting::List | Nesting::Set => value
            .items()
            .unwrap_or_default()
            .iter()
            .for_each(|v| one(None, v)),
        Nesting::Map => value
            .entries()
            .unwrap_or_default()
            .iter()
            .for_each(|(k, v)| one(Some(k), v)),
    }
}

/// The value of an argument. A text that holds JSON reads better as what it says.
fn top_expression(out: &mut String, value: &Value) {
    let json = value
        .as_str()
        .filter(|s| s.trim_start().starts_with(['{', '[']))
        .and_then(|s| from_json_implied(s).ok());
    match json {
        Some(v) => {
            out.push_str("jsonencode(");
            expression(out, &v);
            out.push(')');
        }
        None => expression(out, value),
    }
}

fn expression(out: &mut String, value: &Value) {
    if value.is_sensitive() {
        // Inside a value there is no room for a comment.
        out.push_str("null");
        return;
    }
    match value.kind() {
        Kind::Unknown(_) | Kind::Null(_) => out.push_str("null"),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        // INVARIANT: writing to a string does not fail.
        Kind::Number(n) => _ = write!(out, "{n}"),
        Kind::String(s) => out.push_str(&string_literal(s)),
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            out.push('[');
            for (i, item) in value.items().unwrap_or_default().iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                expression(out, item);
            }
            out.push(']');
        }
        Kind::Map(_) | Kind::Object(_) => {
            let entries = value.entries().unwrap_or_default();
            if entries.is_empty() {
                out.push_str("{}");
                return;
            }
            out.push_str("{\n");
            for (name, item) in entries {
                key(out, name);
                out.push_str(" = ");
                expression(out, item);
                out.push('\n');
            }
            out.push('}');
        }
    }
}

/// A key of an object: bare where it is a word.
fn key(out: &mut String, name: &Name) {
    // A bare `for` would begin a `for` expression.
    if is_identifier(name) && name.as_str() != "for" {
        out.push_str(name);
    } else {
        out.push_str(&string_literal(name));
    }
}

#[cfg(test)]
mod tests;
