//! One field of a declared type.

use streamform_lang::value::Value;

/// Whether a field may be given, and who sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Must be given.
    Required,
    /// May be given.
    Optional,
    /// Only the provider sets it.
    Computed,
    /// May be given; the provider sets it if not.
    OptionalComputed,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// `bool`
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `string`
    String,
    /// `list(…)` of a primitive.
    List(Box<FieldKind>),
    /// `set(…)` of a primitive.
    Set(Box<FieldKind>),
    /// `map(…)` of a primitive.
    Map(Box<FieldKind>),
    /// Nested objects. Required, optional and optional-computed ones are written as blocks (unless the
    /// field says `attribute`); computed ones are attributes.
    Block {
        /// A set instead of a list.
        set: bool,
        /// The fields inside.
        fields: Vec<Field>,
        /// How many there must be.
        min: usize,
        /// How many there may be.
        max: Option<usize>,
    },
}

/// A rule on a known value: `Err` carries the message as the official provider words it. `name` is the path as the SDK
/// writes it (`kafka_cluster.0.id`). Of a list or set every element is checked, of a map and of blocks the whole.
pub type Check = fn(name: &str, value: &Value) -> Result<(), String>;

/// Whether a change from an old to a new value means nothing. What is not there is given as `""`, `0` or `false`; of a list,
/// set or block the whole is given, of a map one element.
pub type Suppress = fn(old: &Value, new: &Value) -> bool;

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: FieldKind,
    /// Who gives it.
    pub presence: Presence,
    /// A change replaces the object.
    pub force_new: bool,
    /// Must not be shown.
    pub sensitive: bool,
    /// Sent and never stored.
    pub write_only: bool,
    /// Used when it is not given.
    pub default: Option<Value>,
    /// Allowed strings; empty: any.
    pub one_of: &'static [&'static str],
    /// Further rules.
    pub checks: Vec<Check>,
    /// Changes that mean nothing.
    pub suppress: Option<Suppress>,
    /// May not be given together with these (paths as the SDK writes them: `a.0.b`).
    pub conflicts_with: &'static [&'static str],
    /// Exactly one of these (this one included) must be given.
    pub exactly_one_of: &'static [&'static str],
    /// At least one of these must be given.
    pub at_least_one_of: &'static [&'static str],
    /// These must be given too.
    pub required_with: &'static [&'static str],
    /// Why it is deprecated.
    pub deprecated: Option<&'static str>,
    /// A block that is written as an attribute (the SDK's `ConfigMode: attr`).
    pub attribute: bool,
    /// Of a list or set that is an attribute: how many elements there must be.
    pub min_items: usize,
    /// Of a list or set that is an attribute: how many elements there may be.
    pub max_items: Option<usize>,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.presence == other.presence
    }
}

impl Field {
    fn new(name: &'static str, kind: FieldKind, presence: Presence) -> Self {
        Field {
            name,
            kind,
            presence,
            force_new: false,
            sensitive: false,
            write_only: false,
            default: None,
            one_of: &[],
            checks: Vec::new(),
            suppress: None,
            conflicts_with: &[],
            exactly_one_of: &[],
            at_least_one_of: &[],
            required_with: &[],
            deprecated: None,
            attribute: false,
            min_items: 0,
            max_items: None,
        }
    }
    /// A field that must be given.
    pub fn required(name: &'static str, kind: FieldKind) -> Self {
        Self::new(name, kind, Presence::Required)
    }
    /// A field that may be given.
    pub fn optional(name: &'static str, kind: FieldKind) -> Self {
        Self::new(name, kind, Presence::Optional)
    }
    /// A field that the provider sets.
    pub fn computed(name: &'static str, kind: FieldKind) -> Self {
        Self::new(name, kind, Presence::Computed)
    }
    /// A field that may be given and is set by the provider otherwise.
    pub fn optional_computed(name: &'static str, kind: FieldKind) -> Self {
        Self::new(name, kind, Presence::OptionalComputed)
    }
    /// A list block of at most one object, the usual form of Confluent's nested objects.
    pub fn one(name: &'static str, presence: Presence, fields: Vec<Field>) -> Self {
        let min = usize::from(presence == Presence::Required);
        Self::new(
            name,
            FieldKind::Block {
                set: false,
                fields,
                min,
                max: Some(1),
            },
            presence,
        )
    }
    /// A change replaces the object.
    #[must_use]
    pub fn force_new(mut self) -> Self {
        self.force_new = true;
        self
    }
    /// Must not be shown.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
    /// Used when it is not given.
    #[must_use]
    pub fn default(mut self, value: Value) -> Self {
        self.default = Some(value);
        self
    }
    /// Allowed strings.
    #[must_use]
    pub fn one_of(mut self, allowed: &'static [&'static str]) -> Self {
        self.one_of = allowed;
        self
    }
    /// A further rule.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }
    /// Changes that mean nothing.
    #[must_use]
    pub fn suppress(mut self, suppress: Suppress) -> Self {
        self.suppress = Some(suppress);
        self
    }
    /// Must not be given together with these.
    #[must_use]
    pub fn conflicts_with(mut self, others: &'static [&'static str]) -> Self {
        self.conflicts_with = others;
        self
    }
    /// Exactly one of these must be given.
    #[must_use]
    pub fn exactly_one_of(mut self, group: &'static [&'static str]) -> Self {
        self.exactly_one_of = group;
        self
    }
    /// At least one of these must be given.
    #[must_use]
    pub fn at_least_one_of(mut self, group: &'static [&'static str]) -> Self {
        self.at_least_one_of = group;
        self
    }
    /// These must be given too.
    #[must_use]
    pub fn required_with(mut self, others: &'static [&'static str]) -> Self {
        self.required_with = others;
        self
    }
    /// Why it is deprecated.
    #[must_use]
    pub fn deprecated(mut self, why: &'static str) -> Self {
        self.deprecated = Some(why);
        self
    }
    /// How many elements a list or set attribute must and may have.
    #[must_use]
    pub fn items(mut self, min: usize, max: Option<usize>) -> Self {
        self.min_items = min;
        self.max_items = max;
        self
    }
    /// Sent and never stored.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }
}
