//! Values are the same with a server and without one, and whoever wrote them.

use conditions::Timestamp;
use journal::{Holder, Journal, MetadataLock};
use serde_json::json;

use crate::home::{Home, err};

/// Runs `check` without a server, then with one.
fn both_ways(check: impl Fn(&Home)) {
    check(&Home::new(""));
    let served = Home::new("");
    let server = served.serve();
    check(&served);
    assert_eq!(server.ends().0, Some(0));
}

#[test]
fn a_value_is_set_read_and_taken_away() {
    both_ways(|home| {
        let script = "#!/bin/sh\necho ü\n";
        home.write("script.sh", script.as_bytes());
        let said = home.says(&["set", "web1", "startup-script", "--file", "script.sh"]);
        assert_eq!(
            said,
            "web1: instance/attributes/startup-script is set (18 bytes)\n"
        );
        assert_eq!(home.says(&["get", "web1", "startup-script"]), script);
        let path = "instance/attributes/startup-script";
        assert_eq!(home.says(&["get", "web1", path]), script);

        home.says(&["set", "web1", "a", "first"]);
        home.says(&["set", "web1", "a", "--", "-second"]);
        assert_eq!(home.says(&["get", "web1", "a"]), "-second");
        home.says(&["set", "--project", "a", "everybody's"]);
        assert_eq!(home.says(&["get", "--project", "a"]), "everybody's");

        let listed = home.says(&["get", "web1", "instance/attributes"]);
        let expected = "KEY                                 VALUE\n\
                        instance/attributes/a               -second\n\
                        instance/attributes/startup-script  #!/bin/sh ... (18 bytes)\n";
        assert_eq!(listed, expected);

        let said = home.says(&["unset", "web1", "a"]);
        assert_eq!(
            said,
            "web1: instance/attributes/a is taken away (7 bytes)\n"
        );
        assert_eq!(home.run(&["get", "web1", "a"]).status.code(), Some(1));
        let said = home.says(&["unset", "web1", "a"]);
        assert!(said.contains("nothing to take away"), "{said}");
        assert_eq!(home.says(&["get", "--project", "a"]), "everybody's");
    });
}

#[test]
fn documents_hold_whole_values() {
    both_ways(|home| {
        let document = home.document(&["set", "web1", "a", "one\ntwo"]);
        let expected = json!({
            "schema": "hospes.metadata/1", "guest": "web1", "key": "instance/attributes/a",
            "dry_run": false, "bytes_before": null, "bytes": 7,
        });
        assert_eq!(document, expected);
        let document = home.document(&["get", "web1", "a"]);
        let expected = json!({
            "schema": "hospes.metadata/1", "guest": "web1",
            "values": [{ "key": "instance/attributes/a", "value": "one\ntwo" }],
        });
        assert_eq!(document, expected);
        home.says(&["set", "--project", "b", "2"]);
        let document = home.document(&["get", "--project", "project/attributes/"]);
        let expected = json!([{ "key": "project/attributes/b", "value": "2" }]);
        assert_eq!(
            (&document["guest"], &document["values"]),
            (&json!(null), &expected)
        );
    });
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    both_ways(|home| {
        home.says(&["set", "web1", "a", "before"]);
        let before = home.document(&["get", "web1"]);
        let projects = home.document(&["get", "--project"]);
        for (arguments, told) in [
            (
                &["set", "web1", "a", "after", "--check"][..],
                "would be set (5 bytes, before: 6)",
            ),
            (
                &["set", "web1", "a", "before", "--check"],
                "(6 bytes, the same)",
            ),
            (
                &["set", "web1", "b", "new", "--check"],
                "would be set (3 bytes)",
            ),
            (
                &["set", "--project", "b", "new", "--check"],
                "would be set (3 bytes)",
            ),
            (
                &["unset", "web1", "a", "--check"],
                "would be taken away (6 bytes)",
            ),
        ] {
            let said = home.says(arguments);
            assert!(said.contains(told), "{arguments:?}: {said}");
        }
        let refused = home.run(&["set", "web1", "instance/id", "7", "--check"]);
        assert_eq!(refused.status.code(), Some(2));
        assert_eq!(home.document(&["get", "web1"]), before);
        assert_eq!(home.document(&["get", "--project"]), projects);
    });
}

#[test]
fn what_was_set_without_a_server_is_served_and_the_other_way_round() {
    let home = Home::new("");
    home.says(&["set", "web1", "a", "before"]);
    let server = home.serve();
    assert_eq!(home.asks("web1", "instance/attributes/a").body, "before");
    home.says(&["set", "web1", "b", "through the server"]);
    server.kill();
    assert_eq!(home.says(&["get", "web1", "b"]), "through the server");
    // A server that was killed leaves its sockets behind, and no lock.
    home.says(&["set", "web1", "b", "after"]);
    let _server = home.serve();
    assert_eq!(home.asks("web1", "instance/attributes/b").body, "after");
}

#[test]
fn controllers_that_set_values_at_once_lose_none() {
    let home = Home::new("");
    let keys: Vec<String> = (0..8).map(|n| format!("key{n}")).collect();
    let children: Vec<_> = keys
        .iter()
        .map(|key| home.command(&["set", "web1", key, key]).spawn().unwrap())
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
    for key in &keys {
        assert_eq!(home.says(&["get", "web1", key]), *key);
    }
}

#[test]
fn a_store_that_somebody_else_has_is_waited_for_and_then_refused_with_the_name() {
    let home = Home::new("");
    let journal = Journal::open(&home.path("state")).unwrap();
    let holder = Holder {
        pid: 4711,
        command: "a patient writer".to_owned(),
        since: Timestamp::from_millis(0),
    };
    let lock = MetadataLock::acquire(&journal, &holder).unwrap();
    let refused = home.run(&["set", "web1", "a", "1"]);
    assert_eq!(refused.status.code(), Some(3));
    let told = err(&refused);
    assert!(told.contains("a patient writer (process 4711"), "{told}");

    let mut waiting = home.command(&["set", "web1", "a", "1"]).spawn().unwrap();
    drop(lock);
    assert!(waiting.wait().unwrap().success());
    assert_eq!(home.says(&["get", "web1", "a"]), "1");
}
