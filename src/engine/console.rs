//! Evaluating expressions one by one in the scope of the root module: `console`.

use std::collections::BTreeMap;
use std::collections::HashSet;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::addrs::AbsResource;
use streamform_lang::addrs::InstanceKey;
use streamform_lang::addrs::Mode;
use streamform_lang::addrs::ProviderAddr;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::Severity;
use streamform_lang::diag::Sources;
use streamform_lang::eval::evaluate;
use streamform_lang::syntax;
use streamform_lang::syntax::Call;
use streamform_lang::syntax::Expr;
use streamform_lang::syntax::ExprKind;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_lang::value::Value;
use streamform_provider::Registry;
use streamform_state::StateView;

use super::GivenVariable;
use super::Loaded;
use super::Session;
use super::VariableSource;
use super::inputs;
use super::validate::is_told;
use crate::config;
use crate::config::Configuration;
use crate::config::ModuleId;
use crate::deps::NodeKind;
use crate::eval::Expansion;
use crate::eval::World;
use crate::eval::WorldSettings;
use crate::eval::evaluate_condition;
use crate::plan::Moves;
use crate::plan::PlanMode;
use crate::plan::build;
use crate::plan::build::PlanInput;
use crate::plan::build::PlanOptions;

/// What the console shows an expression by.
const INPUT: &str = "<console-input>";

/// The function that only the console has.
const TYPE: &str = "type";

/// What expressions are evaluated against.
pub enum Against {
    /// The objects as the state has them; what it does not have is not known.
    State(StateView),
    /// The objects as a plan that is made now would leave them.
    Plan,
}

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A value; its marked parts are still marked.
    Value(Value),
    /// The type of a value: `type(…)`.
    Type(Type),
    /// Nothing was asked.
    Nothing,
}

/// The root module, ready to evaluate expressions.
pub struct Console<'a> {
    config: &'a Configuration,
    registry: &'a Registry,
    world: World<'a>,
    /// Texts of everything that diagnostics point at, the typed expressions among them.
    pub sources: Sources,
}

/// Opens a console on a configuration. None: there is nothing that an expression could be evaluated in, and the diagnostics say
/// why. With a console, errors in them are about parts of the configuration, whose values are not known then.
///
/// Variables of the root module that nothing gives a value to are not known.
pub async fn console<'a>(
    session: &'a Session,
    loaded: &'a Loaded,
    mut sources: Sources,
    given: &[GivenVariable],
    against: Against,
) -> (Option<Console<'a>>, Diagnostics) {
    let mut diagnostics = loaded.diagnostics.clone();
    let config = &*loaded.config;
    if diagnostics.has_errors() && loaded.graph.order().is_empty() {
        return (None, diagnostics);
    }
    let unset = config.root().variables.values().filter(|v| v.default.is_none());
    let all: Vec<GivenVariable> = unset
        .map(|v| GivenVariable {
            name: v.name.clone(),
            source: VariableSource::Flag,
            value: Ok(Value::unknown(v.ty.without_optional())),
            problems: Diagnostics::new(),
        })
        .chain(given.iter().cloned())
        .collect();
    let (variables, found) = inputs::resolve(config, &mut sources, &all);
    variables
        .values()
        .for_each(|value| session.observer.secret(value));
    let refused = found.has_errors();
    diagnostics.extend(found);
    if refused {
        return (None, diagnostics.tidy());
    }
    let timestamp = (session.clock)();
    let planning = matches!(against, Against::Plan);
    let settings = WorldSettings {
        // Without a plan nothing is kept: functions that give another result each time may run.
        surroundings: session.surroundings(&timestamp, !planning),
        ..session.settings(&timestamp, false, variables)
    };
    let world = match against {
        Against::State(state) => {
            let mut world = World::new(config, settings);
            let found = fill(&mut world, session, loaded, &state).await;
            diagnostics.extend(found);
            world
        }
        Against::Plan => {
            if diagnostics.has_errors() {
                return (None, diagnostics.tidy());
            }
            let state = match session.read_state() {
                Ok(state) => state,
                Err(found) => {
                    diagnostics.push(*found);
                    return (None, diagnostics);
                }
            };
            let (moves, state) = Moves::work_out(config, &state, &[], &[]);
            let (built, world) = build::build_with_world(PlanInput {
                config,
                graph: &loaded.graph,
                registry: &session.registry,
                state,
                moves,
                open_intents: Vec::new(),
                settings,
                options: PlanOptions {
                    mode: PlanMode::Normal,
                    refresh: true,
                    timestamp,
                    ..PlanOptions::default()
                },
                observer: &*session.observer,
            })
            .await;
            let failed = built.plan.errored;
            diagnostics.extend(built.plan.diagnostics);
            if failed {
                return (None, diagnostics.tidy());
            }
            world
        }
    };
    let console = Console {
        config,
        registry: &session.registry,
        world,
        sources,
    };
    (Some(console), diagnostics.tidy())
}

