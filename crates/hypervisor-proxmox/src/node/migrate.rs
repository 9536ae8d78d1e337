//! Moving one guest.
//!
//! ```text
//! where is it? ─ at the target ──────────────────────────────────────────────► done
//!      │         elsewhere ──────────────────────────────────────────────────► refused
//!   its node ─► a task moves it already? ─ its end ─► where is it? ─┐
//!      ▲ no                                                         │ still there
//!      POST ◄───────────────────────────────────────────────────────┘
//!        ├ refused, or not sent ─────────────────────────────────────────────► refused, unreachable
//!        ├ answer lost: a task or the target tells, else ────────────────────► unknown
//!        └ task ─ OK ─► at the target, in time ──────────────────────────────► done
//!               ├ failed, the guest is where it was ─────────────────────────► refused
//!               └ killed, goes on, or the guest is somewhere else ───────────► unknown
//! ```
//!
//! Under high availability the task only asks the manager to move the guest: its end is no end.

use std::time::Duration;

use conditions::NodeName;
use lifecycle::ports::HypervisorError;
use patch::node::facts::GuestKind;
use patch::node::{ClusterError, Migration, Transfer};
use pve::{Call, Poll, RunningTask, TaskEnd, Upid, call};
use tokio::time::{Instant, sleep};

use super::{read, unread};
use crate::failure::unsettled;
use crate::power::Outcome;
use crate::{Client, ClientError, Cluster, Followed};

/// The tasks that move a guest.
const MOVES: [&str; 3] = ["qmigrate", "hamigrate", "vzmigrate"];

/// How often a task is looked for whose id is lost: it may begin a moment later.
const LOOKS: usize = 6;

/// Moves the guest, and returns when the cluster says that it is at the target.
pub(super) async fn migrate(
    cluster: &Cluster,
    migration: &Migration,
    deadline: Duration,
) -> Result<(), ClusterError> {
    let end = Instant::now() + deadline;
    let way = Way {
        cluster,
        migration,
        end,
    };
    if way.place().await?.is_target(migration)? {
        return Ok(());
    }
    if let Some(upid) = way.under_way().await? {
        way.wait_for(&upid).await?;
        if way.place().await?.is_target(migration)? {
            return Ok(());
        }
    }
    let upid = match way.begin().await {
        Ok(upid) => upid,
        Err(error) => match way.after_lost(&error).await? {
            Some(upid) => upid,
            None => return Ok(()),
        },
    };
    way.settle(&upid).await
}

struct Way<'a> {
    cluster: &'a Cluster,
    migration: &'a Migration,
    end: Instant,
}

/// Where a guest is.
struct Place(Option<NodeName>);

impl Place {
    /// Whether it has arrived; refused where it is neither here nor there.
    fn is_target(&self, migration: &Migration) -> Result<bool, ClusterError> {
        match &self.0 {
            Some(node) if *node == migration.target => Ok(true),
            Some(node) if *node == migration.guest.node => Ok(false),
            Some(node) => Err(ClusterError::Refused(format!(
                "{} is on {} by now, not on {}; look again",
                migration.guest,
                node.as_str(),
                migration.guest.node.as_str(),
            ))),
            None => Err(ClusterError::Refused(format!(
                "{} is not in the cluster, or may not be seen",
                migration.guest
            ))),
        }
    }
}

