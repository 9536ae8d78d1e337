//! Fix: the one safe order.

use std::collections::BTreeMap;

use conditions::{
    BootId, ChannelReport, FileFacts, GuestFacts, Sightings, SilenceReason, SshSighting,
};
use insta::assert_snapshot;

use crate::drive::{Drive, describe, fix};
use crate::fixture;

const DROP_IN: &str = "/etc/systemd/system/qemu-guest-agent.service.d/hook.conf";

pub(crate) fn inside(seen: &mut Sightings) -> &mut GuestFacts {
    seen.shell.as_mut().expect("it was read")
}

/// The hook is in a drop-in and in effect.
pub(crate) fn hooked(seen: &mut Sightings) {
    let facts = inside(seen);
    fixture::set(facts, "SuccessAction", "poweroff");
    let file = FileFacts {
        text: "[Unit]\nSuccessAction=poweroff\n".to_owned(),
        truncated: false,
    };
    facts.files.insert(DROP_IN.to_owned(), file);
}

/// The file is gone and systemd still acts on it.
fn stale(seen: &mut Sightings) {
    let facts = inside(seen);
    fixture::set(facts, "SuccessAction", "poweroff");
    fixture::set(facts, "NeedDaemonReload", "yes");
}

/// The agent runs and does not answer.
pub(crate) fn hung(seen: &mut Sightings) {
    seen.channel = ChannelReport::Silent {
        reason: SilenceReason::TimedOut,
        evidence: "no answer in 5 s".to_owned(),
    };
}

/// The agent is masked and failed.
pub(crate) fn failed(seen: &mut Sightings) {
    let facts = inside(seen);
    for (key, value) in [
        ("LoadState", "masked"),
        ("ActiveState", "failed"),
        ("SubState", "failed"),
    ] {
        fixture::set(facts, key, value);
    }
    facts.packages = Some(BTreeMap::new());
    hung(seen);
}

/// No package, and systemd tells nothing.
pub(crate) fn blind(seen: &mut Sightings) {
    let facts = inside(seen);
    facts.packages = Some(BTreeMap::new());
    facts.units.clear();
    facts.agent_unit = None;
}

fn by_hand(seen: &mut Sightings) {
    let facts = inside(seen);
    facts.gaps.insert("a script is too long to read".to_owned());
}

pub(crate) fn other_machine(seen: &mut Sightings) {
    let other: BootId = fixture::boot_id(99);
    let facts = inside(seen);
    facts.marks.boot_id = Some(other);
    seen.ssh = SshSighting::Read(facts.marks.clone());
}

fn hooked_and_hung() -> Drive {
    fix().check(1, "a hook, and silent", |seen| {
        hooked(seen);
        hung(seen);
    })
}

