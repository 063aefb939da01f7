//! What a program brings, as JSON: schemas of providers (`providers schema -json`, format 1.0) and signatures of functions
//! (`metadata functions -json`, format 1.0).

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::functions;
use streamform_lang::functions::Function;
use streamform_lang::functions::Param;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_lang::value::type_to_json;
use streamform_provider::Registry;
use streamform_provider::protocol::ProviderFactory;
use streamform_provider::schema;

/// The whole schemas of some providers; one that the program does not have is left out.
pub fn provider_schemas_json<'a>(
    providers: impl IntoIterator<Item = &'a ProviderAddr>,
    registry: &Registry,
) -> Json {
    let schemas: Map<String, Json> = providers
        .into_iter()
        .filter_map(|address| Some((address.to_string(), provider(&**registry.get(address)?))))
        .collect();
    let mut out = json!({ "format_version": "1.0" });
    if !schemas.is_empty() {
        out["provider_schemas"] = schemas.into();
    }
    out
}

fn provider(factory: &dyn ProviderFactory) -> Json {
    let mut out = Map::new();
    let config = factory.config_schema();
    let mut own = schema::to_json(&config);
    // A provider without arguments has no block.
    if config.block.attributes.is_empty()
        && config.block.blocks.is_empty()
        && let Some(own) = own.as_object_mut()
    {
        own.shift_remove("block");
    }
    out.insert("provider".to_owned(), own);
    for (name, mode) in [
        ("resource_schemas", Mode::Managed),
        ("data_source_schemas", Mode::Data),
        ("ephemeral_resource_schemas", Mode::Ephemeral),
    ] {
        let types: Map<String, Json> = factory
            .type_names(mode)
            .into_iter()
            .filter_map(|ty| Some((ty.to_owned(), schema::to_json(&*factory.schema(mode, ty)?))))
            .collect();
        if !types.is_empty() {
            out.insert(name.to_owned(), types.into());
        }
    }
    if !factory.functions().is_empty() {
        let functions: Map<String, Json> = factory
            .functions()
            .iter()
            .map(|f| (f.name.to_owned(), signature(f)))
            .collect();
        out.insert("functions".to_owned(), functions.into());
    }
    out.into()
}

/// The signatures of all built-in functions, each also under its name with `core::`.
pub fn functions_json() -> Json {
    let mut signatures: Vec<(String, Json)> = functions::names()
        .filter_map(|name| Some((name, signature(functions::lookup(name)?))))
        .flat_map(|(name, s)| [(name.to_owned(), s.clone()), (format!("core::{name}"), s)])
        .collect();
    signatures.sort_by(|(a, _), (b, _)| a.cmp(b));
    let signatures: Map<String, Json> = signatures.into_iter().collect();
    json!({ "format_version": "1.0", "function_signatures": signatures })
}

/// A function as a diagnostic names it, in whose call something went wrong: `called` is how it was written.
pub(in crate::report) fn called_function(called: &str) -> Json {
    let mut out = Map::new();
    out.insert("called_as".to_owned(), called.into());
    if let Some(function) = functions::lookup(called) {
        let short = |p: &Param| json!({ "name": p.name, "type": type_to_json(&p.ty) });
        let mut signature = Map::new();
        signature.insert("name".to_owned(), function.name.into());
        signature.insert("params".to_owned(), function.params.iter().map(short).collect());
        if let Some(variadic) = &function.variadic {
            signature.insert("variadic_param".to_owned(), short(variadic));
        }
        signature.insert("return_type".to_owned(), type_to_json(&returns(function)));
        out.insert("signature".to_owned(), signature.into());
    }
    out.into()
}

fn signature(function: &Function) -> Json {
    // These take expressions, null or not: what they stand for does not matter.
    let lazy = matches!(function.name, "try" | "can");
    let mut out = Map::new();
    out.insert("description".to_owned(), function.description.into());
    out.insert("return_type".to_owned(), type_to_json(&returns(function)));
    if !function.params.is_empty() {
        out.insert(
            "parameters".to_owned(),
            function.params.iter().map(|p| parameter(p, lazy)).collect(),
        );
    }
    if let Some(variadic) = &function.variadic {
        out.insert("variadic_parameter".to_owned(), parameter(variadic, lazy));
    }
    out.into()
}

fn parameter(p: &Param, lazy: bool) -> Json {
    let mut out = Map::new();
    out.insert("name".to_owned(), p.name.into());
    if p.allow_null && !lazy {
        out.insert("is_nullable".to_owned(), true.into());
    }
    out.insert("type".to_owned(), type_to_json(&p.ty));
    out.into()
}

/// The type of the result where nothing is known of the arguments; a parameter of any type leaves it open, unless the function
/// says otherwise.
fn returns(function: &Function) -> Type {
    let parameters = function.params.iter().chain(&function.variadic);
    let arguments: Vec<Value> = parameters.map(|p| Value::unknown(p.ty.clone())).collect();
    (function.result)(&arguments).unwrap_or(Type::Any)
}
