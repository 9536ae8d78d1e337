use super::*;

/// Below `/computeMetadata/v1/`.
const FOUND: &[(&str, &str)] = &[
    ("", "instance/\nproject/\n"),
    ("/", "instance/\nproject/\n"),
    ("instance/id", "4711"),
    ("/instance//id", "4711"),
    ("instance/name", "web"),
    ("instance/hostname", "web.example"),
    ("instance/zone", "projects/1/zones/attic"),
    ("instance/machine-type", "projects/1/machineTypes/small"),
    ("instance/cpu-platform", "Nehalem"),
    ("instance/description", "the web server"),
    ("instance/image", "debian-12"),
    ("instance/tags", "[\"http\",\"lab\"]"),
    ("instance/preempted", "FALSE"),
    ("instance/maintenance-event", "NONE"),
    ("instance/virtual-clock/drift-token", "0"),
    ("instance/scheduling/preemptible", "FALSE"),
    ("instance/shutdown-details/", "stop-state\n"),
    ("instance/shutdown-details/stop-state", "NONE"),
    ("instance/service-accounts/", ""),
    ("instance/guest-attributes/", ""),
    ("instance/network-interfaces/", "0/\n"),
    ("instance/network-interfaces/0/mac", "52:54:00:12:34:56"),
    ("instance/network-interfaces/0/ip", "10.0.2.15"),
    ("instance/network-interfaces/0/forwarded-ips/", ""),
    ("instance/attributes/", "foo\n"),
    ("instance/attributes/foo", "bar"),
    ("instance/attributes/f%6fo", "bar"),
    ("project/", "attributes/\nnumeric-project-id\nproject-id\n"),
    ("project/project-id", "hospes"),
    ("project/numeric-project-id", "1"),
];

const MISSING: &[&str] = &[
    "/computeMetadata/v1/project/attributes/foo",
    "/computeMetadata/v1/instance/guest-attributes/hospes/",
    "/computeMetadata/v1/instance/guest-attributes/hospes/none",
    "/computeMetadata/v1/instance/shutdown-details/max-duration",
    "/computeMetadata/v1/instance/service-accounts/default/token",
    "/computeMetadata/v1/instance/../project/",
    "/computeMetadata/v1/instance/attributes/foo/bar",
    "/computeMetadata/v2/",
    "/latest/meta-data/",
    "*",
];

#[test]
fn values_and_directories_are_found() {
    let mut service = service();
    set(
        &mut service,
        &guest("web"),
        "instance/attributes/foo",
        "bar",
    );
    for (path, body) in FOUND {
        let reply = read(&service, "web", path);
        assert_eq!((reply.status, reply.body.as_str()), (200, *body), "{path}");
        assert_eq!(reply.content_type, "application/text");
        assert!(reply.etag.is_some(), "{path}");
    }
    for (target, body) in [("/", "computeMetadata/\n"), ("/computeMetadata/", "v1/\n")] {
        assert_eq!(now(&service, "web", &get(target)).body, body);
    }
}

#[test]
fn what_is_not_there_is_404_and_what_cannot_be_read_is_400() {
    let mut service = service();
    set(
        &mut service,
        &guest("web"),
        "instance/attributes/foo",
        "bar",
    );
    for target in MISSING {
        let reply = now(&service, "web", &get(target));
        let expected = (404, "there is no such metadata key\n");
        assert_eq!((reply.status, reply.body.as_str()), expected, "{target}");
    }
    for (target, body) in [
        (
            "/computeMetadata/v1/%zz",
            "the path is not percent-encoded UTF-8\n",
        ),
        (
            "/computeMetadata/v1/%ff",
            "the path is not percent-encoded UTF-8\n",
        ),
        (
            "/computeMetadata/v1/?timeout_sec=soon",
            "`timeout_sec=soon` is no whole number of seconds\n",
        ),
    ] {
        let reply = now(&service, "web", &get(target));
        assert_eq!((reply.status, reply.body.as_str()), (400, body), "{target}");
    }
}

#[test]
fn a_directory_without_its_slash_is_moved_unless_it_is_recursive() {
    let service = service();
    let cases = [
        ("/computeMetadata", "/computeMetadata/"),
        ("/computeMetadata/v1", "/computeMetadata/v1/"),
        (
            "/computeMetadata/v1/instance",
            "/computeMetadata/v1/instance/",
        ),
        (
            "/computeMetadata/v1//instance/attributes?alt=json&other=1&last_etag=%0a",
            "/computeMetadata/v1/instance/attributes/?last_etag=%0A&alt=json",
        ),
    ];
    for (target, location) in cases {
        let reply = now(&service, "web", &get(target));
        assert_eq!(
            (reply.status, reply.location.as_deref()),
            (301, Some(location))
        );
    }
    let reply = read(&service, "db", "instance/attributes?recursive=true");
    assert_eq!((reply.status, reply.body.as_str()), (200, "{}"));
}

