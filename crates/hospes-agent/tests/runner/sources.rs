//! Where scripts are fetched from.

use serde_json::json;

use crate::bench::Bench;
use crate::server::Page;

fn text(text: &str) -> Page {
    Page::Text(text.to_owned())
}

fn with_storage(url: &str) -> Bench {
    let bench = Bench::of(&json!({"startup-script-url": url}));
    bench.set(&format!("storage_url = http://{}", bench.server.address()));
    bench.server.page(
        "instance/service-accounts/default/token",
        &[text(
            r#"{"access_token":"secret-token","expires_in":3600,"token_type":"Bearer"}"#,
        )],
    );
    bench
}

#[test]
fn an_object_is_asked_for_with_the_token_of_the_machine() {
    for url in [
        "gs://bucket/dir/object",
        "https://storage.googleapis.com/bucket/dir/object",
        "https://bucket.storage.googleapis.com/dir/object",
    ] {
        let bench = with_storage(url);
        bench
            .server
            .page("bucket/dir/object", &[text("echo object")]);
        let ran = bench.run(&["startup"]);
        assert_eq!(ran.printed("startup-script-url"), ["object"], "{ran:#?}");
        let asked = bench.server.asked();
        let object = asked.iter().find(|asked| asked.path == "bucket/dir/object");
        let head = &object.unwrap().head;
        assert!(
            head.contains("authorization: bearer secret-token\r\n"),
            "{head}"
        );
    }
}

#[test]
fn an_object_that_the_token_does_not_open_is_asked_for_without_it() {
    let bench = with_storage("gs://bucket/object");
    bench
        .server
        .page("bucket/object", &[Page::Status(403), text("echo public")]);
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script-url"), ["public"]);
    ran.line("Trying unauthenticated download");
    let asked = bench.server.asked();
    let heads: Vec<bool> = asked
        .iter()
        .filter(|asked| asked.path == "bucket/object")
        .map(|asked| asked.head.contains("authorization:"))
        .collect();
    assert_eq!(heads, [true, false]);
    assert!(!format!("{ran:?}").contains("secret-token"));
}

#[test]
fn an_object_is_public_for_a_machine_without_a_service_account() {
    let bench = with_storage("gs://bucket/object");
    let token = "instance/service-accounts/default/token";
    bench.server.page(token, &[Page::Status(404)]);
    bench.server.page("bucket/object", &[text("echo public")]);
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script-url"), ["public"]);
}

#[test]
fn another_universe_has_its_own_storage_addresses() {
    let bench = with_storage("https://storage.example.goog/bucket/object");
    bench
        .server
        .page("universe/universe-domain", &[text("example.goog\n")]);
    bench
        .server
        .page("bucket/object", &[text("echo elsewhere")]);
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script-url"), ["elsewhere"], "{ran:#?}");
}

#[test]
fn a_script_that_cannot_be_fetched_fails_without_telling_what_is_secret_in_its_url() {
    let bench = Bench::new();
    let address = bench.server.address();
    for (url, expected) in [
        (
            format!("http://{address}/missing?signature=secret"),
            "answers 404",
        ),
        (
            format!("http://user:secret@{address}/missing"),
            "answers 404",
        ),
        (
            "ftp://secret".to_owned(),
            "expected a URL that begins with gs://, http:// or https://",
        ),
        ("gs://secret".to_owned(), "expected gs://BUCKET/OBJECT"),
    ] {
        bench.server.instance(&json!({
            "shutdown-script": "echo first",
            "shutdown-script-url": url,
        }));
        let ran = bench.run(&["shutdown"]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert_eq!(ran.printed("shutdown-script"), ["first"]);
        let line = ran.line("Script \"shutdown-script-url\" failed with error: ");
        assert!(line.contains(expected), "{line}");
        assert!(!format!("{ran:?}").contains("secret"), "{ran:#?}");
    }
}