/// Works out every block that has a value of its own, and takes the values of resources from the state.
async fn fill(world: &mut World<'_>, session: &Session, loaded: &Loaded, state: &StateView) -> Diagnostics {
    let (mut stored, mut diagnostics) = build::stored_values(state, &session.registry).await;
    stored.values().for_each(|value| session.observer.secret(value));
    let mut bad = HashSet::new();
    for node in loaded.graph.order() {
        if loaded.graph.dependencies(*node).iter().any(|d| bad.contains(d)) {
            bad.insert(*node);
            continue;
        }
        let found = match loaded.graph.kind(*node) {
            NodeKind::Variable(m, n) => world.evaluate_variable(*m, n),
            NodeKind::Local(m, n) => world.evaluate_local(*m, n),
            NodeKind::Output(m, n) => world.evaluate_output(*m, n),
            NodeKind::Call(m, n) => world.evaluate_call(*m, n),
            NodeKind::Resource(m, r) => {
                resource(world, *m, r, &mut stored);
                Diagnostics::new()
            }
            NodeKind::Check(m, n) => checks(world, *m, n),
            NodeKind::Provider(_) | NodeKind::Hub => Diagnostics::new(),
        };
        if found.has_errors() {
            bad.insert(*node);
        }
        diagnostics.extend(
            found
                .into_iter()
                .filter(|d| !is_told(&loaded.diagnostics, d))
                .collect(),
        );
    }
    diagnostics
}

/// What a check says that can be judged now. A check never stands in the way: what fails is a warning.
fn checks(world: &World<'_>, module: ModuleId, name: &Name) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let Some(check) = world.config().module(module).checks.get(name) else {
        return diagnostics;
    };
    for id in world.instances_of(module) {
        for rule in &check.asserts {
            diagnostics.extend(evaluate_condition(rule, &world.scope(*id)).1);
        }
    }
    diagnostics
        .into_iter()
        .map(|mut d| {
            d.severity = Severity::Warning;
            d
        })
        .collect()
}

/// The instances of a block are those that the state has, whatever the configuration says by now; with none of them nothing is
/// known.
fn resource(
    world: &mut World<'_>,
    module: ModuleId,
    resource: &streamform_lang::addrs::Resource,
    stored: &mut BTreeMap<AbsInstance, Value>,
) {
    let Some(block) = world.config().module(module).resources.get(resource) else {
        return;
    };
    let repeated = (block.count.is_some(), block.for_each.is_some());
    for id in world.instances_of(module).to_vec() {
        let abs = AbsResource {
            module: world.address(id).clone(),
            resource: resource.clone(),
        };
        let mine: Vec<AbsInstance> = stored
            .range(abs.instance(InstanceKey::None)..)
            .take_while(|(a, _)| a.module == abs.module && a.resource == abs.resource)
            .map(|(a, _)| a.clone())
            .collect();
        let mut found: Vec<(InstanceKey, Value)> = Vec::with_capacity(mine.len());
        for address in mine {
            if let Some(value) = stored.remove(&address) {
                found.push((address.key, value));
            }
        }
        let expansion = expansion(repeated, &found);
        world.set_expansion(id, resource, expansion);
        for (key, value) in found {
            world.set_instance(id, resource, key, value);
        }
    }
}

