//! Snapshots inside the disks of real machines, and what the disks hold after going back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use crate::support::{Monitor, Site, vm};
use conditions::{Observation, Timestamp};
use lifecycle::gate::RollbackOrder;
use lifecycle::ports::{HypervisorError, SnapshotName, Snapshots};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(20);

fn name(text: &str) -> SnapshotName {
    text.parse().unwrap()
}

fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {told}{complaint}"
    );
    assert!(!told.contains("verification failed"), "{told}");
    told
}

/// A site whose machine has these disks, made with qemu-img, by `-drive`.
fn with_disks(disks: &[(&str, &str)]) -> Site {
    let mut site = Site::new();
    let mut more = vec!["-S".to_owned()];
    for (file, format) in disks {
        let path = site.path(file);
        let path = path.to_str().unwrap();
        tool("qemu-img", &["create", "-q", "-f", format, path, "16M"]);
        more.push("-drive".to_owned());
        let path = path.replace(',', ",,");
        more.push(format!("file={path},format={format},if=virtio"));
    }
    let more: Vec<_> = more.iter().map(String::as_str).collect();
    site.guest.start = Some(site.argv(&more));
    site
}

fn boot(site: &Site) -> crate::support::Machine {
    let argv = site.guest.start.as_ref().unwrap();
    let plain = site.argv(&[]).len();
    let more: Vec<_> = argv[plain..].iter().map(String::as_str).collect();
    site.boot(&more)
}

/// Has QEMU fill the beginning of a disk, as a guest would.
fn fill(site: &Site, device: &str, pattern: u8) {
    let mut monitor = Monitor::connect(&site.guest.qmp);
    for command in [format!("write -P {pattern} 0 1M"), "flush".to_owned()] {
        let line = format!("qemu-io {device} \"{command}\"");
        let told = monitor.execute("human-monitor-command", json!({"command-line": line}));
        assert_eq!(told["return"], "");
    }
}

/// Fails unless the beginning of an image holds this pattern.
fn holds(file: &Path, pattern: u8) {
    let read = format!("read -P {pattern} 0 1M");
    tool(
        "qemu-io",
        &["-f", "qcow2", "-c", &read, file.to_str().unwrap()],
    );
}

async fn roll_back(site: &Site, to: &str) -> Result<String, HypervisorError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let seen = site.observe().await.unwrap();
    let order = RollbackOrder::for_stopped(
        &seen,
        name(to),
        Timestamp::from_millis(now.try_into().unwrap()),
    );
    site.hypervisor().rollback(order.unwrap(), DEADLINE).await
}

/// The names of what is listed, with `~` before those that are not whole.
async fn listed(site: &Site) -> Vec<String> {
    let listed = site.hypervisor().list(&vm(), DEADLINE).await.unwrap();
    let told = listed.into_iter();
    told.map(|it| {
        if it.is_whole {
            it.name
        } else {
            format!("~{}", it.name)
        }
    })
    .collect()
}