#[test]
fn who_means_another_server_is_refused() {
    let service = service();
    let target = "/computeMetadata/v1/instance/id";
    let cases = [
        (Some(&b"Google"[..]), false, 200),
        (None, false, 403),
        (Some(b"google"), false, 403),
        (Some(b""), false, 403),
        (Some(b"Google"), true, 403),
    ];
    for (flavor, forwarded, status) in cases {
        let request = Request {
            flavor,
            forwarded,
            ..get(target)
        };
        assert_eq!(
            now(&service, "web", &request).status,
            status,
            "{flavor:?} {forwarded}"
        );
    }
    // Programs look at the top for the name of who answers.
    let at_top = Request {
        flavor: None,
        ..get("/")
    };
    assert_eq!(now(&service, "web", &at_top).status, 200);
    let forwarded = Request {
        forwarded: true,
        ..at_top
    };
    assert_eq!(now(&service, "web", &forwarded).status, 403);
    // Nothing is told before that, not even what is wrong.
    let unread = Request {
        flavor: None,
        ..get("/computeMetadata/v1/?alt=xml")
    };
    assert_eq!(now(&service, "web", &unread).status, 403);
}

#[test]
fn other_methods_and_other_places_to_put_are_refused() {
    let service = service();
    let attribute = "/computeMetadata/v1/instance/guest-attributes/a/b";
    let cases = [
        (Method::Other, attribute, 405),
        (Method::Other, "/", 405),
        (Method::Put, "/", 405),
        (
            Method::Put,
            "/computeMetadata/v1/instance/attributes/a",
            405,
        ),
        (Method::Put, "/computeMetadata/v1/project/attributes/a", 405),
        (
            Method::Put,
            "/computeMetadata/v1/instance/guest-attributes/a",
            405,
        ),
        (
            Method::Put,
            "/computeMetadata/v1/instance/guest-attributes/a/b/c",
            405,
        ),
        (
            Method::Put,
            "/computeMetadata/v1/instance/shutdown-details/stop-state",
            405,
        ),
    ];
    for (method, target, status) in cases {
        let request = Request {
            method,
            ..get(target)
        };
        assert_eq!(
            now(&service, "web", &request).status,
            status,
            "{method:?} {target}"
        );
    }
}

#[test]
fn a_guest_sees_its_own_values_and_the_projects() {
    let mut service = service();
    set(
        &mut service,
        &guest("web"),
        "instance/attributes/mine",
        "secret",
    );
    set(
        &mut service,
        &Scope::Project,
        "project/attributes/all",
        "shared",
    );
    assert_eq!(
        read(&service, "web", "instance/attributes/mine").body,
        "secret"
    );
    assert_eq!(read(&service, "db", "instance/attributes/mine").status, 404);
    assert!(
        !read(&service, "db", "?recursive=true")
            .body
            .contains("secret")
    );
    for name in ["web", "db"] {
        assert_eq!(
            read(&service, name, "project/attributes/all").body,
            "shared"
        );
    }
    for path in ["", "?recursive=true", "instance/id", "project/project-id"] {
        assert_eq!(read(&service, "nobody", path).status, 404);
    }
}

#[test]
fn a_put_becomes_a_change_of_the_guest_that_sent_it() {
    let mut service = service();
    let target = "/computeMetadata/v1/instance/guest-attributes/hospes/graceful-shutdown";
    let Response::Put(change) = service.answer("web", &put(target, b"{\"request\": 1}")) else {
        panic!("no change");
    };
    let records = service.plan(&guest("web"), &[change]).unwrap();
    assert_eq!(
        now(&service, "web", &get(target)).status,
        404,
        "not kept yet"
    );
    for record in records {
        service.restore(record);
    }
    assert_eq!(now(&service, "web", &get(target)).body, "{\"request\": 1}");
    assert_eq!(now(&service, "db", &get(target)).status, 404);
}

#[test]
fn a_put_over_the_limits_is_refused() {
    let limits = Limits {
        value_bytes: 100,
        guest_attributes: 3,
        guest_attributes_bytes: 300,
        ..Limits::default()
    };
    let mut service = service_with(limits);
    let target = |name: &str| format!("/computeMetadata/v1/instance/guest-attributes/n/{name}");
    let mut put_now =
        |name: &str, body: &[u8]| match service.answer("web", &put(&target(name), body)) {
            Response::Now(reply) => reply.status,
            Response::Put(change) => {
                for record in service.plan(&guest("web"), &[change]).unwrap() {
                    service.restore(record);
                }
                200
            }
            Response::Hang(hang) => panic!("{hang:?}"),
        };
    assert_eq!(put_now("a", &[b'x'; 100]), 200);
    assert_eq!(put_now("a", &[b'x'; 101]), 413);
    assert_eq!(put_now("a", b"\xff"), 400);
    assert_eq!(put_now(&"k".repeat(129), b""), 400);
    assert_eq!(put_now("b", &[b'x'; 100]), 200);
    assert_eq!(put_now("c", &[b'x'; 100]), 400, "too many bytes together");
    assert_eq!(put_now("c", b""), 200);
    assert_eq!(put_now("d", b""), 400, "too many");
    assert_eq!(put_now("c", b"again"), 200);
}