fn expansion((count, for_each): (bool, bool), found: &[(InstanceKey, Value)]) -> Expansion {
    if count {
        let last = found.iter().filter_map(|(k, _)| match k {
            InstanceKey::Int(i) => Some(*i),
            _ => None,
        });
        return last
            .max()
            .map_or(Expansion::Unknown(false), |i| Expansion::Count(i + 1));
    }
    if for_each {
        let mut keys: Vec<(Name, Value)> = found
            .iter()
            .filter_map(|(k, _)| match k {
                InstanceKey::Str(k) => Some((k.clone(), Value::unknown(Type::Any))),
                _ => None,
            })
            .collect();
        keys.sort_by(|(a, _), (b, _)| a.cmp(b));
        return if keys.is_empty() {
            Expansion::Unknown(true)
        } else {
            Expansion::Each(keys.into())
        };
    }
    Expansion::Single
}

impl Console<'_> {
    /// Evaluates a text. With errors there is no answer worth showing.
    pub fn evaluate(&mut self, text: &str) -> (Answer, Diagnostics) {
        if text.trim().is_empty() {
            return (Answer::Nothing, Diagnostics::new());
        }
        let id = self.sources.add(INPUT, text);
        let (expr, mut diagnostics) = syntax::parse_expression(id, text, 0);
        let Some(expr) = expr.filter(|_| !diagnostics.has_errors()) else {
            return (Answer::Nothing, diagnostics);
        };
        let (asked, of_type) = match type_call(&expr) {
            Some(call) => match sole_argument(call, &expr) {
                Ok(argument) => (argument, true),
                Err(found) => return (Answer::Nothing, (*found).into()),
            },
            None => (&expr, false),
        };
        diagnostics.extend(self.refuse_calls(asked));
        let schemas = |provider: &ProviderAddr, mode: Mode, type_name: &str| {
            self.registry.schema(provider, mode, type_name)
        };
        diagnostics.extend(config::check_expression(
            self.config,
            self.config.root(),
            asked,
            &schemas,
        ));
        if diagnostics.has_errors() {
            return (Answer::Nothing, diagnostics.tidy());
        }
        let Some(root) = self.world.instances_of(self.config.root).first() else {
            return (Answer::Nothing, diagnostics);
        };
        let (value, found) = evaluate(asked, &self.world.scope(*root));
        diagnostics.extend(found);
        let answer = match (diagnostics.has_errors(), of_type) {
            (true, _) => Answer::Nothing,
            (false, true) => Answer::Type(value.ty()),
            (false, false) => Answer::Value(value),
        };
        (answer, diagnostics.tidy())
    }

    /// Calls that have no place here: `type` inside of another expression, and the time of a plan.
    fn refuse_calls(&self, expr: &Expr) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        expr.for_each_call(&mut |call| match call.name.as_str() {
            TYPE => diagnostics.push(
                Diagnostic::error(
                    "Invalid use of type function",
                    "The console-only \"type\" function tells the type of a whole expression and gives no value that could be used in one. Ask for it by itself, for example type(var.example).",
                )
                .at(call.name_span),
            ),
            "plantimestamp" => diagnostics.push(
                Diagnostic::error(
                    "Call to unknown function",
                    "There is no function named \"plantimestamp\" in the console: there is no plan whose time it could tell.",
                )
                .at(call.name_span),
            ),
            _ => {}
        });
        diagnostics
    }
}

/// The call of `type`, if the expression is nothing else.
fn type_call(expr: &Expr) -> Option<&Call> {
    match &expr.kind {
        ExprKind::Parens(inner) => type_call(inner),
        ExprKind::Call(call) if call.name.as_str() == TYPE => Some(call),
        _ => None,
    }
}

fn sole_argument<'e>(call: &'e Call, expr: &Expr) -> Result<&'e Expr, Box<Diagnostic>> {
    let wrong = |summary: &str, detail: &str| {
        Box::new(
            Diagnostic::error(summary, detail)
                .at(call.name_span)
                .within(expr.span),
        )
    };
    match (call.args.as_slice(), call.expand) {
        ([argument], false) => Ok(argument),
        ([], _) => Err(wrong(
            "Not enough function arguments",
            "Function \"type\" expects 1 argument(s). Missing value for \"value\".",
        )),
        (_, true) => Err(wrong(
            "Invalid expanding argument value",
            "Function \"type\" takes one value as it is; leave out the \"...\".",
        )),
        _ => Err(wrong(
            "Too many function arguments",
            "Function \"type\" expects only 1 argument(s).",
        )),
    }
}
