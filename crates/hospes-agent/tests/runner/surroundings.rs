//! Folder, environment, time and signals of a script.

use serde_json::json;

use crate::bench::{Bench, eventually};

#[test]
fn a_script_lies_in_a_folder_of_its_own_that_goes_away() {
    let bench = Bench::of(&json!({"startup-script": "#!/bin/sh\necho $0"}));
    let ran = bench.run(&["startup"]);
    let file = ran.printed("startup-script")[0].to_owned();
    assert!(
        file.starts_with(bench.path("tmp").to_str().unwrap()),
        "{file}"
    );
    assert!(file.ends_with("/startup-script"));
    assert_eq!(bench.left().len(), 0);
    bench.set(&format!("run_dir = {}", bench.path("a b'c").display()));
    std::fs::create_dir(bench.path("a b'c")).unwrap();
    let ran = bench.run(&["startup", "--again"]);
    assert!(
        ran.printed("startup-script")[0].contains("/a b'c/"),
        "{ran:#?}"
    );
}

#[test]
fn a_script_knows_its_event_and_key_and_has_nothing_to_read() {
    let script = "echo $HOSPES_EVENT $HOSPES_SCRIPT_KEY [$HOSPES_STOP_REQUEST]; cat; echo $OTHER";
    let bench = Bench::of(&json!({ "shutdown-script": script }));
    let mut command = bench.command(&["shutdown"]);
    command.env("OTHER", "as of the runner");
    let ran = bench.start(command).end();
    assert_eq!(
        ran.printed("shutdown-script"),
        ["shutdown shutdown-script []", "as of the runner"]
    );
}

#[test]
fn a_signal_reaches_the_script_and_its_children_and_leaves_no_folder() {
    let bench = Bench::of(&json!({
        "startup-script": "trap 'echo told; exit 5' TERM; sleep 600 & echo $! ready; wait",
        "startup-script-url": "http://127.0.0.1:1/never",
    }));
    let running = bench.start(bench.command(&["startup"]));
    let ready = running.line("startup-script: ");
    let child = ready.split(' ').nth(1).unwrap().to_owned();
    running.signal("TERM");
    let ran = running.end();
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert_eq!(ran.printed("startup-script")[1..], ["told"]);
    ran.line("The runner was told to end: no more scripts are run.");
    assert!(
        !ran.lines
            .iter()
            .any(|line| line.contains("startup-script-url"))
    );
    assert_eq!(bench.left().len(), 0);
    let stat = format!("/proc/{child}/stat");
    eventually("its child ends", || {
        let stat = std::fs::read_to_string(&stat);
        stat.map_or(true, |stat| stat.contains(") Z "))
            .then_some(())
    });
}

#[test]
fn a_signal_during_a_download_leaves_no_folder() {
    let bench = Bench::new();
    bench.server.page("s", &[crate::server::Page::Silence]);
    let url = format!("http://{}/s", bench.server.address());
    bench.server.instance(&json!({ "startup-script-url": url }));
    let running = bench.start(bench.command(&["startup"]));
    eventually("the download begins", || {
        bench.server.paths().contains(&"s".to_owned()).then_some(())
    });
    assert_eq!(bench.left().len(), 1);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(1));
    assert_eq!(bench.left().len(), 0);
}

#[test]
fn a_script_that_takes_too_long_is_killed_with_what_it_started() {
    let bench = Bench::of(&json!({
        "startup-script": "trap '' TERM; sleep 600 & echo $! here; wait; sleep 600",
    }));
    bench.set("script_timeout = 1");
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(1));
    ran.line("Script \"startup-script\" failed with error: it ran longer than 1 s");
    let here = ran.printed("startup-script")[0];
    let stat = format!("/proc/{}/stat", here.split(' ').next().unwrap());
    eventually("its child ends", || {
        let stat = std::fs::read_to_string(&stat);
        stat.map_or(true, |stat| stat.contains(") Z "))
            .then_some(())
    });
}

#[test]
fn settings_that_make_no_sense_are_told_and_scripts_run() {
    let bench = Bench::of(&json!({"startup-script": "echo ran"}));
    bench.set("startup = perhaps");
    let distro = "[MetadataScripts]\ndefault_shell = /bin/sh\n";
    std::fs::write(bench.path("settings.distro"), distro).unwrap();
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script"), ["ran"]);
    assert!(
        ran.lines[0].contains("line 3: startup expects true|false"),
        "{ran:#?}"
    );
}
