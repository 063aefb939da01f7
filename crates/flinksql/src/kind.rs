//! What a statement is.

use std::fmt;

/// A kind of object that `ALTER` and `DROP` speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ObjectKind {
    Table,
    MaterializedTable,
    View,
    Function,
    Model,
    Connection,
    Catalog,
    Database,
}

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// `CREATE TABLE …`
    CreateTable,
    /// `CREATE TABLE … AS SELECT …`
    CreateTableAs,
    /// `CREATE MATERIALIZED TABLE …`
    CreateMaterializedTable,
    /// `CREATE VIEW …`
    CreateView,
    /// `CREATE FUNCTION …`
    CreateFunction,
    /// `CREATE MODEL …`
    CreateModel,
    /// `CREATE CONNECTION …`
    CreateConnection,
    /// `CREATE CATALOG …`
    CreateCatalog,
    /// `CREATE DATABASE …`
    CreateDatabase,
    /// `ALTER …`
    Alter(ObjectKind),
    /// `DROP …`
    Drop(ObjectKind),
    /// `INSERT INTO …`, also `INSERT OVERWRITE`
    InsertInto,
    /// `EXECUTE STATEMENT SET BEGIN … END`, or `BEGIN STATEMENT SET; … END`
    StatementSet,
    /// `SELECT`, `WITH … SELECT`, `VALUES`, `TABLE t`
    Select,
    /// `UPDATE …`
    Update,
    /// `DELETE FROM …`
    Delete,
    /// `TRUNCATE TABLE …`
    Truncate,
    /// `USE …`
    Use,
    /// `SET 'key' = 'value'`
    Set,
    /// `RESET 'key'`
    Reset,
    /// `SHOW …`
    Show,
    /// `DESCRIBE …`, `DESC …`
    Describe,
    /// `EXPLAIN …`
    Explain,
    /// `ANALYZE TABLE …`
    Analyze,
    /// `CALL …`
    Call,
    /// `ADD JAR`, `REMOVE JAR`, `LOAD MODULE`, `UNLOAD MODULE`, `COMPILE PLAN`, `EXECUTE PLAN`, `STOP JOB`, `HELP`, …
    Session,
    /// Nothing of the above.
    Unknown,
}

impl StatementKind {
    /// Whether it defines, changes or removes an object, and is done then.
    pub fn is_ddl(self) -> bool {
        use StatementKind as K;
        matches!(
            self,
            K::CreateTable
                | K::CreateView
                | K::CreateFunction
                | K::CreateModel
                | K::CreateConnection
                | K::CreateCatalog
                | K::CreateDatabase
                | K::Alter(_)
                | K::Drop(_)
        )
    }

    /// Whether it runs until somebody stops it (on unbounded tables).
    pub fn is_continuous(self) -> bool {
        use StatementKind as K;
        matches!(
            self,
            K::CreateTableAs | K::CreateMaterializedTable | K::InsertInto | K::StatementSet | K::Select
        )
    }

    /// Whether it writes to tables from a query: the kinds that a pipeline is made of.
    pub fn is_pipeline(self) -> bool {
        self.is_continuous() && self != StatementKind::Select
    }

    /// As `status.traits.sql_kind` of the Flink gateway spells it.
    pub fn sql_kind(self) -> &'static str {
        use ObjectKind as O;
        use StatementKind as K;
        match self {
            K::CreateTable => "CREATE_TABLE",
            K::CreateTableAs => "CREATE_TABLE_AS",
            K::CreateMaterializedTable => "CREATE_MATERIALIZED_TABLE",
            K::CreateView => "CREATE_VIEW",
            K::CreateFunction => "CREATE_FUNCTION",
            K::CreateModel => "CREATE_MODEL",
            K::CreateConnection => "CREATE_CONNECTION",
            K::CreateCatalog => "CREATE_CATALOG",
            K::CreateDatabase => "CREATE_DATABASE",
            K::Alter(O::Table) => "ALTER_TABLE",
            K::Alter(O::MaterializedTable) => "ALTER_MATERIALIZED_TABLE",
            K::Alter(O::View) => "ALTER_VIEW",
            K::Alter(O::Function) => "ALTER_FUNCTION",
            K::Alter(O::Model) => "ALTER_MODEL",
            K::Alter(O::Connection) => "ALTER_CONNECTION",
            K::Alter(O::Catalog) => "ALTER_CATALOG",
            K::Alter(O::Database) => "ALTER_DATABASE",
            K::Drop(O::Table) => "DROP_TABLE",
            K::Drop(O::MaterializedTable) => "DROP_MATERIALIZED_TABLE",
            K::Drop(O::View) => "DROP_VIEW",
            K::Drop(O::Function) => "DROP_FUNCTION",
            K::Drop(O::Model) => "DROP_MODEL",
            K::Drop(O::Connection) => "DROP_CONNECTION",
            K::Drop(O::Catalog) => "DROP_CATALOG",
            K::Drop(O::Database) => "DROP_DATABASE",
            K::InsertInto => "INSERT_INTO",
            K::StatementSet => "STATEMENT_SET",
            K::Select => "SELECT",
            K::Update => "UPDATE",
            K::Delete => "DELETE",
            K::Truncate => "TRUNCATE_TABLE",
            K::Use => "USE",
            K::Set => "SET",
            K::Reset => "RESET",
            K::Show => "SHOW",
            K::Describe => "DESCRIBE",
            K::Explain => "EXPLAIN",
            K::Analyze => "ANALYZE_TABLE",
            K::Call => "CALL",
            K::Session => "SESSION",
            K::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for StatementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql_kind().replace('_', " "))
    }
}
