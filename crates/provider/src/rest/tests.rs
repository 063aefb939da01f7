use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;
use streamform_lang::value::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::declared::Context;
use crate::declared::Declaration;
use crate::declared::Field;
use crate::declared::FieldKind;
use crate::declared::Presence;
use crate::declared::Timeouts;
use crate::protocol::Private;
use crate::protocol::Progress;

/// Pauses short enough for a test.
const QUICK: RetryPolicy = RetryPolicy {
    retries: 4,
    base: Duration::from_millis(1),
    cap: Duration::from_millis(2),
    budget: Duration::from_secs(20),
};

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Act {
    /// Answers with status, further header lines and body.
    Say(u16, &'static str, &'static str),
    /// Reads the request and closes the connection.
    Cut,
}

/// A server that follows a script, one act a request, the last one for ever; keeps the requests.
async fn server(script: Vec<Act>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let n = stream.read(&mut buffer).await.unwrap();
                text.extend_from_slice(&buffer[..n]);
                let head = String::from_utf8_lossy(&text).to_ascii_lowercase();
                if let Some((head, body)) = head.split_once("\r\n\r\n") {
                    let length: usize = head
                        .lines()
                        .find_map(|l| l.strip_prefix("content-length: "))
                        .map_or(0, |l| l.trim().parse().unwrap());
                    if body.len() >= length {
                        break;
                    }
                }
                assert!(n > 0, "request ended early");
            }
            let act = {
                let mut requests = requests.lock().unwrap();
                requests.push(String::from_utf8_lossy(&text).into_owned());
                script[(requests.len() - 1).min(script.len() - 1)]
            };
            if let Act::Say(status, headers, body) = act {
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    (url, seen)
}

fn client(url: &str) -> Client {
    Client::new(
        &Transport::new("test/1", QUICK),
        url,
        Auth::basic("KEY", "S3CR3T"),
    )
    .unwrap()
}

