//! Interfaces, file systems, disks and statistics as QEMU's own agent reads them on this machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where something unforeseen happens and says why it is skipped"
)]

mod reference;

use std::path::Path;
use std::process::Command;

use guest_os::{disks, filesystems, mounts, network, statistics};
use reference::Reference;
use serde_json::{Map, Value, json, to_value};

/// How often a list is read that changes meanwhile.
const ATTEMPTS: usize = 20;

/// What the machine may write between two readings, in bytes.
const SLACK: u64 = 256 << 20;

#[test]
fn the_machine_as_it_is() {
    let Some(mut reference) = Reference::start() else {
        return;
    };
    interfaces_agree(&mut reference);
    filesystems_agree(&mut reference);
    disks_agree(&mut reference);
    statistics_agree(&mut reference);
}

/// Set where mounts and links may be made: they vanish with their namespaces.
const INSIDE: &str = "HOSPES_TEST_INSIDE_NAMESPACES";

/// Loop devices, bind mounts, labels and links without an address, in namespaces of their own:
/// this program runs itself there.
#[test]
fn a_machine_with_more_of_everything() {
    if let Some(missing) = missing() {
        skipped(missing);
        return;
    }
    let inner = Command::new("unshare")
        .args(["--mount", "--net", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "inside_namespaces", "--ignored", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(inner.success());
}

fn skipped(reason: &str) {
    eprintln!("skipped: {reason}");
}

fn missing() -> Option<&'static str> {
    let there = |tool: &str| {
        let places = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];
        places
            .iter()
            .any(|place| Path::new(place).join(tool).exists())
    };
    if !rustix::process::geteuid().is_root() {
        return Some("mounting needs root");
    }
    if !["unshare", "mount", "losetup", "mkfs.ext4"]
        .into_iter()
        .all(there)
    {
        return Some("unshare, mount, losetup or mkfs.ext4 is not installed");
    }
    let permitted = Command::new("unshare")
        .args(["--mount", "--net", "losetup", "--find"])
        .output();
    let permitted = permitted.is_ok_and(|output| output.status.success());
    (!permitted).then_some("no namespaces or loop devices here")
}

#[test]
#[ignore = "runs in namespaces that another test makes"]
fn inside_namespaces() {
    if std::env::var_os(INSIDE).is_none() {
        skipped("runs in namespaces only");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let outer = loop_mount(folder.path(), "outer", 96);
    let inner = loop_mount(&outer, "inner image", 24);
    let bound = folder.path().join("bound");
    std::fs::create_dir(&bound).unwrap();
    run(Command::new("mount").arg("--bind").arg(&inner).arg(&bound));
    // `ip` may be missing: then the only link is loopback without an address.
    for arguments in [
        "link set lo up",
        "address add 192.0.2.1/24 dev lo label lo:1",
        "address add 192.0.2.2 peer 192.0.2.3/32 dev lo",
        "link add spare0 type dummy",
        "link add spare1 type ifb",
    ] {
        let _ = Command::new("ip").args(arguments.split(' ')).output();
    }

    let local = mounts::local().unwrap();
    let places: Vec<&Path> = local
        .iter()
        .map(|mount| mount.mountpoint.as_path())
        .collect();
    assert!(places.ends_with(&[&outer, &inner]), "{places:?}");
    let freezable = mounts::freezable().unwrap();
    assert_eq!(
        (&freezable[0].mountpoint, &freezable[1].mountpoint),
        (&inner, &outer)
    );

    if let Some(mut reference) = Reference::start() {
        interfaces_agree(&mut reference);
        filesystems_agree(&mut reference);
        disks_agree(&mut reference);
    }
    for place in [&bound, &inner, &outer] {
        run(Command::new("umount").arg(place));
    }
}

/// A file system of so many MiB in a file, mounted beside it.
fn loop_mount(folder: &Path, name: &str, mebibytes: u64) -> std::path::PathBuf {
    let image = folder.join(name);
    let file = std::fs::File::create(&image).unwrap();
    file.set_len(mebibytes << 20).unwrap();
    run(Command::new("mkfs.ext4").arg("-q").arg(&image));
    let place = folder.join(format!("{name} place"));
    std::fs::create_dir(&place).unwrap();
    run(Command::new("mount")
        .args(["-o", "loop"])
        .arg(&image)
        .arg(&place));
    place
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// Our answer between two equal ones of the reference; of a machine that changes all the time,
/// the last three.
fn sandwich(
    reference: &mut Reference,
    command: &str,
    shape: impl Fn(&Value) -> Value,
    ours: impl Fn() -> Value,
) -> [Value; 3] {
    let mut all = [Value::Null, Value::Null, Value::Null];
    for _ in 0..ATTEMPTS {
        let before = reference.call(command, json!({})).unwrap();
        let own = ours();
        all = [before, own, reference.call(command, json!({})).unwrap()];
        if shape(&all[0]) == shape(&all[2]) {
            break;
        }
    }
    all
}

/// Everything but the named fields, at any depth.
fn without(value: &Value, fields: &[&str]) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object
                .iter()
                .filter(|(key, _)| !fields.contains(&key.as_str()));
            let cleaned = kept.map(|(key, value)| (key.clone(), without(value, fields)));
            Value::Object(cleaned.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| without(item, fields)).collect(),
        other => other.clone(),
    }
}

