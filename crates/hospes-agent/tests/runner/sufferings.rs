//! What users of the reference suffer from, in the order of complaint.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::bench::{Bench, LONG, eventually, line_in, skip};
use crate::server::{Page, Server};

fn startup(script: &str) -> Bench {
    Bench::of(&json!({ "startup-script": script }))
}

#[test]
fn s01_a_script_that_fails_makes_the_runner_fail() {
    for (script, why) in [
        ("exit 7", "exit status 7"),
        ("exit 126", "exit status 126"),
        ("no-such-command-at-all", "exit status 127"),
        ("kill -9 $$", "signal: killed"),
    ] {
        let bench = startup(script);
        let ran = bench.run(&["startup"]);
        assert_eq!(ran.code, Some(1), "{script}");
        let failed = format!("Script \"startup-script\" failed with error: {why}");
        ran.line(&failed);
        ran.line("Finished running startup scripts.");
        bench.set("fail_on_script_error = false");
        assert_eq!(bench.run(&["startup", "--again"]).code, Some(0));
    }
}

#[test]
fn s01_a_failing_script_does_not_keep_the_next_from_running() {
    let bench = Bench::new();
    bench
        .server
        .page("s", &[Page::Text("echo second".to_owned())]);
    let url = format!("http://{}/s", bench.server.address());
    bench
        .server
        .instance(&json!({"startup-script": "exit 3", "startup-script-url": url}));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script-url"), ["second"]);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn s02_a_line_of_any_length_is_logged_whole_and_kills_nobody() {
    let ran =
        startup("head -c 1000000 /dev/zero | tr '\\000' x; echo; echo after").run(&["startup"]);
    assert_eq!(ran.code, Some(0));
    let printed = ran.printed("startup-script");
    assert!(printed.iter().all(|piece| piece.len() <= 48 << 10));
    assert_eq!(printed.last(), Some(&"after"));
    let whole = printed[..printed.len() - 1].concat();
    assert_eq!((whole.len(), whole.trim_matches('x')), (1_000_000, ""));
}

#[test]
fn s03_nothing_of_the_output_is_lost_at_the_end() {
    let ran = startup("seq 100000; printf end").run(&["startup"]);
    let printed = ran.printed("startup-script");
    let expected: Vec<String> = (1..=100_000).map(|number| number.to_string()).collect();
    assert_eq!(printed[..100_000], expected);
    assert_eq!(printed[100_000..], ["end"]);
    let late = startup("exec > >(sleep 0.1; cat); echo through a process behind it");
    late.set("default_shell = /bin/bash");
    assert_eq!(
        late.run(&["startup"]).printed("startup-script"),
        ["through a process behind it"]
    );
}

#[test]
fn s04_a_background_child_holds_nobody_up_lives_on_and_is_logged() {
    let bench = Bench::new();
    let gate = bench.path("gate");
    let (gate_name, done) = (gate.display(), bench.path("done"));
    let script = format!(
        "#!/bin/sh\n(until [ -e {gate_name} ]; do sleep 0.05; done; echo late; echo later; touch {}) &\necho parent",
        done.display()
    );
    bench.server.instance(&json!({ "startup-script": script }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.printed("startup-script"), ["parent"]);
    ran.line("Finished running startup scripts.");
    fs::write(gate, "").unwrap();
    line_in(&bench.path("output"), "startup-script: later");
    eventually("the child ends by itself", || done.exists().then_some(()));
}

#[test]
fn s05_startup_scripts_run_once_a_boot_and_again_when_somebody_says_so() {
    let bench = startup("echo ran");
    let ran = |arguments: &[&str]| {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, Some(0));
        ran.printed("startup-script").len()
    };
    assert_eq!(ran(&["startup"]), 1);
    assert_eq!(ran(&["startup"]), 0);
    assert_eq!(ran(&["startup", "--again"]), 1);
    bench.set("startup_once = false");
    assert_eq!(ran(&["startup"]), 1);
    bench.set("");
    fs::remove_dir_all(bench.path("run")).unwrap();
    assert_eq!(ran(&["startup"]), 1, "another boot");
}

