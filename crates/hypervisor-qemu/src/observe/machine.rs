//! What the monitor's answers about the whole machine mean.

use conditions::RunState;
use serde_json::Value;

/// The run state in an answer to `query-status`, and QEMU's word for it. `shutdown` (a machine
/// that was kept by `-no-shutdown`) is not `stopped`: its process lives and holds its disks.
pub(super) fn run_state_of(status: &Result<Value, String>) -> Result<(RunState, String), String> {
    let status = status
        .as_ref()
        .map_err(|refusal| format!("query-status: {refusal}"))?;
    let Some(word) = status.get("status").and_then(Value::as_str) else {
        return Err("query-status: the answer has no `status`".to_owned());
    };
    let word: String = word.chars().filter(|c| !c.is_control()).take(40).collect();
    match word.as_str() {
        "running" => Ok((RunState::Running, word)),
        _ => Ok((RunState::Other(word.clone()), word)),
    }
}

/// What makes the machine unfit for lifecycle calls at the moment: a migration, else the first
/// block job by its type (`backup`, `mirror`, `commit`, `stream`). Best effort: a monitor without
/// these commands locks nothing.
pub(crate) fn lock_of(migration: Option<Value>, jobs: Option<Value>) -> Option<String> {
    let migrates = migration
        .as_ref()
        .and_then(|it| it.get("status"))
        .and_then(Value::as_str);
    if migrates.is_some_and(is_under_way) {
        return Some("migrate".to_owned());
    }
    let job = jobs.as_ref().and_then(|jobs| jobs.get(0))?;
    let kind = job
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or("block job");
    Some(kind.chars().filter(|c| !c.is_control()).take(40).collect())
}

/// Whether `query-migrate` names a state in which a migration has begun and not ended
/// (QEMU's `MigrationStatus`).
fn is_under_way(status: &str) -> bool {
    !matches!(status, "none" | "completed" | "failed" | "cancelled")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_running_is_running_and_nothing_is_stopped() {
        let state = |word: &str| run_state_of(&Ok(json!({ "status": word }))).unwrap().0;
        assert_eq!(state("running"), RunState::Running);
        for word in [
            "paused",
            "shutdown",
            "io-error",
            "guest-panicked",
            "inmigrate",
            "suspended",
        ] {
            assert_eq!(state(word), RunState::Other(word.to_owned()));
        }
    }

    #[test]
    fn an_answer_without_a_status_is_no_state() {
        for answer in [
            Ok(json!(null)),
            Ok(json!({"running": true})),
            Err("nope".to_owned()),
        ] {
            assert!(run_state_of(&answer).is_err(), "{answer:?}");
        }
    }

    #[test]
    fn migrations_and_block_jobs_lock() {
        for (migration, jobs, lock) in [
            (json!({}), json!([]), None),
            (json!({"status": "completed"}), json!([]), None),
            (json!({"status": "active"}), json!([]), Some("migrate")),
            (
                json!({"status": "postcopy-paused"}),
                json!([{"type": "backup"}]),
                Some("migrate"),
            ),
            (
                json!({}),
                json!([{"type": "backup"}, {"type": "mirror"}]),
                Some("backup"),
            ),
            (json!({}), json!([{}]), Some("block job")),
            (json!(7), json!("x"), None),
        ] {
            let seen = lock_of(Some(migration.clone()), Some(jobs));
            assert_eq!(seen.as_deref(), lock, "{migration}");
        }
        assert_eq!(lock_of(None, None), None);
    }
}
