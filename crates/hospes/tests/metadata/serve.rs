//! The server: who is told what, when, and how it begins and ends.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::home::{Home, Reply, Watcher, err, over_tcp, request};

#[test]
fn each_guest_is_told_its_own_values_and_the_projects() {
    let home = Home::new("[metadata]\nproject-id = \"lab\"\n");
    let _server = home.serve();
    home.says(&["set", "web1", "a", "of web1"]);
    home.says(&["set", "--project", "b", "of all"]);
    for (guest, target, status, body) in [
        ("web1", "instance/attributes/a", 200, "of web1"),
        ("web1", "instance/name", 200, "web1"),
        ("web1", "project/attributes/b", 200, "of all"),
        ("web2", "project/attributes/b", 200, "of all"),
        ("web2", "instance/name", 200, "web2"),
        ("web1", "project/project-id", 200, "lab"),
        ("web1", "instance/shutdown-details/stop-state", 200, "NONE"),
        ("web1", "instance/tags", 200, "[\"front\"]"),
    ] {
        let reply = home.asks(guest, target);
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (status, body),
            "{guest} {target}"
        );
    }
    assert_eq!(home.asks("web2", "instance/attributes/a").status, 404);
    let ids = ["web1", "web2"].map(|guest| home.asks(guest, "instance/id").body);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_change_wakes_who_waits_for_it() {
    let home = Home::new("");
    let _server = home.serve();
    home.says(&["set", "web1", "a", "before"]);
    let etag = home.asks("web1", "instance/attributes/a").etag;
    let target = format!("instance/attributes/a?wait_for_change=true&last_etag={etag}");
    let mut waiting = home.guest("web1");
    waiting.write_all(request(&target).as_bytes()).unwrap();
    let mut watch = Watcher::start(home.command(&["watch", "web1", "a", "--json"]));
    let printed: Value = serde_json::from_str(&watch.prints()).unwrap();
    assert_eq!(printed["value"], "before");
    home.says(&["set", "web1", "b", "something else"]);
    home.says(&["set", "web1", "a", "one\ntwo"]);
    assert_eq!(Reply::read(waiting).body, "one\ntwo");

    let printed: Value = serde_json::from_str(&watch.prints()).unwrap();
    assert_eq!(printed["schema"], "hospes.metadata/1");
    assert_eq!(
        (&printed["guest"], &printed["value"]),
        (&"web1".into(), &"one\ntwo".into())
    );
    home.says(&["unset", "web1", "a"]);
    let printed: Value = serde_json::from_str(&watch.prints()).unwrap();
    assert_eq!(
        (&printed["key"], &printed["value"]),
        (&"instance/attributes/a".into(), &Value::Null)
    );
    assert!(watch.child.try_wait().unwrap().is_none(), "it goes on");
}

