//! Resource types as tables: fields with their rules, and a few calls. Schema, validation, defaults,
//! planning (force-new, computed values) and timeouts follow from the table, by the rules of
//! Terraform's plugin SDK version 2, which the official Confluent provider is written with.

mod duration;
mod field;
mod plan;
mod provider;
mod resource;
mod settle;
mod table;
mod validate;

pub use field::Check;
pub use field::Field;
pub use field::FieldKind;
pub use field::Presence;
pub use field::Suppress;
pub use provider::Configure;
pub use provider::DeclaredFactory;
pub use provider::DeclaredProvider;
pub use provider::Table;
pub use resource::Context;
pub use resource::DataSourceType;
pub use resource::Declaration;
pub use resource::EphemeralType;
pub use resource::LostCreate;
pub use resource::Outcome;
pub use resource::ResourceType;
pub use resource::Timeouts;

#[cfg(test)]
mod tests;
