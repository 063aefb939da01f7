//! Where a `module` block says that its module is.

use streamform_lang::diag::Diagnostic;

use super::ModuleCall;

/// The folder that a call names, relative to the folder of the calling module.
///
/// # Errors
/// A diagnostic when the source is none that can be read without a download.
pub(super) fn local(call: &ModuleCall) -> Result<&str, Box<Diagnostic>> {
    let (source, span) = (call.source.0.as_str(), call.source.1);
    let error = |summary: &str, detail: String| Box::new(Diagnostic::error(summary, detail).at(span));
    let is_local =
        source == "." || source == ".." || ["./", "../", ".\\", "..\\"].iter().any(|p| source.starts_with(p));
    if is_local {
        if call.version.is_some() {
            return Err(error(
                "Invalid registry module source address",
                format!(
                    "Failed to parse module registry address: can't use local directory {source:?} as a module registry address.\n\nTerraform assumed that you intended a module registry source address because you also set the argument \"version\", which applies only to registry modules."
                ),
            ));
        }
        return Ok(source);
    }
    if is_registry(source) || is_remote(source) {
        return Err(error(
            "Module source is not supported yet",
            format!(
                "The source {source:?} of module {:?} leads to a registry or to another remote place. Only modules in a local folder can be read so far: copy the module beside this one and write its relative path, such as \"./modules/{}\".",
                call.name.as_str(),
                call.name
            ),
        ));
    }
    Err(error(
        "Invalid module source address",
        format!(
            "Terraform failed to determine your intended installation method for remote module package {source:?}.\n\nIf you intended this as a path relative to the current module, use \"./{source}\" instead. The \"./\" prefix indicates that the address is a relative filesystem path."
        ),
    ))
}

/// `namespace/name/system` or `host/namespace/name/system`, maybe with `//folder` behind.
fn is_registry(source: &str) -> bool {
    let package = source.split("//").next().unwrap_or(source);
    let parts: Vec<&str> = package.split('/').collect();
    let word = |p: &&str| !p.is_empty() && p.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    match parts.as_slice() {
        [a, b, c] => [a, b, c].into_iter().all(word),
        [host, rest @ ..] if rest.len() == 3 => host.contains('.') && rest.iter().all(word),
        _ => false,
    }
}

/// What go-getter would download or copy: a URL, `git@…`, a well-known host, an absolute path.
fn is_remote(source: &str) -> bool {
    source.contains("::")
        || source.contains("://")
        || source.starts_with("git@")
        || source.starts_with('/')
        || ["github.com/", "bitbucket.org/", "gitlab.com/"]
            .iter()
            .any(|host| source.starts_with(host))
}
