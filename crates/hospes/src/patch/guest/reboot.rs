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
use lifecycle::operation::{self, Operation, Request, Saved};
use patch::Run;
use patch::run::{Effect, Event, RebootReport};

use super::State;
use super::drive::Driver;
use crate::clock::now;
use crate::drive;
use crate::show::outcome_line;

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
            None => match self.before_asking(old).await {
                Some((operation, effect)) => self.reboot(run, operation, effect).await?,
                // The answer counts as lost: the run looks which boot it is.
                None => Event::Woke,
            },
        };
        Ok(self.step(run, event).0)
    }

    /// The operation up to where it asks the guest; none if another boot than `old` answers.
    async fn before_asking(&self, old: &BootId) -> Option<(Operation, operation::Effect)> {
        let (mut operation, mut effect) = Operation::start(Request::Reboot, self.limits, now());
        while matches!(
            effect,
            operation::Effect::Probe | operation::Effect::Sleep(_)
        ) {
            let event = self.world.perform(effect).await;
            if let operation::Event::Probed(Ok(ready)) = &event
                && ready.boot_id != *old
            {
                return None;
            }
            effect = operation.step(event, now());
        }
        Some((operation, effect))
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
        Ok(Event::Rebooted(self.report(driven.outcome, is_owed)))
    }

    fn report(&self, outcome: operation::Outcome, is_owed: bool) -> RebootReport {
        match outcome {
            operation::Outcome::Rebooted { proof } => RebootReport::Proved(proof),
            outcome => {
                let line = outcome_line(&self.world.guest, &outcome, self.record.id);
                let name = format!("{}: ", self.world.guest);
                let words = line.strip_prefix(&name).unwrap_or(&line).to_owned();
                match is_owed {
                    true => RebootReport::NotProved(words),
                    false => RebootReport::NotAsked(words),
                }
            }
        }
    }
}
