//! Tasks: what a POST sets going, with its state and log.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::permission::Principal;
use super::shared::{locked, now};

/// All tasks of the cluster, by UPID.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    all: Mutex<BTreeMap<u32, Arc<Task>>>,
    started: AtomicU32,
}

/// One task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) upid: String,
    pub(super) node: String,
    pub(super) kind: &'static str,
    pub(super) vmid: u32,
    pub(super) owner: Principal,
    pid: u32,
    pstart: u32,
    pub(super) began: u64,
    log: Mutex<Vec<String>>,
    end: Mutex<Option<End>>,
    killed: Notify,
}

#[derive(Debug, Clone)]
struct End {
    at: u64,
    /// None for a process that was killed: it wrote no last line.
    status: Option<String>,
}

/// As another process id than the API's, far from small ones.
const FIRST_PID: u32 = 0x0000_39E7;

impl Tasks {
    /// Starts a task; what it returns is its end.
    pub(super) fn start<F>(
        &self,
        node: &str,
        kind: &'static str,
        vmid: u32,
        owner: &Principal,
        work: impl FnOnce(Arc<Task>) -> F,
    ) -> Arc<Task>
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let number = self.started.fetch_add(1, Ordering::SeqCst);
        let task = Arc::new(Task::new(number, node, kind, vmid, owner));
        locked(&self.all).insert(number, Arc::clone(&task));
        let (running, work) = (Arc::clone(&task), work(Arc::clone(&task)));
        tokio::spawn(async move {
            tokio::select! {
                ended = work => running.ended(ended),
                () = running.killed.notified() => running.set_end(None),
            }
        });
        task
    }

    pub(super) fn find(&self, upid: &str) -> Option<Arc<Task>> {
        let tasks = locked(&self.all);
        tasks
            .values()
            .find(|task| task.upid == upid)
            .map(Arc::clone)
    }

    /// The newest first.
    pub(super) fn all(&self) -> Vec<Arc<Task>> {
        locked(&self.all).values().rev().map(Arc::clone).collect()
    }

    /// Kills the running task of a guest, if there is one.
    pub(super) fn kill_of(&self, vmid: u32) -> bool {
        let running = self
            .all()
            .into_iter()
            .find(|task| task.vmid == vmid && task.is_running());
        running.inspect(|task| task.kill()).is_some()
    }
}

impl Task {
    fn new(number: u32, node: &str, kind: &'static str, vmid: u32, owner: &Principal) -> Self {
        let (pid, pstart, began) = (FIRST_PID + number * 8, 0x0003_E78F + number * 211, now());
        Self {
            upid: format!(
                "UPID:{node}:{pid:08X}:{pstart:08X}:{began:08X}:{kind}:{vmid}:{}:",
                owner.id
            ),
            node: node.to_owned(),
            kind,
            vmid,
            owner: owner.clone(),
            pid,
            pstart,
            began,
            log: Mutex::default(),
            end: Mutex::default(),
            killed: Notify::new(),
        }
    }

    /// Adds a line to the log.
    pub(super) fn says(&self, line: &str) {
        locked(&self.log).push(line.to_owned());
    }

    pub(super) fn is_running(&self) -> bool {
        locked(&self.end).is_none()
    }

    /// Ends the process. What the guest was told stays told.
    pub(super) fn kill(&self) {
        self.killed.notify_one();
    }

    fn ended(&self, outcome: Result<(), String>) {
        let status = match outcome {
            Ok(()) => {
                self.says("TASK OK");
                "OK".to_owned()
            }
            Err(why) => {
                self.says(&format!("TASK ERROR: {why}"));
                why
            }
        };
        self.set_end(Some(status));
    }

    fn set_end(&self, status: Option<String>) {
        *locked(&self.end) = Some(End { at: now(), status });
    }

    fn exit_status(end: &End) -> &str {
        end.status.as_deref().unwrap_or("unexpected status")
    }

    /// `/nodes/NODE/tasks/UPID/status`
    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "upid": self.upid, "node": self.node, "pid": self.pid, "pstart": self.pstart,
            "starttime": self.began, "type": self.kind, "id": self.vmid.to_string(),
            "user": self.owner.user, "status": "running",
        });
        if let Some(token) = &self.owner.token {
            status["tokenid"] = json!(token);
        }
        if let Some(end) = &*locked(&self.end) {
            status["status"] = json!("stopped");
            status["exitstatus"] = json!(Self::exit_status(end));
        }
        status
    }

    /// An entry of a list of tasks.
    pub(super) fn entry(&self) -> Value {
        let mut entry = json!({
            "upid": self.upid, "node": self.node, "pid": self.pid, "pstart": self.pstart,
            "starttime": self.began, "type": self.kind, "id": self.vmid.to_string(),
            "user": self.owner.user,
        });
        if let Some(token) = &self.owner.token {
            entry["tokenid"] = json!(token);
        }
        if let Some(end) = &*locked(&self.end) {
            entry["endtime"] = json!(end.at);
            entry["status"] = json!(Self::exit_status(end));
        }
        entry
    }

    /// The log's lines from `start`, at most `limit`, and how many there are.
    pub(super) fn lines(&self, start: usize, limit: usize) -> (Value, usize) {
        let log = locked(&self.log);
        let numbered = log.iter().enumerate().skip(start).take(limit);
        let lines: Vec<Value> = numbered
            .map(|(at, line)| json!({"n": at + 1, "t": line}))
            .collect();
        if log.is_empty() {
            return (json!([{"n": 1, "t": "no content"}]), 1);
        }
        (Value::Array(lines), log.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_killed_task_has_no_last_line_and_an_unexpected_status() {
        let tasks = Tasks::default();
        let owner = Principal::token("root@pam!t1");
        let task = tasks.start("vm", "qmshutdown", 100, &owner, |task| async move {
            task.says("told the guest");
            std::future::pending().await
        });
        tokio::task::yield_now().await;
        assert_eq!(task.status()["status"], "running");
        assert!(tasks.kill_of(100));
        while task.is_running() {
            tokio::task::yield_now().await;
        }
        assert_eq!(task.status()["exitstatus"], "unexpected status");
        assert_eq!(
            task.lines(0, 50).0,
            json!([{"n": 1, "t": "told the guest"}])
        );
        assert!(!tasks.kill_of(100));
    }

    #[test]
    fn a_upid_has_the_nine_fields_of_a_real_one() {
        let task = Task::new(0, "vm", "qmshutdown", 100, &Principal::token("root@pam!t1"));
        let fields: Vec<&str> = task.upid.split(':').collect();
        assert_eq!(fields.len(), 9, "{}", task.upid);
        assert_eq!((fields[0], fields[1], fields[8]), ("UPID", "vm", ""));
        assert_eq!(&fields[5..8], ["qmshutdown", "100", "root@pam!t1"]);
        assert!(fields[2..5].iter().all(|field| field.len() == 8));
    }
}
