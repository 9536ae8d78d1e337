//! Looking at real machines, and at what only looks like one.

use std::fs;
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Monitor, Site, vm};
use conditions::{ChannelDevice, RunState};
use lifecycle::ports::{Hypervisor, HypervisorError};
use serde_json::json;

#[tokio::test]
async fn a_running_machine_is_running_and_has_its_agent_port() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    let seen = site.observe().await.unwrap();
    assert_eq!(seen.run_state, RunState::Running);
    assert_eq!(seen.lock, None);
    assert_eq!(
        seen.channel_device,
        ChannelDevice::Present {
            opened_by_guest: Some(false)
        }
    );
    insta::assert_snapshot!(seen.evidence, @"query-status: running; agent port /machine/peripheral/agent (chardev qga0), not opened by the guest");
    assert_eq!(seen.node.as_str(), "here");
}

#[tokio::test]
async fn a_port_without_an_id_is_found_and_one_of_another_name_is_not_the_agents() {
    let site = Site::new();
    let machine = site.boot_with(&[
        "-device",
        "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0",
    ]);
    let seen = site.observe().await.unwrap();
    assert_eq!(
        seen.channel_device,
        ChannelDevice::Present {
            opened_by_guest: Some(false)
        }
    );
    machine.end();

    let _machine = site.boot_with(&["-device", "virtserialport,chardev=qga0,name=com.example.0"]);
    let seen = site.observe().await.unwrap();
    assert_eq!(seen.channel_device, ChannelDevice::Absent);
    insta::assert_snapshot!(seen.evidence, @"query-status: running; no virtio-serial port org.qemu.guest_agent.0");
}

#[tokio::test]
async fn paused_and_waiting_machines_are_neither_running_nor_stopped() {
    let site = Site::new();
    let machine = site.boot(&[]);
    Monitor::connect(&site.guest.qmp).execute("stop", json!({}));
    assert_eq!(
        site.observe().await.unwrap().run_state,
        RunState::Other("paused".to_owned())
    );
    machine.end();
    for (option, state) in [
        (&["-S"][..], "prelaunch"),
        (&["-incoming", "defer"], "inmigrate"),
    ] {
        let machine = site.boot(option);
        assert_eq!(
            site.observe().await.unwrap().run_state,
            RunState::Other(state.to_owned())
        );
        machine.end();
    }
}

#[tokio::test]
async fn a_block_job_locks() {
    let site = Site::new();
    let _machine = site.boot(&[
        "-blockdev",
        "null-co,node-name=disk,size=1073741824,read-zeroes=on",
        "-blockdev",
        "null-co,node-name=copy,size=1073741824,read-zeroes=on",
    ]);
    let job =
        json!({"job-id": "b", "device": "disk", "target": "copy", "sync": "full", "speed": 1});
    Monitor::connect(&site.guest.qmp).execute("blockdev-backup", job);
    let seen = site.observe().await.unwrap();
    assert_eq!(seen.lock.as_deref(), Some("backup"));
    assert!(
        seen.evidence.contains("backup is active"),
        "{}",
        seen.evidence
    );
}

#[tokio::test]
async fn a_machine_that_ended_is_stopped_whether_or_not_its_socket_file_is_left() {
    let site = Site::new();
    let never_ran = site.observe().await.unwrap();
    assert_eq!(never_ran.run_state, RunState::Stopped);
    assert!(
        never_ran.evidence.contains("does not exist"),
        "{}",
        never_ran.evidence
    );

    site.boot(&[]).end();
    assert!(site.guest.qmp.exists(), "SIGKILL leaves the file");
    let killed = site.observe().await.unwrap();
    assert_eq!(killed.run_state, RunState::Stopped);
    assert!(killed.evidence.contains("left over"), "{}", killed.evidence);
}

#[tokio::test]
async fn a_machine_that_ends_under_our_eyes_is_running_then_stopped() {
    let site = Site::new();
    let machine = site.boot(&[]);
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(60));
        machine.end();
    });
    let mut states = Vec::new();
    while states.last() != Some(&RunState::Stopped) {
        let state = site.observe().await.expect("never an error").run_state;
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    assert_eq!(states, [RunState::Running, RunState::Stopped]);
    killer.join().unwrap();
}

#[tokio::test]
async fn a_held_monitor_is_told_as_such_and_free_again_when_its_client_leaves() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    let holder = Monitor::connect(&site.guest.qmp);
    // More looks than the monitor's queue has room for.
    for _ in 0..4 {
        let Err(HypervisorError::Held(text)) = site.observe().await else {
            panic!("not held")
        };
        assert!(
            text.contains("another client holds the QMP socket"),
            "{text}"
        );
        assert!(text.contains(site.guest.qmp.to_str().unwrap()), "{text}");
    }
    drop(holder);
    assert_eq!(site.observe().await.unwrap().run_state, RunState::Running);
}

#[tokio::test]
async fn a_hanging_qemu_is_held_and_not_stopped() {
    let site = Site::new();
    let machine = site.boot(&[]);
    machine.freeze();
    let seen = site.observe().await;
    assert!(matches!(seen, Err(HypervisorError::Held(_))), "{seen:?}");
}

