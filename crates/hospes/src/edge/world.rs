//! One guest's world: performs an operation's effects and tells what came of them.

use std::sync::Arc;
use std::time::Duration;

use conditions::{Check, GuestId, Observation};
use lifecycle::gate::{Permit, StartOrder};
use lifecycle::operation::{AskReport, Effect, Event, Heard, Notice};
use lifecycle::ports::{
    Asked, GuestShell, Hypervisor, HypervisorError, NoticeError, Presence, Privilege, ShellError,
    Standing, StopNotice,
};
use lifecycle::{NotReady, READINESS_SCRIPT, Readiness};

use super::{AgentSlot, Login, apply, sight};
use crate::clock::now;

/// Everything through which one guest is reached.
pub(crate) struct World {
    pub(crate) guest: GuestId,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) slot: Arc<AgentSlot>,
    /// Absent when the guest has no address.
    pub(crate) ssh: Option<Login>,
    pub(crate) notice: Arc<dyn StopNotice>,
    pub(crate) calls: CallDeadlines,
}

/// How long single calls may take; phases have their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallDeadlines {
    /// A script over SSH, login included.
    pub(crate) script: Duration,
    /// Reading everything for a check.
    pub(crate) check: Duration,
    /// The agent's chance to refuse a shutdown.
    pub(crate) shutdown: Duration,
    /// From power-on to running processors.
    pub(crate) start: Duration,
}

/// What a reader of readiness may print: a boot id, an uptime and a word.
const READINESS_LIMIT: usize = 4 * 1024;

/// Asks the guest to reboot itself, minding its shutdown inhibitors where its systemd can.
const REBOOT_SCRIPT: &str = "\
if systemctl --help 2>/dev/null | grep -q -e --check-inhibitors; then
  exec systemctl reboot --check-inhibitors=yes
fi
exec systemctl reboot
";

impl World {
    /// Performs one effect.
    pub(crate) async fn perform(&self, effect: Effect) -> Event {
        match effect {
            Effect::Check => Event::Checked(Box::new(self.check().await)),
            Effect::Observe => Event::Observed(self.observe().await.map_err(|e| e.to_string())),
            Effect::Shutdown(permit) => Event::Asked(self.shutdown(permit).await),
            Effect::Restart(permit) => Event::Asked(self.restart(permit).await),
            Effect::Start(order) => Event::Started(self.start(order).await),
            Effect::Probe => Event::Probed(self.probe().await),
            Effect::Reboot => Event::Asked(self.reboot().await),
            Effect::Apply(remedy) => Event::Applied(apply::apply(self, &remedy).await),
            Effect::Watcher => Event::Watcher(self.watcher().await),
            Effect::Notify(notice) => {
                Event::Notified(self.notify(&notice).await.map_err(|e| e.to_string()))
            }
            Effect::Listen(request) => Event::Heard(Heard {
                standing: self.standing(request.as_deref()).await,
                word: None,
            }),
            Effect::Sleep(pause) => {
                tokio::time::sleep(pause).await;
                Event::Woke
            }
            Effect::Finish(_) => Event::Woke,
        }
    }

    /// Reads everything there is to read and assesses it.
    pub(crate) async fn check(&self) -> Check {
        let sightings = sight::gather(self).await;
        self.slot.release().await;
        conditions::assess(sightings)
    }

    /// Looks from outside.
    pub(crate) async fn observe(&self) -> Result<Observation, HypervisorError> {
        self.hypervisor.observe(&self.guest).await
    }

    async fn shutdown(&self, permit: Permit) -> AskReport {
        let observed = match self.observe_right_before().await {
            Ok(observed) => observed,
            Err(not_sent) => return not_sent,
        };
        let order = match permit.redeem(&observed, now()) {
            Ok(order) => order,
            Err(refusal) => return AskReport::Denied(refusal),
        };
        let asked = self.hypervisor.shutdown(order, self.calls.shutdown).await;
        self.disconnect().await;
        report(asked)
    }

    async fn restart(&self, permit: Permit) -> AskReport {
        let observed = match self.observe_right_before().await {
            Ok(observed) => observed,
            Err(not_sent) => return not_sent,
        };
        let order = match permit.redeem_for_restart(&observed, now()) {
            Ok(order) => order,
            Err(refusal) => return AskReport::Denied(refusal),
        };
        let asked = self.hypervisor.restart(order, self.calls.shutdown).await;
        self.disconnect().await;
        report(asked)
    }

    async fn observe_right_before(&self) -> Result<Observation, AskReport> {
        self.slot.release().await;
        self.observe().await.map_err(|error| {
            AskReport::NotSent(format!(
                "the hypervisor could not be asked right before the call: {error}"
            ))
        })
    }

