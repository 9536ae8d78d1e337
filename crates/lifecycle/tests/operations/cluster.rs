//! Restart of a guest under high availability: one request to the hypervisor, which powers it on
//! again by itself; and quorum that is lost on the way.

use conditions::{GuestFacts, RunState, Sightings};
use insta::assert_snapshot;
use lifecycle::gate::{Refusal, RefusalReason};
use lifecycle::operation::AskReport;

use crate::drive::{Drive, graceful_restart, managed, restart, shutdown, start};
use crate::fixture;

fn lost() -> AskReport {
    AskReport::Unknown("the connection broke".to_owned())
}

/// The restart is asked for and taken; the guest still runs.
fn asked() -> Drive {
    restart().managed(1).taken().running().up(1, 5_000)
}

/// The guest has not gone down when the window was over.
fn timed_out() -> Drive {
    asked().after(600).running().up(1, 5_600).managed(1)
}

fn stopping(seen: &mut Sightings) {
    managed(seen);
    let facts: &mut GuestFacts = seen.shell.as_mut().expect("it was read");
    facts.system_state = Some("stopping".to_owned());
}

fn unreadable(seen: &mut Sightings) {
    managed(seen);
    seen.shell = Err(conditions::Unreadable::new(
        conditions::UnreadableReason::Unreachable,
        "no route",
    ));
    seen.ssh = conditions::SshSighting::Unreadable(conditions::Unreadable::new(
        conditions::UnreadableReason::Unreachable,
        "no route",
    ));
    crate::fix::hung(seen);
}

#[test]
fn one_request_takes_it_down_and_up_and_the_old_boot_may_answer_meanwhile() {
    let drive = asked().running().down().running().up(2, 3).managed(2);
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       0s sleep 1s
       1s observe -> running
       1s probe -> no route
       1s sleep 1s
       2s observe -> running
       2s probe -> boot 2, up 3s, running
       2s check -> boot 2, managed
       2s = restarted, boot 1 to 2, up 3s, took 2s
    owed: nothing
    ");
}

