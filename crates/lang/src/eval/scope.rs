//! What an expression can see.

use crate::addrs::Reference;
use crate::diag::Diagnostics;
use crate::value::Value;

/// The world of an expression: values of references, and the functions' surroundings.
///
/// The evaluator never looks anywhere else: no environment, clock or disk but through this.
pub trait Scope {
    /// The value of what a reference names (without the steps behind it).
    ///
    /// # Errors
    /// Diagnostics that say why there is none; the evaluator goes on with an unknown value.
    fn resolve(&self, reference: &Reference) -> Result<Value, Diagnostics>;

    /// What functions may use of the outside world.
    fn surroundings(&self) -> &crate::functions::Surroundings;

    /// Whether there is nothing at all to see: neither references nor functions, only what an expression itself says.
    fn is_empty(&self) -> bool {
        false
    }

    /// A function of a provider: `provider::NAME::FUNCTION`.
    ///
    /// # Errors
    /// A sentence, when there is no such function.
    fn provider_function(
        &self,
        provider: &str,
        function: &str,
    ) -> Result<&'static crate::functions::Function, String> {
        Err(format!(
            "There is no function named \"provider::{provider}::{function}\". Ensure that provider name \"{provider}\" is \
             declared in this module's required_providers block, and that this provider offers a function named \
             \"{function}\"."
        ))
    }
}

/// A value and what was found wrong on the way. With errors the value is unknown.
pub type Evaluated = (Value, Diagnostics);