#[test]
fn s05_google_s_own_command_runs_startup_scripts_again_by_hand_only() {
    let bench = startup("echo ran");
    let ran = |name: &str, by_systemd: bool| {
        let mut command = bench.command_named(name, &["startup"]);
        if by_systemd {
            command.env("INVOCATION_ID", "0123");
        }
        bench.start(command).end().printed("startup-script").len()
    };
    let [by_hand, of_units] = [
        "google_metadata_script_runner",
        "google_metadata_script_runner_adapt",
    ];
    assert_eq!(ran(of_units, true), 1);
    assert_eq!(ran(of_units, true), 0);
    assert_eq!(ran(by_hand, true), 0);
    assert_eq!(ran(by_hand, false), 1);
}

#[test]
fn s05_a_startup_script_that_could_not_be_asked_for_runs_later() {
    let bench = startup("echo ran");
    bench
        .server
        .page("instance/attributes", &[Page::Status(403)]);
    assert_eq!(bench.run(&["startup"]).code, Some(1));
    bench
        .server
        .instance(&json!({"startup-script": "echo ran"}));
    assert_eq!(bench.run(&["startup"]).printed("startup-script"), ["ran"]);
}

#[test]
fn s05_shutdown_scripts_run_only_when_the_machine_goes_down() {
    let bench = Bench::of(&json!({"shutdown-script": "echo ran"}));
    let systemctl = bench.path("systemctl");
    for (state, jobs, runs) in [
        ("running", "", false),
        (
            "degraded",
            "7 google-shutdown-scripts.service stop running",
            false,
        ),
        ("stopping", "", true),
        ("starting", "9 shutdown.target start waiting", true),
    ] {
        let answers = format!(
            "#!/bin/sh\ncase $1 in is-system-running) echo {state}; exit 1;; list-jobs) echo '{jobs}';; esac\n"
        );
        // Written by another process: this one forks in other threads, which would hold it open.
        let write = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        let mut shell = Command::new("sh");
        shell.args(["-c", write, "sh", &answers]).arg(&systemctl);
        assert!(shell.status().unwrap().success());
        let mut command = bench.command(&["shutdown", "--only-at-poweroff"]);
        let path = format!("{}:/usr/bin:/bin", bench.path("").display());
        command.env("PATH", path);
        let ran = bench.start(command).end();
        assert_eq!(ran.code, Some(0));
        assert_eq!(
            ran.printed("shutdown-script").len(),
            usize::from(runs),
            "{state} {ran:#?}"
        );
        if !runs {
            assert_eq!(
                ran.lines,
                ["The machine does not go down: no shutdown scripts are run."]
            );
        }
    }
    let cannot_run = fs::Permissions::from_mode(0o644);
    fs::set_permissions(&systemctl, cannot_run).unwrap();
    let mut command = bench.command(&["shutdown", "--only-at-poweroff"]);
    command.env("PATH", bench.path(""));
    let ran = bench.start(command).end();
    assert_eq!(ran.printed("shutdown-script"), ["ran"], "nobody knows");
    ran.line("failed to start '");
}

