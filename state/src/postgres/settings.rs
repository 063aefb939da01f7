//! The settings of a `pg` backend, and what a connection string and the `PG*` variables say.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres::config::SslMode;

use super::password_file;
use crate::StateError;

/// Where Terraform's `pg` backend keeps its states, too.
const DEFAULT_SCHEMA: &str = "terraform_remote_state";

/// Arguments of a `pg` backend block, as Terraform has them.
pub const POSTGRES_ARGUMENTS: [&str; 5] = [
    "conn_str",
    "schema_name",
    "skip_index_creation",
    "skip_schema_creation",
    "skip_table_creation",
];

/// A PostgreSQL database that keeps states.
#[derive(Clone)]
pub struct PostgresSettings {
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) schema: String,
    pub(super) create_schema: bool,
    pub(super) create_tables: bool,
}

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) verify: Verify,
    /// Certificates of authorities; the system's when there is none.
    pub(super) roots: Option<PathBuf>,
    /// Certificate and key of the client.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verify {
    Nothing,
    Authority,
    Full,
}

impl fmt::Debug for PostgresSettings {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresSettings({})", self.place())
    }
}

impl PostgresSettings {
    /// From the arguments of the block (see [`POSTGRES_ARGUMENTS`]), and from the environment for what it does not say.
    ///
    /// # Errors
    /// [`StateError::Settings`] when one of them cannot be used. The message does not quote the connection string.
    pub fn new(
        arguments: &BTreeMap<String, String>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, StateError> {
        let argument = |name: &str, variable: &str| {
            arguments
                .get(name)
                .cloned()
                .or_else(|| environment(variable))
                .filter(|value| !value.is_empty())
        };
        let flag = |name: &str, variable: &str| match argument(name, variable).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(bad(format!("{name} must be true or false"))),
        };
        let text = argument("conn_str", "PG_CONN_STR").unwrap_or_default();
        let mut given = parse(&text)?;
        for (name, variable) in VARIABLES {
            if !given.contains_key(*name)
                && let Some(value) = environment(variable).filter(|value| !value.is_empty())
            {
                given.insert((*name).to_owned(), value);
            }
        }
        let schema = argument("schema_name", "PG_SCHEMA_NAME").unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        if schema.contains('\0') {
            return Err(bad("schema_name has a zero byte".into()));
        }
        flag("skip_index_creation", "PG_SKIP_INDEX_CREATION")?;
        let file = password_file::file(given.remove("passfile"), environment);
        let user = given.get("user").cloned().or_else(|| environment("USER"));
        let (mut config, tls) = config(given)?;
        if config.get_password().is_none()
            && let Some(file) = file
            && let Some(found) = of_file(&config, &file, &user.unwrap_or_default())?
        {
            config.password(found);
        }
        Ok(Self {
            config,
            tls,
            schema,
            create_schema: !flag("skip_schema_creation", "PG_SKIP_SCHEMA_CREATION")?,
            create_tables: !flag("skip_table_creation", "PG_SKIP_TABLE_CREATION")?,
        })
    }

    /// The database in words that hold no secret.
    pub(super) fn place(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| {
                let ports = self.config.get_ports();
                let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(folder) => format!("{}:{port}", folder.display()),
                }
            })
            .collect();
        let database = self
            .config
            .get_dbname()
            .or(self.config.get_user())
            .unwrap_or_default();
        format!("postgres://{}/{database}/{}", hosts.join(","), self.schema)
    }
}

/// The password that a file has for one of the hosts.
fn of_file(config: &Config, file: &(PathBuf, bool), user: &str) -> Result<Option<String>, StateError> {
    let (path, named) = file;
    for (at, host) in config.get_hosts().iter().enumerate() {
        let ports = config.get_ports();
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let wanted = password_file::Wanted {
            host: match host {
                Host::Tcp(name) => name,
                #[cfg(unix)]
                Host::Unix(_) => "",
            },
            port: &port.to_string(),
            database: config.get_dbname().unwrap_or(user),
            user,
        };
        match password_file::password(path, &wanted) {
            Ok(None) => {}
            // The one in the home folder may be there for other servers, and none asked for it here.
            Err(_) if !named => {}
            found => return found,
        }
    }
    Ok(None)
}

pub(super) fn bad(detail: String) -> StateError {
    StateError::Settings {
        backend: "pg",
        detail,
    }
}

