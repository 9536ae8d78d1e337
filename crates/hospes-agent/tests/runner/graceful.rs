//! Graceful scripts, for a stop that the watcher has heard of.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::bench::{Bench, eventually};

const KEY: &str = "graceful-shutdown-script";
const REQUEST: &str = "2025-11-22T01:02:03.5Z";

/// A stop that is over in so many seconds.
fn pending(bench: &Bench, request: &str, seconds: u64) {
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    let boot = Duration::from_secs_f64(uptime) + Duration::from_secs(seconds);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let stop = json!({
        "request": request,
        "max-seconds": seconds,
        "deadline-unix": unix.as_secs() + seconds,
        "deadline-boot-ms": u64::try_from(boot.as_millis()).unwrap(),
    });
    fs::create_dir_all(bench.path("run")).unwrap();
    fs::write(bench.path("run/pending-stop.json"), stop.to_string()).unwrap();
}

fn reports(bench: &Bench) -> Vec<Value> {
    let put = bench.server.put().into_iter();
    put.map(|asked| {
        assert_eq!(
            asked.path,
            "instance/guest-attributes/hospes/graceful-shutdown"
        );
        serde_json::from_str(&asked.body).unwrap()
    })
    .collect()
}

#[test]
fn scripts_know_the_stop_and_the_host_learns_their_end() {
    let script = "echo $HOSPES_EVENT $HOSPES_STOP_REQUEST $HOSPES_STOP_MAX_SECONDS; \
                  echo $((HOSPES_STOP_DEADLINE - $(date +%s)))";
    let bench = Bench::of(&json!({ KEY: script }));
    pending(&bench, REQUEST, 600);
    let ran = bench.run(&["graceful-shutdown"]);
    assert_eq!(ran.code, Some(0));
    let printed = ran.printed(KEY);
    assert_eq!(printed[0], format!("graceful-shutdown {REQUEST} 600"));
    let left: u64 = printed[1].parse().unwrap();
    assert!((400..=600).contains(&left), "{left}");
    assert_eq!(
        reports(&bench),
        [json!({"request": REQUEST, "outcome": "done"})]
    );
}

#[test]
fn a_failure_is_reported_with_the_first_status() {
    let bench = Bench::of(&json!({
        KEY: "exit 4",
        "graceful-shutdown-script-url": "nonsense",
    }));
    pending(&bench, REQUEST, 600);
    assert_eq!(bench.run(&["graceful-shutdown"]).code, Some(1));
    assert_eq!(
        reports(&bench),
        [json!({"request": REQUEST, "outcome": "failed", "exit": 4})]
    );
}

#[test]
fn a_host_is_not_kept_waiting_when_nothing_has_to_run() {
    let bench = Bench::new();
    pending(&bench, "none", 600);
    assert_eq!(bench.run(&["graceful-shutdown"]).code, Some(0));
    bench.set("graceful-shutdown = false");
    pending(&bench, "disabled", 600);
    let ran = bench.run(&["graceful-shutdown"]);
    assert_eq!(
        ran.lines,
        ["graceful-shutdown scripts disabled in instance config"]
    );
    let done = |request: &str| json!({"request": request, "outcome": "done"});
    assert_eq!(reports(&bench), [done("none"), done("disabled")]);
}

#[test]
fn one_stop_runs_scripts_once_and_the_next_runs_them_again() {
    let bench = Bench::of(&json!({ KEY: "echo ran" }));
    let ran = |arguments: &[&str]| {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        ran.printed(KEY).len()
    };
    pending(&bench, "one", 600);
    assert_eq!(ran(&["graceful-shutdown"]), 1);
    assert_eq!(ran(&["graceful-shutdown"]), 0);
    assert_eq!(reports(&bench).len(), 1);
    pending(&bench, "two", 600);
    assert_eq!(ran(&["graceful-shutdown"]), 1);
    assert_eq!(ran(&["graceful-shutdown", "--again"]), 1);
}

#[test]
fn at_the_deadline_the_host_learns_it_and_the_script_goes_on() {
    let bench = Bench::new();
    let gate = bench.path("gate");
    let script = format!(
        "until [ -e {} ]; do sleep 0.05; done; echo to its end",
        gate.display()
    );
    bench.server.instance(&json!({ KEY: script }));
    pending(&bench, REQUEST, 1);
    let mut running = bench.start(bench.command(&["graceful-shutdown"]));
    eventually("the report", || (!reports(&bench).is_empty()).then_some(()));
    assert_eq!(
        reports(&bench),
        [json!({"request": REQUEST, "outcome": "timeout"})]
    );
    running.line("the time that the host gives is over");
    assert!(running.is_running());
    fs::write(gate, "").unwrap();
    let ran = running.end();
    assert_eq!(ran.printed(KEY), ["to its end"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(reports(&bench).len(), 1, "one report for a stop");
}

#[test]
fn scripts_that_are_started_by_hand_run_without_a_stop() {
    let bench = Bench::of(&json!({ KEY: "echo ran [$HOSPES_STOP_REQUEST]" }));
    for _ in 0..2 {
        let ran = bench.run(&["graceful-shutdown"]);
        assert_eq!(ran.printed(KEY), ["ran []"]);
    }
    assert_eq!(reports(&bench).len(), 0);
    fs::create_dir_all(bench.path("run")).unwrap();
    fs::write(bench.path("run/pending-stop.json"), "nonsense").unwrap();
    let ran = bench.run(&["graceful-shutdown"]);
    assert_eq!(ran.printed(KEY), ["ran []"]);
    ran.line("which stop is pending cannot be read");
}
