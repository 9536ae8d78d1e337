//! How a hospes comes to drive a campaign: it begins one, or takes one up.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use conditions::Timestamp;
use journal::{CampaignId, CampaignLock, CampaignLockError, CampaignRecord, Holder, NewCampaign};
use plan::campaign::{Campaign, Effect, Saved};
use plan::{Document, MemberId};

use crate::clock::now;
use crate::record::operator;
use crate::store::Store;

/// A hospes that only looks whether somebody drives a campaign is gone after so many looks.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(50);

/// A campaign that this hospes drives from now on.
pub(crate) struct Begun {
    pub(crate) lock: CampaignLock,
    pub(crate) campaign: Campaign,
    /// What is to be done first.
    pub(crate) effects: Vec<Effect>,
    /// When something was last recorded about it, if it is taken up.
    pub(crate) seen: Option<Timestamp>,
}

/// Who drives a campaign, as others are told.
fn holder(verb: &str) -> Holder {
    Holder {
        pid: std::process::id(),
        command: format!("hospes {verb}"),
        since: now(),
    }
}

/// Begins a campaign over `document`.
///
/// # Errors
/// The journal cannot be written: then there is none.
pub(crate) fn begin(store: &Store, document: Document, verb: &str) -> Result<Begun> {
    let json = serde_json::to_value(&document).context("a plan document is plain data")?;
    let at = now();
    let (mut campaign, effects) = Campaign::begin(document, at);
    let changes = campaign.changes();
    let turns = changes.turns.iter();
    let turns = turns.map(|(id, turn)| Ok((id.to_string(), serde_json::to_value(turn)?)));
    let new = NewCampaign {
        name: campaign.document().name().to_owned(),
        operator: operator(),
        document: json,
        head: serde_json::to_value(&changes.head)?,
        turns: turns.collect::<Result<_>>()?,
        at,
    };
    let lock = store.journal().begin_campaign(&new, &holder(verb))?;
    Ok(Begun {
        lock,
        campaign,
        effects,
        seen: None,
    })
}

/// Takes a campaign up whose hospes is gone.
///
/// # Errors
/// Somebody drives it, it has ended, or it is damaged.
pub(crate) async fn take_up(store: &Store, id: CampaignId, verb: &str) -> Result<Begun> {
    let lock = locked(store, id, verb).await?;
    let record = store.journal().campaign(id)?;
    if record.summary.ended.is_some() {
        bail!("campaign {id} has ended (hospes patch report {id} tells what it came to)");
    }
    let (document, saved) = saved(&record)?;
    let (campaign, effects) = Campaign::resume(document, saved, now())
        .with_context(|| format!("campaign {id} cannot be resumed"))?;
    Ok(Begun {
        lock,
        campaign,
        effects,
        seen: Some(record.summary.changed),
    })
}

async fn locked(store: &Store, id: CampaignId, verb: &str) -> Result<CampaignLock> {
    let mut looks = 0;
    loop {
        let tried = CampaignLock::acquire(&store.journal(), id, &holder(verb));
        match tried {
            Err(CampaignLockError::Held { .. }) if looks < LOOKS => looks += 1,
            tried => return Ok(tried?),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The plan document of a campaign, and where it stands.
///
/// # Errors
/// What the journal holds is damaged.
pub(crate) fn saved(record: &CampaignRecord) -> Result<(Document, Saved)> {
    let id = record.summary.id;
    let damaged = || format!("campaign {id} is damaged in the journal; it was left as it is");
    let document = serde_json::to_vec(&record.document).with_context(damaged)?;
    let document = Document::read(&document).with_context(damaged)?;
    let head = serde_json::from_value(record.head.clone()).with_context(damaged)?;
    let turns = record.turns.iter().map(|(member, turn)| {
        let member: MemberId = member.parse().with_context(damaged)?;
        let turn = serde_json::from_value(turn.clone()).with_context(damaged)?;
        Ok((member, turn))
    });
    let turns = turns.collect::<Result<_>>()?;
    Ok((document, Saved { head, turns }))
}

/// Who drives a campaign, if somebody does.
///
/// # Errors
/// The lock's file cannot be used.
pub(crate) fn driver_of(store: &Store, id: CampaignId) -> Result<Option<String>> {
    Ok(CampaignLock::holder(&store.journal(), id)?)
}
