//! What the real tools say about the packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use conditions::{FileFacts, GuestFacts, Via};
use tempfile::TempDir;

use super::controller::Generated;
use super::deb::Packing;
use super::machine::{Architecture, Machine};
use super::package::{Family, Package, Sources};
use super::{agent, controller, deb, rpm};
use crate::process;

mod metadata;
mod windows;

const EPOCH: u64 = 1_700_000_000;

/// Stands for a program: it needs glibc 2.17.
const PROGRAM: &[u8] = b"\x7fELF\0GLIBC_2.17\0";

fn agent_texts() -> Generated {
    Generated {
        manuals: vec![(
            "hospes-agent.8".to_owned(),
            b".TH HOSPES-AGENT 8\n".to_vec(),
        )],
        completions: vec![("bash", "complete hospes-agent\n".to_owned())],
    }
}

fn sources() -> Sources<'static> {
    Sources {
        root: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")),
        version: "1.2.3",
        machine: Machine {
            architecture: Architecture {
                debian: "amd64",
                rpm: "x86_64",
            },
            target: "x86_64-unknown-linux-gnu",
        },
        notices: "names and licences\n",
        changed: "Tue, 14 Nov 2023 22:13:20 +0000",
    }
}

fn agent(family: Family) -> Package {
    agent::package(family, sources(), PROGRAM.to_vec(), &agent_texts()).unwrap()
}

fn hospes(family: Family) -> Package {
    controller::package(family, sources(), PROGRAM.to_vec(), &Generated::default()).unwrap()
}

/// Whether a test can use `program`; says so if not.
fn has(program: &str) -> bool {
    let there = process::succeeds(Command::new(program).arg("--version"));
    if !there {
        println!("skipped: no `{program}` here");
    }
    there
}

fn said(program: &str, arguments: &[&str], file: &Path) -> String {
    process::output(Command::new(program).args(arguments).arg(file)).unwrap()
}

fn deb_of(package: &Package, folder: &TempDir) -> PathBuf {
    let work = folder.path().join("work");
    deb::build(package, Packing::Small, EPOCH, &work, folder.path()).unwrap()
}

fn rpm_of(package: &Package, folder: &TempDir) -> PathBuf {
    let work = folder.path().join("work");
    rpm::build(package, EPOCH, &work, folder.path()).unwrap()
}

/// Kind and permissions, owner, path, and where a link leads, of everything but folders.
fn listed(package: &Path) -> Vec<String> {
    let list = said("dpkg-deb", &["--contents"], package);
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (mode, owner) = (words.next().unwrap(), words.next().unwrap());
        let path = words.skip(3).collect::<Vec<_>>().join(" ");
        (!mode.starts_with('d')).then(|| format!("{mode} {owner} {path}"))
    };
    list.lines().filter_map(line).collect()
}

#[test]
fn the_agents_deb_takes_the_place_of_the_stock_agent() {
    if !has("dpkg-deb") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = deb_of(&agent(Family::Deb), &folder);
    assert_eq!(
        package.file_name().unwrap().to_str(),
        Some("hospes-agent_1.2.3_amd64.deb")
    );
    for (field, value) in [
        ("Package", "hospes-agent"),
        ("Version", "1.2.3"),
        ("Provides", "qemu-guest-agent"),
        ("Conflicts", "qemu-guest-agent"),
        ("Replaces", "qemu-guest-agent"),
        ("Depends", "libc6 (>= 2.17)"),
    ] {
        let file = package.to_str().unwrap();
        let told = process::output(Command::new("dpkg-deb").args(["--field", file, field]));
        assert_eq!(told.unwrap().trim(), value, "{field}");
    }
    let expected = [
        "-rw-r--r-- root/root ./usr/lib/systemd/system/qemu-guest-agent.service",
        "-rw-r--r-- root/root ./usr/lib/udev/rules.d/60-qemu-guest-agent.rules",
        "-rwxr-xr-x root/root ./usr/sbin/hospes-agent",
        "lrwxrwxrwx root/root ./usr/sbin/qemu-ga -> hospes-agent",
        "-rw-r--r-- root/root ./usr/share/hospes-agent/qemu-ga.conf",
        "-rwxr-xr-x root/root ./usr/share/hospes-agent/fsfreeze-hook",
        "-rw-r--r-- root/root ./usr/share/man/man8/hospes-agent.8.gz",
    ];
    let listed = listed(&package);
    for line in expected {
        assert!(
            listed.iter().any(|l| l == line),
            "{line} not in {listed:#?}"
        );
    }
    let in_etc: Vec<_> = listed
        .iter()
        .filter(|line| line.contains("/etc/"))
        .collect();
    assert!(in_etc.is_empty(), "dpkg would ask about {in_etc:?}");
}

