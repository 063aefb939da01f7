//! The `confluent` provider: Confluent Cloud's resource types with the schemas of the official provider.
//!
//! * [`ProviderDefaults`] and the provider block: where its values come from, which of them belong together;
//! * `context` – the clients of the API planes: control plane, Kafka REST, Schema Registry, Flink gateway;
//! * `control` – the life of an object of the control plane, from a few facts about it;
//! * `resources`, `data` – one file a type.

mod block;
mod checks;
mod context;
mod control;
mod data;
mod ephemeral;
mod factory;
mod fields;
mod json;
mod recent;
mod resources;

pub use block::Lookup;
pub use block::ProviderDefaults;
pub use context::Confluent;
pub use factory::factory;

/// The version of the official provider whose schemas and behaviour these types have.
pub const VERSION: &str = "2.83.0";

#[cfg(test)]
mod tests;