#[tokio::test]
async fn disks_go_back_to_what_they_were_when_the_machine_ran() {
    let site = with_disks(&[("a", "qcow2"), ("b,1", "qcow2")]);
    let machine = boot(&site);
    for device in ["virtio0", "virtio1"] {
        fill(&site, device, 0x11);
    }
    let before = site.hypervisor();
    let taken = before
        .take(&vm(), &name("hospes-7"), "dropped", DEADLINE)
        .await
        .unwrap();
    assert!(!taken.was_there);
    assert_eq!(
        taken.evidence,
        "transaction: hospes-7 is in virtio0, virtio1"
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let age = u64::try_from(now.as_millis()).unwrap() - taken.at.unwrap().as_millis();
    assert!(age < 20_000, "{age} ms");
    for device in ["virtio0", "virtio1"] {
        fill(&site, device, 0x22);
    }
    let again = before
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await
        .unwrap();
    assert!(again.was_there && again.at == taken.at, "{again:?}");
    assert_eq!(listed(&site).await, ["hospes-7"]);
    machine.end();

    assert_eq!(listed(&site).await, ["hospes-7"]);
    let files = ["a", "b,1"].map(|file| site.path(file));
    for file in &files {
        holds(file, 0x22);
    }
    for _ in 0..2 {
        let told = roll_back(&site, "hospes-7").await.unwrap();
        assert!(told.ends_with("went back to hospes-7"), "{told}");
        for file in &files {
            holds(file, 0x11);
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_deleted_already() {
    let site = with_disks(&[("a", "qcow2"), ("b", "qcow2")]);
    let machine = boot(&site);
    let hypervisor = site.hypervisor();
    for number in ["hospes-1", "hospes-2"] {
        hypervisor
            .take(&vm(), &name(number), "", DEADLINE)
            .await
            .unwrap();
    }
    let told = hypervisor
        .delete(&vm(), &name("hospes-1"), DEADLINE)
        .await
        .unwrap();
    assert_eq!(told, "hospes-1 was deleted from virtio0, virtio1");
    let told = hypervisor
        .delete(&vm(), &name("hospes-1"), DEADLINE)
        .await
        .unwrap();
    assert_eq!(told, "no disk has a snapshot hospes-1");
    machine.end();
    assert_eq!(listed(&site).await, ["hospes-2"]);
    let told = hypervisor
        .delete(&vm(), &name("hospes-2"), DEADLINE)
        .await
        .unwrap();
    assert!(told.starts_with("hospes-2 was deleted from /"), "{told}");
    assert_eq!(listed(&site).await, [""; 0]);
    let told = hypervisor
        .delete(&vm(), &name("hospes-2"), DEADLINE)
        .await
        .unwrap();
    assert_eq!(told, "no disk has a snapshot hospes-2");
}

#[tokio::test]
async fn a_disk_that_is_no_qcow2_image_refuses_before_anything_is_done() {
    let site = with_disks(&[("a", "qcow2"), ("vars", "raw")]);
    let machine = boot(&site);
    let error = site
        .hypervisor()
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await;
    let HypervisorError::Refused(told) = error.unwrap_err() else {
        panic!("not refused")
    };
    assert!(
        told.starts_with("hospes-7 was not taken: virtio1 (raw)"),
        "{told}"
    );
    assert!(told.contains("qemu-img convert -O qcow2"), "{told}");
    assert_eq!(listed(&site).await, [""; 0]);
    machine.end();

    // Somebody's own snapshot of the one disk is not the guest's, and no way back.
    let a = site.path("a");
    tool(
        "qemu-img",
        &["snapshot", "-c", "hospes-7", a.to_str().unwrap()],
    );
    assert_eq!(listed(&site).await, ["~hospes-7"]);
    let told = roll_back(&site, "hospes-7").await.unwrap_err().to_string();
    assert!(
        told.contains("vars (raw) is writable and holds no snapshots"),
        "{told}"
    );
}

#[tokio::test]
async fn a_raw_image_that_its_guest_made_look_like_qcow2_is_not_read_as_one() {
    let mut site = with_disks(&[("a", "qcow2")]);
    for word in site.guest.start.iter_mut().flatten() {
        *word = word.replace("format=qcow2", "format=raw");
    }
    tool(
        "qemu-img",
        &[
            "snapshot",
            "-c",
            "hospes-7",
            site.path("a").to_str().unwrap(),
        ],
    );
    assert_eq!(listed(&site).await, [""; 0]);
    fs::write(site.path("a"), "no image").unwrap();
    for word in site.guest.start.iter_mut().flatten() {
        *word = word.replace(",format=raw", "");
    }
    let told = roll_back(&site, "hospes-7").await.unwrap_err().to_string();
    assert!(told.contains("(no qcow2 image) is writable"), "{told}");
}

#[tokio::test]
async fn a_snapshot_of_some_disks_is_neither_taken_again_nor_gone_back_to() {
    let site = with_disks(&[("a", "qcow2"), ("b", "qcow2")]);
    let (a, b) = (site.path("a"), site.path("b"));
    tool(
        "qemu-img",
        &["snapshot", "-c", "hospes-7", a.to_str().unwrap()],
    );
    let told = roll_back(&site, "hospes-7").await.unwrap_err().to_string();
    assert_eq!(
        told,
        format!("nothing went back to hospes-7: {} has none", b.display())
    );
    let told = roll_back(&site, "hospes-8").await.unwrap_err().to_string();
    assert_eq!(
        told,
        "nothing went back to hospes-8: it is in no disk of the guest"
    );

    let _machine = boot(&site);
    let hypervisor = site.hypervisor();
    let told = hypervisor
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await;
    let told = told.unwrap_err().to_string();
    assert!(
        told.contains("virtio1 has none; delete it and take it again"),
        "{told}"
    );
    hypervisor
        .delete(&vm(), &name("hospes-7"), DEADLINE)
        .await
        .unwrap();
    hypervisor
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await
        .unwrap();
    assert_eq!(listed(&site).await, ["hospes-7"]);
}

#[tokio::test]
async fn nodes_without_a_drive_are_disks_too_and_go_back() {
    let mut site = with_disks(&[("a", "qcow2")]);
    let file = site.path("a");
    let options = [
        "-S".to_owned(),
        "-blockdev".to_owned(),
        format!("driver=file,node-name=file,filename={}", file.display()),
        "-blockdev".to_owned(),
        "driver=qcow2,node-name=root,file=file".to_owned(),
        "-device".to_owned(),
        "virtio-blk,drive=root,id=disk".to_owned(),
    ];
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    site.guest.start = Some(site.argv(&options));
    let machine = boot(&site);
    fill(&site, "-d disk/virtio-backend", 0x11);
    let taken = site
        .hypervisor()
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await;
    assert_eq!(taken.unwrap().evidence, "transaction: hospes-7 is in root");
    fill(&site, "-d disk/virtio-backend", 0x22);
    machine.end();
    roll_back(&site, "hospes-7").await.unwrap();
    holds(&file, 0x11);
}

#[tokio::test]
async fn under_a_machine_that_runs_by_now_nothing_goes_back() {
    let site = with_disks(&[("a", "qcow2")]);
    tool(
        "qemu-img",
        &[
            "snapshot",
            "-c",
            "hospes-7",
            site.path("a").to_str().unwrap(),
        ],
    );
    let seen = site.observe().await.unwrap();
    let order =
        |seen: &Observation| RollbackOrder::for_stopped(seen, name("hospes-7"), seen.at).unwrap();
    let _machine = boot(&site);
    let told = site.hypervisor().rollback(order(&seen), DEADLINE).await;
    let told = told.unwrap_err().to_string();
    assert!(
        told.contains("vm is not stopped by now: query-status: prelaunch"),
        "{told}"
    );

    // The same machine with a monitor that nobody knows of: the image's lock keeps it.
    let mut elsewhere = Site::new();
    elsewhere.guest.start.clone_from(&site.guest.start);
    let error = elsewhere
        .hypervisor()
        .rollback(order(&seen), DEADLINE)
        .await;
    let HypervisorError::Refused(told) = error.unwrap_err() else {
        panic!("not refused")
    };
    assert!(
        told.contains("Failed to get shared \"write\" lock"),
        "{told}"
    );

    let mut seen = seen;
    seen.node = conditions::NodeName::new("elsewhere");
    let told = site.hypervisor().rollback(order(&seen), DEADLINE).await;
    assert_eq!(
        told.unwrap_err().to_string(),
        "vm was seen on elsewhere, but this is here"
    );
}

#[tokio::test]
async fn a_machine_that_is_off_and_one_whose_disks_are_not_known_are_refused() {
    let mut site = with_disks(&[("a", "qcow2")]);
    let hypervisor = site.hypervisor();
    let taken = hypervisor
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await;
    let told = taken.unwrap_err().to_string();
    assert!(
        told.contains("vm is off") && told.ends_with("start it"),
        "{told}"
    );
    for start in [None, Some(vec!["/bin/start-vm".to_owned()])] {
        site.guest.start = start;
        let error = site.hypervisor().list(&vm(), DEADLINE).await.unwrap_err();
        assert!(
            matches!(error, HypervisorError::NotConfigured(_)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn disks_that_a_block_job_works_on_are_left_alone() {
    let site = with_disks(&[("a", "qcow2")]);
    let _machine = boot(&site);
    let target = site.path("copy");
    tool(
        "qemu-img",
        &[
            "create",
            "-q",
            "-f",
            "qcow2",
            target.to_str().unwrap(),
            "16M",
        ],
    );
    fill(&site, "virtio0", 0x11);
    let job = json!({"device": "virtio0", "target": target, "sync": "full", "speed": 1, "mode": "existing", "format": "qcow2", "job-id": "b"});
    Monitor::connect(&site.guest.qmp).execute("drive-backup", job);
    let hypervisor = site.hypervisor();
    let taken = hypervisor
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await;
    let listed = hypervisor.list(&vm(), DEADLINE).await;
    let deleted = hypervisor.delete(&vm(), &name("hospes-7"), DEADLINE).await;
    for error in [
        taken.unwrap_err(),
        listed.unwrap_err(),
        deleted.unwrap_err(),
    ] {
        let HypervisorError::Refused(told) = error else {
            panic!("{error:?}")
        };
        assert!(told.contains("backup is active"), "{told}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_leaves_it_open() {
    let site = with_disks(&[("a", "qcow2")]);
    let machine = boot(&site);
    let mut hanging = Site::new();
    hanging.guest.qmp = hanging.path("relay");
    let relay = Relay::between(&hanging.guest.qmp, &site.guest.qmp);
    let begun = std::time::Instant::now();
    let wait = Duration::from_secs(1);
    let error = hanging
        .hypervisor()
        .take(&vm(), &name("hospes-7"), "", wait)
        .await;
    let HypervisorError::TimedOut(told) = error.unwrap_err() else {
        panic!("it is known")
    };
    assert!(
        told.starts_with("whether transaction had its effect is not known"),
        "{told}"
    );
    assert!(begun.elapsed() < DEADLINE);
    relay.join().unwrap();
    let again = site
        .hypervisor()
        .take(&vm(), &name("hospes-7"), "", DEADLINE)
        .await;
    assert!(again.unwrap().was_there);
    machine.end();
}

/// A monitor that passes everything on, but not the answer to a transaction.
struct Relay;

impl Relay {
    fn between(here: &Path, there: &Path) -> thread::JoinHandle<()> {
        use std::io::{BufRead, BufReader, Write};
        use std::os::unix::net::{UnixListener, UnixStream};
        let listener = UnixListener::bind(here).unwrap();
        let there = there.to_owned();
        thread::spawn(move || {
            let mut client = listener.accept().unwrap().0;
            let mut machine = UnixStream::connect(there).unwrap();
            let mut answers = BufReader::new(machine.try_clone().unwrap()).lines();
            let mut requests = BufReader::new(client.try_clone().unwrap()).lines();
            let mut next = move || answers.next().unwrap().unwrap();
            writeln!(client, "{}", next()).unwrap();
            while let Some(Ok(request)) = requests.next() {
                writeln!(machine, "{request}").unwrap();
                let answer = next();
                if !request.contains("\"transaction\"") {
                    writeln!(client, "{answer}").unwrap();
                }
            }
        })
    }
}

#[tokio::test]
async fn an_image_tool_that_fails_between_two_disks_is_told_with_what_to_do() {
    let mut site = with_disks(&[("a", "qcow2"), ("b", "qcow2")]);
    for file in ["a", "b"] {
        tool(
            "qemu-img",
            &[
                "snapshot",
                "-c",
                "hospes-7",
                site.path(file).to_str().unwrap(),
            ],
        );
    }
    // A qemu-img that loses the second disk, beside a QEMU that is never started.
    let bin = site.path("bin");
    fs::create_dir(&bin).unwrap();
    let script = "#!/bin/sh\ncase \"$*\" in *snapshot*/b) echo 'qemu-img: Input/output error' >&2; exit 1;; esac\nexec qemu-img \"$@\"\n";
    fs::write(bin.join("qemu-img"), script).unwrap();
    fs::set_permissions(bin.join("qemu-img"), fs::Permissions::from_mode(0o755)).unwrap();
    if let Some(program) = site.guest.start.iter_mut().flatten().next() {
        *program = bin.join("qemu-system-x86_64").to_str().unwrap().to_owned();
    }
    let HypervisorError::TimedOut(told) = roll_back(&site, "hospes-7").await.unwrap_err() else {
        panic!("it is known")
    };
    let a = site.path("a");
    let first = format!(
        "{} went back to hospes-7 and the other disks did not",
        a.display()
    );
    assert!(
        told.starts_with(&first) && told.contains("Input/output error"),
        "{told}"
    );
    assert!(told.ends_with("make the same call again"), "{told}");
}
