use super::*;

fn refused(scope: &Scope, changes: &[(&str, Option<&str>)]) -> String {
    let mut service = service();
    let before = service.values(scope, &Key::default());
    let error = change(&mut service, scope, changes).unwrap_err();
    assert_eq!(service.values(scope, &Key::default()), before);
    error.to_string()
}

#[test]
fn an_operator_changes_what_the_table_names_and_nothing_else() {
    let mut service = service();
    for name in [
        "instance/attributes/startup-script",
        "instance/description",
        "instance/guest-attributes/hospes/graceful-shutdown",
        "instance/maintenance-event",
        "instance/shutdown-details/max-duration",
        "instance/shutdown-details/request-timestamp",
        "instance/shutdown-details/stop-state",
        "instance/shutdown-details/target-state",
        "instance/virtual-clock/drift-token",
    ] {
        set(&mut service, &guest("web"), name, "7");
        assert_eq!(read(&service, "web", name).body, "7", "{name}");
    }
    set(&mut service, &guest("web"), "instance/preempted", "TRUE");
    let web = guest("web");
    for (scope, name) in [
        (&web, ""),
        (&web, "instance"),
        (&web, "instance/id"),
        (&web, "instance/attributes"),
        (&web, "instance/attributes/a/b"),
        (&web, "instance/guest-attributes/a"),
        (&web, "instance/guest-attributes/a/b/c"),
        (&web, "instance/shutdown-details"),
        (&web, "instance/shutdown-details/stop-state/x"),
        (&web, "project/attributes/a"),
        (&Scope::Project, "project/project-id"),
        (&Scope::Project, "instance/attributes/a"),
    ] {
        for value in [Some("1"), None] {
            let error = change(&mut service, scope, &[(name, value)]).unwrap_err();
            assert!(matches!(error, ChangeError::NotChangeable { .. }), "{name}");
        }
    }
}

#[test]
fn a_refusal_says_what_is_expected() {
    let web = guest("web");
    insta::assert_snapshot!(refused(&Scope::Project, &[("project/id", Some("1"))]), @"`project/id` cannot be set: expected one of project/attributes/*");
    insta::assert_snapshot!(refused(&guest("nobody"), &[]), @"there is no guest `nobody`: name one of the configuration");
    insta::assert_snapshot!(refused(&web, &[("instance/preempted", Some("perhaps"))]), @"that is no value of `instance/preempted`: expected FALSE or TRUE");
    insta::assert_snapshot!(refused(&web, &[("instance/shutdown-details/stop-state", Some("A\nB"))]), @"that is no value of `instance/shutdown-details/stop-state`: expected one line of at most 256 bytes");
    let name = format!("instance/attributes/{}", "a".repeat(129));
    insta::assert_snapshot!(refused(&web, &[(&name, Some(""))]), @"a name in a metadata key has at most 128 bytes: choose a shorter one");
    let large = "x".repeat((256 << 10) + 1);
    insta::assert_snapshot!(refused(&web, &[("instance/attributes/a", Some(&large))]), @"the value of `instance/attributes/a` is too large: at most 262144 bytes");
    let nearly = "x".repeat(256 << 10);
    insta::assert_snapshot!(refused(&web, &[("instance/attributes/a", Some(&nearly)), ("instance/attributes/b", Some(&nearly))]), @"the values would have more than 524288 bytes together: take some away first");
    let names: Vec<String> = (0..1025)
        .map(|number| format!("instance/attributes/{number}"))
        .collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), Some(""))).collect();
    insta::assert_snapshot!(refused(&web, &many), @"more than 1024 values: take some away first");
}

#[test]
fn all_changes_are_made_or_none() {
    let changes = [
        ("instance/attributes/a", Some("1")),
        ("instance/id", Some("1")),
    ];
    refused(&guest("web"), &changes);
}

#[test]
fn the_last_change_of_a_key_counts() {
    let mut service = service();
    let twice = [
        ("instance/attributes/a", Some("1")),
        ("instance/attributes/a", Some("2")),
        ("instance/attributes/b", Some("1")),
        ("instance/attributes/b", None),
    ];
    let records = change(&mut service, &guest("web"), &twice).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(read(&service, "web", "instance/attributes/a").body, "2");
}

