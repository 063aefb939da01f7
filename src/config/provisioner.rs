//! The kinds of provisioner, and the arguments that each of them and their connections take.

use std::sync::Arc;
use std::sync::LazyLock;

use streamform_lang::syntax::Body;
use streamform_lang::value::Name;
use streamform_lang::value::Type;
use streamform_provider::schema::Attribute;
use streamform_provider::schema::Block;
use streamform_provider::schema::Schema;

use super::Provisioner;

/// Names of all kinds.
pub const PROVISIONERS: [&str; 3] = ["file", "local-exec", "remote-exec"];

static LOCAL_EXEC: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    schema([
        ("command", Attribute::required(Type::String)),
        ("interpreter", Attribute::optional(Type::list(Type::String))),
        ("working_dir", Attribute::optional(Type::String)),
        ("environment", Attribute::optional(Type::map(Type::String))),
        ("quiet", Attribute::optional(Type::Bool)),
    ])
});

static REMOTE_EXEC: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    schema([
        ("inline", Attribute::optional(Type::list(Type::String))),
        ("script", Attribute::optional(Type::String)),
        ("scripts", Attribute::optional(Type::list(Type::String))),
    ])
});

static FILE: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    schema([
        ("source", Attribute::optional(Type::String)),
        ("content", Attribute::optional(Type::String)),
        ("destination", Attribute::required(Type::String)),
    ])
});

static CONNECTION: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let texts = [
        "type",
        "user",
        "password",
        "timeout",
        "script_path",
        "target_platform",
        "private_key",
        "certificate",
        "host_key",
        "agent_identity",
        "proxy_scheme",
        "proxy_host",
        "proxy_user_name",
        "proxy_user_password",
        "bastion_host",
        "bastion_host_key",
        "bastion_user",
        "bastion_password",
        "bastion_private_key",
        "bastion_certificate",
        "cacert",
    ];
    let numbers = ["port", "proxy_port", "bastion_port"];
    let switches = ["agent", "https", "insecure", "use_ntlm"];
    let of = |ty: Type| move |name: &'static str| (name, Attribute::optional(ty.clone()));
    schema(
        [("host", Attribute::required(Type::String))]
            .into_iter()
            .chain(texts.map(of(Type::String)))
            .chain(numbers.map(of(Type::Number)))
            .chain(switches.map(of(Type::Bool))),
    )
});

fn schema(attributes: impl IntoIterator<Item = (&'static str, Attribute)>) -> Arc<Schema> {
    Arc::new(Schema {
        version: 0,
        block: Block {
            attributes: attributes.into_iter().map(|(n, a)| (Name::from(n), a)).collect(),
            ..Block::default()
        },
    })
}

/// The arguments of a kind of provisioner (Terraform 1.11); none: there is no such kind.
pub fn provisioner_schema(ty: &str) -> Option<&'static Schema> {
    Some(match ty {
        "local-exec" => &LOCAL_EXEC,
        "remote-exec" => &REMOTE_EXEC,
        "file" => &FILE,
        _ => return None,
    })
}

/// The arguments of a `connection` block, of whatever type: those of `ssh` and of `winrm`.
pub fn connection_schema() -> &'static Schema {
    &CONNECTION
}

impl Provisioner {
    /// Its connection: its own arguments before those of the block for all provisioners. None if there is neither.
    ///
    /// As in Terraform, what no connection has is passed over where there are both.
    pub fn connection_within(&self, shared: Option<&Body>) -> Option<Body> {
        let own = self.connection.as_deref();
        let (Some(own), Some(shared)) = (own, shared) else {
            return own.or(shared).cloned();
        };
        let mut merged = shared.clone();
        merged
            .attributes
            .retain(|a| own.attributes.iter().all(|b| a.name.name != b.name.name));
        merged.attributes.extend(own.attributes.iter().cloned());
        merged
            .attributes
            .retain(|a| CONNECTION.block.attribute(&a.name.name).is_some());
        merged.blocks.clear();
        Some(merged)
    }
}
