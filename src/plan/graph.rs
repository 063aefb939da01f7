//! The execution graph: every step that apply will run, and every order between steps.

use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use streamform_lang::addrs::AbsProviderConfig;
use streamform_lang::addrs::ConfigResource;

/// Names a step within its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub u32);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Configures a provider: nothing of it runs before.
    Configure(AbsProviderConfig),
    /// Closes a provider: nothing of it runs after.
    Close(AbsProviderConfig),
    /// Opens the instances of an ephemeral resource.
    Open(ConfigResource),
    /// Closes them: nothing that uses them runs after.
    CloseEphemeral(ConfigResource),
    /// Makes the object of change number so-and-so.
    Create(usize),
    /// Changes it in place.
    Update(usize),
    /// Reads a data source.
    Read(usize),
    /// Deletes the object (of a replacement: the old one, before the new one is made).
    Delete(usize),
    /// Deletes the object that was set aside.
    DeleteDeposed(usize),
    /// Forgets the object. Only in the state.
    Forget(usize),
    /// Judges conditions of an object that stays as it is: the plan could not.
    Judge(usize),
    /// Nothing: all instances of a block are done. Keeps the number of edges linear.
    Gather(String),
}

impl Step {
    /// The number of the change that it belongs to.
    pub fn change(&self) -> Option<usize> {
        match self {
            Step::Create(i)
            | Step::Update(i)
            | Step::Read(i)
            | Step::Delete(i)
            | Step::DeleteDeposed(i)
            | Step::Forget(i)
            | Step::Judge(i) => Some(*i),
            Step::Configure(_)
            | Step::Close(_)
            | Step::Open(_)
            | Step::CloseEphemeral(_)
            | Step::Gather(_) => None,
        }
    }
}

/// Steps and their order: an edge leads from a step to one that must wait for it.
#[derive(Clone, Debug, Default)]
pub struct ExecutionGraph {
    graph: DiGraph<Step, (), u32>,
}

impl ExecutionGraph {
    /// Adds a step.
    pub fn add(&mut self, step: Step) -> StepId {
        StepId(self.graph.add_node(step).index() as u32)
    }
    /// `later` waits for `earlier`.
    pub fn order(&mut self, earlier: StepId, later: StepId) {
        if earlier != later {
            self.graph.add_edge(index(earlier), index(later), ());
        }
    }
    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }
    /// A step by its id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.graph.node_weight(index(id))
    }
    /// Every step with its id.
    pub fn steps(&self) -> impl Iterator<Item = (StepId, &Step)> {
        self.graph
            .node_indices()
            .map(|i| (StepId(i.index() as u32), &self.graph[i]))
    }
    /// Every order: (earlier, later).
    pub fn orders(&self) -> impl Iterator<Item = (StepId, StepId)> + '_ {
        self.graph.edge_references().map(|e| {
            (
                StepId(e.source().index() as u32),
                StepId(e.target().index() as u32),
            )
        })
    }
    /// The steps that wait for this one.
    pub fn later(&self, id: StepId) -> impl Iterator<Item = StepId> + '_ {
        self.graph.neighbors(index(id)).map(|i| StepId(i.index() as u32))
    }
    /// For each step how many steps it waits for.
    pub fn waits(&self) -> Vec<u32> {
        let mut waits = vec![0; self.len()];
        for (_, later) in self.orders() {
            waits[later.0 as usize] += 1;
        }
        waits
    }
    /// The steps of one cycle, if there is any: such a graph cannot be run.
    pub fn cycle(&self) -> Option<Vec<StepId>> {
        petgraph::algo::toposort(&self.graph, None).err()?;
        petgraph::algo::kosaraju_scc(&self.graph)
            .into_iter()
            .find(|c| c.len() > 1)
            .map(|c| c.into_iter().map(|i| StepId(i.index() as u32)).collect())
    }
}

fn index(id: StepId) -> NodeIndex<u32> {
    NodeIndex::new(id.0 as usize)
}