    /// Whether the guest's watcher is there. Where nobody can say, nobody serves it.
    pub(crate) async fn watcher(&self) -> Presence {
        let presence = self.notice.presence(&self.guest).await;
        presence.unwrap_or_else(|error| Presence::Absent {
            why: error.to_string(),
        })
    }

    async fn notify(&self, notice: &Notice) -> Result<(), NoticeError> {
        match notice {
            Notice::Pending(request) => self.notice.announce(&self.guest, request).await,
            Notice::Stopping(request) => self.notice.stopping(&self.guest, request).await,
            Notice::Withdrawn(request) => self.notice.withdraw(&self.guest, request).await,
        }
    }

    async fn standing(&self, request: Option<&str>) -> Result<Standing, String> {
        let Some(request) = request else {
            return Ok(Standing {
                announced: false,
                report: None,
            });
        };
        let standing = self.notice.standing(&self.guest, request).await;
        standing.map_err(|error| error.to_string())
    }

    async fn start(&self, order: StartOrder) -> Result<String, String> {
        self.disconnect().await;
        let started = self.hypervisor.start(order, self.calls.start).await;
        started
            .map(|report| report.evidence)
            .map_err(|error| error.to_string())
    }

    /// Asks SSH, and only SSH, whether the guest is usable.
    pub(crate) async fn probe(&self) -> Result<Readiness, NotReady> {
        let Some(ssh) = &self.ssh else {
            return Err(NotReady::never(no_ssh(&self.guest)));
        };
        let ready = asked_for_readiness(ssh, self.calls.script).await;
        self.slot.release().await;
        ready
    }

    async fn reboot(&self) -> AskReport {
        let Some(ssh) = &self.ssh else {
            return AskReport::NotSent(no_ssh(&self.guest));
        };
        asked_to_reboot(ssh, self.calls.script).await
    }

    /// Ends the SSH connection: the next script finds the guest that is there then.
    pub(crate) async fn disconnect(&self) {
        if let Some(ssh) = &self.ssh {
            ssh.disconnect().await;
        }
    }
}

/// Asks SSH, and only SSH, whether a machine is usable.
pub(crate) async fn asked_for_readiness(
    ssh: &Login,
    deadline: Duration,
) -> Result<Readiness, NotReady> {
    let output = ssh
        .run(
            READINESS_SCRIPT,
            Privilege::Login,
            READINESS_LIMIT,
            deadline,
        )
        .await;
    let ready = output
        .map_err(NotReady::from)
        .and_then(|output| Readiness::from_output(&output, now()));
    if ready.is_err() {
        ssh.disconnect().await;
    }
    ready
}

/// Asks a machine through SSH to reboot itself.
pub(crate) async fn asked_to_reboot(ssh: &Login, deadline: Duration) -> AskReport {
    let asked = ssh
        .run(REBOOT_SCRIPT, Privilege::Root, READINESS_LIMIT, deadline)
        .await;
    ssh.disconnect().await;
    match asked {
        Ok(output) if output.status == 0 => {
            AskReport::Taken("systemctl reboot succeeded".to_owned())
        }
        // The shell itself was ended by the reboot, or its end got lost.
        Ok(output) if output.status > 128 || output.status < 0 => {
            AskReport::Unknown(format!("systemctl reboot ended with {}", output.status))
        }
        Ok(output) => AskReport::Refused(words_of(&output.stderr, output.status)),
        Err(ShellError::Broken(why)) => AskReport::Unknown(why),
        Err(
            error @ ShellError::TimedOut {
                phase: "command", ..
            },
        ) => AskReport::Unknown(error.to_string()),
        Err(error) => AskReport::NotSent(error.to_string()),
    }
}

/// What came of asking.
fn report(asked: Result<Asked, HypervisorError>) -> AskReport {
    match asked {
        Ok(Asked::Taken { evidence }) => AskReport::Taken(evidence),
        Ok(Asked::Refused { reason }) => AskReport::Refused(reason),
        Err(HypervisorError::TimedOut(why)) => AskReport::Unknown(why),
        Err(error) => AskReport::NotSent(error.to_string()),
    }
}

/// What is said of a guest without an address.
pub(crate) fn no_ssh(guest: &GuestId) -> String {
    format!("no ssh is configured for {guest}; add [guest.{guest}.ssh] with its host")
}

fn words_of(stderr: &[u8], status: i32) -> String {
    let text = String::from_utf8_lossy(stderr);
    let words: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let words: String = words.join(" ").chars().take(400).collect();
    if words.is_empty() {
        format!("systemctl reboot ended with status {status}")
    } else {
        words
    }
}
