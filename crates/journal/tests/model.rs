//! Any sequence of calls leaves what an in-memory model says, also across reopening.

mod store;

use journal::{
    Journal, JournalError, MachineLock, Note, RunFilter, RunId, RunRecord, RunStatus, RunSummary,
    StepId, StepRecord, StepResult,
};
use proptest::prelude::*;
use serde_json::json;
use store::{at, guest, lock, new_run, step};
use tempfile::tempdir;

const GUESTS: [&str; 2] = ["web1", "web2"];

/// One call. Runs and steps are named by their place among those there are, sometimes past them;
/// the lock is sometimes the other guest's.
#[derive(Debug, Clone)]
enum Call {
    Begin {
        guest: usize,
        lock: usize,
    },
    Intend {
        run: i64,
        lock: usize,
    },
    Result {
        step: i64,
        lock: usize,
    },
    Note {
        run: i64,
    },
    Finish {
        run: i64,
        lock: usize,
        status: RunStatus,
    },
    Resume {
        run: i64,
        lock: usize,
    },
    Reopen,
}

fn call() -> impl Strategy<Value = Call> {
    let (run, step, lock) = (1..5_i64, 1..8_i64, 0..2_usize);
    let status = proptest::sample::select(&RunStatus::ALL[..]);
    prop_oneof![
        2 => (0..2_usize, lock.clone()).prop_map(|(guest, lock)| Call::Begin { guest, lock }),
        5 => (run.clone(), lock.clone()).prop_map(|(run, lock)| Call::Intend { run, lock }),
        4 => (step, lock.clone()).prop_map(|(step, lock)| Call::Result { step, lock }),
        1 => run.clone().prop_map(|run| Call::Note { run }),
        3 => (run.clone(), lock.clone(), status)
            .prop_map(|(run, lock, status)| Call::Finish { run, lock, status }),
        2 => (run, lock).prop_map(|(run, lock)| Call::Resume { run, lock }),
        1 => Just(Call::Reopen),
    ]
}

/// What the journal should hold.
#[derive(Default)]
struct Model {
    runs: Vec<RunRecord>,
    steps: i64,
}

impl Model {
    /// Makes the call and says whether it should succeed.
    fn make(&mut self, call: &Call, ms: u64) -> bool {
        match *call {
            Call::Begin { guest, lock } => guest == lock && self.begin(guest, ms),
            Call::Intend { run, lock } => self.intend(run, lock, ms),
            Call::Result { step, lock } => self.result(step, lock, ms),
            Call::Note { run } => self
                .run(run)
                .is_some_and(|run| remark(run, "noted".to_owned(), ms)),
            Call::Finish { run, lock, status } => {
                let Some(run) = self.locked(run, lock) else {
                    return false;
                };
                let may = run.summary.status.is_open() && status != RunStatus::Active;
                if may {
                    run.summary.status = status;
                    run.summary.outcome = Some(format!("ended at {ms}"));
                    run.summary.changed = at(ms);
                }
                may
            }
            Call::Resume { run, lock } => {
                let Some(run) = self.locked(run, lock) else {
                    return false;
                };
                let may = run.summary.status.is_open();
                if may {
                    run.summary.status = RunStatus::Active;
                    run.summary.outcome = None;
                    remark(run, "resumed by eva".to_owned(), ms);
                }
                may
            }
            Call::Reopen => true,
        }
    }

    fn begin(&mut self, guest: usize, ms: u64) -> bool {
        let new = new_run(GUESTS[guest], ms);
        let summary = RunSummary {
            id: RunId(self.runs.len() as i64 + 1),
            operation: new.operation,
            machine: new.machine,
            operator: new.operator,
            status: RunStatus::Active,
            outcome: None,
            began: new.at,
            changed: new.at,
        };
        let (options, state) = (new.options, new.state);
        self.runs.push(RunRecord {
            summary,
            options,
            state,
            steps: vec![],
            notes: vec![],
        });
        true
    }