#[test]
fn s06_no_host_is_looked_up_and_nothing_is_asked_for_a_url_with_an_address() {
    let bench = Bench::new();
    bench
        .server
        .page("s", &[Page::Text("echo fetched".to_owned())]);
    let url = format!("http://{}/s", bench.server.address());
    bench.server.instance(&json!({ "startup-script-url": url }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script-url"), ["fetched"]);
    assert_eq!(bench.server.paths(), ["instance/attributes", "s"]);
}

#[test]
fn s07_metadata_that_comes_late_is_waited_for() {
    let bench = startup("echo ran");
    bench.set("metadata_wait = 2m");
    let free = Server::start().address();
    // Nobody listens at an address of this network beside the tests' own.
    let late = format!("127.7.7.7:{}", free.port());
    let mut command = bench.command(&["startup"]);
    command.env("GCE_METADATA_HOST", &late);
    let running = bench.start(command);
    let told = running.line("the metadata server refuses connections");
    assert!(told.ends_with("trying again for 120 s"), "{told}");
    thread::sleep(Duration::from_millis(500));
    let server = Server::start_at(&late).unwrap();
    server.instance(&json!({"startup-script": "echo ran"}));
    let ran = running.end();
    assert_eq!(ran.printed("startup-script"), ["ran"], "{ran:#?}");
    let complaints = ran.lines.iter().filter(|line| line.contains("refuses"));
    assert_eq!(complaints.count(), 1, "one line, not one for each try");
}

#[test]
fn s07_metadata_that_never_comes_is_given_up_with_a_reason() {
    let bench = Bench::new();
    bench.set("metadata_wait = 1");
    let mut command = bench.command(&["startup"]);
    command.env("GCE_METADATA_HOST", "127.7.7.8:1");
    let ran = bench.start(command).end();
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.lines.len(), 3, "{ran:#?}");
    assert_eq!(
        ran.lines[2],
        "no script was run: the metadata server refuses connections: check the network and the \
         metadata service, then start the unit again"
    );
}

#[test]
fn s07_a_server_in_maintenance_is_asked_again() {
    let bench = Bench::new();
    let attributes = Page::Text(r#"{"startup-script":"echo ran"}"#.to_owned());
    bench.server.page(
        "instance/attributes",
        &[Page::Status(503), Page::Status(429), attributes],
    );
    assert_eq!(bench.run(&["startup"]).printed("startup-script"), ["ran"]);
}

#[test]
fn s08_a_script_lies_elsewhere_when_temporary_files_cannot_be_executed() {
    let bench = startup("#!/bin/sh\necho $0");
    let place = bench.path("tmp");
    let mount = format!("mount -t tmpfs -o noexec none {}", place.display());
    let Some(running) = bench.start_apart(&bench.command(&["startup"]), &mount) else {
        skip("no name space for a file system that forbids to execute");
        return;
    };
    let ran = running.end();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let told = format!("{} is mounted noexec: the script lies in ", place.display());
    let elsewhere = ran.line(&told).strip_prefix(&told).unwrap();
    assert!(ran.printed("startup-script")[0].starts_with(elsewhere));
}

#[test]
fn s09_what_a_status_of_127_means_is_told_in_one_line() {
    for (script, expected) in [
        ("#!/bin/bash\r\necho x\r\n", "carriage return"),
        ("#!/usr/bin/env bash\r\necho x\r\n", "carriage return"),
        (
            "#!/no/such/interpreter\n",
            "names /no/such/interpreter, which does not exist",
        ),
        (
            "#!/usr/bin/env no-such-program\n",
            "names no-such-program, which does not exist",
        ),
    ] {
        let ran = startup(script).run(&["startup"]);
        assert_eq!(ran.code, Some(1));
        let line = ran.line("Script \"startup-script\" failed with error: exit status 12");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn s09_a_missing_shell_is_told_and_the_script_runs_by_itself() {
    for script in ["#!/bin/sh\necho ran", "echo ran"] {
        let bench = startup(script);
        bench.set("default_shell = /no/such/shell");
        let ran = bench.run(&["startup"]);
        assert_eq!(ran.printed("startup-script"), ["ran"]);
        ran.line("default_shell /no/such/shell does not exist");
    }
}

#[test]
fn s10_a_disabled_event_is_success_in_one_line() {
    let bench = startup("echo ran");
    bench.set("startup = false");
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.lines, ["startup scripts disabled in instance config"]);
    assert!(bench.server.asked().is_empty());
}

#[test]
fn s11_a_machine_that_goes_down_waits_seconds_for_metadata() {
    let bench = Bench::new();
    bench.set("metadata_wait = 1h\nshutdown_metadata_wait = 1");
    bench.server.page("instance/attributes", &[Page::Silence]);
    // It ends within the time of a test: see `LONG`.
    let ran = bench.run(&["shutdown"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.line("no script was run: ")
            .contains("did not answer within")
    );
    assert!(LONG < Duration::from_secs(600));
}

#[test]
fn s12_a_proxy_of_the_environment_is_not_asked_for_metadata() {
    let bench = startup("echo $http_proxy");
    let mut command = bench.command(&["startup"]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, "http://127.0.0.1:1");
    }
    let ran = bench.start(command).end();
    assert_eq!(ran.printed("startup-script"), ["http://127.0.0.1:1"]);
}

#[test]
fn s13_a_reply_that_is_no_metadata_is_told_in_one_line() {
    for page in ["<html>secret</html>", "[\"secret\"]", "\"secret\"", ""] {
        let bench = Bench::new();
        bench
            .server
            .page("instance/attributes", &[Page::Text(page.to_owned())]);
        let ran = bench.run(&["startup"]);
        assert_eq!(ran.code, Some(1));
        assert_eq!(ran.lines.len(), 2, "{ran:#?}");
        assert!(!format!("{ran:?}").contains("secret"));
    }
}

#[test]
fn s14_a_server_with_an_ipv6_address_is_asked() {
    let Ok(server) = Server::start_at("[::1]:0") else {
        skip("no IPv6 on this machine");
        return;
    };
    server.instance(&json!({"startup-script": "echo ran"}));
    let ran = Bench::with(server).run(&["startup"]);
    assert_eq!(ran.printed("startup-script"), ["ran"]);
}

#[test]
fn s15_a_download_that_breaks_off_is_begun_anew_into_an_empty_file() {
    let bench = Bench::new();
    let script = "#!/bin/sh\ncat $0\n";
    let broken =
        Page::BrokenOff("#!/bin/sh\necho half of something longer than the whole\n".into());
    bench.server.page(
        "s",
        &[broken.clone(), broken, Page::Text(script.to_owned())],
    );
    let url = format!("http://{}/s", bench.server.address());
    bench.server.instance(&json!({ "startup-script-url": url }));
    let ran = bench.run(&["startup"]);
    let expected: Vec<&str> = script.lines().collect();
    assert_eq!(ran.printed("startup-script-url"), expected);
}

#[test]
fn s15_a_download_that_never_ends_well_runs_nothing() {
    let bench = Bench::new();
    let broken = Page::BrokenOff("#!/bin/sh\necho half\n".into());
    bench.server.page("s", &[broken]);
    let url = format!("http://{}/s", bench.server.address());
    bench.server.instance(&json!({ "startup-script-url": url }));
    let ran = bench.run(&["startup"]);
    assert_eq!(ran.printed("startup-script-url"), [""; 0]);
    assert!(
        ran.line("Script \"startup-script-url\" failed")
            .contains("broke off after")
    );
    assert_eq!(ran.code, Some(1));
    let tries = bench
        .server
        .paths()
        .iter()
        .filter(|path| *path == "s")
        .count();
    assert_eq!(tries, 3);
}

#[test]
fn what_a_script_says_is_logged_and_its_text_is_not() {
    let ran = startup("echo said # secret").run(&["startup"]);
    assert_eq!(ran.printed("startup-script"), ["said"]);
    assert!(!format!("{ran:?}").contains("secret"));
}

#[test]
fn a_script_is_executable_whatever_the_umask() {
    let ran = startup("#!/bin/sh\numask; stat -c %a $0; stat -c %a ${0%/*}").run(&["startup"]);
    let printed = ran.printed("startup-script");
    assert_eq!(printed[1..], ["755", "700"]);
    let mode = fs::metadata("/tmp").unwrap().permissions().mode();
    assert!(
        mode & 0o1000 != 0,
        "where others may write, names are theirs to take"
    );
}
