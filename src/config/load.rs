//! Reading the module tree: the root folder, and every folder that a `module` block leads to.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use streamform_lang::addrs::ModulePath;
use streamform_lang::diag::Diagnostic;
use streamform_lang::diag::Diagnostics;
use streamform_lang::diag::FileId;
use streamform_lang::diag::Sources;
use streamform_lang::diag::Span;
use streamform_lang::syntax::Body;
use streamform_lang::syntax::Syntax;
use streamform_lang::syntax::json::Reader;
use streamform_lang::syntax::json::parse_json;
use streamform_lang::syntax::parse;
use streamform_lang::value::Name;

use super::Configuration;
use super::Files;
use super::FilesError;
use super::Module;
use super::ModuleCall;
use super::ModuleId;
use super::Snapshot;
use super::decode::Decoder;
use super::files::clean;
use super::overrides::Merger;
use super::shapes;
use super::source;
use super::version::COMPATIBLE_VERSION;
use super::version::Constraints;
use super::version::Version;

/// More modules than this are taken for a mistake: modules that call each other twice grow without a bound.
const MAX_MODULES: usize = 100_000;

/// Summary of the error for a module whose folder is not there, as everything but `init` words it.
pub const NOT_INSTALLED: &str = "Module not installed";

/// Reads the configuration whose root module is `dir`.
///
/// What could be read comes back also when there are errors. References are not checked yet; see
/// [`check_references`](super::check_references).
pub fn load(files: &dyn Files, dir: &Path) -> (Configuration, Diagnostics) {
    let mut loader = Loader {
        files,
        sources: Sources::default(),
        snapshot: Snapshot::default(),
        folders: HashMap::new(),
        diagnostics: Diagnostics::new(),
        in_blocks: Diagnostics::new(),
    };
    let modules = loader.tree(clean(dir));
    // From here on the blocks of a module that is called once are its own.
    loader.folders.clear();
    let mut configuration = Configuration {
        root: ModuleId(0),
        modules,
        sources: loader.sources,
        snapshot: loader.snapshot,
        complete: !loader.diagnostics.has_errors(),
    };
    let unsupported = required_versions(&configuration);
    if unsupported.has_errors() {
        // What a newer language means is not ours to judge: only this matters now.
        return (configuration, unsupported);
    }
    let mut diagnostics = loader.diagnostics;
    diagnostics.extend(loader.in_blocks);
    let mut names = super::inherit::resolve(&mut configuration);
    names.extend(super::provider_names::check(&configuration));
    // What a block with errors says about providers is not what it means.
    if !diagnostics.has_errors() {
        diagnostics.extend(names);
    }
    diagnostics.extend(super::imports::check_declarations(&configuration));
    (configuration, diagnostics)
}

/// The module in a folder as far as it can be read, without those that it calls and without what is wrong with it.
pub(super) fn root_alone(files: &dyn Files, dir: &Path) -> Option<Module> {
    let mut loader = Loader {
        files,
        sources: Sources::default(),
        snapshot: Snapshot::default(),
        folders: HashMap::new(),
        diagnostics: Diagnostics::new(),
        in_blocks: Diagnostics::new(),
    };
    loader.read(&clean(dir), None)
}

struct Loader<'a> {
    files: &'a dyn Files,
    sources: Sources,
    snapshot: Snapshot,
    /// Folders that were read already: modules are often called more than once.
    folders: HashMap<PathBuf, Arc<Module>>,
    /// What could not be found, read or parsed.
    diagnostics: Diagnostics,
    /// What is wrong with blocks that were.
    in_blocks: Diagnostics,
}

/// A folder to read, and the call that leads to it.
type Wanted = (PathBuf, Option<(ModuleId, Arc<ModuleCall>)>);