impl Way<'_> {
    fn client(&self) -> &Client {
        self.cluster.client()
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    async fn place(&self) -> Result<Place, ClusterError> {
        let found = self.cluster.find(self.migration.guest.vmid).await;
        let found = found.map_err(|error| unread(self.client(), &error))?;
        Ok(Place(found.map(|found| found.node)))
    }

    /// A task that moves the guest already, on the node that it leaves.
    async fn under_way(&self) -> Result<Option<Upid>, ClusterError> {
        let guest = &self.migration.guest;
        let call = call::node::running_tasks(&guest.node);
        let tasks = RunningTask::all(&read(self.client(), &call).await?);
        let vmid = guest.vmid.to_string();
        let mut moves = tasks.iter().filter(|task| {
            MOVES.contains(&task.kind.as_str()) && task.target.as_deref() == Some(&vmid)
        });
        Ok(moves.find_map(|task| task.upid.parse().ok()))
    }

    async fn wait_for(&self, upid: &Upid) -> Result<TaskEnd, ClusterError> {
        match self.client().follow(upid, self.left()).await {
            Ok(Followed::Ended(end)) => Ok(end),
            Ok(Followed::StillRunning) => Err(self.unknown(upid, "it goes on")),
            Err(error) => Err(self.unknown(upid, &format!("it could not be followed: {error}"))),
        }
    }

    async fn begin(&self) -> Result<Upid, ClientError> {
        let data = self.client().call(&self.call()).await?;
        Upid::read(&data).map_err(ClientError::Api)
    }

    fn call(&self) -> Call {
        let Migration {
            guest,
            target,
            transfer,
        } = self.migration;
        match *transfer {
            Transfer::Live { with_local_disks } => {
                call::migration::live(&guest.node, guest.vmid, target, with_local_disks)
            }
            Transfer::Restart { shutdown } => {
                call::migration::restart_container(&guest.node, guest.vmid, target, shutdown)
            }
        }
    }

    /// What came of a POST without an answer: the task that it began, none where the guest has
    /// arrived already, or what is not known.
    async fn after_lost(&self, error: &ClientError) -> Result<Option<Upid>, ClusterError> {
        let words = match unsettled(self.client().name(), error) {
            HypervisorError::TimedOut(words) => words,
            _ => return Err(unread(self.client(), error)),
        };
        for wait in Poll::new().take(LOOKS) {
            if let Ok(Some(upid)) = self.under_way().await {
                return Ok(Some(upid));
            }
            if let Ok(Place(Some(node))) = self.place().await
                && node == self.migration.target
            {
                return Ok(None);
            }
            sleep(wait).await;
        }
        let Migration { guest, target, .. } = self.migration;
        Err(ClusterError::Unknown(format!(
            "the move of {guest} to {}: {words}",
            target.as_str()
        )))
    }

    async fn settle(&self, upid: &Upid) -> Result<(), ClusterError> {
        let end = self.wait_for(upid).await?;
        match Outcome::of(&end) {
            Outcome::Done => self.until_there(upid).await,
            Outcome::Unknown(words) => Err(self.unknown(upid, &format!("it was killed ({words})"))),
            Outcome::Refused(words) | Outcome::GaveUp(words) => {
                Err(self.failed(upid, &words).await)
            }
        }
    }

    /// A task that failed left the guest where it was, unless the guest is seen elsewhere.
    async fn failed(&self, upid: &Upid, words: &str) -> ClusterError {
        let Migration { guest, target, .. } = self.migration;
        let told = self.last_error(upid).await;
        let words = match &told {
            Some(line) if line.contains(words) => line.clone(),
            Some(line) => format!("{words}: {line}"),
            None => words.to_owned(),
        };
        match self.place().await {
            Ok(Place(Some(node))) if node == guest.node => ClusterError::Refused(format!(
                "{guest} did not move to {}: {words} (task {upid})",
                target.as_str()
            )),
            Ok(Place(Some(node))) => self.unknown(
                upid,
                &format!("it failed ({words}), and the guest is on {}", node.as_str()),
            ),
            Ok(Place(None)) => self.unknown(
                upid,
                &format!("it failed ({words}), and the guest is not seen"),
            ),
            Err(error) => self.unknown(
                upid,
                &format!("it failed ({words}), and where the guest is cannot be read: {error}"),
            ),
        }
    }

    /// The last line in the task's log that tells of an error.
    async fn last_error(&self, upid: &Upid) -> Option<String> {
        let log = self.client().task_log(upid).await.ok()?;
        let mut lines = log.iter().rev();
        let line = lines.find(|line| line.contains("ERROR:") && !line.starts_with("TASK ERROR"))?;
        let (_, error) = line.split_once("ERROR:")?;
        let printable = error.trim().chars().filter(|it| !it.is_control());
        Some(printable.take(LONGEST_LINE).collect())
    }

    async fn until_there(&self, upid: &Upid) -> Result<(), ClusterError> {
        let mut seen = "where the guest is was not looked at".to_owned();
        for wait in Poll::new() {
            match self.place().await {
                Ok(Place(Some(node))) if node == self.migration.target => return Ok(()),
                Ok(Place(Some(node))) => seen = format!("the guest is on {}", node.as_str()),
                Ok(Place(None)) => "the guest is not seen".clone_into(&mut seen),
                Err(error) => seen = format!("where the guest is cannot be read: {error}"),
            }
            if self.left() <= wait {
                break;
            }
            sleep(wait).await;
        }
        Err(self.unknown(upid, &format!("it ended well, and {seen}")))
    }

    fn unknown(&self, upid: &Upid, what: &str) -> ClusterError {
        let Migration { guest, target, .. } = self.migration;
        let target = target.as_str();
        let kind = match guest.kind {
            GuestKind::Qemu => "qm",
            GuestKind::Lxc => "pct",
        };
        ClusterError::Unknown(format!(
            "whether {guest} is moved to {target} is not known: task {upid}: {what}; look at its log, \
             and at the guest with `{kind} status {}`",
            guest.vmid
        ))
    }
}

/// As much of a line of a log as is told.
const LONGEST_LINE: usize = 200;
