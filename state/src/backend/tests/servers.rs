//! Servers that keep states: an object store (moto's, from Python) and a small one for Terraform's HTTP protocol. Used by the tests of
//! this crate and by the end-to-end tests.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use base64::Engine as _;
use tokio::runtime::Runtime;

/// An object store in a process of its own, ended when this is dropped.
pub(crate) struct ObjectStore {
    child: Child,
    pub(crate) endpoint: String,
    address: String,
}

impl ObjectStore {
    /// One for all tests that run at this moment: each takes names of its own.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static STORE: Mutex<Weak<ObjectStore>> = Mutex::new(Weak::new());
        let mut known = STORE.lock().unwrap_or_else(PoisonError::into_inner);
        known.upgrade().or_else(|| {
            let store = Arc::new(Self::start()?);
            *known = Arc::downgrade(&store);
            Some(store)
        })
    }

    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    /// Starts one with an empty bucket `states`; none, saying why, where it cannot be had.
    pub(crate) fn start() -> Option<Self> {
        let there = Command::new("python3")
            .args(["-c", "import moto.server"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !there {
            eprintln!("skipped: there is no object store to test with (pip install 'moto[server]')");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new("python3")
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let store = Self {
            child,
            endpoint: format!("http://{address}"),
            address,
        };
        for _ in 0..600 {
            if TcpStream::connect(&store.address).is_ok() {
                assert!(store.ask("PUT", "/states", "").starts_with("HTTP/1.1 200"));
                return Some(store);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the object store does not answer");
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=mock/20260101/us-east-1/s3/aws4_request\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The names of all objects in the bucket.
    pub(crate) fn objects(&self) -> Vec<String> {
        let answer = self.ask("GET", "/states?list-type=2", "");
        let names = answer.split("<Key>").skip(1);
        names
            .map(|rest| rest.split("</Key>").next().unwrap().to_owned())
            .collect()
    }

    /// What an object holds.
    pub(crate) fn object(&self, name: &str) -> String {
        self.ask("GET", &format!("/states/{name}"), "")
    }

    /// Puts something in the place of an object.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        let answer = self.ask("PUT", &format!("/states/{name}"), text);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Kept {
    document: Option<Vec<u8>>,
    lock: Option<Vec<u8>>,
    broken: bool,
}

/// A server of one state over HTTP, as Terraform's backend wants it.
pub(crate) struct StateServer {
    kept: Arc<Mutex<Kept>>,
    pub(crate) address: String,
    _runtime: Runtime,
}

fn id(lock: &[u8]) -> String {
    let lock: serde_json::Value = serde_json::from_slice(lock).unwrap();
    lock["ID"].as_str().unwrap().to_owned()
}

async fn serve(
    State(kept): State<Arc<Mutex<Kept>>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Vec<u8>) {
    let mut kept = kept.lock().unwrap();
    let expected = base64::engine::general_purpose::STANDARD.encode("ada:correct horse");
    if headers.get("authorization").and_then(|v| v.to_str().ok()) != Some(&format!("Basic {expected}")) {
        return (StatusCode::UNAUTHORIZED, Vec::new());
    }
    match method.as_str() {
        _ if kept.broken => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
        "GET" => match &kept.document {
            Some(document) => (StatusCode::OK, document.clone()),
            None => (StatusCode::NOT_FOUND, Vec::new()),
        },
        "POST" => {
            assert!(headers.contains_key("content-md5"));
            if let Some(lock) = &kept.lock
                && query != Some(format!("ID={}", id(lock)))
            {
                return (StatusCode::CONFLICT, Vec::new());
            }
            kept.document = Some(body.to_vec());
            (StatusCode::OK, Vec::new())
        }
        "DELETE" => {
            kept.document = None;
            (StatusCode::OK, Vec::new())
        }
        "LOCK" => match &kept.lock {
            Some(lock) => (StatusCode::LOCKED, lock.clone()),
            None => {
                kept.lock = Some(body.to_vec());
                (StatusCode::OK, Vec::new())
            }
        },
        "UNLOCK" => match &kept.lock {
            Some(lock) if id(lock) == id(&body) => {
                kept.lock = None;
                (StatusCode::OK, Vec::new())
            }
            _ => (StatusCode::CONFLICT, Vec::new()),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, Vec::new()),
    }
}

impl StateServer {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = format!("http://{}/state", listener.local_addr().unwrap());
        let app = Router::new().fallback(serve).with_state(Arc::clone(&kept));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            kept,
            address,
            _runtime: runtime,
        }
    }

    /// The document as text; empty where there is none.
    pub(crate) fn document(&self) -> String {
        let kept = self.kept.lock().unwrap();
        String::from_utf8(kept.document.clone().unwrap_or_default()).unwrap()
    }

    /// The ID of the lock.
    pub(crate) fn lock(&self) -> Option<String> {
        self.kept.lock().unwrap().lock.as_deref().map(id)
    }

    /// Puts something in the place of the document; empty: there is none any more.
    pub(crate) fn replace(&self, text: &str) {
        self.kept.lock().unwrap().document = Some(text.as_bytes().to_vec()).filter(|text| !text.is_empty());
    }

    /// Clears the lock, whosever it is.
    pub(crate) fn clear_lock(&self) {
        self.kept.lock().unwrap().lock = None;
    }

    /// Answers everything with an error of its own, or no longer does.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.kept.lock().unwrap().broken = broken;
    }

    /// The backend block of this server.
    pub(crate) fn block(&self) -> String {
        format!(
            "backend \"http\" {{\n    address        = \"{0}\"\n    lock_address   = \"{0}\"\n    unlock_address = \"{0}\"\n    username       = \"ada\"\n    retry_max      = 0\n  }}",
            self.address
        )
    }
}