impl Loader<'_> {
    fn tree(&mut self, root: PathBuf) -> Vec<Module> {
        let mut modules: Vec<Module> = Vec::new();
        let mut todo: VecDeque<Wanted> = VecDeque::from([(root, None)]);
        while let Some((dir, parent)) = todo.pop_front() {
            let call = parent.as_ref().map(|(_, call)| Arc::clone(call));
            // No module may call the root: it is the one that need not be kept for others.
            let module = match parent {
                None => self.read(&dir, None),
                Some(_) => self
                    .folder(&dir, call.as_deref())
                    .map(|known| Module::clone(&known)),
            };
            let Some(mut module) = module else {
                continue;
            };
            let id = ModuleId(modules.len() as u32);
            module.id = id;
            if let Some((parent, call)) = parent {
                let caller = &mut modules[parent.0 as usize];
                caller.children.insert(call.name.clone(), id);
                module.path = caller.path.child(call.name.clone());
                module.parent = Some((parent, call.name.clone()));
            }
            for call in module.calls.values() {
                let Some(inner) = self.target(&module, call, &modules) else {
                    continue;
                };
                if modules.len() + todo.len() >= MAX_MODULES {
                    self.diagnostics.error_at(
                        call.header,
                        "Too many modules",
                        format!("The configuration has more than {MAX_MODULES} module calls, counted through all levels. Modules that call other modules several times multiply: use fewer levels."),
                    );
                    return modules;
                }
                todo.push_back((inner, Some((id, Arc::clone(call)))));
            }
            modules.push(module);
        }
        if modules.is_empty() {
            // The root folder could not be read; an empty module stands for it.
            modules.push(Module::empty(ModuleId(0), PathBuf::from(".")));
        }
        modules
    }

    /// The folder that a call leads to, if it is one that can be read here.
    fn target(&mut self, module: &Module, call: &ModuleCall, modules: &[Module]) -> Option<PathBuf> {
        let dir = match source::local(call) {
            Ok(relative) => clean(&module.dir.join(relative)),
            Err(problem) => {
                self.report(*problem);
                return None;
            }
        };
        let mut at = Some(module);
        while let Some(caller) = at {
            if caller.dir == dir {
                self.diagnostics.error_at(
                    call.source.1,
                    "Module source cycle",
                    format!(
                        "The module {:?} is read from {}, which is the folder of a module that calls it, directly or through others. A module cannot contain itself.",
                        call.name.as_str(),
                        dir.display()
                    ),
                );
                return None;
            }
            at = caller
                .parent
                .as_ref()
                .and_then(|(p, _)| modules.get(p.0 as usize));
        }
        Some(dir)
    }

    /// Reports a problem once, even if its folder is used many times.
    fn report(&mut self, problem: Diagnostic) {
        if !self.diagnostics.iter().any(|d| *d == problem) {
            self.diagnostics.push(problem);
        }
    }

    /// The module in a folder, which is read once.
    fn folder(&mut self, dir: &Path, call: Option<&ModuleCall>) -> Option<Arc<Module>> {
        if let Some(known) = self.folders.get(dir) {
            return Some(Arc::clone(known));
        }
        let module = Arc::new(self.read(dir, call)?);
        self.folders.insert(dir.to_owned(), Arc::clone(&module));
        Some(module)
    }

    /// Reads the module in a folder, not yet at its place in the tree.
    fn read(&mut self, dir: &Path, call: Option<&ModuleCall>) -> Option<Module> {
        let names = match self.files.read_dir(dir) {
            Ok(names) => names,
            Err(problem) => {
                let problem = self.unreadable(dir, &problem, call);
                self.report(problem);
                return None;
            }
        };
        let mut bodies = Vec::new();
        let mut overrides = Vec::new();
        for name in names {
            let Some(kind) = FileKind::of(&name) else {
                continue;
            };
            let path = clean(&dir.join(&name));
            let text = match self.files.read(&path) {
                Ok(text) => text,
                Err(FilesError::Encoding { path, text, at }) => {
                    let id = self.sources.add(path.to_string_lossy().into_owned(), text);
                    self.diagnostics.error_at(
                        Span::new(id, at, at + '\u{fffd}'.len_utf8() as u32),
                        "Invalid character encoding",
                        "All files of a configuration are encoded in UTF-8, and this is none. Save the file in that encoding.",
                    );
                    continue;
                }
                Err(problem) => {
                    self.diagnostics.push(Diagnostic::error(
                        "Failed to read file",
                        format!("The configuration file {problem}."),
                    ));
                    continue;
                }
            };
            let shown = path.to_string_lossy().into_owned();
            let id = self.sources.add(shown, Arc::clone(&text));
            self.snapshot.add(&path, Arc::clone(&text));
            let body = match kind.syntax {
                Syntax::Native => {
                    let (file, problems) = parse(id, &text);
                    self.diagnostics.extend(problems);
                    file.body
                }
                Syntax::Json => self.json(id, &text),
            };
            if kind.overrides {
                overrides.push(body);
            } else {
                bodies.push(body);
            }
        }
        let judged: Vec<Diagnostic> = overrides
            .iter()
            .flat_map(|body: &Body| &body.blocks)
            .flat_map(|block| Decoder::judge_override(&self.sources, block))
            .collect();
        let mut merger = Merger::new(bodies, &self.sources);
        for body in overrides {
            merger.merge(body);
        }
        self.diagnostics.extend(merger.diagnostics);
        let mut module = Module::empty(ModuleId(0), dir.to_owned());
        let mut decoder = Decoder::new(&self.sources, &mut module, merger.variables);
        for body in merger.primary {
            decoder.file(body);
        }
        let problems = decoder.finish();
        // Most of what an override has wrong by itself shows in what it changes, too.
        let apart = judged.into_iter().filter(|d| !problems.iter().any(|p| p == d));
        let apart = apart.collect();
        self.in_blocks.extend(problems);
        self.in_blocks.extend(apart);
        Some(module)
    }

    /// A file in the JSON syntax, as far as the language itself describes it.
    fn json(&mut self, id: FileId, text: &str) -> Body {
        let (root, problems) = parse_json(id, text);
        self.diagnostics.extend(problems);
        let mut reader = Reader::new(&self.sources);
        let body = reader.body(root, &shapes::FILE);
        self.in_blocks.extend(reader.diagnostics);
        body
    }

    fn unreadable(&self, dir: &Path, problem: &FilesError, call: Option<&ModuleCall>) -> Diagnostic {
        let reason = match problem {
            FilesError::Missing(path) => format!("there is no folder {}", path.display()),
            FilesError::Encoding { .. } | FilesError::Unreadable { .. } => problem.to_string(),
        };
        match call {
            Some(call) => Diagnostic::error(
                NOT_INSTALLED,
                format!(
                    "The directory {} could not be read for module {:?}: {reason}. Correct the source, or bring the folder back.",
                    dir.display(),
                    call.name.as_str(),
                ),
            )
            .at(call.header),
            None => Diagnostic::error(
                "Failed to read module directory",
                format!(
                    "Module directory {} does not exist or cannot be read: {reason}.",
                    dir.display()
                ),
            ),
        }
    }
}

