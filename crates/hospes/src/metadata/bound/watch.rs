//! Verdicts that follow the files while the server runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metadata_server::Refused;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::Bound;
use super::tree::Stamp;
use super::verdict::{Doubt, Verdict, refused};

/// How often it is looked whether a file has changed.
const LOOKS_EVERY: Duration = Duration::from_secs(2);
/// How often all is read, whether or not a file seems to have changed.
const READS_EVERY: Duration = Duration::from_secs(60);
/// `pve-firewall` reads its files every ten seconds, and then takes a moment.
const IN_EFFECT_AFTER: Duration = Duration::from_secs(15);
/// Proxmox VE's file system may hang.
const READS_WITHIN: Duration = Duration::from_secs(30);

/// The verdicts of now.
pub(crate) struct Watch {
    bound: Arc<Bound>,
    seen: Option<Stamp>,
    verdicts: Vec<Verdict>,
    /// Since when the files bind the address of a guest that was refused before.
    promised: BTreeMap<String, Instant>,
    refused: watch::Sender<Refused>,
}

impl Watch {
    /// The first verdicts; what is in the files has been in effect.
    pub(crate) async fn begin(bound: Bound) -> Self {
        let bound = Arc::new(bound);
        let seen = stamp(&bound).await;
        let verdicts = judge(&bound).await;
        Self {
            refused: watch::Sender::new(refused(&verdicts)),
            promised: BTreeMap::new(),
            bound,
            seen,
            verdicts,
        }
    }

    pub(crate) fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// What the server follows.
    pub(crate) fn refused(&self) -> watch::Receiver<Refused> {
        self.refused.subscribe()
    }

    /// Follows the files for ever, and tells each verdict that changes.
    pub(crate) async fn run(mut self, tell: impl Fn(&Verdict)) {
        let mut read = Instant::now();
        loop {
            sleep(LOOKS_EVERY).await;
            let stamp = stamp(&self.bound).await;
            let is_same = stamp.is_some() && stamp == self.seen;
            if is_same && self.promised.is_empty() && read.elapsed() < READS_EVERY {
                continue;
            }
            (self.seen, read) = (stamp, Instant::now());
            let verdicts = judge(&self.bound).await;
            for changed in self.take(verdicts) {
                tell(&changed);
            }
        }
    }

    /// Takes in new verdicts, except for filters that may not be in effect yet; returns what changes.
    fn take(&mut self, verdicts: Vec<Verdict>) -> Vec<Verdict> {
        let mut changed = Vec::new();
        for (known, new) in self.verdicts.iter_mut().zip(verdicts) {
            let guest = &new.claim.guest;
            if known.doubt.is_none() || new.doubt.is_some() {
                self.promised.remove(guest);
            } else {
                let now = Instant::now();
                let since = *self.promised.entry(guest.clone()).or_insert(now);
                if since.elapsed() < IN_EFFECT_AFTER {
                    continue;
                }
                self.promised.remove(guest);
            }
            if *known != new {
                *known = new.clone();
                changed.push(new);
            }
        }
        let refused = refused(&self.verdicts);
        self.refused.send_if_modified(|told| {
            let is_new = *told != refused;
            *told = refused;
            is_new
        });
        changed
    }
}

async fn judge(bound: &Arc<Bound>) -> Vec<Verdict> {
    let reader = Arc::clone(bound);
    match timeout(READS_WITHIN, spawn_blocking(move || reader.judge())).await {
        Ok(Ok(verdicts)) => verdicts,
        _ => bound.doubt(&Doubt::unreadable("reading does not come to an end")),
    }
}

/// Nothing when the files cannot be listed: then they are read, which tells why.
async fn stamp(bound: &Arc<Bound>) -> Option<Stamp> {
    let reader = Arc::clone(bound);
    let stamp = spawn_blocking(move || Stamp::of(&reader.directory));
    timeout(READS_WITHIN, stamp).await.ok()?.ok()?.ok()
}
