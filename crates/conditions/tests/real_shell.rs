//! The probe's and the remedies' scripts, run by this machine's own `/bin/sh`.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod shell;

use std::path::Path;
use std::process::{Command, Output};

use conditions::Remedy;
use shell::{feed, probe};

#[test]
fn the_probe_reads_this_machine_with_its_shells() {
    for shell in ["/bin/sh", "/bin/bash"]
        .into_iter()
        .filter(|shell| Path::new(shell).exists())
    {
        let facts = probe(|script| feed(Command::new(shell).arg("-s"), script));
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(
            facts.marks.boot_id.as_ref().map(|id| id.as_str()),
            Some(boot_id.trim())
        );
        assert_eq!(
            facts.marks.host_name.as_deref(),
            Some(host.trim()),
            "{shell}"
        );
        assert!(
            facts.uptime.is_some_and(|uptime| !uptime.is_zero()),
            "{shell}"
        );
        assert_eq!(
            facts.port_in_guest,
            Some(Path::new(conditions::PORT_PATH).exists())
        );
        for (path, file) in facts.files.iter().filter(|(path, _)| path.starts_with('/')) {
            let text = std::fs::read(path).unwrap();
            assert!(
                String::from_utf8_lossy(&text).starts_with(&file.text),
                "{path}"
            );
            assert_eq!(file.truncated, text.len() > file.text.len(), "{path}");
        }
        let has_systemd = Path::new("/run/systemd/system").exists();
        assert!(has_systemd || facts.agent_unit.is_none(), "{shell}");
    }
}

/// Runs a remedy's script with the backups in `root`.
fn run(remedy: &Remedy, root: &Path) -> Output {
    let script = remedy.script().unwrap();
    let script = script.replace("/var/lib/hospes", root.join("hospes").to_str().unwrap());
    feed(Command::new("/bin/sh").arg("-s"), &script)
}

fn edit(path: &Path, before: &str, after: &str, is_script: bool) -> Remedy {
    Remedy::EditFile {
        path: path.to_str().unwrap().to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        why: "a test".to_owned(),
        is_script,
    }
}

struct Room(std::path::PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hospes-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_edit_replaces_only_the_text_that_was_read_and_keeps_a_copy() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new("edit");
    let path = room.0.join("it's a unit.conf");
    let (before, after) = (
        "[Unit]\nSuccessAction=poweroff\nö $x `y`",
        "[Unit]\nö $x `y`\n\n",
    );
    std::fs::write(&path, before).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let remedy = edit(&path, before, after, false);
    for _ in 0..2 {
        let output = run(&remedy, &room.0);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
    }
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let kept: Vec<_> = std::fs::read_dir(room.0.join("hospes/backup"))
        .unwrap()
        .collect();
    assert_eq!(kept.len(), 1, "the second run has nothing to keep");
    let kept = kept[0]
        .as_ref()
        .unwrap()
        .path()
        .join(path.strip_prefix("/").unwrap());
    assert_eq!(std::fs::read_to_string(kept).unwrap(), before);

    std::fs::write(&path, "changed").unwrap();
    let output = run(&remedy, &room.0);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("changed since it was read"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "changed");
    let names: Vec<_> = std::fs::read_dir(&room.0)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "no temporary file stays: {names:?}");
}

#[test]
fn an_edit_that_would_break_a_script_is_refused() {
    let room = Room::new("syntax");
    let path = room.0.join("postinst");
    let before = "#!/bin/sh\nif true; then\nreboot\nfi\n";
    std::fs::write(&path, before).unwrap();
    let output = run(
        &edit(&path, before, "#!/bin/sh\nif true; then\nfi\n", true),
        &room.0,
    );
    assert!(!output.status.success());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    let output = run(
        &edit(&path, before, "#!/bin/sh\nif true; then\n:\nfi\n", true),
        &room.0,
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn symbolic_links_are_left_alone() {
    let room = Room::new("link");
    let (target, link) = (room.0.join("target"), room.0.join("link"));
    std::fs::write(&target, "a\n").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let output = run(&edit(&link, "a\n", "b\n", false), &room.0);
    assert!(!output.status.success());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "a\n");
}

#[test]
fn files_are_created_and_removed_once() {
    let room = Room::new("create");
    let path = room.0.join("x.service.d/10-a.conf");
    let text = "[Unit]\n";
    let create = Remedy::CreateFile {
        path: path.to_str().unwrap().to_owned(),
        after: text.to_owned(),
        why: "a test".to_owned(),
    };
    let remove = Remedy::RemoveFile {
        path: path.to_str().unwrap().to_owned(),
        before: text.to_owned(),
        why: "a test".to_owned(),
    };
    for _ in 0..2 {
        assert!(run(&create, &room.0).status.success());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    for _ in 0..2 {
        assert!(run(&remove, &room.0).status.success());
        assert!(
            !path.parent().unwrap().exists(),
            "the empty drop-in directory goes too"
        );
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "other").unwrap();
    assert!(!run(&create, &room.0).status.success());
    assert!(!run(&remove, &room.0).status.success());
}