#[test]
fn a_healthy_guest_is_not_touched() {
    assert_snapshot!(fix().healthy(1).story(), @r"
       0s check -> boot 1, healthy
       0s = fixed, 0 applied
    owed: nothing
    ");
}

#[test]
fn hooks_go_first_are_proved_gone_and_only_then_the_agent_is_touched() {
    let drive = hooked_and_hung()
        .applied()
        .applied()
        .check(1, "silent", hung)
        .applied();
    assert_snapshot!(drive.check(1, "silent", hung).healthy(1).story(), @r"
       0s check -> boot 1, a hook, and silent
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> applied
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, silent
       0s restart qemu-guest-agent.service, which runs and is silent -> applied
       0s check -> boot 1, silent
       0s sleep 1s
       1s check -> boot 1, healthy
       1s = fixed, 3 applied
    owed: nothing
    ");
}

#[test]
fn every_repair_of_the_agent_comes_after_the_proof() {
    let drive = fix().check(1, "a stale hook, masked, failed, not installed", |seen| {
        failed(seen);
        fixture::set(inside(seen), "SuccessAction", "poweroff");
    });
    let proved = |drive: Drive| drive.check(1, "no hook", failed);
    let drive = proved(drive.applied());
    // Whatever makes systemd read its files again needs a new proof.
    let installed = proved(drive.applied());
    let unmasked = proved(installed.applied());
    assert_snapshot!(unmasked.applied().applied().healthy(1).story(), @r"
       0s check -> boot 1, a stale hook, masked, failed, not installed
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, no hook
       0s install the package qemu-guest-agent -> applied
       0s check -> boot 1, no hook
       0s unmask qemu-guest-agent.service -> applied
       0s check -> boot 1, no hook
       0s reset the failed state of qemu-guest-agent.service -> applied
       0s start qemu-guest-agent.service -> applied
       0s check -> boot 1, healthy
       0s = fixed, 5 applied
    owed: nothing
    ");
}

#[test]
fn a_hook_whose_file_is_gone_needs_a_reload() {
    let drive = fix().check(1, "a stale hook", stale).applied();
    assert_snapshot!(drive.healthy(1).healthy(1).story(), @r"
       0s check -> boot 1, a stale hook
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, healthy
       0s check -> boot 1, healthy
       0s = fixed, 1 applied
    owed: nothing
    ");
}

#[test]
fn the_agent_is_left_alone_when_the_proof_fails() {
    let drive = hooked_and_hung().applied().applied();
    assert_snapshot!(drive.check(1, "a hook in effect, and silent", |seen| {
        stale(seen);
        hung(seen);
    }).story(), @r"
       0s check -> boot 1, a hook, and silent
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> applied
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, a hook in effect, and silent
       0s = failed: shutdown hooks are not proved gone (a shutdown hook is tied to the agent); the agent was not touched, because stopping it could take the guest down
    owed: nothing
    ");
}

#[test]
fn the_agent_is_left_alone_when_the_proof_cannot_be_read() {
    let drive = hooked_and_hung().applied().applied();
    assert_snapshot!(drive.check(1, "a gap, and silent", |seen| {
        by_hand(seen);
        hung(seen);
    }).story(), @r"
       0s check -> boot 1, a hook, and silent
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> applied
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, a gap, and silent
       0s = failed: shutdown hooks are not proved gone (not everything that the agent reaches could be read); the agent was not touched, because stopping it could take the guest down
    owed: nothing
    ");
}

#[test]
fn nothing_is_installed_while_nobody_can_tell_whether_there_are_hooks() {
    let drive = fix().check(1, "no package, systemd silent", blind);
    let drive = drive.check(1, "no package, systemd silent", blind);
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, no package, systemd silent
       0s check -> boot 1, no package, systemd silent
       0s = failed: shutdown hooks are not proved gone (systemd could not be asked); the agent was not touched, because stopping it could take the guest down
    owed: nothing
    ");
}

#[test]
fn a_remedy_that_fails_ends_the_repair_before_the_next_one() {
    let drive = hooked_and_hung().not_applied("the file changed meanwhile");
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, a hook, and silent
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> the file changed meanwhile
       0s = failed: a remedy failed after 0 were applied: the file changed meanwhile; nothing was stopped or restarted beyond them, and fix can be run again
    owed: nothing
    ");
}

#[test]
fn another_machine_is_not_repaired() {
    assert_snapshot!(fix().check(1, "another at the SSH address", |seen| {
        hooked(seen);
        other_machine(seen);
    }).story(), @r"
       0s check -> boot 1, another at the SSH address
       0s = refused: web1 is left alone: SSH and the agent channel lead to different machines: boot id 00000063-0000-4000-8000-000000000000 through SSH, 00000001-0000-4000-8000-000000000000 through the agent
    owed: nothing
    ");
}

#[test]
fn another_machine_that_answers_at_the_proof_is_not_repaired() {
    let drive = hooked_and_hung().applied().applied();
    let drive = drive.check(1, "another at the SSH address", other_machine);
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, a hook, and silent
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> applied
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, another at the SSH address
       0s = failed: another machine answers at the guest's SSH address since 2 remedies were applied (boot id 00000063-0000-4000-8000-000000000000 through SSH, 00000001-0000-4000-8000-000000000000 through the agent); it was not touched: correct the address and run fix again
    owed: nothing
    ");
}

#[test]
fn what_a_person_has_to_do_is_named_and_not_waited_for_long() {
    let drive = fix().check(1, "a hook and a gap", |seen| {
        hooked(seen);
        by_hand(seen);
    });
    let drive = drive
        .applied()
        .applied()
        .healthy(1)
        .check(1, "a gap", by_hand);
    assert_snapshot!(drive.after(30).check(1, "a gap", by_hand).story(), @r#"
       0s check -> boot 1, a hook and a gap
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> applied
       0s reload systemd's configuration (daemon-reload) -> applied
       0s check -> boot 1, healthy
       0s check -> boot 1, a gap
      30s sleep 1s
      31s check -> boot 1, a gap
      31s = partly fixed, 2 applied, unhealthy ["3 unknown"], by hand ["find out about shutdown hooks: a script is too long to read"]
    owed: nothing
    "#);
}

#[test]
fn health_that_does_not_come_back_is_told_at_the_deadline() {
    let drive = fix()
        .check(1, "silent", hung)
        .applied()
        .check(1, "silent", hung);
    assert_snapshot!(drive.after(120).check(1, "silent", hung).story(), @r#"
       0s check -> boot 1, silent
       0s restart qemu-guest-agent.service, which runs and is silent -> applied
       0s check -> boot 1, silent
     120s sleep 1s
     121s check -> boot 1, silent
     121s = partly fixed, 1 applied, unhealthy ["6 failed"], by hand []
    owed: nothing
    "#);
}

#[test]
fn a_resumed_repair_plans_anew_from_what_is_there() {
    let drive = hooked_and_hung().applied().resumed(60);
    let drive = drive.check(1, "a stale hook, and silent", |seen| {
        stale(seen);
        hung(seen);
    });
    assert_snapshot!(drive.applied().check(1, "silent", hung).story(), @r"
       0s check -> boot 1, a hook, and silent
       0s remove /etc/systemd/system/qemu-guest-agent.service.d/hook.conf: a shutdown hook of qemu-guest-agent.service -> applied
       0s reload systemd's configuration (daemon-reload)
    --- resumed 60s later
      60s check -> boot 1, a stale hook, and silent
      60s reload systemd's configuration (daemon-reload) -> applied
      60s check -> boot 1, silent
      60s restart qemu-guest-agent.service, which runs and is silent
    owed: nothing
    ");
}

#[test]
fn an_answer_that_comes_twice_never_skips_the_proof() {
    let mut drive = hooked_and_hung();
    for _ in 0..6 {
        drive = drive.applied();
        assert!(
            !describe(drive.wants()).starts_with("restart"),
            "{}",
            drive.story()
        );
    }
    assert_eq!(describe(drive.wants()), "check", "{}", drive.story());
}
