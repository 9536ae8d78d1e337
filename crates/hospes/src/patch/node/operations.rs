//! Operations of lifecycle that are parts of a run, their steps on its timeline: the node's reboot,
//! and the shutdown and the start of a guest that may be interrupted.
//!
//! ```text
//! saved in the run's state? ─┬─ yes: resumed where it was, never a second one beside it
//!                            └─ no: begun; a shutdown is checked and refused as any other
//! ```

use std::time::Duration;

use anyhow::Result;
use conditions::BootId;
use lifecycle::gate::Accepted;
use lifecycle::operation::{self, Graceful, Operation, Request, Saved, Stop};
use patch::node::{ClusterError, Event, Run};

use super::drive::Driver;
use super::state::{Asked, Power, State};
use crate::clock::now;
use crate::drive::{self, Machine};
use crate::fleet::Member;
use crate::open_run;
use crate::patch::reboot::{before_asking, report};
use crate::show::outcome_line;

impl Driver<'_> {
    /// Has the node reboot itself, unless another boot than `old` runs.
    pub(super) async fn rebooted(
        &mut self,
        run: &Run,
        old: &BootId,
        resumed: bool,
    ) -> Result<Event> {
        let limits = self.node.limits();
        let begun = match self.reboot.take().filter(|_| resumed) {
            Some(saved) => Some(Operation::resume(saved, Accepted::none(), limits, now())),
            None => before_asking(&self.machine, limits, old).await,
        };
        let Some((operation, effect)) = begun else {
            // The answer counts as lost: the run looks which boot it is.
            return Ok(Event::Woke);
        };
        let frame = self.state(run);
        let stored = |saved: &Saved| {
            let reboot = Some(saved.clone());
            let frame = frame.clone();
            State { reboot, ..frame }.value()
        };
        let driver = drive::Driver {
            record: self.record,
            world: &self.machine,
            progress: self.progress,
            stored: &stored,
        };
        let (driven, operation) = driver.to_end(operation, effect).await?;
        let is_owed = operation.saved().is_owed();
        self.reboot = is_owed.then(|| operation.saved());
        let name = self.machine.name();
        let report = report(&name, driven.outcome, is_owed, self.record.id);
        Ok(Event::Rebooted(report))
    }

    /// Shuts a guest down, with a permit.
    pub(super) async fn stopped(
        &mut self,
        run: &Run,
        vmid: u32,
        deadline: Duration,
    ) -> Result<Result<(), ClusterError>> {
        let request = |member: &Member| {
            let (graceful, without_watcher) = member.graceful();
            let graceful = graceful.map(|max| Graceful {
                max: max.min(deadline),
                without_watcher,
            });
            let accepted = Accepted::none();
            Request::Shutdown(Stop { accepted, graceful })
        };
        self.asked(run, (vmid, Power::Off), &request).await
    }

    /// Powers a guest on that is observed to be stopped.
    pub(super) async fn started(
        &mut self,
        run: &Run,
        vmid: u32,
    ) -> Result<Result<(), ClusterError>> {
        self.asked(run, (vmid, Power::On), &|_| Request::Start)
            .await
    }

    /// Carries out one operation on a guest, or goes on with the one that was asked for.
    async fn asked(
        &mut self,
        run: &Run,
        (vmid, wanted): (u32, Power),
        request: &dyn Fn(&Member) -> Request,
    ) -> Result<Result<(), ClusterError>> {
        let cluster = self.node.host.cluster.as_deref().unwrap_or_default();
        let found = self.fleet.guest_numbered(cluster, vmid).await;
        let locked = found.and_then(|member| {
            let lock = self.fleet.lock(member.id(), "patch nodes")?;
            open_run::settle(self.fleet.store(), &lock)?;
            Ok((member, lock))
        });
        let (member, _lock) = match locked {
            Ok(locked) => locked,
            Err(error) => return Ok(Err(ClusterError::Refused(format!("{error:#}")))),
        };
        let earlier = self.asked.take();
        let earlier = earlier.filter(|it| (it.vmid, it.wanted) == (vmid, wanted));
        let (operation, effect) = match earlier {
            Some(Asked { operation, .. }) => {
                Operation::resume(operation, Accepted::none(), member.limits(), now())
            }
            None => Operation::start(request(&member), member.limits(), now()),
        };
        let world = self.fleet.world(&member);
        let frame = self.state(run);
        let stored = |saved: &Saved| {
            let operation = saved.clone();
            let guest = Some(Asked {
                vmid,
                wanted,
                operation,
            });
            let frame = frame.clone();
            State { guest, ..frame }.value()
        };
        let driver = drive::Driver {
            record: self.record,
            world: &world,
            progress: self.progress,
            stored: &stored,
        };
        let (driven, operation) = driver.to_end(operation, effect).await?;
        let operation = operation.saved();
        let is_owed = operation.is_owed();
        self.asked = is_owed.then_some(Asked {
            vmid,
            wanted,
            operation,
        });
        Ok(self.told(&member, &driven.outcome, is_owed))
    }

    fn told(
        &self,
        member: &Member,
        outcome: &operation::Outcome,
        is_owed: bool,
    ) -> Result<(), ClusterError> {
        if outcome.is_success() {
            return Ok(());
        }
        let line = outcome_line(member.id(), outcome, self.record.id);
        Err(match is_owed {
            true => ClusterError::Unknown(line),
            false => ClusterError::Refused(line),
        })
    }
}
