//! stub
use std::sync::Arc;
use streamform_lang::addrs::*;
use streamform_lang::value::Name;
use crate::config::{ModuleId, Configuration};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);
impl NodeId { pub const NONE: NodeId = NodeId(u32::MAX); }
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind { Variable(ModuleId, Name), Local(ModuleId, Name), Output(ModuleId, Name), Call(ModuleId, Name), Resource(ModuleId, Resource), Provider(AbsProviderConfig), Check(ModuleId, Name), Hub }
pub struct Graph;
impl Graph {
  pub fn order(&self) -> &[NodeId] { &[] }
  pub fn kind(&self, _: NodeId) -> &NodeKind { &NodeKind::Hub }
  pub fn dependencies(&self, _: NodeId) -> &[NodeId] { &[] }
  pub fn dependents(&self, _: NodeId) -> &[NodeId] { &[] }
  pub fn find(&self, _: &NodeKind) -> Option<NodeId> { None }
  pub fn find_resource(&self, _: &Configuration, _: &ConfigResource) -> Option<NodeId> { None }
  pub fn resource_dependencies(&self, _: NodeId) -> Arc<[NodeId]> { Arc::new([]) }
  pub fn explicit_dependencies(&self, _: NodeId) -> Vec<NodeId> { vec![] }
  pub fn is_create_before_destroy(&self, _: NodeId) -> bool { false }
}
