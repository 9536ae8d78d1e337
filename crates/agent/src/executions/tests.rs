use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    running: 3,
    results: 4,
    bytes: 10,
    kept: Duration::from_secs(60),
    unread: Duration::from_secs(3600),
};

/// Results that weigh what they say.
fn executions() -> Executions<usize> {
    Executions::new(LIMITS, |weight| *weight)
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Starts and ends programs with these results at once.
fn ended(results: &[(i64, usize)]) -> Executions<usize> {
    let mut executions = executions();
    for (pid, result) in results {
        let execution = executions.started(*pid, at(0));
        executions.ended(execution, *result, at(0));
    }
    executions
}

fn known(executions: &mut Executions<usize>, now: Duration) -> Vec<i64> {
    let is_known = |pid: &i64| executions.status(*pid, now) != Status::Unknown;
    (0..100).filter(is_known).collect()
}

#[test]
fn a_program_runs_until_it_has_ended() {
    let mut executions = executions();
    assert_eq!(executions.status(7, at(0)), Status::Unknown);
    let execution = executions.started(7, at(0));
    assert_eq!(executions.status(7, at(100_000)), Status::Running);
    executions.ended(execution, 5, at(100_000));
    assert_eq!(executions.status(7, at(100_001)), Status::Exited(&5));
    assert_eq!(UnknownPid(1234).to_string(), "PID 1234 does not exist");
}

#[test]
fn a_result_is_kept_for_a_while_after_its_first_read() {
    let mut executions = ended(&[(7, 5)]);
    for second in [1000, 1030, 1060] {
        assert_eq!(executions.status(7, at(second)), Status::Exited(&5));
    }
    assert_eq!(executions.status(7, at(1061)), Status::Unknown);
}

#[test]
fn a_result_that_nobody_reads_is_forgotten_in_the_end() {
    let mut executions = ended(&[(7, 5), (8, 5)]);
    assert_eq!(executions.status(7, at(3600)), Status::Exited(&5));
    assert_eq!(executions.status(8, at(3601)), Status::Unknown);
    assert_eq!(executions.status(7, at(3601)), Status::Exited(&5));
}

#[test]
fn too_many_running_programs_are_refused() {
    let mut executions = executions();
    let mut newest = None;
    for pid in 0..3 {
        assert_eq!(executions.admit(), Ok(()));
        newest = Some(executions.started(pid, at(0)));
    }
    let error = executions.admit().unwrap_err();
    assert_eq!(error.to_string(), "3 programs are running already");
    executions.ended(newest.expect("three were started"), 0, at(0));
    assert_eq!(executions.admit(), Ok(()));
}

#[test]
fn read_results_make_room_before_unread_ones() {
    let mut executions = ended(&[(1, 1), (2, 1), (3, 1), (4, 1)]);
    for pid in [3, 2] {
        assert_eq!(executions.status(pid, at(1)), Status::Exited(&1));
    }
    for (pid, left) in [
        (5, &[1, 3, 4, 5][..]),
        (6, &[1, 4, 5, 6]),
        (7, &[4, 5, 6, 7]),
    ] {
        let execution = executions.started(pid, at(1));
        executions.ended(execution, 1, at(1));
        let mut probe: Vec<i64> = executions.endings().map(|(pid, _)| pid).collect();
        probe.sort_unstable();
        assert_eq!(probe, left);
    }
}

#[test]
fn heavy_results_make_room_too() {
    let mut executions = ended(&[(1, 4), (2, 4), (3, 4)]);
    assert_eq!(known(&mut executions, at(0)), [2, 3]);
    let execution = executions.started(4, at(0));
    executions.ended(execution, 11, at(0));
    assert_eq!(
        known(&mut executions, at(0)),
        [4],
        "a heavy one is kept alone"
    );
}

#[test]
fn the_newest_program_of_an_id_counts() {
    let mut executions = ended(&[(7, 5)]);
    let older = executions.started(7, at(1));
    assert_eq!(executions.status(7, at(1)), Status::Running);
    assert_eq!(executions.bytes, 0);
    let newer = executions.started(7, at(1));
    executions.ended(older, 6, at(2));
    assert_eq!(
        executions.status(7, at(2)),
        Status::Running,
        "the older one's end came late"
    );
    executions.ended(newer, 9, at(3));
    executions.ended(newer, 1, at(3));
    assert_eq!(executions.status(7, at(3)), Status::Exited(&9));
}

#[derive(Debug, Clone)]
enum Event {
    Started(i64),
    Ended(usize, usize),
    Status(i64),
    Pass(u64),
}

fn any_event() -> impl Strategy<Value = Event> {
    let pid = || 0_i64..6;
    prop_oneof![
        pid().prop_map(Event::Started),
        (0_usize..6, 0_usize..12).prop_map(|(which, weight)| Event::Ended(which, weight)),
        pid().prop_map(Event::Status),
        (0_u64..4000).prop_map(Event::Pass),
    ]
}

proptest! {
    #[test]
    fn the_limits_hold_and_no_status_is_wrong(
        events in proptest::collection::vec(any_event(), 0..60)
    ) {
        let mut executions = executions();
        let mut now = at(0);
        // What became of the newest program of each id.
        let mut truth = BTreeMap::new();
        let mut started = Vec::new();
        for event in events {
            match event {
                Event::Started(pid) => {
                    if executions.admit().is_ok() {
                        started.push((pid, executions.started(pid, now)));
                        truth.insert(pid, None);
                    }
                }
                Event::Ended(which, weight) if !started.is_empty() => {
                    let (pid, execution) = started.swap_remove(which % started.len());
                    let is_newest = started.iter().all(|(other, later)| {
                        *other != pid || later.serial < execution.serial
                    });
                    executions.ended(execution, weight, now);
                    if let (true, Some(end @ None)) = (is_newest, truth.get_mut(&pid)) {
                        *end = Some(weight);
                        prop_assert!(matches!(executions.programs[&pid], Program::Ended(_)));
                    }
                }
                Event::Ended(..) => {}
                Event::Status(pid) => match (executions.status(pid, now), truth.get(&pid)) {
                    (Status::Running, end) => prop_assert_eq!(end, Some(&None)),
                    (Status::Exited(result), end) => prop_assert_eq!(end, Some(&Some(*result))),
                    (Status::Unknown, end) => prop_assert_ne!(end, Some(&None)),
                },
                Event::Pass(seconds) => now += at(seconds),
            }
            let bytes: usize = executions.endings().map(|(_, ending)| ending.bytes).sum();
            let results = executions.endings().count();
            prop_assert_eq!(executions.bytes, bytes);
            prop_assert!(results <= LIMITS.results);
            prop_assert!(bytes <= LIMITS.bytes || results == 1);
            prop_assert!(executions.programs.len() - results <= LIMITS.running);
        }
    }
}