/// Names of a connection string, and the variables that stand for them when they are missing.
const VARIABLES: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("channel_binding", "PGCHANNELBINDING"),
];

type Given = BTreeMap<String, String>;

/// A connection string as names and values, whichever of its two forms it has.
fn parse(text: &str) -> Result<Given, StateError> {
    let text = text.trim();
    match text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"))
    {
        Some(rest) => parse_url(rest),
        None => parse_pairs(text),
    }
}

fn decoded(text: &str) -> Result<String, StateError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| bad("conn_str has a percent sign that stands for no text".into()))
}

fn parse_url(rest: &str) -> Result<Given, StateError> {
    let mut given = Given::new();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = match authority.rsplit_once('@') {
        None => authority,
        Some((login, hosts)) => {
            let (user, password) = match login.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (login, None),
            };
            given.insert("user".into(), decoded(user)?);
            if let Some(password) = password {
                given.insert("password".into(), decoded(password)?);
            }
            hosts
        }
    };
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',').filter(|host| !host.is_empty()) {
        // An IPv6 address stands in brackets.
        let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((name, port)) => (name, port.strip_prefix(':')),
            None => match host.rsplit_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (host, None),
            },
        };
        names.push(decoded(name)?);
        ports.push(port.unwrap_or("5432").to_owned());
    }
    if !names.is_empty() {
        given.insert("host".into(), names.join(","));
        given.insert("port".into(), ports.join(","));
    }
    if !database.is_empty() {
        given.insert("dbname".into(), decoded(database)?);
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| bad("conn_str has a parameter without a value".into()))?;
        given.insert(decoded(name)?, decoded(value)?);
    }
    Ok(given)
}

/// `name=value name='quoted value'`, with backslashes before what is meant as it is.
fn parse_pairs(text: &str) -> Result<Given, StateError> {
    let mut given = Given::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(given);
        }
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next() != Some('=') {
            return Err(bad(
                "conn_str is neither a URL (postgres://…) nor made of name=value pairs".into(),
            ));
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = rest.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match rest.next() {
                None if quoted => return Err(bad("conn_str has a quoted value without an end".into())),
                None => break,
                Some('\'') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => break,
                Some('\\') => value.extend(rest.next()),
                Some(c) => value.push(c),
            }
        }
        given.insert(name, value);
    }
}