#[tokio::test]
async fn many_looks_at_once_take_turns() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    let hypervisor = std::sync::Arc::new(site.hypervisor());
    let looks: Vec<_> = (0..16)
        .map(|_| hypervisor.clone())
        .map(|hypervisor| tokio::spawn(async move { hypervisor.observe(&vm()).await }))
        .collect();
    for look in looks {
        assert_eq!(look.await.unwrap().unwrap().run_state, RunState::Running);
    }
}

#[tokio::test]
async fn a_machine_whose_socket_file_is_gone_is_not_stopped() {
    let site = Site::new();
    let _machine = site.boot(&[]);
    for replace in [false, true] {
        if replace {
            drop(UnixListener::bind(&site.guest.qmp).unwrap());
        } else {
            fs::remove_file(&site.guest.qmp).unwrap();
        }
        let Err(HypervisorError::Unreachable(text)) = site.observe().await else {
            panic!("not unreachable")
        };
        assert!(text.contains("still listens"), "{text}");
    }
}

#[tokio::test]
async fn a_deleted_socket_is_recognised_through_links() {
    let mut site = Site::new();
    let _machine = site.boot(&[]);
    fs::remove_file(&site.guest.qmp).unwrap();
    std::os::unix::fs::symlink(site.dir.path(), site.path("link")).unwrap();
    std::os::unix::fs::symlink(site.path("qmp"), site.path("other-name")).unwrap();
    for spelled in ["link/qmp", "./qmp", "other-name"] {
        site.guest.qmp = site.path(spelled);
        let seen = site.observe().await;
        assert!(
            matches!(seen, Err(HypervisorError::Unreachable(_))),
            "{spelled}: {seen:?}"
        );
    }
}

#[tokio::test]
async fn a_mistyped_path_is_not_a_stopped_machine() {
    let mut site = Site::new();
    fs::write(site.path("file"), "").unwrap();
    let long = "x".repeat(120);
    for (wrong, advice) in [
        ("nowhere/qmp", "create the directory"),
        ("file", "is not a socket"),
        ("file/qmp", "cannot connect"),
        (".", "is not a socket"),
        (long.as_str(), "use a shorter one"),
    ] {
        site.guest.qmp = site.path(wrong);
        let Err(HypervisorError::Unreachable(text)) = site.observe().await else {
            panic!("{wrong}: not unreachable")
        };
        assert!(text.contains(advice), "{wrong}: {text}");
    }
}

#[tokio::test]
async fn a_monitor_that_prints_prettily_is_understood() {
    let site = Site::new();
    let qmp = site.path("pretty");
    let chardev = format!("socket,id=p,path={},server=on,wait=off", qmp.display());
    let _machine = site.boot(&[
        "-chardev",
        &chardev,
        "-mon",
        "chardev=p,mode=control,pretty=on",
    ]);
    let mut guest = site.guest.clone();
    guest.qmp = qmp;
    let site = Site { guest, ..site };
    assert_eq!(site.observe().await.unwrap().run_state, RunState::Running);
}

const GREETING: &[u8] = b"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

#[tokio::test]
async fn what_is_not_a_monitor_is_told_within_the_deadline() {
    type Script = fn(&mut UnixStream) -> std::io::Result<()>;
    type Expected = fn(&HypervisorError) -> bool;
    let garbage: Expected = |error| matches!(error, HypervisorError::Garbage(_));
    let timed_out: Expected = |error| matches!(error, HypervisorError::TimedOut(_));
    let unreachable: Expected = |error| matches!(error, HypervisorError::Unreachable(_));
    let cases: [(&str, Script, Expected); 7] = [
        ("a banner", |s| s.write_all(b"SSH-2.0-OpenSSH\r\n"), garbage),
        (
            "another greeting",
            |s| s.write_all(b"{\"return\": {}}\n"),
            garbage,
        ),
        (
            "an endless line",
            |s| loop {
                s.write_all(&[b'{'; 65536])?
            },
            garbage,
        ),
        (
            "a foreign id",
            |s| {
                s.write_all(GREETING)?;
                s.write_all(b"{\"return\": {}, \"id\": 9}\n")?;
                thread::sleep(Duration::from_secs(5));
                Ok(())
            },
            garbage,
        ),
        (
            "endless events",
            |s| {
                s.write_all(GREETING)?;
                loop {
                    s.write_all(b"{\"event\": \"X\"}\n")?
                }
            },
            timed_out,
        ),
        (
            "silence after the greeting",
            |s| {
                s.write_all(GREETING)?;
                thread::sleep(Duration::from_secs(5));
                Ok(())
            },
            timed_out,
        ),
        ("closes at once", |_| Ok(()), unreachable),
    ];
    for (name, script, expected) in cases {
        let mut site = Site::new();
        site.guest.deadlines.greeting = Duration::from_millis(400);
        site.guest.deadlines.reply = Duration::from_millis(400);
        let listener = UnixListener::bind(&site.guest.qmp).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = script(&mut stream.unwrap());
            }
        });
        let begun = Instant::now();
        let error = site.observe().await.unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{name}: {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn an_unknown_guest_is_told_by_name() {
    let site = Site::new();
    let stranger = "stranger".parse().unwrap();
    let error = site.hypervisor().observe(&stranger).await.unwrap_err();
    assert_eq!(error, HypervisorError::UnknownGuest(stranger));
}