#[tokio::test]
async fn success_is_decoded_and_the_request_is_complete() {
    let (url, seen) = server(vec![Act::Say(200, "", r#"{"id":"env-1"}"#)]).await;
    let client = client(&format!("{url}/prefix/"));
    let answer = client
        .patch(format!("/org/v2/environments/{}", segment("a b/c")))
        .query("environment", "env 1")
        .body(json!({"x": 1}))
        .json()
        .await
        .unwrap();
    assert_eq!(answer, json!({"id": "env-1"}));
    let request = seen.lock().unwrap()[0].clone();
    assert!(
        request.starts_with("PATCH /prefix/org/v2/environments/a%20b%2Fc?environment=env+1 HTTP/1.1"),
        "{request}"
    );
    assert!(request.contains("user-agent: test/1"), "{request}");
    assert!(
        request.contains("authorization: Basic S0VZOlMzQ1IzVA=="),
        "{request}"
    );
}

#[tokio::test]
async fn rate_limits_and_server_errors_of_reads_are_repeated() {
    let (url, seen) = server(vec![
        Act::Say(429, "retry-after: 0\r\n", "slow down"),
        Act::Say(500, "", ""),
        Act::Cut,
        Act::Say(200, "", "{}"),
    ])
    .await;
    let reply = client(&url).get("/x").send().await.unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.resent);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_post_is_repeated_only_when_it_had_no_effect() {
    let (url, seen) = server(vec![
        Act::Say(429, "retry-after: 0\r\n", ""),
        Act::Say(503, "retry-after: 0\r\n", ""),
        Act::Say(201, "", "{}"),
    ])
    .await;
    let error = client(&url).post("/x").body(json!({})).json().await.unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert!(error.maybe_done());
    assert_eq!(seen.lock().unwrap().len(), 2);

    let (url, seen) = server(vec![Act::Cut, Act::Say(201, "", "{}")]).await;
    let error = client(&url).post("/x").body(json!({})).json().await.unwrap_err();
    assert!(matches!(error.failure(), Failure::Lost { .. }), "{error}");
    assert!(error.maybe_done());
    assert_eq!(seen.lock().unwrap().len(), 1);

    let (url, _) = server(vec![Act::Say(409, "", r#"{"errors":[{"detail":"taken"}]}"#)]).await;
    let error = client(&url).post("/x").json().await.unwrap_err();
    assert_eq!(error.short(), "409 Conflict: taken");
    assert!(!error.maybe_done());
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again_and_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).post("/x").json().await.unwrap_err();
    assert!(matches!(error.failure(), Failure::Unreachable(_)), "{error}");
    assert!(!error.maybe_done());
    assert!(error.short().contains("(after 5 attempts)"), "{error}");
}

#[tokio::test]
async fn an_answer_that_asks_for_more_time_than_there_is_ends_the_call() {
    let (url, seen) = server(vec![Act::Say(429, "retry-after: 3600\r\n", "")]).await;
    let start = Instant::now();
    let error = client(&url).get("/x").json().await.unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert_eq!(seen.lock().unwrap().len(), 1);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn every_family_of_error_bodies_is_read() {
    for (body, expect) in [
        (
            r#"{"errors":[{"status":"404","code":"resource_not_found","detail":"Resource Not Found"}]}"#,
            "400 Bad Request: Resource Not Found",
        ),
        (r#"{"errors":[{"title":"T"}]}"#, "400 Bad Request: T"),
        (r#"{"errors":["a plain text"]}"#, "400 Bad Request: a plain text"),
        (
            r#"{"error_code":40403,"message":"This server does not host this topic-partition."}"#,
            "400 Bad Request: This server does not host this topic-partition.",
        ),
        (
            r#"{"error":{"code":401,"message":"Unauthorized"}}"#,
            "400 Bad Request: Unauthorized",
        ),
        (
            "<html><head><title>Error 401</title></head></html>",
            "400 Bad Request: the server answered with a web page titled \"Error 401\"",
        ),
        (
            "oops",
            "400 Bad Request: could not parse error details; raw response body: \"oops\"",
        ),
        ("", "400 Bad Request"),
    ] {
        let (url, _) = server(vec![Act::Say(400, "", body)]).await;
        let error = client(&url).get("/x").json().await.unwrap_err();
        assert_eq!(error.short(), expect);
    }
    let (url, _) = server(vec![Act::Say(200, "", "<html></html>")]).await;
    let error = client(&url).get("/x").json().await.unwrap_err();
    assert_eq!(error.short(), "200, but the answer is not JSON");
}

#[tokio::test]
async fn no_secret_is_printed() {
    let (url, _) = server(vec![Act::Say(400, "", "echo: S3CR3T")]).await;
    let client = client(&url);
    let error = client
        .post("/x")
        .query("q", "S3CR3T")
        .body(json!({"secret": "S3CR3T"}))
        .secret()
        .json()
        .await
        .unwrap_err();
    let finding = error.finding("error creating API Key");
    for text in [
        format!("{error:?}"),
        format!("{error}"),
        format!("{finding:?}"),
        format!("{client:?}"),
    ] {
        assert!(!text.contains("S3CR3T"), "{text}");
    }
    assert!(finding.detail.contains("POST http://127.0.0.1"), "{finding:?}");
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let (url, seen) = server(vec![
        Act::Say(
            200,
            "",
            r#"{"data":[1,2],"metadata":{"next":"https://elsewhere/x?page_size=2&page_token=a%2Bb"}}"#,
        ),
        Act::Say(200, "", r#"{"data":[3],"metadata":{"next":""}}"#),
    ])
    .await;
    let all = client(&url)
        .list("/x", &[("environment", "env-1")], 2, Patience::default())
        .await
        .unwrap();
    assert_eq!(all, [json!(1), json!(2), json!(3)]);
    let seen = seen.lock().unwrap();
    assert!(
        seen[1].starts_with("GET /x?environment=env-1&page_size=2&page_token=a%2Bb "),
        "{}",
        seen[1]
    );
}

#[derive(Default)]
struct Told {
    phases: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Progress for Told {
    fn checkpoint(&self, _: &Value, _: &Private) {}
    fn phase(&self, text: &str) {
        self.phases.lock().unwrap().push(text.to_owned());
    }
    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

fn context(told: &Told, time: Duration) -> Context<'_> {
    Context {
        progress: told,
        deadline: Instant::now() + time,
        token: "t",
        private: None,
    }
}

#[tokio::test]
async fn a_wait_looks_at_once_shows_phases_and_ends_with_its_reason() {
    let told = Told::default();
    let context = context(&told, Duration::from_secs(30));
    let patience = Patience::of(&context);
    let schedule = Schedule::new(Duration::from_secs(60), true);

    let count = Mutex::new(0);
    let done = wait_until("waiting for PROVISIONED", schedule, patience, || async {
        let mut count = count.lock().unwrap();
        *count += 1;
        Ok(match *count {
            1 | 2 => Poll::Pending("PROVISIONING".to_owned()),
            _ => Poll::Done(*count),
        })
    })
    .await
    .unwrap();
    assert_eq!(done, 3);
    assert_eq!(
        *told.phases.lock().unwrap(),
        ["waiting for PROVISIONED (PROVISIONING)"]
    );

    let failed = wait_until::<(), _>("w", schedule, patience, || async {
        Ok(Poll::Failed("it is FAILED".to_owned()))
    })
    .await
    .unwrap_err();
    assert_eq!(failed.sentence(), "it is FAILED");

    let late = wait_until::<(), _>(
        "w",
        schedule,
        patience.within(Duration::from_millis(20)),
        || async { Ok(Poll::Pending("PENDING".to_owned())) },
    )
    .await
    .unwrap_err();
    assert!(matches!(late, WaitError::TimedOut(..)), "{late:?}");

    told.stop.store(true, Ordering::SeqCst);
    let stopped = wait_until::<(), _>("w", schedule, patience, || async {
        Ok(Poll::Pending("PENDING".to_owned()))
    })
    .await
    .unwrap_err();
    assert!(matches!(stopped, WaitError::Stopped(_)), "{stopped:?}");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    for (header, expect) in [
        ("0", Some(0)),
        (" 7 ", Some(7)),
        ("1.5", Some(1)),
        ("Sat, 21 Nov 2026 10:00:30 GMT", Some(30)),
        ("Sat, 21 Nov 2026 09:00:30 GMT", Some(0)),
        ("99999999999", Some(86_400)),
        ("-1", None),
        ("NaN", None),
        ("soon", None),
    ] {
        let got = retry::retry_after(header, now).map(|d| d.as_secs());
        assert_eq!(got, expect, "{header}");
    }
}

#[test]
fn pauses_are_jittered_within_their_bounds() {
    let policy = RetryPolicy::default();
    for attempt in [0, 1, 4, 5, 40] {
        for _ in 0..50 {
            let top = Duration::from_secs(1 << attempt.min(5)).min(policy.cap);
            assert!(policy.pause(attempt) <= top);
        }
    }
}

#[test]
fn a_segment_cannot_leave_its_place() {
    assert_eq!(segment("orders.v1-x_y~z"), "orders.v1-x_y~z");
    assert_eq!(segment("../a?b#c%"), "..%2Fa%3Fb%23c%25");
    assert_eq!(segment(".."), "%2E%2E");
    assert_eq!(unescape("a%2Fb%zz"), "a/b%zz");
}

fn declaration() -> Declaration {
    Declaration {
        type_name: "x_y",
        version: 0,
        fields: vec![
            Field::required("name", FieldKind::String),
            Field::optional("note", FieldKind::String),
            Field::optional("availability", FieldKind::String)
                .suppress(|old, new| old.as_str() == Some("LOW") && new.as_str() == Some("SINGLE_ZONE")),
            Field::optional_computed("config", FieldKind::Map(Box::new(FieldKind::String))),
            Field::one(
                "network",
                Presence::OptionalComputed,
                vec![
                    Field::required("id", FieldKind::String),
                    Field::optional("size", FieldKind::Int),
                ],
            ),
            Field::computed("zones", FieldKind::Set(Box::new(FieldKind::String))),
        ],
        timeouts: Timeouts {
            create: Some(Duration::from_secs(1)),
            ..Timeouts::default()
        },
        deprecated: None,
    }
}

#[test]
fn a_shape_makes_values_of_its_type_and_keeps_what_means_the_same() {
    let shape = Shape::of(&declaration());
    let state = json!({
        "id": "x-1", "name": "a", "note": "", "availability": "SINGLE_ZONE", "config": {"k": 1},
        "network": [{"id": "n-1", "size": "3"}], "zones": ["b", "a"],
    });
    let fresh = shape.value(None, &state);
    assert_eq!(fresh.ty(), shape.ty());
    assert_eq!(
        encode(&fresh),
        json!({
            "availability": "SINGLE_ZONE", "config": {"k": "1"}, "id": "x-1", "name": "a", "note": "",
            "network": [{"id": "n-1", "size": 3}], "timeouts": null, "zones": ["a", "b"],
        })
    );

    let planned = shape
        .value(None, &json!({"name": "a", "availability": "LOW"}))
        .with_attr("id", Value::unknown(streamform_lang::value::Type::String));
    let settled = shape.value(Some(&planned), &state);
    assert_eq!(encode(settled.get("note").unwrap()), Json::Null);
    assert_eq!(encode(settled.get("availability").unwrap()), json!("LOW"));
    assert_eq!(encode(settled.get("id").unwrap()), json!("x-1"));

    // What the answer does not name stays; what nobody knows is null.
    let kept = shape.value(Some(&planned), &json!({}));
    assert_eq!(encode(kept.get("availability").unwrap()), json!("LOW"));
    assert_eq!(encode(kept.get("id").unwrap()), Json::Null);
    assert!(kept.is_wholly_known());

    // An answer of a form nobody promised does no harm.
    let odd = shape.value(
        None,
        &json!({"name": {"a": 1}, "network": {"id": 1}, "zones": [null, 1]}),
    );
    assert_eq!(odd.ty(), shape.ty());
}

#[tokio::test]
async fn tls_is_set_up_when_it_is_needed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Speaks no TLS: the handshake fails, which shows that there was one.
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        }
    });
    let error = client(&format!("https://{address}"))
        .get("/x")
        .json()
        .await
        .unwrap_err();
    assert!(matches!(error.failure(), Failure::Unreachable(_)), "{error:?}");
    assert!(!error.maybe_done());
}
