//! The snapshot before an upgrade, in the disk of a real machine: taken, gone back to, expired.

use std::time::Duration;

use crate::guest::Guest;
use crate::machine::Machine;
use crate::site::{Site, err, out};

#[test]
fn a_guest_goes_back_to_the_snapshot_of_its_run_and_only_when_it_is_off() {
    let (guest, mut machine) = (Guest::start(), Machine::start(0x11));
    let site = Site::over(&machine, &guest, Duration::from_secs(86_400));
    let patched = site.hospes(&["runs", "resume", "r1"]);
    assert_eq!(patched.status.code(), Some(0), "{}", err(&patched));
    assert_eq!((guest.calls("upgrade"), machine.snapshots()), (1, 1));
    let timeline = out(&site.hospes(&["runs", "show", "r1"]));
    let words = "taking the snapshot hospes-patch-r1";
    assert!(timeline.contains(words), "{timeline}");
    // It is not time yet.
    let (told, code) = site.document(&["patch", "snapshots", "--expire"]);
    let listed = &told["snapshots"][0];
    assert_eq!((listed["expired"].as_bool(), code), (Some(false), Some(0)));

    let refused = site.hospes(&["patch", "rollback", "web1"]);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    let words = "web1: refused; the guest was not touched:\n  it is not stopped (running) -> shut it \
                 down: hospes shutdown web1\n";
    assert_eq!(out(&refused), words);

    machine.ends(0x22);
    let dry = site.hospes(&["patch", "rollback", "web1", "--check"]);
    assert_eq!(dry.status.code(), Some(0), "{}", err(&dry));
    machine.holds(0x22);
    let (back, code) = site.document(&["patch", "rollback", "web1"]);
    assert_eq!(
        (back["rolled_back"].as_bool(), code),
        (Some(true), Some(0)),
        "{back}"
    );
    assert_eq!(back["snapshot"], "hospes-patch-r1");
    machine.holds(0x11);
    let (run, _) = site.document(&["runs", "show", "r2"]);
    assert_eq!(
        (run["operation"].as_str(), run["status"].as_str()),
        (Some("rollback"), Some("done"))
    );
}

#[test]
fn a_snapshot_that_has_expired_is_deleted_from_the_disk_and_forgotten() {
    let (guest, machine) = (Guest::start(), Machine::start(0x11));
    let site = Site::over(&machine, &guest, Duration::ZERO);
    let patched = site.hospes(&["runs", "resume", "r1"]);
    assert_eq!(patched.status.code(), Some(0), "{}", err(&patched));
    let dry = out(&site.hospes(&["patch", "snapshots", "--expire", "--check"]));
    assert!(dry.contains("would be deleted"), "{dry}");
    assert_eq!(machine.snapshots(), 1);
    let (told, code) = site.document(&["patch", "snapshots", "--expire"]);
    let listed = &told["snapshots"][0];
    assert_eq!(
        (listed["deleted"].as_bool(), code),
        (Some(true), Some(0)),
        "{told}"
    );
    assert_eq!(machine.snapshots(), 0);
    assert_eq!(out(&site.hospes(&["patch", "snapshots"])), "no snapshots\n");
}

#[test]
fn a_snapshot_that_could_not_be_taken_keeps_the_guest_as_it_is_and_is_not_listed() {
    let (guest, machine) = (Guest::start(), Machine::raw(0x11));
    let site = Site::over(&machine, &guest, Duration::from_secs(86_400));
    let patched = site.hospes(&["runs", "resume", "r1"]);
    assert_eq!(patched.status.code(), Some(1), "{}", err(&patched));
    let told = out(&patched) + &err(&patched);
    assert!(told.contains("qemu-img convert -O qcow2"), "{told}");
    assert_eq!(guest.calls("upgrade"), 0);
    assert_eq!(out(&site.hospes(&["patch", "snapshots"])), "no snapshots\n");
}
