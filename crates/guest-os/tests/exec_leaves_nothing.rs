//! Alone in its binary: it counts the file descriptors, threads and children of the process.
#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use guest_os::exec::spawn;
use qga::{Capture, ExecCall};

#[test]
fn two_hundred_executions_leave_no_zombie_no_descriptor_and_no_thread() {
    let before = census();
    let (tell, told) = channel();
    let mut refused = 0;
    for number in 0..200 {
        let tell = tell.clone();
        let done = spawn(&call(number), move |ended| {
            let _ = tell.send(ended);
        });
        refused += usize::from(done.is_err());
    }
    assert_eq!(refused, 20, "programs that do not exist");
    for _ in 0..180 {
        told.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    // The threads end right after they have told.
    let deadline = Instant::now() + Duration::from_secs(60);
    while census() != before && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(census(), before);
}

fn call(number: usize) -> ExecCall {
    ExecCall {
        path: if number % 10 == 9 {
            "/dev/null/no"
        } else {
            "/bin/sh"
        }
        .into(),
        arguments: vec!["-c".into(), "cat; exit 1".into()],
        environment: None,
        input: number.is_multiple_of(3).then(|| b"input".to_vec()),
        capture: [
            Capture::None,
            Capture::Stdout,
            Capture::Stderr,
            Capture::Separated,
            Capture::Merged,
        ][number % 5],
    }
}

/// Open files, threads and children, zombies among them.
fn census() -> (usize, usize, usize) {
    let children = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter(|stat| parent(stat) == Some(std::process::id()))
        .count();
    (count("/proc/self/fd"), count("/proc/self/task"), children)
}

fn parent(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn count(folder: impl AsRef<Path>) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}