#[test]
fn the_same_sources_make_the_same_packages() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let same = |build: &dyn Fn(&TempDir) -> PathBuf| {
        let [one, other] = [0, 1].map(|at| std::fs::read(build(&folders[at])).unwrap());
        assert!(one == other, "packages differ");
    };
    if has("dpkg-deb") {
        same(&|folder| deb_of(&agent(Family::Deb), folder));
    }
    if has("rpmbuild") {
        same(&|folder| rpm_of(&agent(Family::Rpm), folder));
    }
}

#[test]
fn every_script_is_one_and_no_script_ends_in_a_power_action() {
    let nothing = conditions::hooks::detect(&GuestFacts::unread(Via::Ssh));
    for family in [Family::Deb, Family::Rpm] {
        let package = agent(family);
        assert!(package.scripts.len() >= 3);
        let mut facts = GuestFacts::unread(Via::Ssh);
        for (name, text) in &package.scripts {
            let mut shell = Command::new("sh");
            process::output(shell.args(["-n", "-c", text])).unwrap();
            let path = format!("/var/lib/dpkg/info/hospes-agent.{name}");
            let file = FileFacts {
                text: text.clone(),
                truncated: false,
            };
            facts.files.insert(path, file);
        }
        // Neither a hook nor anything that could not be told.
        assert_eq!(conditions::hooks::detect(&facts), nothing);
    }
}

/// The words that a hurried reader, or scanner, would stop at.
#[test]
fn nothing_in_the_agents_package_speaks_of_power() {
    let words = [
        "poweroff",
        "power-off",
        "reboot",
        "halt",
        "kexec",
        "Action=",
        "ExecStop",
    ];
    for family in [Family::Deb, Family::Rpm] {
        let package = agent(family);
        let unit = unit(&package);
        let texts = package.scripts.iter().map(|(_, text)| text.as_str());
        for text in texts.chain([unit.as_str()]) {
            for word in words.iter().chain(&["shutdown"]) {
                assert!(!text.contains(word), "{word} in {text}");
            }
        }
    }
}

fn unit(package: &Package) -> String {
    use super::staging::Node;
    let path = "/usr/lib/systemd/system/qemu-guest-agent.service";
    match package.tree.iter().find(|(at, _)| *at == path) {
        Some((_, Node::File { content, .. })) => String::from_utf8(content.clone()).unwrap(),
        other => panic!("no unit: {other:?}"),
    }
}

#[test]
fn the_unit_is_bound_to_the_port_and_always_comes_back() {
    for (family, command, install) in [
        (
            Family::Deb,
            "ExecStart=/usr/sbin/hospes-agent qemu-ga\n",
            "[Install]\n",
        ),
        (
            Family::Rpm,
            "ExecStart=/usr/bin/hospes-agent qemu-ga --block-rpcs=",
            "[Install]\nWantedBy=dev-virtio\\x2dports-org.qemu.guest_agent.0.device\n",
        ),
    ] {
        let unit = unit(&agent(family));
        assert!(unit.contains(command), "{unit}");
        assert!(unit.ends_with(install), "{unit}");
        for line in [
            r"BindsTo=dev-virtio\x2dports-org.qemu.guest_agent.0.device",
            r"After=dev-virtio\x2dports-org.qemu.guest_agent.0.device",
            "Restart=always",
            "KillMode=process",
        ] {
            assert!(unit.lines().any(|l| l == line), "{line} not in {unit}");
        }
        assert!(!unit.contains('@'), "{unit}");
    }
}