#[test]
fn a_guest_that_is_seen_stopped_is_left_to_the_hypervisor_that_powers_it_on() {
    let drive = asked().after(8).stopped().stopped().running();
    assert_snapshot!(drive.down().after(20).up(2, 18).managed(2).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       8s sleep 1s
       9s observe -> stopped
       9s sleep 1s
      10s observe -> stopped
      10s sleep 1s
      11s observe -> running
      11s probe -> no route
      31s sleep 1s
      32s probe -> boot 2, up 18s, running
      32s check -> boot 2, managed
      32s = restarted, boot 1 to 2, up 18s, took 32s
    owed: nothing
    ");
}

#[test]
fn a_guest_that_stays_stopped_is_powered_on_when_the_hypervisor_had_its_time() {
    let drive = asked().after(8).stopped().after(280).stopped().after(10);
    let drive = drive.stopped().started(Ok("running")).up(2, 4).managed(2);
    assert_snapshot!(drive.story(), @r#"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       8s sleep 1s
       9s observe -> stopped
     289s sleep 1s
     290s observe -> stopped
     300s sleep 1s
     301s observe -> stopped
     301s start web1 on node1 -> Ok("running")
     301s probe -> boot 2, up 4s, running
     301s check -> boot 2, managed
     301s = restarted, boot 1 to 2, up 4s, took 301s
    owed: nothing
    "#);
}

#[test]
fn a_start_that_comes_second_to_the_hypervisor_s_own_is_no_failure() {
    let drive = asked().after(8).stopped().after(300).stopped();
    let drive = drive.started(Err("VM 101 already running")).running();
    assert_snapshot!(drive.up(2, 4).managed(2).story(), @r#"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       8s sleep 1s
       9s observe -> stopped
     309s sleep 1s
     310s observe -> stopped
     310s start web1 on node1 -> Err("VM 101 already running")
     310s observe -> running
     310s probe -> boot 2, up 4s, running
     310s check -> boot 2, managed
     310s = restarted, boot 1 to 2, up 4s, took 310s
    owed: nothing
    "#);
}

#[test]
fn a_start_that_fails_is_named_and_stays_owed() {
    let drive = asked().after(8).stopped().after(300).stopped();
    let drive = drive.started(Err("no space left")).stopped();
    assert_snapshot!(drive.resumed(60).stopped().started(Ok("running")).story(), @r#"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       8s sleep 1s
       9s observe -> stopped
     309s sleep 1s
     310s observe -> stopped
     310s start web1 on node1 -> Err("no space left")
     310s observe -> stopped
     310s = not started: no space left
    --- resumed 60s later
     370s observe -> stopped
     370s start web1 on node1 -> Ok("running")
     370s probe
    owed: nothing
    "#);
}

#[test]
fn a_stopped_guest_that_nobody_can_look_at_is_owed_a_start() {
    let drive = asked().after(8).stopped().deaf().after(300).deaf();
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       8s sleep 1s
       9s observe -> stopped
       9s sleep 1s
      10s observe -> no answer
     310s sleep 1s
     311s observe -> no answer
     311s = not started: the socket is closed
    owed: a start when it stops
    ");
}

#[test]
fn a_guest_that_does_not_go_down_keeps_the_run_open() {
    assert_snapshot!(timed_out().story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
     600s sleep 1s
     601s observe -> running
     601s probe -> boot 1, up 5600s, running
     601s check -> boot 1, managed
     601s = still running after 601s
    owed: a start when it stops
    ");
}

#[test]
fn a_late_power_off_is_seen_and_the_guest_is_left_alone_once_more_before_it_is_started() {
    let drive = timed_out().resumed(900).stopped().after(28).stopped();
    let drive = drive.after(1).stopped().started(Ok("running"));
    assert_snapshot!(drive.up(2, 3).managed(2).story(), @r#"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
     600s sleep 1s
     601s observe -> running
     601s probe -> boot 1, up 5600s, running
     601s check -> boot 1, managed
     601s = still running after 601s
    --- resumed 900s later
    1501s observe -> stopped
    1529s sleep 1s
    1530s observe -> stopped
    1531s sleep 1s
    1532s observe -> stopped
    1532s start web1 on node1 -> Ok("running")
    1532s probe -> boot 2, up 3s, running
    1532s check -> boot 2, managed
    1532s = restarted, boot 1 to 2, up 3s, took 1532s
    owed: nothing
    "#);
}

#[test]
fn a_late_restart_is_found_by_whoever_takes_the_run_up() {
    let drive = timed_out().resumed(900).running().up(2, 400).managed(2);
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
     600s sleep 1s
     601s observe -> running
     601s probe -> boot 1, up 5600s, running
     601s check -> boot 1, managed
     601s = still running after 601s
    --- resumed 900s later
    1501s observe -> running
    1501s probe -> boot 2, up 400s, running
    1501s check -> boot 2, managed
    1501s = restarted, boot 1 to 2, up 400s, took 1501s
    owed: nothing
    ");
}

#[test]
fn a_guest_that_still_runs_the_old_boot_is_asked_again_by_whoever_takes_the_run_up() {
    let drive = timed_out().resumed(900).running().up(1, 6_500).managed(1);
    let drive = drive.asked(lost()).running().down().after(20).running();
    assert_snapshot!(drive.up(2, 3).managed(2).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
     600s sleep 1s
     601s observe -> running
     601s probe -> boot 1, up 5600s, running
     601s check -> boot 1, managed
     601s = still running after 601s
    --- resumed 900s later
    1501s observe -> running
    1501s probe -> boot 1, up 6500s, running
    1501s check -> boot 1, managed
    1501s restart, permit for boot 1 -> answer lost
    1501s observe -> running
    1501s probe -> no route
    1521s sleep 1s
    1522s observe -> running
    1522s probe -> boot 2, up 3s, running
    1522s check -> boot 2, managed
    1522s = restarted, boot 1 to 2, up 3s, took 21s
    owed: nothing
    ");
}

#[test]
fn a_guest_on_its_way_down_is_not_asked_again() {
    let drive = restart().managed(1).resumed(40).running().up(1, 5_000);
    let drive = drive
        .after(30)
        .running()
        .down()
        .check(1, "stopping", stopping);
    assert_snapshot!(drive.running().up(2, 1).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1
    --- resumed 40s later
      40s observe -> running
      40s probe -> boot 1, up 5000s, running
      70s sleep 1s
      71s observe -> running
      71s probe -> no route
      71s check -> boot 1, stopping
      71s sleep 1s
      72s observe -> running
      72s probe -> boot 2, up 1s, running
      72s check
    owed: nothing
    ");
}

#[test]
fn a_guest_whose_boot_nobody_can_tell_is_not_called_the_old_one() {
    let drive = asked()
        .after(600)
        .running()
        .down()
        .check(1, "silent", unreadable);
    assert_snapshot!(drive.story(), @r#"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
     600s sleep 1s
     601s observe -> running
     601s probe -> no route
     601s check -> boot 1, silent
     601s = not ready after 601s: neither SSH nor the agent tells whether it was restarted; health: Some("unhealthy [\"1 unknown\", \"2 unknown\", \"3 unknown\", \"4 unknown\", \"5 unknown\", \"6 failed\"]")
    owed: a start when it stops
    "#);
}

#[test]
fn a_new_boot_that_the_channel_tells_of_is_waited_for_over_ssh() {
    let drive = asked().after(600).running().down().managed(2).down();
    assert_snapshot!(drive.after(300).down().managed(2).story(), @r#"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
     600s sleep 1s
     601s observe -> running
     601s probe -> no route
     601s check -> boot 2, managed
     601s probe -> no route
     901s sleep 1s
     902s probe -> no route
     902s check -> boot 2, managed
     902s = not ready after 902s: no route; health: Some("unhealthy []")
    owed: nothing
    "#);
}

#[test]
fn a_controller_that_died_while_asking_finds_any_state_of_it() {
    let killed = || restart().managed(1).resumed(20);
    let stopped = killed().stopped().running().up(2, 3).managed(2);
    assert_snapshot!(stopped.story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1
    --- resumed 20s later
      20s observe -> stopped
      20s sleep 1s
      21s observe -> running
      21s probe -> boot 2, up 3s, running
      21s check -> boot 2, managed
      21s = restarted, boot 1 to 2, up 3s, took 21s
    owed: nothing
    ");
    let back = killed().running().up(2, 3).managed(2);
    assert_snapshot!(back.story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1
    --- resumed 20s later
      20s observe -> running
      20s probe -> boot 2, up 3s, running
      20s check -> boot 2, managed
      20s = restarted, boot 1 to 2, up 3s, took 20s
    owed: nothing
    ");
    let never_sent = killed()
        .running()
        .up(1, 5_000)
        .after(30)
        .running()
        .up(1, 5_030);
    assert_snapshot!(never_sent.managed(1).taken().running().up(2, 4).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1
    --- resumed 20s later
      20s observe -> running
      20s probe -> boot 1, up 5000s, running
      50s sleep 1s
      51s observe -> running
      51s probe -> boot 1, up 5030s, running
      51s check -> boot 1, managed
      51s restart, permit for boot 1 -> taken
      51s observe -> running
      51s probe -> boot 2, up 4s, running
      51s check
    owed: nothing
    ");
}

#[test]
fn a_controller_that_died_while_the_guest_rests_does_not_start_it_early() {
    let drive = asked().after(8).stopped().resumed(20).stopped().after(280);
    assert_snapshot!(drive.stopped().story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       8s sleep 1s
       9s observe -> stopped
       9s sleep 1s
    --- resumed 20s later
      29s observe -> stopped
     309s sleep 1s
     310s observe -> stopped
     310s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn what_the_hypervisor_refuses_was_not_asked() {
    let refused = AskReport::Refused("VM is locked (backup)".to_owned());
    assert_snapshot!(restart().managed(1).asked(refused).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> refused
       0s = failed: the hypervisor refused to restart the guest: VM is locked (backup)
    owed: nothing
    ");
    let not_sent = AskReport::NotSent("no endpoint answers".to_owned());
    assert_snapshot!(restart().managed(1).asked(not_sent).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> not sent
       0s = failed: the restart was not asked for: no endpoint answers
    owed: nothing
    ");
}

#[test]
fn a_guest_that_left_high_availability_since_it_was_checked_is_not_asked() {
    let denied = AskReport::Denied(Refusal {
        guest: fixture::guest(),
        reasons: vec![RefusalReason::HighAvailabilityChanged { sid: None }],
    });
    assert_snapshot!(restart().managed(1).asked(denied).story(), @r"
       0s check -> boot 1, managed
       0s restart, permit for boot 1 -> denied by the gate
       0s = refused: web1 is left alone: it left high availability since it was checked
    owed: nothing
    ");
}

#[test]
fn a_guest_under_high_availability_is_not_shut_down() {
    assert_snapshot!(shutdown().managed(1).story(), @r"
       0s check -> boot 1, managed
       0s = refused: web1 is left alone: high availability decides over it (vm:101, started), and would end its shutdown with force
    owed: nothing
    ");
}

#[test]
fn a_guest_that_came_under_high_availability_while_it_went_down_is_left_to_that() {
    let drive = restart().healthy(1).taken().running().after(5);
    let drive = drive.seen_in(RunState::Stopped, Some(true), Some("started"));
    assert_snapshot!(drive.running().up(2, 3).managed(2).story(), @r#"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> running
       5s sleep 1s
       6s observe -> stopped, quorum Some(true), HA Some("started")
       6s sleep 1s
       7s observe -> running
       7s probe -> boot 2, up 3s, running
       7s check -> boot 2, managed
       7s = restarted, boot 1 to 2, up 3s, took 7s
    owed: nothing
    "#);
}

#[test]
fn scripts_run_first_and_what_was_announced_is_taken_back_when_the_guest_is_seen_stopped() {
    let drive = graceful_restart().watched().managed(1).idle().told();
    let drive = drive.reported(metadata::stop::ReportOutcome::Done);
    let drive = drive.managed(1).announced().told().taken().running();
    let drive = drive.up(1, 5_000).stopped().told().running().up(2, 2);
    assert_snapshot!(drive.managed(2).story(), @r"
       0s watcher -> present
       0s check -> boot 1, managed
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> Done
       0s check -> boot 1, managed
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s STOPPING 2023-11-14T22:13:20.000Z -> told
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> boot 1, up 5000s, running
       0s sleep 1s
       1s observe -> stopped
       1s NONE 2023-11-14T22:13:20.000Z -> told
       1s observe -> running
       1s probe -> boot 2, up 2s, running
       1s check -> boot 2, managed
       1s = restarted, boot 1 to 2, up 2s, took 1s
    owed: nothing
    ");
}

#[test]
fn what_was_announced_is_taken_back_from_a_new_boot_when_no_stop_was_seen() {
    let drive = graceful_restart().watched().managed(1).idle().told();
    let drive = drive.reported(metadata::stop::ReportOutcome::Done);
    let drive = drive.managed(1).announced().told().taken().running();
    let drive = drive.down().after(20).running().up(2, 2).told();
    assert_snapshot!(drive.managed(2).story(), @r"
       0s watcher -> present
       0s check -> boot 1, managed
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> Done
       0s check -> boot 1, managed
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s STOPPING 2023-11-14T22:13:20.000Z -> told
       0s restart, permit for boot 1 -> taken
       0s observe -> running
       0s probe -> no route
      20s sleep 1s
      21s observe -> running
      21s probe -> boot 2, up 2s, running
      21s NONE 2023-11-14T22:13:20.000Z -> told
      21s check -> boot 2, managed
      21s = restarted, boot 1 to 2, up 2s, took 21s
    owed: nothing
    ");
}

#[test]
fn a_stopped_guest_without_quorum_is_owed_its_start() {
    let drive = restart().healthy(1).taken();
    let drive = drive.seen_in(RunState::Stopped, Some(false), None);
    let drive = drive.resumed(60).seen_in(RunState::Stopped, None, None);
    let drive = drive
        .resumed(60)
        .seen_in(RunState::Stopped, Some(true), None);
    assert_snapshot!(drive.story(), @r"
       0s check -> boot 1, healthy
       0s shutdown, permit for boot 1 -> taken
       0s observe -> stopped, quorum Some(false), HA None
       0s = not started: its cluster has no quorum
    --- resumed 60s later
      60s observe -> stopped, quorum None, HA None
      60s = not started: whether its cluster has quorum could not be told
    --- resumed 60s later
     120s observe -> stopped, quorum Some(true), HA None
     120s start web1 on node1
    owed: a start when it stops
    ");
}

#[test]
fn a_start_without_quorum_is_refused() {
    let drive = start().seen_in(RunState::Stopped, Some(false), None);
    assert_snapshot!(drive.story(), @r"
       0s observe -> stopped, quorum Some(false), HA None
       0s = refused: web1 is left alone: its cluster has no quorum
    owed: nothing
    ");
}

#[test]
fn a_start_whose_answer_was_lost_is_looked_for() {
    let drive = start()
        .stopped()
        .started(Err("no answer in time"))
        .running();
    assert_snapshot!(drive.up(1, 1).story(), @r#"
       0s observe -> stopped
       0s start web1 on node1 -> Err("no answer in time")
       0s observe -> running
       0s probe -> boot 1, up 1s, running
       0s = started, already false, boot Some(1)
    owed: nothing
    "#);
}

#[test]
fn a_start_that_was_answered_and_never_came_stays_owed() {
    let drive = start().stopped().started(Ok("task OK")).after(300).down();
    let drive = drive.check(1, "off", |seen| {
        seen.observation.run_state = RunState::Stopped;
    });
    assert_snapshot!(drive.story(), @r#"
       0s observe -> stopped
       0s start web1 on node1 -> Ok("task OK")
     300s probe -> no route
     300s check -> boot 1, off
     300s = not started: the start was accepted, and it did not come up: no route
    owed: a start when it stops
    "#);
}
