//! What the reference does too.

use serde_json::json;

use crate::bench::Bench;
use crate::server::Page;

#[test]
fn the_text_runs_before_the_url_and_the_log_is_that_of_the_reference() {
    let bench = Bench::new();
    let url = format!("http://{}/script", bench.server.address());
    bench
        .server
        .page("script", &[Page::Text("#!/bin/sh\necho two\n".to_owned())]);
    bench.server.instance(&json!({
        "startup-script": "\n  #!/bin/sh\necho one\necho error >&2\n",
        "startup-script-url": format!("  {url}\n"),
    }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        &format!("Starting startup scripts (version {version})."),
        "Found startup-script in metadata.",
        "startup-script: one",
        "startup-script: error",
        "startup-script exit status 0",
        "Found startup-script-url in metadata.",
        "startup-script-url: two",
        "startup-script-url exit status 0",
        "Finished running startup scripts.",
    ];
    assert_eq!(ran.lines, expected);
}

#[test]
fn the_project_counts_only_when_the_instance_has_no_script() {
    let bench = Bench::new();
    let project =
        json!({"startup-script": "echo project", "startup-script-url": "http://[::1]:1/"});
    bench.server.project(&project);
    for (instance, expected) in [
        (json!({"startup-script-url": "gs://"}), &[][..]),
        (json!({"startup-script": "echo instance"}), &["instance"]),
        (
            json!({"startup-script": "", "shutdown-script": "x"}),
            &["project"],
        ),
    ] {
        bench.server.instance(&instance);
        let ran = bench.run(&["startup", "--again"]);
        assert_eq!(ran.printed("startup-script"), expected, "{instance}");
    }
}

#[test]
fn an_event_without_scripts_is_success() {
    let bench = Bench::of(&json!({"startup-script": "exit 1"}));
    for event in ["shutdown", "graceful-shutdown", "specialize"] {
        let ran = bench.run(&[event]);
        assert_eq!(ran.code, Some(0));
        assert_eq!(ran.lines[1..], [format!("No {event} scripts to run.")]);
    }
}

#[test]
fn a_server_without_a_directory_of_attributes_has_no_scripts() {
    let bench = Bench::new();
    for directory in ["instance/attributes", "project/attributes"] {
        bench.server.page(directory, &[Page::Status(404)]);
    }
    assert_eq!(bench.run(&["startup"]).code, Some(0));
}

#[test]
fn every_event_runs_its_own_scripts() {
    let bench = Bench::of(&json!({
        "startup-script": "echo s",
        "shutdown-script": "echo h",
        "graceful-shutdown-script": "echo g",
        "sysprep-specialize-script": "echo p",
    }));
    for (event, key, printed) in [
        ("startup", "startup-script", "s"),
        ("shutdown", "shutdown-script", "h"),
        ("graceful-shutdown", "graceful-shutdown-script", "g"),
        ("specialize", "sysprep-specialize-script", "p"),
    ] {
        assert_eq!(bench.run(&[event]).printed(key), [printed]);
    }
}

#[test]
fn usage_is_told_with_status_2() {
    let bench = Bench::new();
    for arguments in [
        &[][..],
        &["boot"],
        &["startup", "shutdown"],
        &["startup", "-x"],
    ] {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.lines.iter().any(|line| line == "Usage:"));
        assert!(bench.server.asked().is_empty());
    }
    assert_eq!(bench.run(&["--help"]).code, Some(0));
}

#[test]
fn the_runner_is_known_by_google_s_names() {
    let bench = Bench::of(&json!({"shutdown-script": "echo ran"}));
    for name in [
        "google_metadata_script_runner",
        "/usr/bin/google_metadata_script_runner_adapt",
    ] {
        let ran = bench.start(bench.command_named(name, &["shutdown"])).end();
        assert_eq!(ran.printed("shutdown-script"), ["ran"], "{ran:#?}");
    }
}

#[test]
fn requests_are_those_of_the_protocol() {
    let bench = Bench::new();
    bench.run(&["startup"]);
    let asked = bench.server.asked();
    assert_eq!(
        bench.server.paths(),
        ["instance/attributes", "project/attributes"]
    );
    assert!(
        asked
            .iter()
            .all(|asked| asked.head.contains("metadata-flavor: google\r\n"))
    );
}