/// What a file of a module folder is.
#[derive(Clone, Copy)]
struct FileKind {
    syntax: Syntax,
    /// Its blocks change those of other files.
    overrides: bool,
}

impl FileKind {
    fn of(name: &str) -> Option<FileKind> {
        // Hidden files and what editors leave behind.
        if name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#')) {
            return None;
        }
        let (stem, syntax) = match name.strip_suffix(".tf.json") {
            Some(stem) => (stem, Syntax::Json),
            None => (name.strip_suffix(".tf")?, Syntax::Native),
        };
        Some(FileKind {
            syntax,
            overrides: stem == "override" || stem.ends_with("_override"),
        })
    }
}

/// Whether every module may be read by this version of the language.
fn required_versions(configuration: &Configuration) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let Some(ours) = Version::parse(COMPATIBLE_VERSION) else {
        return diagnostics;
    };
    for module in &configuration.modules {
        for required in &module.required_versions {
            if Constraints::parse(&required.constraint).is_none_or(|c| c.allow(&ours)) {
                continue;
            }
            let subject = match module.parent.as_ref() {
                None => "This configuration".to_owned(),
                Some((parent, name)) => {
                    let from = configuration
                        .module(*parent)
                        .calls
                        .get(name)
                        .map_or("", |c| c.source.0.as_str());
                    format!("Module {} (from {from})", module.path)
                }
            };
            diagnostics.error_at(
                required.span,
                "Unsupported Terraform Core version",
                format!(
                    "{subject} does not support Terraform version {COMPATIBLE_VERSION}. To proceed, either choose another supported Terraform version or update this version constraint. Version constraints are normally set for good reason, so updating the constraint may lead to other errors or unexpected behavior."
                ),
            );
        }
    }
    diagnostics
}

impl Module {
    /// A module that declares nothing.
    pub(super) fn empty(id: ModuleId, dir: PathBuf) -> Module {
        Module {
            provider_metas: BTreeMap::new(),
            told_later: Diagnostics::new(),
            id,
            path: ModulePath::root(),
            dir,
            parent: None,
            children: BTreeMap::new(),
            variables: BTreeMap::new(),
            locals: BTreeMap::new(),
            outputs: BTreeMap::new(),
            resources: BTreeMap::new(),
            calls: BTreeMap::new(),
            providers: BTreeMap::new(),
            required_providers: BTreeMap::new(),
            provider_configs: BTreeMap::new(),
            required_versions: Vec::new(),
            backend: None,
            checks: BTreeMap::new(),
            moved: Vec::new(),
            removed: Vec::new(),
            imports: Vec::new(),
        }
    }
}

impl Configuration {
    /// `file:line,column-column` of a span, as messages name places.
    pub fn place(&self, span: streamform_lang::diag::Span) -> String {
        self.sources.range(span)
    }

    /// How messages call a module: `the root module`, `module.a`.
    pub fn module_text(&self, id: ModuleId) -> String {
        let path = &self.module(id).path;
        if path.is_root() {
            "the root module".to_owned()
        } else {
            path.to_string()
        }
    }

    /// The call that leads to a module; none for the root module.
    pub fn call_of(&self, id: ModuleId) -> Option<(&Module, &Arc<ModuleCall>)> {
        let (parent, name): &(ModuleId, Name) = self.module(id).parent.as_ref()?;
        let parent = self.module(*parent);
        Some((parent, parent.calls.get(name)?))
    }
}
