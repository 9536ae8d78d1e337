//! The seeded simulator: operations against a guest that misbehaves, with a controller that
//! crashes at every effect. Nothing real, virtual time, no law of the contract may break and
//! every run must end.
//!
//! `HOSPES_SEEDS=100000 cargo test -p lifecycle --test simulator` runs more seeds,
//! `HOSPES_SEED=4711` replays one with its story.

mod agent;
mod cluster;
mod controller;
#[path = "../fixture/guest.rs"]
mod fixture;
mod guest;
mod hypervisor;
mod judge;
mod notices;
mod random;
mod sightings;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds in an ordinary test run.
const SEEDS: u64 = 12_000;

#[test]
fn no_seed_breaks_a_law_and_every_run_ends() {
    if let Some(seed) = number("HOSPES_SEED") {
        controller::run(seed, true);
        return;
    }
    let seeds = number("HOSPES_SEEDS").unwrap_or(SEEDS);
    let mut outcomes = std::collections::BTreeMap::<&'static str, u64>::new();
    for seed in 0..seeds {
        match catch_unwind(AssertUnwindSafe(|| controller::run(seed, false))) {
            Ok(words) => {
                for word in words {
                    *outcomes.entry(word).or_default() += 1;
                }
            }
            Err(_) => panic!("seed {seed} broke a law; replay it with HOSPES_SEED={seed}"),
        }
    }
    println!("{seeds} seeds: {outcomes:?}");
    for reached in [
        "restarted",
        "rebooted",
        "stopped",
        "started",
        "ready",
        "fixed",
        "partly-fixed",
        "refused",
        "refused-after-announcing",
        "aborted",
        "still-running",
        "rebooted-instead",
        "not-started",
        "not-ready",
        "back-unhealthy",
        "failed",
        "refused: no quorum",
        "refused: quorum unknown",
        "refused: template",
        "refused: high availability",
        "refused: came under HA",
        "refused: left HA",
        "refused: moved",
        "refused: locked",
        "own-start",
        "own-start-failed",
        "ha-start",
        "powered-off-too-late",
        "start-answered-early",
        "started-after-rest",
    ] {
        assert!(
            outcomes.contains_key(reached),
            "no seed reaches {reached}: the world is too tame"
        );
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
