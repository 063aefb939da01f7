//! The plan: what will change and why, and the graph of steps that will do it. Data, not actions.

pub mod build;
mod change;
mod codec;
mod event;
mod file;
mod graph;
mod moves;
mod removed;

pub use change::Action;
pub use change::ActionReason;
pub use change::CheckKind;
pub use change::CheckResult;
pub use change::CheckStatus;
pub use change::DeferralReason;
pub use change::Deferred;
pub use change::InstanceChange;
pub use change::OutputChange;
pub use change::Plan;
pub use change::PlanMode;
pub use change::Summary;
pub use codec::DecodeError;
pub use codec::Encoded;
pub use codec::decode_value;
pub use codec::encode_value;
pub use event::Event;
pub use event::Observer;
pub use event::Operation;
pub use file::PlanFileError;
pub use file::SavedPlan;
pub use graph::ExecutionGraph;
pub use graph::Step;
pub use graph::StepId;
pub use moves::Moves;
pub use removed::removed_block;
pub use removed::still_there;
