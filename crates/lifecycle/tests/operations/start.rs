//! Start and readiness.

use conditions::RunState;
use insta::assert_snapshot;

use crate::drive::{ready, start};

#[test]
fn a_stopped_guest_is_powered_on_and_waited_for() {
    let drive = start()
        .stopped()
        .started(Ok("running"))
        .down()
        .after(20)
        .up(1, 12);
    assert_snapshot!(drive.story(), @r#"
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> no route
      20s sleep 1s
      21s probe -> boot 1, up 12s, running
      21s = started, already false, boot Some(1)
    owed: nothing
    "#);
}

#[test]
fn a_running_guest_is_left_alone() {
    assert_snapshot!(start().running().story(), @r"
       0s observe -> running
       0s = started, already true, boot None
    owed: nothing
    ");
}

#[test]
fn only_an_observed_stopped_is_powered_on() {
    let paused = || RunState::Other("paused".to_owned());
    assert_snapshot!(start().seen(paused()).story(), @r"
       0s observe -> paused
       0s = refused: web1 is left alone: it is not stopped (paused)
    owed: nothing
    ");
    assert_snapshot!(start().locked(RunState::Stopped).story(), @r"
       0s observe -> stopped, locked
       0s = refused: web1 is left alone: the hypervisor has it locked (backup)
    owed: nothing
    ");
    assert_snapshot!(start().deaf().story(), @r"
       0s observe -> no answer
       0s = failed: the hypervisor cannot say whether the guest is stopped: the socket is closed
    owed: nothing
    ");
}

#[test]
fn a_start_that_failed_is_owed() {
    let drive = start()
        .stopped()
        .started(Err("the disk is busy"))
        .stopped()
        .resumed(60);
    assert_snapshot!(drive.stopped().started(Ok("running")).after(20).up(1, 12).story(), @r#"
       0s observe -> stopped
       0s start web1 on node1 -> Err("the disk is busy")
       0s observe -> stopped
       0s = not started: the disk is busy
    --- resumed 60s later
      60s observe -> stopped
      60s start web1 on node1 -> Ok("running")
      80s probe -> boot 1, up 12s, running
      80s = started, already false, boot Some(1)
    owed: nothing
    "#);
}

#[test]
fn a_boot_older_than_the_start_proves_nothing() {
    let drive = start()
        .stopped()
        .started(Ok("running"))
        .up(9, 4_000)
        .after(300)
        .up(9, 4_300);
    assert_snapshot!(drive.healthy(9).story(), @r#"
       0s observe -> stopped
       0s start web1 on node1 -> Ok("running")
       0s probe -> boot 9, up 4000s, running
     300s sleep 1s
     301s probe -> boot 9, up 4300s, running
     301s check -> boot 9, healthy
     301s = not ready after 301s: boot 00000009 answers, up for 4300s: not the boot that was started 301s ago; health: Some("unhealthy []")
    owed: nothing
    "#);
}

#[test]
fn readiness_is_waited_for_until_the_deadline_and_ends_at_once_when_waiting_cannot_help() {
    assert_snapshot!(ready().down().after(20).up(1, 12).story(), @r"
       0s probe -> no route
      20s sleep 1s
      21s probe -> boot 1, up 12s, running
      21s = ready, boot 1
    owed: nothing
    ");
    assert_snapshot!(ready().down().after(300).down().story(), @r"
       0s probe -> no route
     300s sleep 1s
     301s probe -> no route
     301s = not ready after 301s: no route; health: None
    owed: nothing
    ");
    assert_snapshot!(ready().locked_out().story(), @r"
       0s probe -> the host key changed
       0s = not ready after 0ns: the host key changed; health: None
    owed: nothing
    ");
}
