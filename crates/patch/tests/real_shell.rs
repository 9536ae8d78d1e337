//! The scripts, run by this machine's own shells. Those that change something are given
//! stand-ins for what they call.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use patch::upgrade::{Follow, Progress, Started};
use patch::{
    PostCommand, Postcheck, Preflight, Preview, Refresh, RunId, Scope, Script, Settings, Upgraded,
    Version, postcheck, preflight, preview, refresh, result, upgrade,
};

const LOOK: Duration = Duration::from_secs(120);

fn shells() -> impl Iterator<Item = &'static str> {
    let shells = ["/bin/sh", "/bin/bash"].into_iter();
    shells.filter(|shell| Path::new(shell).exists())
}

fn has(command: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .any(|dir| Path::new(dir).join(command).exists())
}

fn run(shell: &str, text: &str) -> Vec<u8> {
    let output = output(Command::new(shell).arg("-s"), text);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.len() <= patch::OUTPUT_LIMIT);
    output.stdout
}

fn output(command: &mut Command, text: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hospes-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("bin")).unwrap();
        Self(path)
    }

    /// A program that is found before the real one.
    fn stand_in(&self, name: &str, body: &str) {
        let path = self.0.join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Stand-ins that find nothing for what takes long.
    fn quiet(&self) {
        for name in ["apt-cache", "apt-mark", "needrestart"] {
            self.stand_in(name, "");
        }
        self.stand_in(
            "dpkg",
            "[ \"$1\" = --print-architecture ] && echo amd64; exit 0",
        );
    }

    /// The script with this room for the guest's directories and its programs first.
    fn inside(&self, script: &Script) -> String {
        let room = self.0.to_str().unwrap();
        let text = script
            .text
            .replace("/var/lib/hospes", &format!("{room}/hospes"));
        text.replace(
            "PATH=/usr/local/sbin",
            &format!("PATH={room}/bin:/usr/local/sbin"),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_preflight_reads_this_machine() {
    for shell in shells() {
        let facts = Preflight::parse(&run(shell, &preflight::script(LOOK).text)).unwrap();
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let boot = facts.boot_id.as_ref().map(|id| id.as_str());
        assert_eq!(boot, Some(boot_id.trim()), "{shell}");
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        assert_eq!(facts.reboot.running.as_deref(), Some(kernel.trim()));
        assert!(
            facts.space.iter().any(|s| s.path == "/var" && s.free > 0),
            "{facts:?}"
        );
        assert!(!facts.os.pretty.is_empty(), "{facts:?}");
        let booted = Path::new("/run/systemd/system").exists() && has("systemd-run");
        assert_eq!(facts.has_systemd, booted);
        assert_eq!(facts.apt.is_some(), has("apt-get"), "{facts:?}");
    }
}

#[test]
fn whoever_holds_a_lock_is_named() {
    if !has("python3") || !has("stat") {
        return;
    }
    let room = Room::new("locks");
    let lock = room.path("lock");
    let hold = "import fcntl,sys\nf=open(sys.argv[1],'w')\nfcntl.lockf(f,fcntl.LOCK_EX)\n\
                print('held',flush=True)\nsys.stdin.read()";
    let mut holder = Command::new("python3")
        .args(["-c", hold, lock.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 4];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let script = preflight::script(LOOK).text;
    let script = script.replace("/var/lib/dpkg/lock-frontend", lock.to_str().unwrap());
    for shell in shells() {
        let facts = Preflight::parse(&run(shell, &script)).unwrap();
        let by = facts.locks.iter().find(|by| Path::new(&by.file) == lock);
        let by = by.unwrap_or_else(|| panic!("{shell}: {facts:?}"));
        assert_eq!(by.pid, holder.id());
        assert!(by.command.starts_with("python3"), "{by:?}");
    }
    drop(holder.stdin.take());
    holder.wait().unwrap();
}

#[test]
fn the_preview_reads_what_apt_would_do_here() {
    if !has("apt-get") {
        return;
    }
    let script = preview::script(Scope::DistUpgrade, LOOK);
    let preview = Preview::parse(&run("/bin/sh", &script.text), Scope::DistUpgrade).unwrap();
    assert_eq!(preview.gaps, [].into(), "what apt counts is what was read");
    for upgrade in &preview.upgrades {
        let is_whole = upgrade.to != upgrade.from && !upgrade.origins.is_empty();
        assert!(is_whole, "{upgrade:?}");
    }
}

#[test]
fn a_command_that_is_not_there_is_an_answer_and_no_silence() {
    let room = Room::new("no-apt");
    room.stand_in("apt-get", "echo 'E: boom'; exit 100");
    room.quiet();
    for shell in shells() {
        let answer = run(shell, &room.inside(&preview::script(Scope::Upgrade, LOOK)));
        let error = Preview::parse(&answer, Scope::Upgrade).unwrap_err();
        assert!(error.to_string().contains("E: boom"), "{error}");
        let answer = run(shell, &room.inside(&refresh::script(LOOK, LOOK)));
        let refresh = Refresh::parse(&answer).unwrap();
        assert!(matches!(refresh, Refresh::Failed { .. }), "{refresh:?}");
    }
}

#[test]
fn commands_of_the_user_end_with_their_status_and_the_end_of_their_words() {
    let command = |name: &str, command: &str| PostCommand {
        name: name.to_owned(),
        command: command.to_owned(),
        deadline: Duration::from_secs(1),
    };
    let commands = [
        command("good", "echo it\\'s 'a \"day\"'; echo two"),
        command("bad", "printf 'no line end'; exit 3"),
        command("silent", "false"),
        command("late", "sleep 30"),
        command("long", "yes x | head -c 100000; echo end"),
        command("frames", "printf '@end 0 0\\n\\n'; exit 7"),
    ];
    for shell in shells() {
        let answer = run(shell, &postcheck::script(&commands, LOOK).text);
        let postcheck = Postcheck::parse(&answer, &commands).unwrap();
        let results = &postcheck.commands;
        let said: Vec<(i32, &str)> = results
            .iter()
            .map(|c| (c.status, c.output.as_str()))
            .collect();
        assert_eq!(said[0], (0, "it's a \"day\"\ntwo"), "{shell}");
        assert_eq!(said[1], (3, "no line end"), "{shell}");
        assert_eq!(said[2], (1, ""), "{shell}");
        assert_eq!(said[3], (124, ""), "{shell}");
        assert!(said[4].0 == 0 && said[4].1.ends_with("x\nend") && said[4].1.len() <= 4096);
        assert_eq!(said[5], (7, "@end 0 0"), "{shell}");
    }
}

/// What stands for systemd: runs the unit's command at once, or when told.
const SYSTEMD_RUN: &str = "while [ \"$1\" != -- ]; do shift; done; shift; \"$@\"; exit 0";

fn settings() -> Settings {
    Settings::new("r1".parse::<RunId>().unwrap())
}

fn guest(name: &str, apt: &str) -> Room {
    let room = Room::new(name);
    room.stand_in("systemd-run", SYSTEMD_RUN);
    room.stand_in("systemctl", "echo inactive");
    room.stand_in("apt-get", apt);
    room.quiet();
    let count = room.path("packages");
    let packages = "zip\tall\t3.0-13\tinstalled\nbc\tall\t1\tinstalled\n";
    std::fs::write(&count, packages).unwrap();
    room.stand_in("dpkg-query", &format!("cat {}", count.display()));
    room
}

fn looked(room: &Room, shell: &str, offset: u64) -> Follow {
    let script = upgrade::follow(&settings().id, offset, LOOK);
    Follow::parse(&run(shell, &room.inside(&script))).unwrap()
}

#[test]
fn the_unit_runs_once_for_an_id_and_leaves_what_a_resumed_controller_needs() {
    for shell in shells() {
        let apt = "case \"$*\" in *dist-upgrade) ;; *) exit 0;; esac\n\
                   echo Setting up zip; echo \"E: no room\"; \
                   sed -i 's/3.0-13/3.0-14/; /^bc/d' @PACKAGES@; exit 100";
        let room = guest("unit", "");
        let packages = room.path("packages");
        room.stand_in(
            "apt-get",
            &apt.replace("@PACKAGES@", packages.to_str().unwrap()),
        );
        assert_eq!(looked(&room, shell, 0).progress, Progress::NotBegun);
        let start = room.inside(&upgrade::start(&settings(), false, LOOK));
        assert_eq!(Started::parse(&run(shell, &start)), Ok(Started::Taken));
        let follow = looked(&room, shell, 0);
        assert_eq!(follow.progress, Progress::Ended(100));
        assert_eq!(follow.log, b"Setting up zip\nE: no room\n");
        assert_eq!(looked(&room, shell, 11).log, b"zip\nE: no room\n");
        assert_eq!(looked(&room, shell, follow.size).log, b"");

        assert_eq!(Started::parse(&run(shell, &start)), Ok(Started::Already));
        let body = room.path("hospes/patch/r1/body");
        let again = Command::new("/bin/sh").arg(&body).status().unwrap();
        assert!(again.success());
        assert_eq!(
            looked(&room, shell, 0).log,
            follow.log,
            "a second body does nothing"
        );

        let script = result::script(&settings().id, Scope::DistUpgrade, LOOK);
        let answer = run(shell, &room.inside(&script));
        let upgraded = Upgraded::parse(&answer, &Preview::default(), Scope::DistUpgrade).unwrap();
        assert_eq!(upgraded.status, Some(100));
        assert_eq!(upgraded.errors, ["E: no room"]);
        let changes: Vec<String> = upgraded
            .changes
            .iter()
            .map(|change| format!("{} {:?}", change.package, change.kind))
            .collect();
        assert_eq!(changes, ["bc Removed", "zip Upgraded"]);
    }
}

#[test]
fn a_unit_that_was_cut_off_is_lost_and_what_it_did_is_still_found() {
    let room = guest("lost", "");
    let packages = room.path("packages");
    let apt = format!(
        "sed -i 's/3.0-13/3.0-14/' {}; kill -9 $PPID",
        packages.display()
    );
    room.stand_in("apt-get", &apt);
    let start = room.inside(&upgrade::start(&settings(), true, LOOK));
    let _ = run("/bin/sh", &start);
    let progress = looked(&room, "/bin/sh", 0).progress;
    assert_eq!(progress, Progress::Lost { rebooted: false });
    std::fs::write(room.path("hospes/patch/r1/running/boot"), "another\n").unwrap();
    let progress = looked(&room, "/bin/sh", 0).progress;
    assert_eq!(progress, Progress::Lost { rebooted: true });
    room.stand_in("apt-get", "exit 0");
    let script = result::script(&settings().id, Scope::Upgrade, LOOK);
    let answer = run("/bin/sh", &room.inside(&script));
    let upgraded = Upgraded::parse(&answer, &Preview::default(), Scope::Upgrade).unwrap();
    assert_eq!((upgraded.status, upgraded.changes.len()), (None, 1));
}

#[test]
fn a_unit_that_systemd_does_not_take_has_its_words() {
    let room = guest("refused", "");
    room.stand_in(
        "systemd-run",
        "echo 'Failed to start transient service unit: no' >&2; exit 1",
    );
    let start = room.inside(&upgrade::start(&settings(), false, LOOK));
    let started = Started::parse(&run("/bin/sh", &start)).unwrap();
    let words = "Failed to start transient service unit: no".to_owned();
    assert_eq!(started, Started::Refused(words));
    assert_eq!(looked(&room, "/bin/sh", 0).progress, Progress::NotBegun);
}

#[test]
fn versions_are_ordered_as_this_machines_dpkg_orders_them() {
    if !has("dpkg") {
        return;
    }
    let versions = [
        "1.0",
        "1.0-1",
        "1.0-1+b1",
        "1.0~rc1-1",
        "1:0.1",
        "1.0+dfsg-2",
        "1.10-1",
        "1.9-1",
        "1.0a",
        "2.6.1",
        "3.0.22-1~deb12u2",
        "3.0.19-1~deb12u2",
        "1.0-1ubuntu0.1",
        "1.0-1build1",
        "0",
    ];
    for a in versions {
        for b in versions {
            let arguments = ["--compare-versions", a, "lt", b];
            let is_less = Command::new("dpkg")
                .args(arguments)
                .status()
                .unwrap()
                .success();
            assert_eq!(Version::new(a) < Version::new(b), is_less, "{a} < {b}");
        }
    }
}