#[test]
fn the_agents_rpm_follows_the_customs_of_its_family() {
    if !has("rpmbuild") || !has("rpm") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = rpm_of(&agent(Family::Rpm), &folder);
    let told = |what: &str| said("rpm", &["-qp", what], &package);
    let info = told("--info");
    for line in [
        "Name        : hospes-agent",
        "Version     : 1.2.3",
        "Architecture: x86_64",
    ] {
        assert!(info.lines().any(|l| l == line), "{info}");
    }
    let has_line = |text: &str, line: &str| text.lines().any(|l| l == line);
    assert!(has_line(&told("--provides"), "qemu-guest-agent"));
    assert!(has_line(&told("--conflicts"), "qemu-guest-agent"));
    assert!(has_line(&told("--requires"), "systemd"));
    assert_eq!(told("--obsoletes"), "");
    let files = told("--list");
    for path in [
        "/etc/qemu-ga/fsfreeze-hook",
        "/etc/qemu-ga/fsfreeze-hook.d",
        "/etc/qemu/qemu-ga.conf",
        "/usr/bin/hospes-agent",
        "/usr/bin/qemu-ga",
        "/usr/lib/systemd/system/qemu-guest-agent.service",
        "/usr/lib/udev/rules.d/60-qemu-guest-agent.rules",
    ] {
        assert!(has_line(&files, path), "{path} not in {files}");
    }
    let scripts = told("--scripts");
    for name in ["preinstall", "preuninstall", "postuninstall", "posttrans"] {
        assert!(scripts.contains(&format!("{name} scriptlet")), "{scripts}");
    }
    // rpm 4.11, of 2013, has to read it.
    let requires = told("--requires");
    assert!(!requires.contains("Zstd"), "{requires}");
    let owners = said(
        "rpm",
        &["-qp", "--qf", "[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]"],
        &package,
    );
    assert!(owners.lines().all(|owner| owner == "root:root"), "{owners}");
}

#[test]
fn the_controllers_packages_hold_it_and_conflict_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    if has("dpkg-deb") {
        let package = deb_of(&hospes(Family::Deb), &folder);
        let listed = listed(&package);
        let program = "-rwxr-xr-x root/root ./usr/bin/hospes";
        assert!(listed.iter().any(|line| line == program), "{listed:#?}");
        let control = said("dpkg-deb", &["--field"], &package);
        assert!(!control.contains("Conflicts"), "{control}");
    }
    if has("rpmbuild") && has("rpm") {
        let package = rpm_of(&hospes(Family::Rpm), &folder);
        let files = said("rpm", &["-qp", "--list"], &package);
        assert!(
            files.lines().any(|line| line == "/usr/bin/hospes"),
            "{files}"
        );
        assert_eq!(said("rpm", &["-qp", "--conflicts"], &package), "");
    }
}

/// The hook runs what is beside it, in order and back again, and fails a freeze that is not prepared.
#[test]
fn the_hook_freezes_in_order_and_thaws_in_the_reverse() {
    let folder = tempfile::tempdir().unwrap();
    let hook = folder.path().join("fsfreeze-hook");
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../packaging/agent/fsfreeze-hook"
    );
    std::fs::copy(source, &hook).unwrap();
    let beside = folder.path().join("fsfreeze-hook.d");
    std::fs::create_dir(&beside).unwrap();
    let log = folder.path().join("log");
    let add = |name: &str, end: &str| {
        let text = format!(
            "#!/bin/sh\necho \"${{0##*/}} $1\" >>{}\n{end}\n",
            log.display()
        );
        write_program(&beside.join(name), &text);
    };
    add("10-first", "");
    add("20 second", "");
    add("20 second.dpkg-old", "");
    std::fs::write(beside.join("README"), "no program").unwrap();
    let run = |verb: &str| {
        std::fs::write(&log, "").unwrap();
        let succeeded = process::succeeds(Command::new("sh").arg(&hook).arg(verb));
        (succeeded, std::fs::read_to_string(&log).unwrap())
    };
    let in_order = "10-first freeze\n20 second freeze\n".to_owned();
    let back = "20 second thaw\n10-first thaw\n".to_owned();
    assert_eq!(run("freeze"), (true, in_order));
    assert_eq!(run("thaw"), (true, back));
    add("15-fails", "exit 1");
    let until_it = "10-first freeze\n15-fails freeze\n".to_owned();
    let all = "20 second thaw\n15-fails thaw\n10-first thaw\n".to_owned();
    assert_eq!(run("freeze"), (false, until_it));
    assert_eq!(run("thaw"), (false, all));
}

/// By another process: a file that one of this process's threads still has open cannot be run.
fn write_program(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, text).unwrap();
    let mut install = Command::new("install");
    process::output(install.args(["-m", "755"]).args([&draft, path])).unwrap();
    std::fs::remove_file(draft).unwrap();
}
