//! Restart and shutdown.

use conditions::{ChannelDevice, Condition, GuestFacts, NodeName, RunState, Sightings, assess};
use insta::assert_snapshot;
use lifecycle::gate::{Refusal, RefusalReason};
use lifecycle::operation::AskReport;

use crate::drive::{Drive, restart, shutdown};
use crate::fix::other_machine;
use crate::fixture;

fn hooked(seen: &mut Sightings) {
    let hook = fixture::command_line("/usr/bin/qemu-ga --shutdown");
    fixture::set(inside(seen), "ExecStopPost", &hook);
}

fn inside(seen: &mut Sightings) -> &mut GuestFacts {
    seen.shell.as_mut().expect("it was read")
}

fn stopping(seen: &mut Sightings) {
    inside(seen).system_state = Some("stopping".to_owned());
}

fn off(seen: &mut Sightings) {
    seen.observation.run_state = RunState::Stopped;
}

fn lost() -> AskReport {
    AskReport::Unknown("the socket was closed".to_owned())
}

fn moved() -> AskReport {
    let (from, to) = (NodeName::new("node1"), NodeName::new("node2"));
    let reasons = vec![RefusalReason::Moved { from, to }];
    AskReport::Denied(Refusal {
        guest: fixture::guest(),
        reasons,
    })
}

/// Asked, and not gone when the window was over.
fn still_running() -> Drive {
    restart()
        .healthy(1)
        .taken()
        .running()
        .after(300)
        .running()
        .healthy(1)
}

/// The controller died between asking and the answer.
fn killed_while_asking() -> Drive {
    restart().healthy(1).resumed(5)
}

