//! Graceful stops with the real binary and no machine: what waits is cancelled, hurried, taken
//! over or given up, whether or not the hospes that began it still runs.

mod site;

use site::{Site, err, out};

#[test]
fn a_stop_that_a_dead_hospes_left_announced_is_cancelled_and_the_guest_told() {
    let site = Site::waiting("restart");
    assert_eq!(site.stop_state(), "PENDING_STOP");
    let aborted = site.hospes(&["runs", "abort", "r1"]);
    assert_eq!(aborted.status.code(), Some(0), "{}", err(&aborted));
    let said = out(&aborted);
    assert!(said.contains("the stop is cancelled"), "{said}");
    assert_eq!(site.stop_state(), "NONE");
    assert_eq!(site.status(), "abandoned");
    let timeline = out(&site.hospes(&["runs", "show", "r1"]));
    for line in ["eva cancels the stop", "withdrawing the announced stop"] {
        assert!(timeline.contains(line), "{timeline}");
    }
}

#[test]
fn what_has_ended_is_not_cancelled_again() {
    let site = Site::waiting("shutdown");
    let (dry, code) = site.document(&["runs", "abort", "r1", "--check"]);
    assert_eq!((dry["would"].as_str(), code), (Some("abort"), Some(0)));
    let (first, code) = site.document(&["runs", "abort", "r1"]);
    assert_eq!((first["aborted"].as_bool(), code), (Some(true), Some(0)));
    assert_eq!(first["outcome"]["outcome"], "aborted");
    let (second, code) = site.document(&["runs", "abort", "r1"]);
    assert_eq!((second["aborted"].as_bool(), code), (Some(false), Some(3)));
    let why = second["reason"].as_str().unwrap_or_default();
    assert!(why.contains("nothing to cancel"), "{second}");
}

#[test]
fn a_living_hospes_that_waits_is_cancelled_from_outside() {
    let site = Site::waiting("shutdown");
    site.runs();
    let waits = site.resumed();
    let aborted = site.hospes(&["runs", "abort", "r1"]);
    assert_eq!(aborted.status.code(), Some(0), "{}", err(&aborted));
    assert_eq!(site.stop_state(), "NONE");
    let (code, said, told) = waits.end();
    assert_eq!(code, Some(1), "{told}");
    assert!(said.contains("the stop is cancelled"), "{said}");
}

#[test]
fn a_living_hospes_that_waits_goes_on_at_once_and_is_followed() {
    let site = Site::waiting("shutdown");
    site.runs();
    let waits = site.resumed();
    let hurried = site.hospes(&["shutdown", "web1", "--now"]);
    // It has no agent, so the second check refuses, and says so twice.
    assert_eq!(hurried.status.code(), Some(3), "{}", err(&hurried));
    let (code, said, told) = waits.end();
    assert_eq!(code, Some(3), "{told}");
    for said in [out(&hurried), said] {
        assert!(said.contains("the announced stop was withdrawn"), "{said}");
    }
    assert!(told.contains("operator: the wait is over"), "{told}");
    assert_eq!(site.stop_state(), "NONE");
}

#[test]
fn an_interrupted_wait_stays_announced_and_both_ways_on_are_named() {
    let site = Site::waiting("shutdown");
    site.runs();
    let waits = site.resumed();
    waits.interrupt();
    let (_, said, _) = waits.end();
    for way in ["hospes runs abort r1", "hospes runs resume r1"] {
        assert!(said.contains(way), "{said}");
    }
    assert_eq!(site.stop_state(), "PENDING_STOP");
}

#[test]
fn a_wait_whose_hospes_died_is_taken_over_and_ended() {
    let site = Site::waiting("shutdown");
    let (document, code) = site.document(&["shutdown", "web1", "--now"]);
    assert_eq!(code, Some(0), "{document}");
    let report = &document["guests"][0];
    assert_eq!(report["run"], "r1");
    assert_eq!(report["outcome"]["outcome"], "stopped");
    assert_eq!(report["graceful"]["ended"], "powered-off");
    assert_eq!(site.stop_state(), "NONE");
    assert_eq!(site.status(), "done");
}

#[test]
fn a_wait_for_another_end_is_not_taken_over() {
    let site = Site::waiting("shutdown");
    let output = site.hospes(&["restart", "web1", "--now"]);
    let said = out(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("hospes shutdown web1 --now"), "{said}");
    assert_eq!(site.stop_state(), "PENDING_STOP");
}

#[test]
fn a_new_stop_beside_one_that_waits_is_refused_and_names_the_ways_on() {
    let site = Site::waiting("restart");
    let output = site.hospes(&["shutdown", "web1"]);
    let said = out(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for way in ["hospes runs resume r1", "hospes runs abort r1"] {
        assert!(said.contains(way), "{said}");
    }
}

#[test]
fn a_run_that_is_given_up_leaves_nothing_announced() {
    let site = Site::waiting("restart");
    let output = site.hospes(&["runs", "abandon", "r1"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(site.stop_state(), "NONE");
}

#[test]
fn a_report_that_came_meanwhile_ends_the_wait_of_the_next_hospes() {
    let site = Site::waiting("shutdown");
    site.runs();
    let report = r#"{"request":"2026-03-01T12:00:00.123Z","outcome":"failed","exit":7}"#;
    let key = "instance/guest-attributes/hospes/graceful-shutdown";
    let set = site.hospes(&["metadata", "set", "web1", key, report]);
    assert_eq!(set.status.code(), Some(0), "{}", err(&set));
    let output = site.hospes(&["runs", "resume", "r1"]);
    let told = err(&output);
    assert!(
        told.contains("a graceful script failed with exit 7"),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(3), "the second check refuses");
}

#[test]
fn a_dry_run_says_whether_anybody_watches() {
    let site = Site::new("[guest.web1.metadata]\ngraceful = \"2m\"\n");
    let (document, code) = site.document(&["restart", "web1", "--check"]);
    assert_eq!(document["guests"][0]["watcher"], false, "{document}");
    assert_eq!(code, Some(3), "it is stopped");
    let (document, _) = site.document(&["restart", "web1", "--check", "--no-graceful"]);
    assert_eq!(document["guests"][0].get("watcher"), None, "{document}");
}

#[test]
fn a_graceful_shutdown_of_a_stopped_guest_waits_for_nothing() {
    let site = Site::new("");
    let (document, code) = site.document(&["shutdown", "web1", "--graceful", "10m"]);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["guests"][0]["outcome"]["already"], true);
    let (run, _) = site.document(&["runs", "show", "r1"]);
    assert_eq!(run["options"]["graceful-seconds"], 600);
    let timeline = out(&site.hospes(&["runs", "show", "r1"]));
    assert!(
        timeline.contains("not watched: no metadata server"),
        "{timeline}"
    );
}

#[test]
fn what_does_not_fit_is_a_usage_error_with_a_hint() {
    let site = Site::new("");
    for (arguments, hint) in [
        (&["shutdown", "web1", "--graceful", "0s"][..], "at least 1s"),
        (&["shutdown", "web1", "--graceful", "25h"], "at most 24h"),
        (&["shutdown", "--graceful", "web1"], "guests before"),
        (
            &["shutdown", "web1", "--graceful", "--now"],
            "cannot be used",
        ),
        (
            &["shutdown", "web1", "--no-graceful", "--now"],
            "cannot be used",
        ),
    ] {
        let output = site.hospes(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            err(&output).contains(hint),
            "{arguments:?}: {}",
            err(&output)
        );
    }
}
