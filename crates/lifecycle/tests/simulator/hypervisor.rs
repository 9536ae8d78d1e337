//! What a backend does of an order, with what may happen between the look and the call.

use std::time::Duration;

use conditions::{GuestId, Observation, Timestamp};
use lifecycle::gate::{Permit, Refusal, StartOrder, Way};
use lifecycle::operation::AskReport;

use crate::controller::Simulation;
use crate::sightings;

impl Simulation {
    pub(crate) fn observe(&mut self) -> Result<Observation, String> {
        if self.random.chance(self.guest.deaf) {
            return Err("the hypervisor does not answer".to_owned());
        }
        Ok(sightings::observation(&self.guest, self.wall()))
    }

    pub(crate) fn shutdown(&mut self, permit: Permit) -> AskReport {
        let order = |permit: Permit, seen: &Observation, now| {
            let order = permit.redeem(seen, now)?;
            Ok(order.guest().clone())
        };
        if let Err(report) = self.ordered(permit, Way::Shutdown, order) {
            return report;
        }
        if !self.guest.hears_channel() {
            return AskReport::NotSent("the agent's socket is closed".to_owned());
        }
        if self.random.chance(3) {
            return AskReport::Refused("the command is disabled".to_owned());
        }
        self.guest.hear_shutdown(&mut self.random);
        self.answer()
    }

    pub(crate) fn restart(&mut self, permit: Permit) -> AskReport {
        let order = |permit: Permit, seen: &Observation, now| {
            let order = permit.redeem_for_restart(seen, now)?;
            Ok(order.guest().clone())
        };
        if let Err(report) = self.ordered(permit, Way::Restart, order) {
            return report;
        }
        if !self.guest.hears_channel() {
            return AskReport::NotSent("the agent does not answer".to_owned());
        }
        if self.random.chance(4) {
            return AskReport::Refused("can't lock file - got timeout".to_owned());
        }
        self.guest.hear_restart(&mut self.random);
        self.answer()
    }

    /// Looks, and redeems the permit for an order; the judge hears of it.
    fn ordered(
        &mut self,
        permit: Permit,
        way: Way,
        order: impl FnOnce(Permit, &Observation, Timestamp) -> Result<GuestId, Refusal>,
    ) -> Result<(), AskReport> {
        let observed = self.observe().map_err(AskReport::NotSent)?;
        let boot = permit.boot_id().clone();
        let guest = order(permit, &observed, self.wall()).map_err(AskReport::Denied)?;
        assert_eq!(guest, observed.guest, "LAW: an order for another guest");
        self.judge.takes_down(
            &self.guest,
            &self.limits,
            &boot,
            &self.accepted,
            self.set_back,
            way,
        );
        Ok(())
    }

    fn answer(&mut self) -> AskReport {
        match self.lossy && self.random.chance(20) {
            true => AskReport::Unknown("the answer was lost".to_owned()),
            false => AskReport::Taken("silence".to_owned()),
        }
    }

    /// A host starts its guest at once. In a cluster time passes, and others may come first.
    pub(crate) fn start(&mut self, order: &StartOrder, delay: Duration) -> Result<String, String> {
        assert_eq!(*order.node(), self.guest.node(), "LAW: started elsewhere");
        self.judge.starts(&self.guest, &self.limits);
        if self.guest.cluster.is_some() {
            self.pass(delay.min(Duration::from_secs(10)));
        }
        if *order.node() != self.guest.node() {
            return Err("it is not there any more".to_owned());
        }
        let started = self.guest.start(&mut self.random);
        match self.lossy && self.random.chance(10) {
            true => Err("no answer in time".to_owned()),
            false => started,
        }
    }

    /// What happened to the guest, for the list of what was reached.
    pub(crate) fn reached(&self) -> Vec<&'static str> {
        let by_cluster = self.guest.cluster.iter();
        let by_cluster = by_cluster.flat_map(|cluster| cluster.happened.iter().copied());
        by_cluster.chain(self.judge.reached()).collect()
    }
}
