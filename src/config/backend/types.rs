//! The types of backends, and what the arguments of each are: the same table serves `backend` blocks, `-backend-config` and
//! `terraform_remote_state`. Names and types are those of Terraform 1.11.

/// A type of backend that there is.
#[derive(Debug, PartialEq, Eq)]
pub struct BackendType {
    /// Its name in a `backend` block.
    pub name: &'static str,
    /// Its arguments, by name.
    pub arguments: &'static [Argument],
}

/// An argument of a backend, or an attribute of such an argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// It must be given, by one of the ways that there are.
    pub required: bool,
    /// Its value opens something.
    pub secret: bool,
    /// Variables of the environment that stand in for it, the first that is set.
    pub environment: &'static [&'static str],
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// A list or set of strings.
    Texts,
    /// A map of strings.
    Map,
    /// An object with these attributes.
    Object(&'static [Argument]),
}

/// Names of Terraform 1.11's backends that are not here.
const ELSEWHERE: [&str; 7] = ["azurerm", "consul", "cos", "gcs", "kubernetes", "oss", "remote"];

/// All types that there are.
static BACKEND_TYPES: [BackendType; 4] = [
    BackendType {
        name: "http",
        arguments: &HTTP,
    },
    BackendType {
        name: "local",
        arguments: &LOCAL,
    },
    BackendType {
        name: "pg",
        arguments: &PG,
    },
    BackendType {
        name: "s3",
        arguments: &S3,
    },
];

impl BackendType {
    /// The type of a name; none if there is no such type here.
    pub fn named(name: &str) -> Option<&'static BackendType> {
        BACKEND_TYPES.iter().find(|ty| ty.name == name)
    }

    /// Whether Terraform has a backend of this name that is not here.
    pub fn is_elsewhere(name: &str) -> bool {
        ELSEWHERE.contains(&name)
    }

    /// An argument by its name.
    pub fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

const fn argument(name: &'static str, takes: Takes) -> Argument {
    Argument {
        name,
        takes,
        required: false,
        secret: false,
        environment: &[],
    }
}

const fn text(name: &'static str) -> Argument {
    argument(name, Takes::Text)
}

const fn number(name: &'static str) -> Argument {
    argument(name, Takes::Number)
}

const fn switch(name: &'static str) -> Argument {
    argument(name, Takes::Bool)
}

const fn texts(name: &'static str) -> Argument {
    argument(name, Takes::Texts)
}

impl Argument {
    const fn required(self) -> Self {
        Argument {
            required: true,
            ..self
        }
    }

    const fn secret(self) -> Self {
        Argument { secret: true, ..self }
    }

    const fn from(self, environment: &'static [&'static str]) -> Self {
        Argument { environment, ..self }
    }
}

static LOCAL: [Argument; 2] = [text("path"), text("workspace_dir")];

static HTTP: [Argument; 15] = [
    text("address").required().from(&["TF_HTTP_ADDRESS"]),
    text("client_ca_certificate_pem").from(&["TF_HTTP_CLIENT_CA_CERTIFICATE_PEM"]),
    text("client_certificate_pem").from(&["TF_HTTP_CLIENT_CERTIFICATE_PEM"]),
    text("client_private_key_pem")
        .secret()
        .from(&["TF_HTTP_CLIENT_PRIVATE_KEY_PEM"]),
    text("lock_address").from(&["TF_HTTP_LOCK_ADDRESS"]),
    text("lock_method").from(&["TF_HTTP_LOCK_METHOD"]),
    text("password").secret().from(&["TF_HTTP_PASSWORD"]),
    number("retry_max").from(&["TF_HTTP_RETRY_MAX"]),
    number("retry_wait_max").from(&["TF_HTTP_RETRY_WAIT_MAX"]),
    number("retry_wait_min").from(&["TF_HTTP_RETRY_WAIT_MIN"]),
    switch("skip_cert_verification"),
    text("unlock_address").from(&["TF_HTTP_UNLOCK_ADDRESS"]),
    text("unlock_method").from(&["TF_HTTP_UNLOCK_METHOD"]),
    text("update_method").from(&["TF_HTTP_UPDATE_METHOD"]),
    text("username").from(&["TF_HTTP_USERNAME"]),
];

