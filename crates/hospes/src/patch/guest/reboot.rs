//! The reboot that is a part of a run: lifecycle's own operation, its steps on the run's timeline.
//!
//! ```text
//! old boot answers? ─┬─ another one: the run looks at reality
//!                    └─ yes ─► asked (stored: the run, and this operation in it) ─► proved
//! resumed: where the operation was, never a second one beside it
//! ```

use anyhow::Result;
use conditions::BootId;
use lifecycle::gate::Accepted;
use lifecycle::operation::{self, Operation, Saved};
use patch::Run;
use patch::run::{Effect, Event};

use super::State;
use super::drive::Driver;
use crate::clock::now;
use crate::drive::{self, Machine};
use crate::patch::reboot::{before_asking, report};

impl Driver<'_> {
    /// Has the guest reboot itself, unless another boot than `old` runs.
    pub(super) async fn rebooted(
        &mut self,
        run: &mut Run,
        old: &BootId,
        resumed: bool,
    ) -> Result<Effect> {
        let event = match self.reboot.take().filter(|_| resumed) {
            Some(saved) => {
                let (operation, effect) =
                    Operation::resume(saved, Accepted::none(), self.limits, now());
                self.reboot(run, operation, effect).await?
            }
            None => match before_asking(&self.world, self.limits, old).await {
                Some((operation, effect)) => self.reboot(run, operation, effect).await?,
                // The answer counts as lost: the run looks which boot it is.
                None => Event::Woke,
            },
        };
        Ok(self.step(run, event).0)
    }

    async fn reboot(
        &mut self,
        run: &Run,
        operation: Operation,
        effect: operation::Effect,
    ) -> Result<Event> {
        let frame = self.state(run);
        let stored = |saved: &Saved| {
            let reboot = Some(saved.clone());
            let frame = frame.clone();
            State { reboot, ..frame }.value()
        };
        let driver = drive::Driver {
            record: self.record,
            world: &self.world,
            progress: self.progress,
            stored: &stored,
        };
        let (driven, operation) = driver.to_end(operation, effect).await?;
        let is_owed = operation.saved().is_owed();
        self.reboot = is_owed.then(|| operation.saved());
        Ok(Event::Rebooted(report(
            &self.world.name(),
            driven.outcome,
            is_owed,
            self.record.id,
        )))
    }
}
