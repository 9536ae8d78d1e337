//! The seeded simulator: campaigns over plans and fleets that a seed makes up, with a controller
//! that crashes at every effect. Virtual time, no law may break and every campaign must end.
//!
//! `HOSPES_PLAN_SEEDS=10000 cargo test -p plan --test simulator` runs more seeds,
//! `HOSPES_SEED=4711` replays one with its story.

mod controller;
mod fiction;
mod judge;
mod random;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds in an ordinary test run.
const SEEDS: u64 = 1_000;

/// What some seed has to reach: else the world is too tame.
const REACHED: &[&str] = &[
    "aborted",
    "after-campaign hook failed",
    "approved",
    "behind",
    "budget of the campaign",
    "budget of a wave",
    "crashed",
    "deadline",
    "done",
    "down",
    "everybody done",
    "failed",
    "followed",
    "group hook failed",
    "left out: behind",
    "left out: held",
    "left out: no room",
    "left out: no window",
    "left out: unknown",
    "left out: unready",
    "member hook failed",
    "no room",
    "no window",
    "not begun after all",
    "node patched",
    "paused",
    "put back",
    "tried again",
    "waited for a window",
];

#[test]
fn no_seed_breaks_a_law_and_every_campaign_ends() {
    if let Some(seed) = number("HOSPES_SEED") {
        controller::run(seed, true);
        return;
    }
    let seeds = number("HOSPES_PLAN_SEEDS").unwrap_or(SEEDS);
    let mut reached = BTreeMap::<&'static str, u64>::new();
    for seed in 0..seeds {
        match catch_unwind(AssertUnwindSafe(|| controller::run(seed, false))) {
            Ok(words) => {
                for word in words {
                    *reached.entry(word).or_default() += 1;
                }
            }
            Err(_) => panic!("seed {seed} broke a law; replay it with HOSPES_SEED={seed}"),
        }
    }
    println!("{seeds} seeds: {reached:?}");
    for word in REACHED {
        assert!(
            reached.contains_key(word),
            "no seed reaches {word}: the world is too tame"
        );
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