/// What is not given here comes from libpq's own variables (`PGHOST`, `PGUSER`, `PGPASSWORD`, …).
static PG: [Argument; 5] = [
    text("conn_str").secret().from(&["PG_CONN_STR"]),
    text("schema_name").from(&["PG_SCHEMA_NAME"]),
    switch("skip_index_creation").from(&["PG_SKIP_INDEX_CREATION"]),
    switch("skip_schema_creation").from(&["PG_SKIP_SCHEMA_CREATION"]),
    switch("skip_table_creation").from(&["PG_SKIP_TABLE_CREATION"]),
];

static S3: [Argument; 46] = [
    text("access_key").from(&["AWS_ACCESS_KEY_ID"]),
    text("acl"),
    texts("allowed_account_ids"),
    argument("assume_role", Takes::Object(&ASSUME_ROLE)),
    argument(
        "assume_role_with_web_identity",
        Takes::Object(&ASSUME_ROLE_WITH_WEB_IDENTITY),
    ),
    text("bucket").required(),
    text("custom_ca_bundle").from(&["AWS_CA_BUNDLE"]),
    text("dynamodb_endpoint").from(&["AWS_ENDPOINT_URL_DYNAMODB", "AWS_DYNAMODB_ENDPOINT"]),
    text("dynamodb_table"),
    text("ec2_metadata_service_endpoint").from(&["AWS_EC2_METADATA_SERVICE_ENDPOINT"]),
    text("ec2_metadata_service_endpoint_mode").from(&["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]),
    switch("encrypt"),
    text("endpoint").from(&["AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL"]),
    argument("endpoints", Takes::Object(&ENDPOINTS)),
    texts("forbidden_account_ids"),
    switch("force_path_style"),
    text("http_proxy"),
    text("https_proxy"),
    text("iam_endpoint").from(&["AWS_ENDPOINT_URL_IAM", "AWS_IAM_ENDPOINT"]),
    switch("insecure"),
    text("key").required(),
    text("kms_key_id"),
    number("max_retries").from(&["AWS_MAX_ATTEMPTS"]),
    text("no_proxy"),
    text("profile").from(&["AWS_PROFILE"]),
    text("region")
        .required()
        .from(&["AWS_REGION", "AWS_DEFAULT_REGION"]),
    text("retry_mode").from(&["AWS_RETRY_MODE"]),
    text("secret_key").secret().from(&["AWS_SECRET_ACCESS_KEY"]),
    texts("shared_config_files"),
    text("shared_credentials_file"),
    texts("shared_credentials_files"),
    switch("skip_credentials_validation"),
    switch("skip_metadata_api_check"),
    switch("skip_region_validation"),
    switch("skip_requesting_account_id"),
    switch("skip_s3_checksum"),
    text("sse_customer_key").secret().from(&["AWS_SSE_CUSTOMER_KEY"]),
    text("sts_endpoint").from(&["AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT"]),
    text("sts_region"),
    text("token").secret().from(&["AWS_SESSION_TOKEN"]),
    switch("use_dualstack_endpoint").from(&["AWS_USE_DUALSTACK_ENDPOINT"]),
    switch("use_fips_endpoint").from(&["AWS_USE_FIPS_ENDPOINT"]),
    switch("use_lockfile"),
    switch("use_path_style"),
    text("workspace_key_prefix"),
    // Not Terraform's: how long a lock holds without a sign of life, in seconds.
    number("lease_seconds").from(&["STREAMFORM_LEASE_SECONDS"]),
];

static ENDPOINTS: [Argument; 5] = [
    text("dynamodb"),
    text("iam"),
    text("s3"),
    text("sso"),
    text("sts"),
];

static ASSUME_ROLE: [Argument; 9] = [
    text("duration"),
    text("external_id"),
    text("policy"),
    texts("policy_arns"),
    text("role_arn").required(),
    text("session_name"),
    text("source_identity"),
    argument("tags", Takes::Map),
    texts("transitive_tag_keys"),
];

static ASSUME_ROLE_WITH_WEB_IDENTITY: [Argument; 7] = [
    text("duration"),
    text("policy"),
    texts("policy_arns"),
    text("role_arn"),
    text("session_name"),
    text("web_identity_token").secret(),
    text("web_identity_token_file").from(&["AWS_WEB_IDENTITY_TOKEN_FILE"]),
];
