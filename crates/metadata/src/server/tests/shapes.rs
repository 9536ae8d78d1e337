use serde_json::Value;

use super::*;

fn filled() -> Service {
    let mut service = service();
    let web = guest("web");
    for (name, value) in [
        ("instance/attributes/ssh-keys", "me:ssh-ed25519 AAAA"),
        (
            "instance/attributes/startup-script",
            "#!/bin/sh\necho \"up\"\n",
        ),
        ("instance/guest-attributes/hospes/graceful-shutdown", "done"),
        ("instance/shutdown-details/max-duration", "600"),
        ("instance/shutdown-details/stop-state", "PENDING_STOP"),
    ] {
        set(&mut service, &web, name, value);
    }
    set(
        &mut service,
        &Scope::Project,
        "project/attributes/enable-oslogin",
        "FALSE",
    );
    service
}

#[test]
fn the_whole_tree_as_json() {
    let reply = read(
        &filled(),
        "web",
        "/?recursive=true&alt=json&timeout_sec=60&wait_for_change=true&last_etag=NONE",
    );
    assert_eq!(
        (reply.status, reply.content_type),
        (200, "application/json")
    );
    insta::assert_json_snapshot!(serde_json::from_str::<Value>(&reply.body).unwrap());
}

#[test]
fn the_whole_tree_as_text() {
    let reply = read(&filled(), "web", "?recursive=true&alt=text");
    assert_eq!(
        (reply.status, reply.content_type),
        (200, "application/text")
    );
    insta::assert_snapshot!(reply.body);
}

#[test]
fn an_instance_is_listed() {
    insta::assert_snapshot!(read(&filled(), "web", "instance/").body);
}

/// The types that the structs of both agents of Google want: a string for a number, or an object for
/// a list, fails the whole document there.
#[test]
fn the_types_are_those_that_googles_agent_decodes() {
    let body = read(&filled(), "web", "/?recursive=true&alt=json").body;
    let tree: Value = serde_json::from_str(&body).unwrap();
    let at = |pointer: &str| {
        tree.pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer}"))
    };
    for pointer in ["/instance/id", "/project/numericProjectId"] {
        assert!(at(pointer).is_u64(), "{pointer}");
    }
    for pointer in [
        "/instance/machineType",
        "/instance/hostname",
        "/instance/name",
        "/instance/virtualClock/driftToken",
        "/instance/networkInterfaces/0/mac",
        "/instance/attributes/ssh-keys",
        "/project/attributes/enable-oslogin",
        "/project/projectId",
    ] {
        assert!(at(pointer).is_string(), "{pointer}");
    }
    for pointer in [
        "/instance/networkInterfaces",
        "/instance/networkInterfaces/0/forwardedIps",
        "/instance/networkInterfaces/0/forwardedIpv6s",
        "/instance/networkInterfaces/0/ipAliases",
        "/instance/networkInterfaces/0/targetInstanceIps",
    ] {
        assert!(at(pointer).is_array(), "{pointer}");
    }
    let body = read(&filled(), "db", "/?recursive=true&alt=json").body;
    let tree: Value = serde_json::from_str(&body).unwrap();
    for pointer in ["/instance/attributes", "/instance/serviceAccounts"] {
        assert!(tree.pointer(pointer).unwrap().is_object(), "{pointer}");
    }
    assert!(tree["instance"]["networkInterfaces"].is_array());
}

#[test]
fn one_value_and_one_directory_in_each_form() {
    let service = filled();
    let cases = [
        ("instance/id?alt=json", "application/json", "4711"),
        ("instance/id?alt=text", "application/text", "4711"),
        ("instance/name?alt=json", "application/json", "\"web\""),
        ("instance/name?recursive=true", "application/text", "web"),
        (
            "instance/tags?alt=json",
            "application/json",
            "[\"http\",\"lab\"]",
        ),
        (
            "instance/attributes/startup-script?alt=json",
            "application/json",
            "\"#!/bin/sh\\necho \\\"up\\\"\\n\"",
        ),
        (
            "instance/attributes/?alt=json",
            "application/json",
            "[\"ssh-keys\",\"startup-script\"]",
        ),
        (
            "instance/shutdown-details?recursive=true",
            "application/json",
            "{\"maxDuration\":\"600\",\"stopState\":\"PENDING_STOP\"}",
        ),
        (
            "instance/shutdown-details/?recursive=true&alt=text",
            "application/text",
            "max-duration 600\nstop-state PENDING_STOP\n",
        ),
        (
            "project/attributes/?recursive=True",
            "application/json",
            "{\"enable-oslogin\":\"FALSE\"}",
        ),
        (
            "instance/guest-attributes/hospes/?recursive=true",
            "application/json",
            "{\"graceful-shutdown\":\"done\"}",
        ),
        (
            "instance/guest-attributes/?recursive=true",
            "application/json",
            "{\"hospes\":{\"graceful-shutdown\":\"done\"}}",
        ),
        (
            "instance/service-accounts/?recursive=true",
            "application/json",
            "{}",
        ),
        (
            "instance/network-interfaces/0/ip-aliases/?recursive=true",
            "application/json",
            "[]",
        ),
    ];
    for (path, content_type, body) in cases {
        let reply = read(&service, "web", path);
        assert_eq!(
            (reply.status, reply.content_type, reply.body.as_str()),
            (200, content_type, body),
            "{path}"
        );
    }
}

#[test]
fn a_list_is_in_the_order_of_its_numbers() {
    let mut service = service();
    let interface = |number| Interface {
        mac: format!("mac {number}"),
        ip: None,
    };
    let facts = GuestFacts {
        interfaces: (0..12).map(interface).collect(),
        ..GuestFacts::default()
    };
    service.add_guest("router", facts);
    let listing = read(&service, "router", "instance/network-interfaces/").body;
    assert!(listing.ends_with("8/\n9/\n10/\n11/\n"), "{listing}");
    let body = read(
        &service,
        "router",
        "instance/network-interfaces/?recursive=true",
    )
    .body;
    let tree: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(tree[11]["mac"], "mac 11");
}
