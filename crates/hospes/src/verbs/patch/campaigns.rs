//! Campaigns of the journal, as the verbs ask for them.

use std::collections::BTreeSet;

use anyhow::Result;
use journal::{CampaignId, CampaignRecord};
use plan::campaign::{Saved, Turn};
use plan::{Document, MemberId};

use crate::fleet::Fleet;
use crate::patch::campaign::saved;

/// So many of the latest are looked through for open ones.
const RECENT: usize = 1000;

/// One campaign, understood.
pub(super) struct Known {
    pub(super) record: CampaignRecord,
    pub(super) document: Document,
    pub(super) saved: Saved,
}

impl Known {
    /// The campaign called `name`.
    pub(super) fn called(fleet: &Fleet, name: &str) -> Result<Self> {
        let id: CampaignId = name.parse()?;
        Self::of(fleet, id)
    }

    pub(super) fn of(fleet: &Fleet, id: CampaignId) -> Result<Self> {
        let record = fleet.store().journal().campaign(id)?;
        let (document, saved) = saved(&record)?;
        Ok(Self {
            record,
            document,
            saved,
        })
    }

    pub(super) const fn id(&self) -> CampaignId {
        self.record.summary.id
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.record.summary.ended.is_some()
    }
}

/// Whether somebody has a turn.
pub(super) const fn is_under_way(turn: &Turn) -> bool {
    matches!(turn, Turn::Before(_) | Turn::Patching(_) | Turn::After(..))
}

/// Who is under way in open campaigns. One that is damaged hinders no other.
pub(super) fn under_way(fleet: &Fleet) -> Result<Vec<(CampaignId, BTreeSet<MemberId>)>> {
    let recent = fleet.store().journal().campaigns(RECENT)?;
    let open = recent.iter().filter(|campaign| campaign.ended.is_none());
    let known = open.filter_map(|campaign| Known::of(fleet, campaign.id).ok());
    let busy = known.map(|known| {
        let id = known.id();
        let turns = known.saved.turns.into_iter();
        let members = turns.filter(|(_, turn)| is_under_way(turn));
        (id, members.map(|(member, _)| member).collect())
    });
    Ok(busy.collect())
}
