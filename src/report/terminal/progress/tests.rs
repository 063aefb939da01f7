use super::*;
use crate::report::ui::Captured;
use crate::report::ui::UiSettings;

#[test]
fn events_as_terraform_prints_them() {
    let id = Some("ab-1".to_owned());
    let at = || "terraform_data.a".to_owned();
    let started = |operation| Event::Started {
        address: at(),
        operation,
        id: id.clone(),
    };
    let completed = |operation, secs| Event::Completed {
        address: at(),
        operation,
        id: id.clone(),
        elapsed: Duration::from_secs(secs),
    };
    let line = |e: Event| event_line(&e, Paint::plain()).unwrap_or_default();
    assert_eq!(line(started(Operation::Create)), "terraform_data.a: Creating...");
    assert_eq!(
        line(started(Operation::Update)),
        "terraform_data.a: Modifying... [id=ab-1]"
    );
    assert_eq!(
        line(started(Operation::Delete)),
        "terraform_data.a: Destroying... [id=ab-1]"
    );
    assert_eq!(
        line(started(Operation::Refresh)),
        "terraform_data.a: Refreshing state... [id=ab-1]"
    );
    assert_eq!(
        line(completed(Operation::Create, 0)),
        "terraform_data.a: Creation complete after 0s [id=ab-1]"
    );
    assert_eq!(
        line(completed(Operation::Update, 65)),
        "terraform_data.a: Modifications complete after 1m5s [id=ab-1]"
    );
    assert_eq!(
        line(completed(Operation::Delete, 3600)),
        "terraform_data.a: Destruction complete after 1h0m0s"
    );
    assert_eq!(line(completed(Operation::Refresh, 0)), "");
    let hostile = Event::Skipped {
        address: "a[\"\u{1b}[31m\"]".into(),
    };
    assert!(!line(hostile).contains('\u{1b}'));
}

#[test]
fn progress_writes_lines_and_reminds() {
    let err = Captured::default();
    let ui = Ui::with_streams(
        UiSettings::default(),
        Box::new(std::io::sink()),
        Box::new(err.clone()),
        Box::new(std::io::empty()),
    );
    let progress = Progress::new(ui);
    let address = "terraform_data.a".to_owned();
    progress.event(Event::Started {
        address: address.clone(),
        operation: Operation::Create,
        id: None,
    });
    progress.event(Event::Phase {
        address: address.clone(),
        text: "PROVISIONING".into(),
        elapsed: Duration::from_secs(9),
    });
    let now = Instant::now();
    progress.remind(now);
    progress.remind(now + Duration::from_secs(11));
    progress.remind(now + Duration::from_secs(12));
    progress.remind(now + Duration::from_secs(25));
    progress.event(Event::Completed {
        address,
        operation: Operation::Create,
        id: None,
        elapsed: Duration::from_secs(26),
    });
    progress.remind(now + Duration::from_secs(40));
    assert_eq!(
        err.text(),
        "terraform_data.a: Creating...\n\
         terraform_data.a: Still creating... [10s elapsed] (PROVISIONING)\n\
         terraform_data.a: Still creating... [20s elapsed] (PROVISIONING)\n\
         terraform_data.a: Creation complete after 26s\n"
    );
}