    fn intend(&mut self, run: i64, lock: usize, ms: u64) -> bool {
        let id = StepId(self.steps + 1);
        let Some(run) = self.locked(run, lock) else {
            return false;
        };
        if run.summary.status != RunStatus::Active {
            return false;
        }
        let intended = step("ping", json!({"intended": ms}));
        let (effect, detail) = (intended.effect, intended.detail);
        run.steps.push(StepRecord {
            id,
            effect,
            detail,
            intended: at(ms),
            result: None,
        });
        run.state = intended.state;
        run.summary.changed = at(ms);
        self.steps += 1;
        true
    }

    fn result(&mut self, step: i64, lock: usize, ms: u64) -> bool {
        for run in &mut self.runs {
            let fits = run.summary.machine == guest(GUESTS[lock])
                && run.summary.status == RunStatus::Active;
            for stored in &mut run.steps {
                if fits && stored.id == StepId(step) && stored.result.is_none() {
                    let (outcome, detail) = ("pong".to_owned(), format!("in {ms}"));
                    stored.result = Some(StepResult {
                        outcome,
                        detail,
                        at: at(ms),
                    });
                    run.state = json!({"result": ms});
                    run.summary.changed = at(ms);
                    return true;
                }
            }
        }
        false
    }

    fn run(&mut self, id: i64) -> Option<&mut RunRecord> {
        self.runs.iter_mut().find(|run| run.summary.id == RunId(id))
    }

    fn locked(&mut self, id: i64, lock: usize) -> Option<&mut RunRecord> {
        self.run(id)
            .filter(|run| run.summary.machine == guest(GUESTS[lock]))
    }

    fn open_run(&self, name: &str) -> Option<&RunRecord> {
        let open = |run: &&RunRecord| run.summary.status.is_open();
        self.runs
            .iter()
            .rev()
            .filter(open)
            .find(|run| run.summary.machine == guest(name))
    }
}

fn remark(run: &mut RunRecord, text: String, ms: u64) -> bool {
    run.notes.push(Note { text, at: at(ms) });
    run.summary.changed = at(ms);
    true
}

fn call_journal(
    journal: &Journal,
    locks: &[MachineLock],
    call: &Call,
    ms: u64,
) -> Result<(), JournalError> {
    match *call {
        Call::Begin { guest, lock } => journal
            .begin(&new_run(GUESTS[guest], ms), &locks[lock])
            .map(drop),
        Call::Intend { run, lock } => {
            let step = step("ping", json!({"intended": ms}));
            journal
                .intend(RunId(run), &locks[lock], &step, at(ms))
                .map(drop)
        }
        Call::Result { step, lock } => {
            let (detail, state) = (format!("in {ms}"), json!({"result": ms}));
            journal.result(StepId(step), &locks[lock], "pong", &detail, &state, at(ms))
        }
        Call::Note { run } => journal.note(RunId(run), "noted", at(ms)),
        Call::Finish { run, lock, status } => journal.finish(
            RunId(run),
            &locks[lock],
            &format!("ended at {ms}"),
            status,
            at(ms),
        ),
        Call::Resume { run, lock } => journal.resume(RunId(run), &locks[lock], "eva", at(ms)),
        Call::Reopen => Ok(()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_leaves_what_the_model_says(
        calls in proptest::collection::vec(call(), 1..50)
    ) {
        let dir = tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let locks = GUESTS.map(|name| lock(&journal, name));
        let mut model = Model::default();
        for (ms, call) in (1..).zip(&calls) {
            let expected = model.make(call, ms);
            let made = call_journal(&journal, &locks, call, ms);
            prop_assert_eq!(made.is_ok(), expected, "{:?}: {:?}", call, made);
            if matches!(call, Call::Reopen) {
                drop(journal);
                journal = Journal::open(dir.path()).unwrap();
            }
        }
        for run in &model.runs {
            let stored = journal.run(run.summary.id).unwrap();
            prop_assert_eq!(stored.as_ref(), Some(run));
        }
        for name in GUESTS {
            let open = journal.open_run(guest(name)).unwrap();
            prop_assert_eq!(open.as_ref(), model.open_run(name));
        }
        prop_assert_eq!(journal.runs(100, &RunFilter::default()).unwrap().len(), model.runs.len());
    }
}