fn config(mut given: Given) -> Result<(Config, Tls), StateError> {
    let mut roots = given.remove("sslrootcert").map(PathBuf::from);
    if roots.as_deref().is_some_and(|path| path == "system") {
        // As for libpq: the authorities of the system, and then nothing less than the whole.
        roots = None;
        given.insert("sslmode".into(), "verify-full".into());
    }
    let client = match (given.remove("sslcert"), given.remove("sslkey")) {
        (Some(cert), Some(key)) => Some((PathBuf::from(cert), PathBuf::from(key))),
        (None, None) => None,
        _ => return Err(bad("sslcert and sslkey must be given together".into())),
    };
    // Terraform's client asks for TLS where nothing is said.
    let (mode, verify) = match given.remove("sslmode").as_deref() {
        Some("disable") => (SslMode::Disable, Verify::Nothing),
        Some("allow" | "prefer") => (SslMode::Prefer, Verify::Nothing),
        None | Some("require") if roots.is_none() => (SslMode::Require, Verify::Nothing),
        None | Some("require" | "verify-ca") => (SslMode::Require, Verify::Authority),
        Some("verify-full") => (SslMode::Require, Verify::Full),
        Some(_) => {
            return Err(bad(
                "sslmode must be disable, allow, prefer, require, verify-ca or verify-full".into(),
            ));
        }
    };
    let mut pairs = Vec::new();
    let mut options = given.remove("options").into_iter().collect::<Vec<_>>();
    for (name, value) in given {
        let known = VARIABLES.iter().any(|(known, _)| *known == name)
            || name.starts_with("keepalives")
            || matches!(name.as_str(), "tcp_user_timeout" | "load_balance_hosts");
        if known {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            pairs.push(format!("{name}='{value}'"));
        } else if name == "service" {
            return Err(bad(
                "service is not supported in conn_str: give host, user and so on there, or in PGHOST, PGUSER and so on".into(),
            ));
        } else if name != "fallback_application_name" {
            // A setting of the session, as libpq's Go sister takes it.
            options.push(format!(
                "-c {name}={}",
                value.replace('\\', "\\\\").replace(' ', "\\ ")
            ));
        }
    }
    // (The parser's own message could quote a part of the string, so it is told by name only.)
    let mut config = Config::from_str(&pairs.join(" ")).map_err(|_| {
        bad("a value of conn_str (or of a PG variable) does not have the form that it must have".into())
    })?;
    if config.get_hosts().is_empty() {
        config.host("localhost");
    }
    if !options.is_empty() {
        config.options(options.join(" "));
    }
    if config.get_application_name().is_none() {
        config.application_name("streamform");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(15));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(30));
    }
    config.keepalives_idle(Duration::from_secs(30));
    #[cfg(unix)]
    let local = config
        .get_hosts()
        .iter()
        .all(|host| matches!(host, Host::Unix(_)));
    #[cfg(not(unix))]
    let local = false;
    // There is nothing to protect in a socket of this machine, and the server does not offer it there.
    config.ssl_mode(if local { SslMode::Disable } else { mode });
    Ok((
        config,
        Tls {
            verify,
            roots,
            client,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(conn_str: &str, environment: &[(&str, &str)]) -> Result<PostgresSettings, StateError> {
        let arguments = [("conn_str".to_owned(), conn_str.to_owned())].into();
        PostgresSettings::new(&arguments, &|name| {
            environment
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn both_forms_of_a_connection_string_say_the_same() {
        let url = settings(
            "postgres://ada:hunter%2F2@db.example.com:6432/states?sslmode=disable",
            &[],
        )
        .unwrap();
        let pairs = settings(
            "host=db.example.com port = 6432 user=ada password='hunter/2' dbname=states sslmode=disable",
            &[],
        )
        .unwrap();
        assert_eq!(url.config, pairs.config);
        assert_eq!(url.config.get_password(), Some(b"hunter/2".as_slice()));
        assert_eq!(
            url.place(),
            "postgres://db.example.com:6432/states/terraform_remote_state"
        );
        assert!(!format!("{url:?}").contains("hunter"));
        let v6 = settings("postgresql://[::1]:1,b:2/d", &[]).unwrap();
        assert_eq!(v6.place(), "postgres://::1:1,b:2/d/terraform_remote_state");
    }

    #[test]
    fn variables_stand_in_for_what_is_not_said() {
        let environment = [
            ("PGHOST", "/run/pg"),
            ("PGUSER", "ada"),
            ("PGPASSWORD", "hunter2"),
            ("PGPORT", "77"),
            ("PG_SCHEMA_NAME", "mine"),
        ];
        let of_variables = settings("", &environment).unwrap();
        assert_eq!(of_variables.place(), "postgres:///run/pg:77/ada/mine");
        assert_eq!(of_variables.config.get_ssl_mode(), SslMode::Disable);
        let said = settings("postgres://h/d", &environment).unwrap();
        assert_eq!(said.place(), "postgres://h:5432/d/mine");
        assert_eq!(said.config.get_user(), Some("ada"));
    }

    #[test]
    fn tls_is_asked_for_as_terraform_does() {
        let tls = |text: &str| {
            let found = settings(text, &[]).unwrap();
            (found.config.get_ssl_mode(), found.tls.verify)
        };
        assert_eq!(tls("host=h"), (SslMode::Require, Verify::Nothing));
        assert_eq!(tls("host=h sslmode=prefer"), (SslMode::Prefer, Verify::Nothing));
        assert_eq!(
            tls("host=h sslrootcert=r.pem"),
            (SslMode::Require, Verify::Authority)
        );
        assert_eq!(
            tls("host=h sslmode=verify-full"),
            (SslMode::Require, Verify::Full)
        );
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_string() {
        for text in [
            "postgres://u:hunter2@h:port/d",
            "hunter2",
            "host=h password='hunter2",
            "host=h sslmode=hunter2",
            "host=h service=hunter2",
            "host=h sslcert=hunter2",
        ] {
            let error = settings(text, &[]).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn other_names_are_settings_of_the_session() {
        let found = settings("host=h search_path=x statement_timeout=5", &[]).unwrap();
        assert_eq!(
            found.config.get_options(),
            Some("-c search_path=x -c statement_timeout=5")
        );
    }
}
