//! Values as JSON, and beside them what is unknown and what is sensitive.

use serde_json::Map;
use serde_json::Value as Json;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::value::Kind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;

use super::exact;

/// The value without what is unknown: left out of objects, null in lists. Secrets are in clear, as in Terraform; what is
/// sensitive is told beside the values ([`sensitive`]).
pub(super) fn plain(v: &Value) -> Json {
    part(v).unwrap_or(Json::Null)
}

fn part(v: &Value) -> Option<Json> {
    Some(match v.kind() {
        Kind::Unknown(_) => return None,
        Kind::Null(_) => Json::Null,
        Kind::Bool(b) => Json::Bool(*b),
        Kind::Number(n) => exact::number(n),
        Kind::String(s) => exact::string(s),
        Kind::List(s) | Kind::Set(s) => s.items.iter().map(plain).collect(),
        Kind::Tuple(items) => items.iter().map(plain).collect(),
        Kind::Map(m) => entries(&m.items),
        Kind::Object(items) => entries(items),
    })
}

fn entries(items: &[(Name, Value)]) -> Json {
    items
        .iter()
        .filter_map(|(k, v)| Some((k.to_string(), part(v)?)))
        .collect::<Map<_, _>>()
        .into()
}

/// `true` where something is unknown, in the shape of the value; what is known is left out of objects.
pub(super) fn unknown(v: &Value) -> Json {
    shape(v, &|v| !v.is_known(), &|_| Json::Bool(true))
}

/// `true` where something is sensitive, in the shape of the value.
pub(super) fn sensitive(v: &Value) -> Json {
    shape(v, &Value::is_sensitive, &|v| match v.kind() {
        Kind::Unknown(u) => match &u.ty {
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => Json::Array(Vec::new()),
            Type::Map(_) | Type::Object(_) => Json::Object(Map::new()),
            _ => Json::Bool(false),
        },
        _ => Json::Bool(false),
    })
}

/// `holds` gives `true`; unknown parts where it does not give what `of_unknown` says.
fn shape(v: &Value, holds: &dyn Fn(&Value) -> bool, of_unknown: &dyn Fn(&Value) -> Json) -> Json {
    if holds(v) {
        return Json::Bool(true);
    }
    if !v.is_known() {
        return of_unknown(v);
    }
    if let Some(items) = v.items() {
        return items.iter().map(|v| shape(v, holds, of_unknown)).collect();
    }
    if let Some(entries) = v.entries() {
        return entries
            .iter()
            .map(|(k, v)| (k.to_string(), shape(v, holds, of_unknown)))
            .filter(|(_, j)| *j != Json::Bool(false))
            .collect::<Map<_, _>>()
            .into();
    }
    Json::Bool(false)
}

/// The key of an instance; none for the only one.
pub(super) fn key(key: &InstanceKey) -> Option<Json> {
    match key {
        InstanceKey::None => None,
        InstanceKey::Int(i) => Some((*i).into()),
        InstanceKey::Str(s) => Some(s.as_str().into()),
    }
}
