//! The module tree come alive: module instances, and the values of variables, locals and outputs in each.
//!
//! [`World`] holds what has been worked out so far. Who drives it (planner, apply) asks for nodes in an order in which
//! everything that a node refers to is there already; evaluation itself is synchronous and never waits. The values of
//! resources are not worked out here: they are put in with [`World::set_instance`].

mod condition;
mod destroy_scope;
mod import;
mod repetition;
mod scope;
mod variable;
mod world;

pub use condition::Condition;
pub(crate) use condition::INVALID_MESSAGE;
pub(crate) use condition::OUTPUT_FAILED;
pub use condition::evaluate_condition;
pub use condition::evaluate_message;
pub use condition::evaluate_validation;
pub use condition::failed_condition;
pub use destroy_scope::DestroyScope;
pub use import::ImportTarget;
pub use import::import_targets;
pub use repetition::Expansion;
pub use repetition::Repetition;
pub use scope::InstanceScope;
pub(crate) use variable::NOT_SET;
pub(crate) use variable::UNFIT;
pub(crate) use variable::infinity;
pub(crate) use variable::typed;
pub use world::ModuleInstanceId;
pub use world::Validated;
pub use world::World;
pub use world::WorldSettings;
