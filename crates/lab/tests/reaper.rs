//! Machines in a session of their own do not outlive the lab, even when the lab is killed.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lab::session::machines_of;

/// A machine without a guest, as far from this process as one that `hospes start` powers on.
fn start_machine(dir: &Path) -> Child {
    let pidfile = dir.join("qemu.pid");
    let machine = Command::new("setsid")
        .args([
            "--wait",
            "qemu-system-x86_64",
            "-nodefaults",
            "-display",
            "none",
            "-S",
            "-m",
            "16",
        ])
        .args(["-machine", "pc,accel=tcg", "-pidfile"])
        .arg(&pidfile)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the machine runs", || {
        pidfile.exists() && machines_of(dir).len() == 1
    });
    machine
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start_reaper(dir: &Path) -> Child {
    let mut reaper = Command::new(env!("CARGO_BIN_EXE_lab"));
    reaper
        .arg("reap")
        .arg(dir)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn the_reaper_ends_the_machines_of_its_run_when_the_lab_is_gone() {
    let (run, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut machine, mut bystander) = (start_machine(run.path()), start_machine(other.path()));
    let mut reaper = start_reaper(run.path());
    assert!(
        reaper.try_wait().unwrap().is_none(),
        "the reaper ended while the lab lived"
    );
    assert_eq!(
        machines_of(run.path()).len(),
        1,
        "the reaper ended a machine while the lab lived"
    );

    // What the kernel does when the lab is killed.
    drop(reaper.stdin.take());
    assert!(reaper.wait().unwrap().success());
    assert!(!machine.wait().unwrap().success());
    assert_eq!(machines_of(run.path()).len(), 0);

    let others = machines_of(other.path()).len();
    lab::session::end_machines(other.path());
    bystander.wait().unwrap();
    assert_eq!(others, 1, "the reaper ended a machine of another run");
}
