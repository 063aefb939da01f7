//! Results of conditions, put together, and in the form in which states keep them.

use serde_json::Value as Json;
use serde_json::json;

use super::CheckKind;
use super::CheckResult;
use super::CheckStatus;

const KINDS: &[(CheckKind, &str)] = &[
    (CheckKind::Resource, "resource"),
    (CheckKind::Output, "output"),
    (CheckKind::Check, "check"),
    (CheckKind::Variable, "var"),
];

pub(super) const STATUSES: &[(CheckStatus, &str)] = &[
    (CheckStatus::Pass, "pass"),
    (CheckStatus::Fail, "fail"),
    (CheckStatus::Error, "error"),
    (CheckStatus::Unknown, "unknown"),
];

fn name_of<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(v, _)| v == value).map_or("", |(_, n)| n)
}

fn value_of<T: Copy>(table: &[(T, &'static str)], name: &Json) -> Option<T> {
    table
        .iter()
        .find(|(_, n)| name.as_str() == Some(n))
        .map(|(v, _)| *v)
}

impl CheckStatus {
    /// The name that reports and states have for it.
    pub fn name(self) -> &'static str {
        name_of(STATUSES, &self)
    }

    /// Of two conditions of one object, what says more about it.
    #[must_use]
    pub fn worse(self, other: CheckStatus) -> CheckStatus {
        let rank = |s| match s {
            CheckStatus::Pass => 0,
            CheckStatus::Unknown => 1,
            CheckStatus::Fail => 2,
            CheckStatus::Error => 3,
        };
        if rank(self) >= rank(other) { self } else { other }
    }
}

/// As `check_results` of Terraform's state format 4.
pub fn to_state_json(results: &[CheckResult]) -> Json {
    results
        .iter()
        .map(|c| {
            let objects: Vec<Json> = c
                .instances
                .iter()
                .map(|(address, status, messages)| {
                    let mut object = json!({ "object_addr": address, "status": status.name() });
                    if !messages.is_empty() {
                        object["failure_messages"] = json!(messages);
                    }
                    object
                })
                .collect();
            json!({
                "object_kind": name_of(KINDS, &c.kind),
                "config_addr": c.address,
                "status": c.status.name(),
                "objects": if objects.is_empty() { Json::Null } else { Json::Array(objects) },
            })
        })
        .collect()
}

/// What [`to_state_json`] wrote. What cannot be read is left out: it is only a report.
pub fn from_state_json(json: &Json) -> Vec<CheckResult> {
    let list = |j: &Json| j.as_array().cloned().unwrap_or_default();
    list(json)
        .iter()
        .filter_map(|c| {
            Some(CheckResult {
                kind: value_of(KINDS, &c["object_kind"])?,
                address: c["config_addr"].as_str()?.to_owned(),
                status: value_of(STATUSES, &c["status"])?,
                instances: list(&c["objects"])
                    .iter()
                    .filter_map(|o| {
                        let messages = list(&o["failure_messages"]);
                        Some((
                            o["object_addr"].as_str()?.to_owned(),
                            value_of(STATUSES, &o["status"])?,
                            messages
                                .iter()
                                .filter_map(|m| m.as_str().map(str::to_owned))
                                .collect(),
                        ))
                    })
                    .collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let results = vec![
            CheckResult {
                kind: CheckKind::Output,
                address: "module.m.output.o".into(),
                status: CheckStatus::Fail,
                instances: vec![
                    (
                        "module.m[0].output.o".into(),
                        CheckStatus::Fail,
                        vec!["no".into()],
                    ),
                    ("module.m[1].output.o".into(), CheckStatus::Unknown, Vec::new()),
                ],
            },
            CheckResult {
                kind: CheckKind::Variable,
                address: "var.v".into(),
                status: CheckStatus::Pass,
                instances: Vec::new(),
            },
        ];
        let json = to_state_json(&results);
        assert_eq!(json[0]["object_kind"], "output");
        assert_eq!(json[1]["objects"], Json::Null);
        assert_eq!(from_state_json(&json), results);
        assert_eq!(from_state_json(&Json::Null), Vec::new());
    }

    #[test]
    fn the_worse_one_counts() {
        use CheckStatus::*;
        for (a, b, worse) in [
            (Pass, Unknown, Unknown),
            (Fail, Unknown, Fail),
            (Fail, Error, Error),
        ] {
            assert_eq!(a.worse(b), worse);
            assert_eq!(b.worse(a), worse);
        }
    }
}
