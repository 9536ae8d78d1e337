//! How guests stand before they are patched: one look at each through SSH.

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::{GuestId, RunState};
use lifecycle::operation::{Limits, Operation, Outcome, Request};
use plan::Standing;

use super::super::walk::{Verdict, walk};
use crate::clock::now;
use crate::drive::drive_unrecorded;
use crate::fleet::{Fleet, Member};
use crate::patch::fleet::{Meant, Others};
use crate::rounds::Pace;

/// Guests that are looked at at a time, of all and of one node.
const PACE: Pace = Pace {
    at_once: 64,
    per_node: 8,
    max_failures: None,
};

/// What the planner is told of those who are meant.
pub(super) async fn looked_at(fleet: &Fleet, meant: &Meant, others: Others) -> plan::Fleet {
    let progress = fleet.progress();
    let members = meant.members().guests;
    let look = async |place: usize| {
        let member: &Member = &members[place];
        let standing = match meant.is_template(member.id()) {
            true => Standing::Unready("it is a template".to_owned()),
            false => look(fleet, member).await,
        };
        (member.id().clone(), standing)
    };
    let verdict = |(_, standing): &(GuestId, Standing)| match standing {
        Standing::Ready => Verdict::Succeeded,
        Standing::Unready(_) | Standing::Unknown(_) => Verdict::Failed,
    };
    let walked = walk(&members, PACE, &progress, look, verdict).await;
    let standings: BTreeMap<GuestId, Standing> = walked.done.into_iter().collect();
    meant.fleet(standings, others)
}

async fn look(fleet: &Fleet, member: &Member) -> Standing {
    let limits = Limits {
        ready: Duration::ZERO,
        ..member.limits()
    };
    let world = fleet.world(member);
    let (operation, effect) = Operation::start(Request::Ready, limits, now());
    let reason = match drive_unrecorded(&world, operation, effect).await {
        Outcome::Ready { .. } => return Standing::Ready,
        Outcome::NotReady { reason, .. } | Outcome::Failed { reason } => reason,
        _ => return Standing::Unknown("SSH could not be asked".to_owned()),
    };
    match world.observe().await {
        Ok(seen) if seen.run_state == RunState::Stopped => {
            Standing::Unready("it is stopped".to_owned())
        }
        _ => Standing::Unready(reason),
    }
}
