//! Announced, cancelled, announced again; and the watcher dies in between.

use std::fs;

use crate::guest::{Guest, until};
use crate::host::{Host, STOP_STATE};

const R1: &str = "2026-11-22T04:51:45.1Z";
const R2: &str = "2026-11-22T05:00:00.2Z";

/// A host without a stop.
fn idle() -> Host {
    let host = Host::start();
    host.set(&[(STOP_STATE, "NONE")]);
    host
}

#[test]
fn an_announced_stop_starts_the_scripts_and_leaves_them_its_deadline() {
    let host = idle();
    let guest = Guest::watching(&host);
    host.wait_until_asked(2);
    host.announce(R1, "600");
    guest.wait_until_started(1);
    let pending = guest.pending();
    assert_eq!(pending["request"], R1);
    assert_eq!(pending["max-seconds"], 600);
    assert!(pending["deadline-unix"].as_u64().unwrap() > 1_700_000_000);
    assert!(pending["deadline-boot-ms"].as_u64().unwrap() > 600_000);
    guest.wait_until_said(&format!("the scripts of stop {R1} are started"));
}

#[test]
fn idle_values_start_nothing_and_are_not_talked_about() {
    let host = idle();
    let guest = Guest::watching(&host);
    for value in ["UNSPECIFIED", "UNKNOWN", "NONE", "UNKNOWN"] {
        let asked = host.asked().len();
        host.set(&[(STOP_STATE, value)]);
        host.wait_until_asked(asked + 1);
    }
    host.set(&[(STOP_STATE, "STOPPING")]);
    guest.wait_until_said("being stopped");
    host.set(&[(STOP_STATE, "SOMETHING_NEW")]);
    guest.wait_until_said("SOMETHING_NEW");
    assert_eq!(guest.starts(), 0);
    assert_eq!(guest.log().lines().count(), 3, "{}", guest.log());
}

#[test]
fn a_cancelled_stop_is_withdrawn_and_a_second_one_starts_them_again() {
    let host = idle();
    let guest = Guest::watching(&host);
    host.announce(R1, "600");
    guest.wait_until_started(1);
    host.cancel();
    until("pending-stop.json stays", || {
        (!guest.run("pending-stop.json").exists()).then_some(())
    });
    guest.wait_until_said("no stop is pending any more");
    host.announce(R2, "60");
    guest.wait_until_started(2);
    assert_eq!(guest.pending()["request"], R2);
}

#[test]
fn a_watcher_that_is_started_again_in_the_middle_of_a_stop_starts_nothing_twice() {
    let host = idle();
    let mut guest = Guest::watching(&host);
    host.announce(R1, "600");
    guest.wait_until_said("are started");
    let deadline = guest.pending()["deadline-boot-ms"].clone();
    for round in 1..3 {
        guest.kill();
        guest.watch();
        until("the second watcher is silent", || {
            (guest.said("taken up before") == round).then_some(())
        });
    }
    assert_eq!(guest.starts(), 1);
    assert_eq!(guest.pending()["deadline-boot-ms"], deadline);
    host.announce(R2, "600");
    guest.wait_until_started(2);
}

#[test]
fn a_watcher_that_died_while_it_started_them_starts_them_again() {
    let host = idle();
    let mut guest = Guest::of(&host);
    guest.systemctl("kill -9 $PPID");
    host.announce(R1, "600");
    guest.watch();
    guest.ended();
    assert_eq!(guest.starts(), 1);
    guest.systemctl("exit 0");
    guest.watch();
    guest.wait_until_started(2);
    assert_eq!(guest.pending()["request"], R1);
}

#[test]
fn another_boot_forgets_what_the_last_one_did() {
    let host = idle();
    let mut guest = Guest::watching(&host);
    host.announce(R1, "600");
    guest.wait_until_said("are started");
    guest.take(R1);
    guest.kill();
    let kept = fs::read_to_string(guest.run("watcher.json")).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert!(kept.contains(boot.trim()));
    fs::write(guest.run("watcher.json"), kept.replace(boot.trim(), "old")).unwrap();
    guest.watch();
    guest.wait_until_started(2);
    assert!(!guest.run("graceful").exists());
}

#[test]
fn a_stop_without_a_name_lasts_until_an_idle_value() {
    let host = idle();
    let mut guest = Guest::watching(&host);
    host.set(&[(STOP_STATE, "PENDING_STOP")]);
    guest.wait_until_said("are started");
    let name = guest.pending()["request"].clone();
    guest.kill();
    guest.watch();
    guest.wait_until_said("taken up before");
    assert_eq!(guest.starts(), 1);
    host.set(&[(STOP_STATE, "")]);
    guest.wait_until_said("no stop is pending any more");
    guest.kill();
    host.set(&[(STOP_STATE, "PENDING_STOP")]);
    guest.watch();
    guest.wait_until_started(2);
    assert_ne!(guest.pending()["request"], name);
}

#[test]
fn a_stop_that_comes_while_other_scripts_run_is_started_again_until_its_runner_has_it() {
    let host = idle();
    let guest = Guest::watching(&host);
    host.announce(R1, "600");
    guest.wait_until_started(1);
    guest.take(R1);
    host.announce(R2, "600");
    guest.wait_until_started(3);
    guest.wait_until_said("the scripts of another stop run still");
    guest.take(R2);
    host.cancel();
    guest.wait_until_said("no stop is pending any more");
    assert_eq!(guest.said("run still"), 1, "{}", guest.log());
    assert_eq!(
        guest.said(&format!("the scripts of stop {R2} are started")),
        1
    );
}

#[test]
fn the_unit_s_end_reports_once_what_its_runner_could_not() {
    let host = idle();
    let guest = Guest::of(&host);
    guest.take(R1);
    for _ in 0..2 {
        assert!(guest.end_unit("exit-code", "exited", "7").status.success());
    }
    let name = "instance/guest-attributes/hospes/graceful-shutdown".to_owned();
    let report = format!(r#"{{"request":"{R1}","outcome":"failed","exit":7}}"#);
    assert_eq!(host.puts(), [(name, report)]);
    assert_eq!(guest.starts(), 0);
}

#[test]
fn the_unit_s_end_has_nothing_to_do_after_a_run_by_hand() {
    let host = idle();
    let guest = Guest::of(&host);
    let output = guest.end_unit("success", "exited", "0");
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!((host.puts().len(), guest.starts()), (0, 0));
    let by_hand = guest.command("report-graceful-shutdown").output().unwrap();
    assert_eq!(by_hand.status.code(), Some(2));
}
