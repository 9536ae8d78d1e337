//! The measurement.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::guests::Guest;
use super::serve::socket;
use super::server::MetadataServer;
use crate::bench::endpoints::raise_open_file_limit;
use crate::bench::report::{Figure, Judged, Table};
use crate::bench::run::{surroundings, tell_misses};
use crate::console::Console;

const ROUNDS: usize = 3;
const HANGING: usize = 10_000;
/// So that each has fewer than the 64 connections that the product allows.
const GUESTS: usize = 160;
/// A guest's share stays below what it may ask at once.
const GETS: usize = 30 * GUESTS;
/// The server needs none of it: all has been sent before.
const SETTLING: Duration = Duration::from_secs(2);

const MEMORY_GOAL_IN_KILOBYTES: f64 = 16.0;
const WAKE_GOAL_IN_MILLISECONDS: f64 = 300.0;
const GET_GOAL_IN_MICROSECONDS: f64 = 2000.0;

/// What one server was seen to do.
struct Round {
    bytes_each: u64,
    gets: Vec<Duration>,
    woken: Vec<Duration>,
}

/// Measures the metadata server and prints a table in Markdown. The machine should do nothing else.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run(console: &Console) -> Result<()> {
    raise_open_file_limit();
    let about = surroundings("client and server on unix sockets, each a process of its own");
    let activity = console.activity("bench");
    let mut rounds = Vec::with_capacity(ROUNDS);
    for number in 1..=ROUNDS {
        activity.step(format!(
            "{HANGING} hanging GETs, round {number} of {ROUNDS}"
        ));
        rounds.push(round().await?);
    }
    drop(activity);
    let table = table(&rounds);
    console.result(format!("{about}\n\n{}", table.markdown()));
    tell_misses(console, table.over());
    Ok(())
}

async fn round() -> Result<Round> {
    let server = MetadataServer::start(GUESTS).await?;
    server.change("before").await?;
    let (mut plain, etag) = plain_guests(&server).await?;
    let before = server.resident()?;
    let mut hanging = Vec::with_capacity(HANGING);
    for number in 0..HANGING {
        let mut guest = Guest::connect(&socket(server.dir(), number % GUESTS)).await?;
        guest.hang(&etag).await?;
        hanging.push(guest);
    }
    tokio::time::sleep(SETTLING).await;
    let bytes_each = server.resident()?.saturating_sub(before) / HANGING as u64;
    let mut gets = Vec::with_capacity(GETS);
    for number in 0..GETS {
        gets.push(plain[number % GUESTS].get().await?.0);
    }
    let woken = wake(&server, hanging).await?;
    Ok(Round {
        bytes_each,
        gets,
        woken,
    })
}

/// One connection of each guest, which has asked once, and the present etag.
async fn plain_guests(server: &MetadataServer) -> Result<(Vec<Guest>, String)> {
    let mut guests = Vec::with_capacity(GUESTS);
    let mut etag = String::new();
    for number in 0..GUESTS {
        let mut guest = Guest::connect(&socket(server.dir(), number)).await?;
        etag = guest.get().await?.1;
        guests.push(guest);
    }
    Ok((guests, etag))
}

/// Changes the value, and tells how long each hanging GET then waited for its answer.
async fn wake(server: &MetadataServer, hanging: Vec<Guest>) -> Result<Vec<Duration>> {
    let mut answers = JoinSet::new();
    for guest in hanging {
        answers.spawn(guest.answered("after"));
    }
    // Everybody listens before the clock runs.
    tokio::task::yield_now().await;
    let begun = Instant::now();
    server.change("after").await?;
    let mut woken = Vec::with_capacity(HANGING);
    while let Some(answered) = answers.join_next().await {
        let at = answered.context("a guest of the benchmark has ended")??;
        let waited = at.checked_duration_since(begun);
        woken.push(waited.context("answered before the change")?);
    }
    Ok(woken)
}

fn table(rounds: &[Round]) -> Table {
    let mut table = Table::default();
    table.judge(
        "memory of a hanging GET, of 10,000",
        MEMORY_GOAL_IN_KILOBYTES,
        &Figure::kilobytes(rounds.iter().map(|round| round.bytes_each)),
        Judged::Worst,
    );
    let last = rounds.iter().filter_map(|round| round.woken.iter().max());
    table.judge(
        "from a change until all 10,000 are answered",
        WAKE_GOAL_IN_MILLISECONDS,
        &Figure::milliseconds(last.copied()),
        Judged::Median,
    );
    let gets = rounds.iter().flat_map(|round| round.gets.iter().copied());
    table.judge(
        "plain GET beside them (worst: p99)",
        GET_GOAL_IN_MICROSECONDS,
        &Figure::microseconds(gets),
        Judged::Worst,
    );
    table
}