#[test]
fn a_restart_goes_down_comes_up_and_proves_both() {
    let drive = restart()
        .healthy(1)
        .taken()
        .running()
        .after(7)
        .stopped()
        .started(Ok("running"));
    assert_snapshot!(drive.down().after(20).up(2, 12).healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
       7s sleep 1s
       8s observe -> stopped
       8s start web1 on node1 -> Ok("running")
       8s probe -> no route
      28s sleep 1s
      29s probe -> boot 2, up 12s, running
      29s check -> boot 2, healthy
      29s = restarted, boot 1 to 2, up 12s, took 29s
    owed: nothing
    "#);
}

#[test]
fn a_shutdown_ends_at_rest() {
    assert_snapshot!(shutdown().healthy(1).taken().running().after(7).stopped().story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
       7s sleep 1s
       8s observe -> stopped
       8s = stopped, already false
    owed: nothing
    ");
}

#[test]
fn a_shutdown_of_a_stopped_guest_asks_nobody() {
    assert_snapshot!(shutdown().check(1, "off", off).story(), @r"
       0s check -> boot 1, off
       0s = stopped, already true
    owed: nothing
    ");
}

#[test]
fn a_restart_of_a_stopped_guest_is_refused() {
    assert_snapshot!(restart().check(1, "off", off).story(), @r"
       0s check -> boot 1, off
       0s = refused: web1 is left alone: it does not run (stopped): query-status: running
    owed: nothing
    ");
}

#[test]
fn an_unhealthy_guest_is_refused_before_anything_is_asked() {
    let drive = restart().check(1, "a hook and no port", |seen| {
        hooked(seen);
        seen.observation.channel_device = ChannelDevice::Absent;
    });
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, a hook and no port
       0s = refused: web1 is left alone: condition 3 no guest-side shutdown hooks failed: a shutdown hook is tied to the agent; condition 5 virtio port exists failed: the running machine has no agent port
    owed: nothing
    ");
}

#[test]
fn a_guest_on_its_way_down_is_not_asked() {
    assert_snapshot!(restart().check(1, "stopping", stopping).story(), @r"
       0s check -> boot 1, stopping
       0s = refused: web1 is left alone: it is shutting down already
    owed: nothing
    ");
}

#[test]
fn what_the_gate_refuses_right_before_the_call_was_not_asked() {
    assert_snapshot!(restart().healthy(1).asked(moved()).story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> denied by the gate
       0s = refused: web1 is left alone: it was checked on node1 and is on node2 now
    owed: nothing
    ");
}

#[test]
fn an_agent_that_refuses_ends_the_run_and_nothing_is_owed() {
    let refused = AskReport::Refused("disabled".to_owned());
    assert_snapshot!(restart().healthy(1).asked(refused).story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> refused
       0s = failed: the agent refused to shut the guest down: disabled
    owed: nothing
    ");
}

#[test]
fn a_request_that_was_not_sent_ends_the_run_and_nothing_is_owed() {
    let not_sent = AskReport::NotSent("no socket".to_owned());
    assert_snapshot!(restart().healthy(1).asked(not_sent).story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> not sent
       0s = failed: the shutdown was not asked for: no socket
    owed: nothing
    ");
}

#[test]
fn a_lost_answer_is_waited_for_as_if_the_request_was_taken() {
    let drive = restart()
        .healthy(1)
        .asked(lost())
        .running()
        .after(30)
        .stopped();
    assert_snapshot!(drive.started(Ok("running")).after(20).up(2, 12).healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> answer lost
       0s observe -> running
      30s sleep 1s
      31s observe -> stopped
      31s start web1 on node1 -> Ok("running")
      51s probe -> boot 2, up 12s, running
      51s check -> boot 2, healthy
      51s = restarted, boot 1 to 2, up 12s, took 51s
    owed: nothing
    "#);
}

#[test]
fn another_event_in_place_of_the_answer_is_a_lost_answer() {
    assert_snapshot!(restart().healthy(1).running().running().story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> running
       0s observe -> running
       0s sleep 1s
    owed: a start when it stops
    ");
}

#[test]
fn a_guest_that_stays_up_is_left_alone_and_still_owed_a_start() {
    assert_snapshot!(still_running().story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
     300s sleep 1s
     301s observe -> running
     301s check -> boot 1, healthy
     301s = still running after 301s
    owed: a start when it stops
    ");
}

#[test]
fn a_guest_that_powers_off_after_the_window_is_started_when_the_run_is_resumed() {
    let drive = still_running()
        .resumed(3_600)
        .stopped()
        .started(Ok("running"));
    assert_snapshot!(drive.after(20).up(2, 12).healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
     300s sleep 1s
     301s observe -> running
     301s check -> boot 1, healthy
     301s = still running after 301s
    --- resumed 3600s later
    3901s observe -> stopped
    3901s start web1 on node1 -> Ok("running")
    3921s probe -> boot 2, up 12s, running
    3921s check -> boot 2, healthy
    3921s = restarted, boot 1 to 2, up 12s, took 3921s
    owed: nothing
    "#);
}

#[test]
fn a_guest_that_still_runs_when_the_run_is_resumed_is_checked_and_asked_again() {
    let drive = still_running()
        .resumed(3_600)
        .running()
        .healthy(1)
        .taken()
        .stopped();
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
     300s sleep 1s
     301s observe -> running
     301s check -> boot 1, healthy
     301s = still running after 301s
    --- resumed 3600s later
    3901s observe -> running
    3901s check -> boot 1, healthy
    3901s shutdown, permit for boot 1 -> taken
    3901s observe -> stopped
    3901s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_guest_seen_stopped_by_the_last_look_of_the_window_is_started() {
    let drive = restart()
        .healthy(1)
        .taken()
        .after(300)
        .running()
        .check(1, "off", off)
        .stopped();
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
     300s observe -> running
     300s check -> boot 1, off
     300s observe -> stopped
     300s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_guest_that_rebooted_by_itself_is_told_and_not_asked_again() {
    let drive = restart()
        .healthy(1)
        .taken()
        .running()
        .after(300)
        .running()
        .healthy(2);
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
     300s sleep 1s
     301s observe -> running
     301s check -> boot 2, healthy
     301s = rebooted instead, boot 1 to 2
    owed: nothing
    ");
}

#[test]
fn a_guest_whose_boot_nobody_can_read_at_the_end_still_runs() {
    let drive = restart().healthy(1).taken().after(300).running();
    let drive = drive.check(1, "unreadable", |seen| {
        let unreachable = conditions::UnreadableReason::Unreachable;
        let unreadable = conditions::Unreadable::new(unreachable, "no route");
        seen.shell = Err(unreadable.clone());
        seen.ssh = conditions::SshSighting::Unreadable(unreadable);
        seen.channel = conditions::ChannelReport::Silent {
            reason: conditions::SilenceReason::TimedOut,
            evidence: String::new(),
        };
    });
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
     300s observe -> running
     300s check -> boot 1, unreadable
     300s = still running after 300s
    owed: a start when it stops
    ");
}

#[test]
fn a_deaf_hypervisor_is_asked_until_the_window_is_over_and_the_run_stays_open() {
    let drive = restart().healthy(1).taken().deaf().after(300).deaf();
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> no answer
     300s sleep 1s
     301s observe -> no answer
     301s = failed: the guest was asked to shut down 301s ago and the hypervisor cannot say whether it did: the socket is closed
    owed: a start when it stops
    ");
}

#[test]
fn a_run_killed_while_asking_waits_and_then_asks_the_same_boot_with_a_new_permit() {
    let drive = killed_while_asking()
        .running()
        .after(30)
        .running()
        .healthy(1)
        .taken()
        .stopped();
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1
    --- resumed 5s later
       5s observe -> running
      35s sleep 1s
      36s observe -> running
      36s check -> boot 1, healthy
      36s shutdown, permit for boot 1 -> taken
      36s observe -> stopped
      36s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_run_killed_while_asking_starts_the_guest_that_went_down_meanwhile() {
    assert_snapshot!(killed_while_asking().stopped().started(Ok("running")).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1
    --- resumed 5s later
       5s observe -> stopped
       5s start web1 on node1 -> Ok("running")
       5s probe
    owed: nothing
    "#);
}

#[test]
fn a_run_killed_while_asking_does_not_ask_a_guest_that_is_on_its_way_down() {
    let drive = killed_while_asking()
        .after(30)
        .running()
        .check(1, "stopping", stopping);
    assert_snapshot!(drive.after(20).stopped().story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1
    --- resumed 5s later
      35s observe -> running
      35s check -> boot 1, stopping
      55s sleep 1s
      56s observe -> stopped
      56s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_run_killed_while_asking_does_not_ask_another_boot() {
    assert_snapshot!(killed_while_asking().after(30).running().healthy(2).story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1
    --- resumed 5s later
      35s observe -> running
      35s check -> boot 2, healthy
      35s = rebooted instead, boot 1 to 2
    owed: nothing
    ");
}

#[test]
fn a_run_killed_while_asking_that_may_not_ask_again_stays_open() {
    let drive = killed_while_asking()
        .after(30)
        .running()
        .check(1, "a hook", hooked);
    assert_snapshot!(drive.resumed(60).stopped().story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1
    --- resumed 5s later
      35s observe -> running
      35s check -> boot 1, a hook
      35s = refused: web1 is left alone: condition 3 no guest-side shutdown hooks failed: a shutdown hook is tied to the agent
    --- resumed 60s later
      95s observe -> stopped
      95s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_second_request_that_is_denied_leaves_the_first_one_open() {
    for report in [
        moved(),
        AskReport::Refused("disabled".to_owned()),
        AskReport::NotSent("no socket".to_owned()),
    ] {
        let drive = killed_while_asking()
            .after(30)
            .running()
            .healthy(1)
            .asked(report);
        assert!(drive.saved().owes_start(), "{}", drive.story());
    }
}

#[test]
fn a_guest_that_stops_while_it_is_checked_again_is_started() {
    let drive = killed_while_asking()
        .after(30)
        .running()
        .check(1, "off", off)
        .stopped();
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1
    --- resumed 5s later
      35s observe -> running
      35s check -> boot 1, off
      35s observe -> stopped
      35s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_start_that_fails_is_owed_and_made_when_the_run_is_resumed() {
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Err("the disk is busy"))
        .stopped();
    let drive = drive.resumed(60).stopped().started(Ok("running"));
    assert_snapshot!(drive.after(20).up(2, 12).healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Err("the disk is busy")
       0s observe -> stopped
       0s = not started: the disk is busy
    --- resumed 60s later
      60s observe -> stopped
      60s start web1 on node1 -> Ok("running")
      80s probe -> boot 2, up 12s, running
      80s check -> boot 2, healthy
      80s = restarted, boot 1 to 2, up 12s, took 80s
    owed: nothing
    "#);
}

#[test]
fn a_run_killed_while_starting_looks_before_it_starts_and_starts_no_running_guest() {
    let drive = restart().healthy(1).taken().stopped().resumed(10).running();
    assert_snapshot!(drive.after(20).up(2, 12).healthy(2).story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1
    --- resumed 10s later
      10s observe -> running
      30s probe -> boot 2, up 12s, running
      30s check -> boot 2, healthy
      30s = restarted, boot 1 to 2, up 12s, took 30s
    owed: nothing
    ");
}

#[test]
fn a_run_killed_while_waiting_for_readiness_looks_from_outside_first() {
    let killed = || {
        let drive = restart()
            .healthy(1)
            .taken()
            .stopped()
            .started(Ok("running"));
        drive.down().resumed(10)
    };
    assert_snapshot!(killed().running().story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> no route
       0s sleep 1s
    --- resumed 10s later
      10s observe -> running
      10s probe
    owed: nothing
    "#);
    assert_snapshot!(killed().stopped().story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> no route
       0s sleep 1s
    --- resumed 10s later
      10s observe -> stopped
      10s start web1 on node1
    owed: a start when it stops
    "#);
}

#[test]
fn a_start_that_a_lock_forbids_is_owed() {
    let drive = restart()
        .healthy(1)
        .taken()
        .locked(RunState::Stopped)
        .resumed(60);
    assert_snapshot!(drive.stopped().started(Ok("running")).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped, locked
       0s = not started: the hypervisor has it locked (backup)
    --- resumed 60s later
      60s observe -> stopped
      60s start web1 on node1 -> Ok("running")
      60s probe
    owed: nothing
    "#);
}

#[test]
fn the_old_boot_and_an_old_uptime_are_not_taken_for_the_new_boot() {
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"));
    let drive = drive.up(1, 5).up(3, 4_000).after(20).up(2, 12).healthy(2);
    assert_snapshot!(drive.story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> boot 1, up 5s, running
       0s sleep 1s
       1s probe -> boot 3, up 4000s, running
      21s sleep 1s
      22s probe -> boot 2, up 12s, running
      22s check -> boot 2, healthy
      22s = restarted, boot 1 to 2, up 12s, took 22s
    owed: nothing
    "#);
}

#[test]
fn a_guest_that_does_not_become_ready_is_told_with_its_health_and_can_be_resumed() {
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"))
        .down();
    let drive = drive.after(300).down().healthy(2);
    assert_snapshot!(drive.resumed(60).running().up(2, 300).healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> no route
     300s sleep 1s
     301s probe -> no route
     301s check -> boot 2, healthy
     301s = not ready after 301s: no route; health: Some("unhealthy []")
    --- resumed 60s later
     361s observe -> running
     361s probe -> boot 2, up 300s, running
     361s check -> boot 2, healthy
     361s = restarted, boot 1 to 2, up 300s, took 361s
    owed: nothing
    "#);
}

#[test]
fn a_guest_that_can_never_become_ready_is_not_waited_for() {
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"))
        .locked_out();
    assert_snapshot!(drive.healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> the host key changed
       0s check -> boot 2, healthy
       0s = not ready after 0ns: the host key changed; health: Some("unhealthy []")
    owed: nothing
    "#);
}

#[test]
fn another_machine_at_the_ssh_address_does_not_prove_the_restart() {
    let other = "another at the SSH address";
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"))
        .after(20)
        .up(2, 12);
    let drive = drive
        .check(2, other, other_machine)
        .after(120)
        .check(2, other, other_machine);
    assert_snapshot!(drive.story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
      20s probe -> boot 2, up 12s, running
      20s check -> boot 2, another at the SSH address
     140s sleep 1s
     141s check -> boot 2, another at the SSH address
     141s = not ready after 141s: another machine answers at the SSH address: boot id 00000063-0000-4000-8000-000000000000 through SSH, 00000002-0000-4000-8000-000000000000 through the agent; health: Some("unhealthy []")
    owed: nothing
    "#);
}

#[test]
fn a_guest_that_comes_back_unhealthy_is_proved_and_named() {
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"))
        .after(20)
        .up(2, 12);
    let drive = drive
        .check(2, "a hook", hooked)
        .after(120)
        .check(2, "a hook", hooked);
    assert_snapshot!(drive.story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
      20s probe -> boot 2, up 12s, running
      20s check -> boot 2, a hook
     140s sleep 1s
     141s check -> boot 2, a hook
     141s = back, Some("boot 1 to 2, up 12s, took 20s"), but unhealthy ["3 failed"]
    owed: nothing
    "#);
}

#[test]
fn health_may_take_a_while_to_come_back() {
    let drive = restart()
        .healthy(1)
        .taken()
        .stopped()
        .started(Ok("running"))
        .after(20)
        .up(2, 12);
    assert_snapshot!(drive.check(2, "a hook", hooked).healthy(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
      20s probe -> boot 2, up 12s, running
      20s check -> boot 2, a hook
      20s sleep 1s
      21s check -> boot 2, healthy
      21s = restarted, boot 1 to 2, up 12s, took 20s
    owed: nothing
    "#);
}

#[test]
fn an_accepted_unknown_holds_for_one_call_and_not_for_the_resumed_one() {
    use lifecycle::gate::Accepted;
    use lifecycle::operation::{Effect, Event, Limits, Operation, Request};

    let now = conditions::Timestamp::from_millis(1_700_000_000_000);
    let check = || {
        let mut seen = fixture::healthy(1, now, now);
        inside(&mut seen).packages = None;
        Event::Checked(Box::new(assess(seen)))
    };
    let accepted = Accepted::new([Condition::Package]).unwrap();
    let limits = Limits::default();
    let (mut operation, _) =
        Operation::start(Request::Restart(accepted.clone().into()), limits, now);
    assert!(matches!(operation.step(check(), now), Effect::Shutdown(_)));

    for (accepted, asks) in [(Accepted::none(), false), (accepted, true)] {
        let (mut again, _) = Operation::resume(operation.saved(), accepted, limits, now);
        let later = now + limits.settle;
        let seen = fixture::observation(RunState::Running, later);
        assert!(matches!(
            again.step(Event::Observed(Ok(seen)), later),
            Effect::Check
        ));
        let asked = matches!(again.step(check(), now), Effect::Shutdown(_));
        assert_eq!(asked, asks);
    }
}