#[test]
fn what_a_guest_reports_is_seen_by_who_watches() {
    let home = Home::new("");
    let _server = home.serve();
    let watch =
        Watcher::start(home.command(&["watch", "web1", "instance/guest-attributes/hospes"]));
    let body = "done\u{1b}[2J";
    let put = format!(
        "PUT /computeMetadata/v1/instance/guest-attributes/hospes/state HTTP/1.1\r\nHost: m\r\n\
         Metadata-Flavor: Google\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut guest = home.guest("web1");
    guest.write_all(put.as_bytes()).unwrap();
    assert_eq!(Reply::read(guest).status, 200);
    let line = watch.prints();
    let expected = "web1: instance/guest-attributes/hospes/state = done [2J";
    assert!(line.ends_with(expected), "{line:?}");
}

#[test]
fn a_watch_ends_with_its_server_and_says_so() {
    let home = Home::new("");
    let server = home.serve();
    home.says(&["set", "web1", "a", "1"]);
    let mut watch = Watcher::start(home.command(&["watch", "web1", "a"]));
    assert!(watch.prints().ends_with("web1: instance/attributes/a = 1"));
    server.ends();
    let mut told = String::new();
    watch.stderr().read_to_string(&mut told).unwrap();
    assert_eq!(watch.child.wait().unwrap().code(), Some(1));
    assert!(
        told.contains("metadata server") && told.contains("is gone"),
        "{told}"
    );
}

#[test]
fn a_second_server_is_refused_and_the_first_goes_on() {
    let home = Home::new("");
    let server = home.serve();
    let second = home.run(&["serve"]);
    assert_eq!(second.status.code(), Some(3));
    let told = err(&second);
    assert!(
        told.contains("already runs") && told.contains("state/metadata.sock"),
        "{told}"
    );
    assert_eq!(home.asks("web1", "instance/name").body, "web1");
    let lock = std::fs::read_to_string(home.path("state/metadata.lock")).unwrap();
    assert!(lock.contains(&server.id().to_string()), "{lock}");
}

#[test]
fn a_server_that_is_told_to_end_leaves_nothing_behind_and_the_next_goes_on_with_its_etags() {
    let home = Home::new("");
    let server = home.serve();
    home.says(&["set", "web1", "a", "1"]);
    let etag = home.asks("web1", "instance/attributes/a").etag;
    assert!(!etag.is_empty());
    let (code, _) = server.ends();
    assert_eq!(code, Some(0));
    for left in ["state/metadata.sock", "state/metadata/web1.sock"] {
        assert!(!home.path(left).exists(), "{left}");
    }
    let _server = home.serve();
    assert_eq!(home.asks("web1", "instance/attributes/a").etag, etag);
}

#[test]
fn over_tcp_a_guest_is_known_by_its_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let home = Home::new(&format!(
        "metadata.address = \"127.0.0.1\"\n[metadata]\nlisten = [\"127.0.0.1:{port}\"]\n"
    ));
    let mut server = home.serve();
    let told = server.hears(&format!("listening at 127.0.0.1:{port}"));
    assert!(told.ends_with("for web2 (127.0.0.1)"), "{told}");
    assert_eq!(over_tcp(port, "instance/name").body, "web2");
}

#[test]
fn sockets_are_where_and_whose_the_configuration_says() {
    let mode =
        |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let home = Home::new("");
    let _server = home.serve();
    assert_eq!(mode(home.path("state/metadata")), 0o700);
    assert_eq!(mode(home.path("state/metadata/web1.sock")), 0o600);
    assert_eq!(mode(home.path("state/metadata.sock")), 0o600);

    let open = Home::new("[metadata]\nsocket-dir = \"run\"\nsocket-mode = \"0660\"\n");
    let _server = open.serve();
    assert_eq!(mode(open.path("run")), 0o710);
    assert_eq!(mode(open.path("run/web1.sock")), 0o660);
    assert_eq!(mode(open.path("state/metadata.sock")), 0o600);
}

#[test]
fn values_appear_in_no_log() {
    let home = Home::new("");
    let server = home.serve_with(&["-vv"]);
    let secret = "c0rrect-h0rse";
    home.write("secret", secret.as_bytes());
    let mut logs = String::new();
    for arguments in [
        &["set", "web1", "token", "--file", "secret", "-vv"][..],
        &["set", "--project", "token", "--file", "secret", "-vv"],
        &[
            "set",
            "web1",
            "instance/preempted",
            "--file",
            "secret",
            "-vv",
        ],
        &["set", "web1", "token", "--file", "secret", "--check", "-vv"],
        &["unset", "web1", "token", "--check", "-vv"],
    ] {
        let output = home.run(arguments);
        logs.push_str(&err(&output));
        logs.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    assert_eq!(home.asks("web1", "instance/attributes/token").body, secret);
    home.asks("web1", &format!("instance/attributes/{secret}"));
    home.says(&["unset", "web1", "token"]);
    logs.push_str(&server.ends().1);
    assert!(!logs.contains(secret), "{logs}");
    assert!(logs.contains("listening at"), "{logs}");
}
