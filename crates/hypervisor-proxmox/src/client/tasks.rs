//! Following tasks.

use std::time::Duration;

use pve::{Failure, Poll, TaskEnd, TaskStatus, Upid, call};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Client, ClientError};

/// What came of following a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// It has ended.
    Ended(TaskEnd),
    /// It still ran at the deadline.
    StillRunning,
}

impl Client {
    /// Looks at a task until it has ended, at most until the deadline. A node that cannot be asked
    /// for a moment is asked again.
    ///
    /// # Errors
    /// Its node could not be asked at the last look; see [`ClientError`].
    pub async fn follow(&self, upid: &Upid, deadline: Duration) -> Result<Followed, ClientError> {
        let end = Instant::now() + deadline;
        let mut last = Ok(Followed::StillRunning);
        for wait in Poll::new() {
            match timeout_at(end, self.call(&call::task::status(upid))).await {
                Ok(Ok(data)) => match TaskStatus::read(&data) {
                    TaskStatus::Ended(end) => return Ok(Followed::Ended(end)),
                    TaskStatus::Running => last = Ok(Followed::StillRunning),
                },
                Ok(Err(error)) if may_pass(&error) => last = Err(error),
                Ok(Err(error)) => return Err(error),
                Err(_) => break,
            }
            let next = Instant::now() + wait;
            if next >= end {
                break;
            }
            sleep_until(next).await;
        }
        last
    }

    /// The lines of a task's log.
    ///
    /// # Errors
    /// Its node could not be asked; see [`ClientError`].
    pub async fn task_log(&self, upid: &Upid) -> Result<Vec<String>, ClientError> {
        let data = self.call(&call::task::log(upid)).await?;
        let rows = data.as_array().map(Vec::as_slice).unwrap_or_default();
        let lines = rows.iter().filter_map(|row| row.get("t")?.as_str());
        Ok(lines.map(str::to_owned).collect())
    }
}

/// Whether an error says nothing of the task, and the next look may be answered.
const fn may_pass(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Unreachable(_)
            | ClientError::Lost(_)
            | ClientError::TimedOut { .. }
            | ClientError::Api(Failure::NodeUnreachable { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_nothing_of_the_task_may_pass() {
        let no_node = Failure::NodeUnreachable {
            status: 595,
            message: String::new(),
        };
        for (error, passes) in [
            (ClientError::Unreachable(String::new()), true),
            (ClientError::Lost(String::new()), true),
            (no_node.into(), true),
            (Failure::Forbidden(String::new()).into(), false),
            (ClientError::Certificate(String::new()), false),
        ] {
            assert_eq!(may_pass(&error), passes, "{error:?}");
        }
    }
}