#[test]
fn limits_let_values_be_exchanged_and_taken_away() {
    let limits = Limits {
        values: 2,
        ..Limits::default()
    };
    let mut service = service_with(limits);
    let web = guest("web");
    set(&mut service, &web, "instance/attributes/a", "1");
    set(&mut service, &web, "instance/attributes/b", "1");
    let more = [("instance/attributes/c", Some("1"))];
    assert!(change(&mut service, &web, &more).is_err());
    let exchange = [("instance/attributes/a", None), more[0]];
    assert!(change(&mut service, &web, &exchange).is_ok());
    set(&mut service, &web, "instance/attributes/b", "2");
    // What the guest writes has limits of its own.
    set(&mut service, &web, "instance/guest-attributes/n/k", "1");
    // A store that holds more than is allowed by now can be cleared.
    let record = Record {
        scope: web.clone(),
        key: key("instance/attributes/d"),
        value: Some("1".to_owned()),
        revision: 99,
    };
    service.restore(record);
    unset(&mut service, &web, "instance/attributes/d");
}

#[test]
fn a_value_that_is_taken_away_shows_what_is_fixed() {
    let mut service = service();
    let web = guest("web");
    for (name, fixed) in [
        ("instance/shutdown-details/stop-state", "NONE"),
        ("instance/description", "the web server"),
    ] {
        set(&mut service, &web, name, "PENDING_STOP");
        unset(&mut service, &web, name);
        assert_eq!(read(&service, "web", name).body, fixed);
    }
    let none = change(&mut service, &web, &[("instance/attributes/never", None)]);
    assert_eq!(none, Ok(Vec::new()));
}

#[test]
fn an_operator_sees_the_values_at_and_below_a_key() {
    let mut service = service();
    let web = guest("web");
    set(
        &mut service,
        &web,
        "instance/shutdown-details/max-duration",
        "600",
    );
    set(
        &mut service,
        &web,
        "instance/shutdown-details/stop-state",
        "PENDING_STOP",
    );
    set(&mut service, &Scope::Project, "project/attributes/a", "1");
    let values = |scope: &Scope, name: &str| -> Vec<String> {
        let values = service.values(scope, &key(name)).into_iter();
        values
            .map(|(key, value)| format!("{key}={value}"))
            .collect()
    };
    let stop = [
        "instance/shutdown-details/max-duration=600",
        "instance/shutdown-details/stop-state=PENDING_STOP",
    ];
    assert_eq!(values(&web, "instance/shutdown-details"), stop);
    assert_eq!(
        values(&web, "instance/shutdown-details/stop-state"),
        &stop[1..]
    );
    assert_eq!(values(&web, "instance/id"), ["instance/id=4711"]);
    assert_eq!(
        values(&Scope::Project, "project/attributes"),
        ["project/attributes/a=1"]
    );
    assert_eq!(values(&web, "project"), [""; 0]);
    assert_eq!(values(&web, "instance/shutdown"), [""; 0]);
    assert_eq!(values(&guest("nobody"), ""), [""; 0]);
}

#[test]
fn records_come_back_in_any_order_and_strange_ones_are_not_shown() {
    let mut service = service();
    let record = |name: &str, value: Option<&str>, revision| Record {
        scope: guest("web"),
        key: key(name),
        value: value.map(str::to_owned),
        revision,
    };
    service.restore(record("instance/attributes/a", Some("new"), 9));
    service.restore(record("instance/attributes/a", Some("old"), 3));
    service.restore(record("instance/attributes/a", None, 2));
    service.restore(record("instance/attributes", Some("no directory"), 12));
    service.restore(record("instance/attributes/a/b", Some("below a value"), 13));
    assert_eq!(read(&service, "web", "instance/attributes/a").body, "new");
    assert_eq!(read(&service, "web", "instance/attributes/").body, "a\n");
    let records = change(
        &mut service,
        &guest("db"),
        &[("instance/attributes/a", Some("1"))],
    );
    assert_eq!(
        records.unwrap()[0].revision,
        14,
        "no revision is used twice"
    );
}
