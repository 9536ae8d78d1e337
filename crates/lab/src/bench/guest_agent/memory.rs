//! How much memory an agent takes, at rest and at work.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::agents::{Peer, RunningAgent};
use super::client::Client;
use super::pair::Pair;
use super::requests::{PING, round_trips};
use super::table::{Comparison, Goal};
use super::thread::blocking;
use super::transfer::Content;

/// Samples in bytes, one for each start of an agent.
#[derive(Debug, Default)]
pub(super) struct Memory {
    started: Pair<Vec<u64>>,
    rested: Pair<Vec<u64>>,
    peak: Pair<Vec<u64>>,
    after: Pair<Vec<u64>>,
}

/// What was seen of one start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    started: u64,
    rested: u64,
    peak: u64,
    after: u64,
}

const REST: Duration = Duration::from_secs(1);

/// Watches an agent that has just been started through one ping and one read of `content`, which
/// the file at `path` has.
pub(super) fn watch(peer: &Peer, content: &Content, path: &Path) -> Result<Seen> {
    let mut client = Client::connect(&peer.socket)?;
    round_trips(&mut client, PING, 1)?;
    let started = peer.process.resident()?;
    std::thread::sleep(REST);
    let rested = peer.process.resident()?;
    let _client = content.reader(client, &path.to_string_lossy())?;
    let peak = peer.process.peak()?;
    std::thread::sleep(REST);
    let after = peer.process.resident()?;
    Ok(Seen {
        started,
        rested,
        peak,
        after,
    })
}

/// Resident memory in bytes of an agent that has answered one ping.
pub(in crate::bench) async fn resident_after_a_ping(agent: &RunningAgent) -> Result<u64> {
    let peer = agent.peer()?;
    blocking(move || {
        let mut client = Client::connect(&peer.socket)?;
        round_trips(&mut client, PING, 1)?;
        peer.process.resident()
    })
    .await
}

impl Memory {
    pub(super) fn add(&mut self, seen: &Pair<Seen>) {
        let mut push = |of: fn(&Seen) -> u64, into: fn(&mut Self) -> &mut Pair<Vec<u64>>| {
            let samples = into(self);
            samples.stock.push(of(&seen.stock));
            samples.ours.push(of(&seen.ours));
        };
        push(|seen| seen.started, |memory| &mut memory.started);
        push(|seen| seen.rested, |memory| &mut memory.rested);
        push(|seen| seen.peak, |memory| &mut memory.peak);
        push(|seen| seen.after, |memory| &mut memory.after);
    }

    pub(super) fn tell(&self, table: &mut Comparison) {
        let small = Goal::AtMost(2.5);
        table.memory("resident after a ping", &self.started, small);
        table.memory("resident a second later", &self.rested, small);
        let half = Goal::RatioAtMost(0.5);
        table.memory("peak of a 48 MiB file-read", &self.peak, half);
        table.memory("- resident a second later", &self.after, Goal::None);
    }
}
