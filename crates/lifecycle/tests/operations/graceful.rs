//! Graceful stops: what the guest is told and when, how long it is waited for, what then.

use conditions::{Condition, RunState, Sightings, assess};
use insta::assert_snapshot;
use lifecycle::operation::{AskReport, Effect, WaitEnd, WithoutWatcher, Word};
use metadata::stop::ReportOutcome;

use crate::drive::{Drive, describe, graceful_restart, graceful_shutdown};
use crate::fix::hooked;

fn shutdown() -> Drive {
    graceful_shutdown(WithoutWatcher::GoOn)
}

fn off(seen: &mut Sightings) {
    seen.observation.run_state = RunState::Stopped;
}

#[test]
fn a_graceful_restart_announces_waits_checks_again_and_takes_back_before_it_starts() {
    let drive = graceful_restart().waiting().running().after(40);
    let drive = drive.reported(ReportOutcome::Done).permitted(1).taken();
    let drive = drive.running().after(7).stopped().told().stopped();
    let drive = drive.started(Ok("running")).after(20).up(2, 12).healthy(2);
    assert_snapshot!(drive.story(), @r#"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
      40s sleep 1s
      41s listen 2023-11-14T22:13:20.000Z -> Done
      41s check -> boot 1, healthy
      41s listen 2023-11-14T22:13:20.000Z -> announced
      41s STOPPING 2023-11-14T22:13:20.000Z -> told
      41s shutdown, permit for boot 1 -> taken
      41s observe -> running
      48s sleep 1s
      49s observe -> stopped
      49s NONE 2023-11-14T22:13:20.000Z -> told
      49s observe -> stopped
      49s start web1 on node1 -> Ok("running")
      69s probe -> boot 2, up 12s, running
      69s check -> boot 2, healthy
      69s = restarted, boot 1 to 2, up 12s, took 28s
    owed: nothing
    "#);
}

#[test]
fn a_graceful_shutdown_ends_at_rest_with_nothing_announced() {
    let drive = shutdown().waiting().running();
    let drive = drive.reported(ReportOutcome::Done).permitted(1).taken();
    assert_snapshot!(drive.running().stopped().told().story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
       0s sleep 1s
       1s listen 2023-11-14T22:13:20.000Z -> Done
       1s check -> boot 1, healthy
       1s listen 2023-11-14T22:13:20.000Z -> announced
       1s STOPPING 2023-11-14T22:13:20.000Z -> told
       1s shutdown, permit for boot 1 -> taken
       1s observe -> running
       1s sleep 1s
       2s observe -> stopped
       2s NONE 2023-11-14T22:13:20.000Z -> told
       2s = stopped, already false
    owed: nothing
    ");
}

#[test]
fn scripts_that_fail_or_take_too_long_do_not_keep_the_guest_up() {
    for outcome in [ReportOutcome::Failed, ReportOutcome::Timeout] {
        let drive = shutdown().waiting().running().reported(outcome);
        let ended = drive.wait_end();
        let told = matches!(&ended, Some(WaitEnd::Report { report }) if report.outcome == outcome);
        assert!(told, "{ended:?}");
        let drive = drive.permitted(1);
        assert!(matches!(drive.wants(), Effect::Shutdown(_)), "{outcome:?}");
    }
}

#[test]
fn without_a_report_the_deadline_ends_the_wait_and_a_late_report_has_five_seconds_more() {
    let drive = shutdown()
        .waiting()
        .running()
        .after(603)
        .announced()
        .running();
    let drive = drive.after(1).announced();
    assert_snapshot!(drive.permitted(1).story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
     603s sleep 1s
     604s listen 2023-11-14T22:13:20.000Z -> announced
     604s observe -> running
     605s sleep 1s
     606s listen 2023-11-14T22:13:20.000Z -> announced
     606s check -> boot 1, healthy
     606s listen 2023-11-14T22:13:20.000Z -> announced
     606s STOPPING 2023-11-14T22:13:20.000Z -> told
     606s shutdown, permit for boot 1
    owed: to see what becomes of it
    ");
}

#[test]
fn a_store_that_does_not_answer_is_asked_until_the_deadline() {
    let drive = shutdown().waiting().running().unheard().running();
    let drive = drive.after(605).unheard();
    assert_eq!(describe(drive.wants()), "check");
    assert_eq!(drive.wait_end(), Some(WaitEnd::Deadline));
}

#[test]
fn a_guest_without_a_watcher_uses_up_no_time() {
    let drive = shutdown().unwatched().healthy(1);
    let ended = drive.wait_end();
    assert!(
        matches!(ended, Some(WaitEnd::NoWatcher { .. })),
        "{ended:?}"
    );
    assert_snapshot!(drive.idle().story(), @r"
       0s watcher -> absent
       0s check -> boot 1, healthy
       0s listen -> NONE
       0s shutdown, permit for boot 1
    owed: to see what becomes of it
    ");
}

#[test]
fn a_guest_without_a_watcher_is_refused_or_waited_for_by_setting() {
    let refused = graceful_shutdown(WithoutWatcher::Refuse)
        .unwatched()
        .healthy(1);
    assert_snapshot!(refused.story(), @r"
       0s watcher -> absent
       0s check -> boot 1, healthy
       0s = refused: web1 is left alone: its graceful scripts would not run: no metadata server runs
    owed: nothing
    ");
    let waits = graceful_shutdown(WithoutWatcher::Wait)
        .unwatched()
        .healthy(1);
    assert_snapshot!(waits.idle().story(), @r"
       0s watcher -> absent
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s
    owed: to see what becomes of it
    ");
}

#[test]
fn an_unhealthy_guest_is_refused_before_anything_is_announced() {
    for without_watcher in [
        WithoutWatcher::GoOn,
        WithoutWatcher::Wait,
        WithoutWatcher::Refuse,
    ] {
        for watched in [true, false] {
            let drive = graceful_shutdown(without_watcher);
            let drive = if watched {
                drive.watched()
            } else {
                drive.unwatched()
            };
            let wants = describe(drive.check(1, "a hook", hooked).wants());
            let says_one = wants.starts_with("= refused: ") && !wants.contains("scripts");
            assert!(says_one, "{without_watcher:?} {watched}: {wants}");
        }
    }
}

#[test]
fn a_stopped_guest_is_told_nothing() {
    let drive = shutdown().unwatched().check(1, "off", off);
    assert_eq!(describe(drive.wants()), "= stopped, already true");
    let drive = graceful_shutdown(WithoutWatcher::Refuse).unwatched();
    let drive = drive.check(1, "off", off);
    assert_eq!(describe(drive.wants()), "= stopped, already true");
}

#[test]
fn what_the_second_check_refuses_is_taken_back_and_the_outcome_says_so() {
    let drive = shutdown().waiting().running();
    let drive = drive
        .reported(ReportOutcome::Done)
        .check(1, "a hook", hooked);
    assert_snapshot!(drive.told().story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
       0s sleep 1s
       1s listen 2023-11-14T22:13:20.000Z -> Done
       1s check -> boot 1, a hook
       1s NONE 2023-11-14T22:13:20.000Z -> told
       1s = refused after announcing: web1 is left alone: condition 3 no guest-side shutdown hooks failed: a shutdown hook is tied to the agent
    owed: nothing
    ");
}

#[test]
fn an_agent_that_refuses_leaves_nothing_announced() {
    let drive = shutdown().waiting().running();
    let drive = drive.reported(ReportOutcome::Done).permitted(1);
    let drive = drive
        .asked(AskReport::Refused("disabled".to_owned()))
        .told();
    assert_eq!(
        describe(drive.wants()),
        "= failed: the agent refused to shut the guest down: disabled"
    );
}

#[test]
fn a_guest_that_stays_up_is_told_that_nothing_is_announced_any_more() {
    let drive = shutdown().waiting().running();
    let drive = drive.reported(ReportOutcome::Done).permitted(1).taken();
    let drive = drive.after(300).running().healthy(1);
    assert_snapshot!(drive.told().resumed(60).running().healthy(1).story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
       0s sleep 1s
       1s listen 2023-11-14T22:13:20.000Z -> Done
       1s check -> boot 1, healthy
       1s listen 2023-11-14T22:13:20.000Z -> announced
       1s STOPPING 2023-11-14T22:13:20.000Z -> told
       1s shutdown, permit for boot 1 -> taken
     301s observe -> running
     301s check -> boot 1, healthy
     301s NONE 2023-11-14T22:13:20.000Z -> told
     301s = still running after 300s
    --- resumed 60s later
     361s observe -> running
     361s check -> boot 1, healthy
     361s shutdown, permit for boot 1
    owed: to see what becomes of it
    ");
}

#[test]
fn an_announcement_that_fails_goes_on_or_is_refused_by_setting() {
    let goes_on = shutdown().watched().healthy(1).idle().not_told();
    let ended = goes_on.wait_end();
    assert!(
        matches!(ended, Some(WaitEnd::NotAnnounced { .. })),
        "{ended:?}"
    );
    assert_snapshot!(goes_on.permitted(1).story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> not told
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s STOPPING 2023-11-14T22:13:20.000Z -> told
       0s shutdown, permit for boot 1
    owed: to see what becomes of it
    ");
    for without_watcher in [WithoutWatcher::Wait, WithoutWatcher::Refuse] {
        let drive = graceful_shutdown(without_watcher).watched().healthy(1);
        let drive = drive.idle().not_told().told();
        let wants = describe(drive.wants());
        assert!(wants.starts_with("= refused after announcing: "), "{wants}");
    }
}

#[test]
fn a_guest_that_cannot_be_told_that_it_is_being_stopped_is_stopped() {
    let drive = shutdown().waiting().running();
    let drive = drive
        .reported(ReportOutcome::Done)
        .healthy(1)
        .announced()
        .not_told();
    assert!(matches!(drive.wants(), Effect::Shutdown(_)));
}

#[test]
fn the_operator_may_cancel_until_the_agent_is_asked() {
    let announcing = shutdown().watched().healthy(1);
    let waiting = shutdown().waiting().running();
    let rechecking = shutdown().waiting().running();
    let rechecking = rechecking.reported(ReportOutcome::Done).healthy(1);
    let unwatched = shutdown().unwatched().healthy(1);
    for (drive, announced) in [
        (announcing, false),
        (waiting, true),
        (rechecking, true),
        (unwatched, false),
    ] {
        assert!(drive.saved().is_cancellable());
        let drive = drive.says(Word::Abort);
        let drive = if announced { drive.told() } else { drive };
        let aborted = format!("= aborted, announced {announced}");
        assert_eq!(describe(drive.wants()), aborted);
        assert!(!drive.saved().is_owed() && !drive.saved().is_cancellable());
    }
}

#[test]
fn a_stop_that_a_dead_controller_left_announced_can_be_cancelled() {
    let drive = graceful_restart().waiting().cancelled().told();
    assert_snapshot!(drive.story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe
    --- cancelled
       0s NONE 2023-11-14T22:13:20.000Z -> told
       0s = aborted, announced true
    owed: nothing
    ");
    let before = graceful_restart().watched().cancelled();
    assert_eq!(describe(before.wants()), "= aborted, announced false");
    let asked = graceful_restart().waiting().running();
    let asked = asked.reported(ReportOutcome::Done).permitted(1);
    assert!(!asked.saved().is_cancellable(), "it was asked");
    assert!(
        !crate::drive::restart().saved().is_cancellable(),
        "nothing to cancel"
    );
}

#[test]
fn the_operator_may_end_the_wait() {
    let drive = shutdown().waiting().running().says(Word::Now);
    assert_eq!(drive.wait_end(), Some(WaitEnd::Operator));
    assert_snapshot!(drive.permitted(1).story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
       0s sleep 1s
       1s listen 2023-11-14T22:13:20.000Z -> Now
       1s check -> boot 1, healthy
       1s listen 2023-11-14T22:13:20.000Z -> announced
       1s STOPPING 2023-11-14T22:13:20.000Z -> told
       1s shutdown, permit for boot 1
    owed: to see what becomes of it
    ");
    let before = shutdown().watched().healthy(1).says(Word::Now);
    assert_eq!(describe(before.wants()), "check");
}

#[test]
fn what_somebody_else_takes_back_is_cancelled() {
    let drive = shutdown().waiting().running().idle().told();
    assert_eq!(describe(drive.wants()), "= aborted, announced true");
}

#[test]
fn a_guest_that_powers_itself_off_in_its_time_is_stopped_or_started_again() {
    let drive = shutdown().waiting().stopped();
    assert_eq!(drive.wait_end(), Some(WaitEnd::PoweredOff));
    assert_eq!(describe(drive.told().wants()), "= stopped, already false");
    let drive = graceful_restart().waiting().after(30).stopped().told();
    let drive = drive.stopped().started(Ok("running")).after(20).up(2, 12);
    assert_snapshot!(drive.healthy(2).story(), @r#"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
      30s observe -> stopped
      30s NONE 2023-11-14T22:13:20.000Z -> told
      30s observe -> stopped
      30s start web1 on node1 -> Ok("running")
      50s probe -> boot 2, up 12s, running
      50s check -> boot 2, healthy
      50s = restarted, boot 1 to 2, up 12s, took 50s
    owed: nothing
    "#);
}

#[test]
fn a_guest_that_is_off_at_the_second_check_is_started_again() {
    let drive = graceful_restart().waiting().running();
    let drive = drive.reported(ReportOutcome::Done).check(1, "off", off);
    let drive = drive.stopped().told().stopped();
    assert_eq!(describe(drive.wants()), "start web1 on node1");
}

#[test]
fn a_guest_that_reboots_meanwhile_is_stopped_in_its_new_boot() {
    let drive = graceful_restart().waiting().running();
    let drive = drive.reported(ReportOutcome::Done).permitted(2);
    assert_eq!(describe(drive.wants()), "shutdown, permit for boot 2");
}

#[test]
fn a_controller_that_takes_over_goes_on_with_the_same_request() {
    // Killed before the announcement had its effect, after it, and while it waited.
    let before = || shutdown().watched().healthy(1).idle().resumed(900);
    assert_snapshot!(before().idle().story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s
    --- resumed 900s later
     900s listen 2023-11-14T22:13:20.000Z -> NONE
     900s announce 2023-11-14T22:13:20.000Z, 600 s
    owed: to see what becomes of it
    ");
    assert_snapshot!(before().announced().story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s
    --- resumed 900s later
     900s listen 2023-11-14T22:13:20.000Z -> announced
     900s listen 2023-11-14T22:13:20.000Z
    owed: to see what becomes of it
    ");
    let waited = shutdown().waiting().running().resumed(30);
    assert_snapshot!(waited.running().story(), @r"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
       0s sleep 1s
    --- resumed 30s later
      30s observe -> running
      30s sleep 1s
    owed: to see what becomes of it
    ");
    let late = shutdown().waiting().running().resumed(3_600);
    assert_eq!(describe(late.running().announced().wants()), "check");
}

#[test]
fn a_controller_that_takes_over_after_the_announcement_was_lost_gives_the_whole_time() {
    let drive = shutdown()
        .watched()
        .healthy(1)
        .idle()
        .resumed(900)
        .idle()
        .told();
    let drive = drive.announced().running().after(500).announced();
    assert_eq!(describe(drive.wants()), "observe", "its time is not over");
}

#[test]
fn a_controller_that_takes_over_at_the_end_takes_back_what_is_announced() {
    let drive = shutdown().waiting().stopped().resumed(60);
    assert_eq!(
        describe(drive.wants()),
        "NONE 2023-11-14T22:13:20.000Z",
        "the guest is stopped, and nothing else is left to do"
    );
    assert_eq!(describe(drive.told().wants()), "= stopped, already false");
}

#[test]
fn a_store_that_does_not_answer_keeps_no_guest_down_and_no_run_open() {
    let drive = graceful_restart().waiting().running();
    let drive = drive.reported(ReportOutcome::Done).permitted(1).taken();
    let drive = drive.stopped().not_told().stopped().not_told().stopped();
    let drive = drive.started(Ok("running")).after(20).up(2, 12).healthy(2);
    let drive = drive.not_told().not_told().not_told();
    assert_snapshot!(drive.story(), @r#"
       0s watcher -> present
       0s check -> boot 1, healthy
       0s listen 2023-11-14T22:13:20.000Z -> NONE
       0s announce 2023-11-14T22:13:20.000Z, 600 s -> told
       0s listen 2023-11-14T22:13:20.000Z -> announced
       0s observe -> running
       0s sleep 1s
       1s listen 2023-11-14T22:13:20.000Z -> Done
       1s check -> boot 1, healthy
       1s listen 2023-11-14T22:13:20.000Z -> announced
       1s STOPPING 2023-11-14T22:13:20.000Z -> told
       1s shutdown, permit for boot 1 -> taken
       1s observe -> stopped
       1s NONE 2023-11-14T22:13:20.000Z -> not told
       1s sleep 1s
       2s observe -> stopped
       2s NONE 2023-11-14T22:13:20.000Z -> not told
       2s sleep 1s
       3s observe -> stopped
       3s start web1 on node1 -> Ok("running")
      23s probe -> boot 2, up 12s, running
      23s check -> boot 2, healthy
      23s NONE 2023-11-14T22:13:20.000Z -> not told
      23s sleep 1s
      24s NONE 2023-11-14T22:13:20.000Z -> not told
      24s sleep 1s
      25s NONE 2023-11-14T22:13:20.000Z -> not told
      25s = restarted, boot 1 to 2, up 12s, took 22s
    owed: nothing
    "#);
}

#[test]
fn what_is_accepted_as_unknown_is_accepted_by_both_checks() {
    use conditions::Timestamp;
    use lifecycle::gate::Accepted;
    use lifecycle::operation::{Event, Graceful, Heard, Limits, Operation, Request, Stop};
    use lifecycle::ports::{Presence, Standing};

    let now = Timestamp::from_millis(1_700_000_000_000);
    let check = || {
        let mut seen = crate::fixture::healthy(1, now, now);
        seen.shell.as_mut().expect("it was read").packages = None;
        Event::Checked(Box::new(assess(seen)))
    };
    let heard = |word| {
        let standing = Ok(Standing {
            announced: false,
            report: None,
        });
        Event::Heard(Heard { standing, word })
    };
    let stop = Stop {
        accepted: Accepted::new([Condition::Package]).unwrap(),
        graceful: Some(Graceful {
            max: std::time::Duration::from_secs(600),
            without_watcher: WithoutWatcher::Refuse,
        }),
    };
    let (mut operation, _) = Operation::start(Request::Restart(stop), Limits::default(), now);
    let mut step = |event| operation.step(event, now);
    assert!(matches!(
        step(Event::Watcher(Presence::Watching)),
        Effect::Check
    ));
    assert!(matches!(step(check()), Effect::Listen(Some(_))));
    assert!(matches!(step(heard(Some(Word::Now))), Effect::Check));
    assert!(matches!(step(check()), Effect::Listen(None)));
    assert!(matches!(step(heard(None)), Effect::Shutdown(_)));
}