/// The same counters, each between the reference's two readings.
fn counters_agree(before: &Value, ours: &Value, after: &Value, free: &[&str]) {
    let (before, ours, after) = (
        before.as_object().unwrap(),
        ours.as_object().unwrap(),
        after.as_object().unwrap(),
    );
    assert!(before.keys().eq(ours.keys()), "{before:?} {ours:?}");
    for (key, value) in ours {
        if let (Some(value), false) = (value.as_u64(), free.contains(&key.as_str())) {
            let range = before[key].as_u64().unwrap()..=after[key].as_u64().unwrap();
            assert!(range.contains(&value), "{key}: {value} in {range:?}");
        }
    }
}

fn interfaces_agree(reference: &mut Reference) {
    const COMMAND: &str = "guest-network-get-interfaces";
    let shape = |value: &Value| without(value, &["statistics"]);
    let [before, ours, after] = sandwich(reference, COMMAND, shape, || {
        to_value(network::interfaces().unwrap()).unwrap()
    });
    assert_eq!(shape(&ours), shape(&before));
    for (index, interface) in ours.as_array().unwrap().iter().enumerate() {
        let of = |all: &Value| all[index].get("statistics").cloned();
        match (of(&before), interface.get("statistics"), of(&after)) {
            (Some(before), Some(ours), Some(after)) => {
                counters_agree(&before, ours, &after, &[]);
            }
            (before, ours, _) => assert_eq!(before.as_ref(), ours, "{interface}"),
        }
    }
}

/// The reference of before 10.0 shows bind mounts too, and none knows a field that came later.
fn filesystems_agree(reference: &mut Reference) {
    const COMMAND: &str = "guest-get-fsinfo";
    const SIZES: [&str; 3] = ["used-bytes", "total-bytes", "total-bytes-privileged"];
    let shape = |value: &Value| without(value, &SIZES);
    let [before, ours, _] = sandwich(reference, COMMAND, shape, || {
        to_value(filesystems::filesystems().unwrap()).unwrap()
    });
    let mut theirs = before.as_array().unwrap().clone();
    let ours = ours.as_array().unwrap();
    let mountpoint = |one: &Value| one["mountpoint"].as_str().unwrap().to_owned();
    let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
    assert!(
        theirs
            .iter()
            .all(|one| ours.iter().any(|own| name(own) == name(one)))
    );
    theirs.retain(|one| ours.iter().any(|own| mountpoint(own) == mountpoint(one)));
    assert_eq!(theirs.len(), ours.len());
    for (own, one) in ours.iter().zip(&theirs) {
        assert_eq!(shape(own), shape(one));
        for size in SIZES {
            let (Some(theirs), Some(own)) = (one.get(size), own.get(size)) else {
                continue;
            };
            let difference = own.as_u64().unwrap().abs_diff(theirs.as_u64().unwrap());
            assert!(difference <= SLACK, "{size}: {own} {theirs}");
        }
        assert!(own["total-bytes-privileged"].as_u64() >= own["total-bytes"].as_u64());
    }
}

/// Where udev does not run, the reference does not know the device mapper's names.
fn disks_agree(reference: &mut Reference) {
    const COMMAND: &str = "guest-get-disks";
    let shape = |value: &Value| without(value, &["alias", "smart"]);
    let [before, ours, _] = sandwich(reference, COMMAND, shape, || {
        to_value(disks::disks().unwrap()).unwrap()
    });
    assert_eq!(shape(&ours), shape(&before));
    for (own, one) in ours
        .as_array()
        .unwrap()
        .iter()
        .zip(before.as_array().unwrap())
    {
        assert!(one.get("alias").is_none() || one.get("alias") == own.get("alias"));
        assert_eq!(one.get("smart").is_some(), own.get("smart").is_some());
    }
}

fn statistics_agree(reference: &mut Reference) {
    let numbers = |value: &Value| without(value, &["stats"]);
    let [before, ours, after] = sandwich(reference, "guest-get-diskstats", numbers, || {
        to_value(statistics::disk_statistics().unwrap()).unwrap()
    });
    assert_eq!(numbers(&ours), numbers(&before));
    for (index, disk) in ours.as_array().unwrap().iter().enumerate() {
        let of = |all: &Value| all[index]["stats"].clone();
        // Requests in flight come and go; times are added when a request ends.
        let free = ["ios-pgr", "total-ticks", "weight-ticks"];
        counters_agree(&of(&before), &disk["stats"], &of(&after), &free);
    }

    let count = |value: &Value| json!(value.as_array().unwrap().len());
    let [before, ours, after] = sandwich(reference, "guest-get-cpustats", count, || {
        to_value(statistics::cpu_statistics().unwrap()).unwrap()
    });
    assert_eq!(count(&ours), count(&before));
    for (index, processor) in ours.as_array().unwrap().iter().enumerate() {
        assert_eq!(processor["type"], "linux");
        assert_eq!(processor["cpu"], before[index]["cpu"]);
        // The kernel takes idle time back (proc(5)).
        counters_agree(
            &before[index],
            processor,
            &after[index],
            &["idle", "iowait"],
        );
    }
}
