use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::frozen::{freeze_by, unless_stopped};
use super::ioctls::fifreeze;
use super::loop_mount::LoopMount;
use super::*;
use crate::Result;

#[test]
fn nothing_is_written_while_frozen_and_everything_after() {
    let Some([disk]) = LoopMount::several() else {
        return;
    };
    let mut frozen = freeze_all(&[disk.mountpoint()]).unwrap();
    assert_eq!(frozen.count(), 1);
    let file = disk.mountpoint().join("file");
    let mut writer = Command::new("touch").arg(&file).spawn().unwrap();
    assert!(is_stuck(&mut writer), "it waits for the thaw");
    assert_eq!(frozen.thaw().unwrap(), 1);
    assert!(writer.wait().unwrap().success());
    assert!(file.exists());
    assert_eq!((frozen.count(), frozen.thaw().unwrap()), (0, 0));
}

#[test]
fn a_file_system_is_frozen_once_however_often_it_is_mounted_or_named() {
    let Some([disk, other]) = LoopMount::several() else {
        return;
    };
    let places = [
        disk.mountpoint(),
        disk.bind(),
        other.mountpoint(),
        disk.mountpoint(),
    ];
    let mut frozen = freeze_all(&places).unwrap();
    assert_eq!(frozen.count(), 2);
    let order: Vec<_> = frozen.mountpoints().collect();
    assert_eq!(
        order,
        [&places[2], &places[0]],
        "the last frozen is thawed first"
    );
    let again = freeze_all(&places).unwrap();
    assert_eq!(again.count(), 0, "somebody else froze them");
    drop(again);
    assert_eq!(frozen.thaw().unwrap(), 2, "and they stayed frozen");
}

#[test]
fn what_has_no_disk_is_passed_over() {
    let Some([disk]) = LoopMount::several() else {
        return;
    };
    let places = ["/proc".into(), disk.mountpoint(), "/sys".into()];
    let mut frozen = freeze_all(&places).unwrap();
    assert_eq!(frozen.thaw().unwrap(), 1);
}

#[test]
fn when_one_refuses_none_stays_frozen() {
    let Some([first, second]) = LoopMount::several() else {
        return;
    };
    let mut calls = 0;
    let refuse_the_second = |fd: &OwnedFd| {
        calls += 1;
        if calls == 1 {
            fifreeze(fd)
        } else {
            Err(Errno::IO)
        }
    };
    let places = [first.mountpoint(), second.mountpoint()];
    let refused = freeze_by(refuse_the_second, &places).unwrap_err();
    let place = places[1].display();
    assert_eq!(
        refused.to_string(),
        format!("failed to freeze {place}: Input/output error")
    );
    fs::write(first.mountpoint().join("file"), "written").unwrap();
}

#[test]
fn a_mount_point_that_is_not_there_stops_the_freeze_before_it_begins() {
    let mut calls = 0;
    let count = |_: &OwnedFd| {
        calls += 1;
        Ok(())
    };
    let refused = freeze_by(count, &["/proc", "/dev/null/no"]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "failed to open /dev/null/no: Not a directory"
    );
    assert_eq!(calls, 0);
}

#[test]
fn a_freeze_that_is_dropped_is_thawed() {
    let Some([disk]) = LoopMount::several() else {
        return;
    };
    drop(freeze_all(&[disk.mountpoint()]).unwrap());
    fs::write(disk.mountpoint().join("file"), "written").unwrap();
}

#[test]
fn what_somebody_else_froze_or_thawed_is_counted_right() {
    let Some([disk, other]) = LoopMount::several() else {
        return;
    };
    let places = [disk.mountpoint(), other.mountpoint(), "/dev/null/no".into()];
    assert_eq!(thaw_any(&places), 0);
    let mut frozen = freeze_all(&places[..2]).unwrap();
    assert_eq!(thaw_any(&places[1..]), 1);
    assert_eq!(frozen.thaw().unwrap(), 1, "the other was thawed already");
    fs::write(other.mountpoint().join("file"), "written").unwrap();
}

#[test]
fn a_freeze_that_is_stopped_leaves_nothing_frozen() {
    let Some([first, second]) = LoopMount::several() else {
        return;
    };
    let stop = AtomicBool::new(false);
    let places = [first.mountpoint(), second.mountpoint()];
    let stop_after_the_first = |fd: &OwnedFd| {
        let done = unless_stopped(&stop, fd);
        stop.store(true, Ordering::Relaxed);
        done
    };
    let stopped = freeze_by(stop_after_the_first, &places).unwrap_err();
    assert!(
        stopped.to_string().ends_with(": Operation canceled"),
        "{stopped}"
    );
    fs::write(first.mountpoint().join("file"), "written").unwrap();
    assert!(freeze(&places, &stop).is_err(), "nor does one begin");
}

fn freeze_all(mountpoints: &[PathBuf]) -> Result<Frozen> {
    freeze(mountpoints, &AtomicBool::new(false))
}

/// Waits until a process sleeps without being interruptible, or has ended.
fn is_stuck(child: &mut Child) -> bool {
    let stat = format!("/proc/{}/stat", child.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        let stat = fs::read_to_string(&stat).unwrap();
        if stat.contains(") D ") {
            return true;
        }
        std::thread::yield_now();
    }
    false
}
