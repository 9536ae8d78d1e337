//! The machine over a node against clusters that a seed makes up, with a controller that dies at
//! every effect and answers that are lost. No law may break and every run must end.
//!
//! `HOSPES_NODE_SEEDS=10000 cargo test -p patch --test node` runs more seeds, `HOSPES_SEED=4711`
//! replays one with its story.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]
#![allow(
    clippy::print_stdout,
    reason = "a seed's story is printed when it is asked for"
)]

mod cluster;
mod controller;
mod fiction;
#[path = "../run/guest.rs"]
mod guest;
#[allow(
    dead_code,
    reason = "shared with the simulator of campaigns, which uses all of it"
)]
#[path = "../../../plan/tests/simulator/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use controller::World;
use fiction::Fiction;
use patch::node::{Ending, Outcome};
use random::Random;

/// Seeds in an ordinary test run.
const SEEDS: u64 = 500;

/// What some seed has to reach: else the world is too tame.
const REACHED: &[&str] = &[
    "blocked",
    "halted",
    "incomplete",
    "left in maintenance",
    "not drained",
    "nothing to do",
    "patched",
    "refused",
];

fn word(outcome: &Outcome) -> &'static str {
    match outcome.ending {
        Ending::Patched => "patched",
        Ending::NothingToDo => "nothing to do",
        Ending::Refused { .. } => "refused",
        Ending::Blocked { .. } => "blocked",
        Ending::NotDrained { .. } => "not drained",
        Ending::Halted { .. } => "halted",
        Ending::Incomplete { .. } => "incomplete",
        Ending::LeftInMaintenance { .. } => "left in maintenance",
        Ending::NotRestored { .. } => "not restored",
        Ending::NotBack { .. } => "not back",
        Ending::Unreachable { .. } => "unreachable",
        Ending::StillRunning => "still running",
    }
}

fn run(seed: u64, tells: bool) -> &'static str {
    let mut dice = Random::new(seed);
    let fiction = Fiction::of(&mut dice);
    let mut world = World::new(fiction.clone(), dice);
    let result = catch_unwind(AssertUnwindSafe(|| word(&world.drive())));
    if tells {
        println!("{fiction:#?}\n{}", world.story.join("\n"));
    }
    result.unwrap_or_else(|_| panic!("seed {seed} broke a law; replay it with HOSPES_SEED={seed}"))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_seed_breaks_a_law_and_every_run_ends() {
    if let Some(seed) = number("HOSPES_SEED") {
        run(seed, true);
        return;
    }
    let seeds = number("HOSPES_NODE_SEEDS").unwrap_or(SEEDS);
    let mut reached = BTreeMap::<&'static str, u64>::new();
    for seed in 0..seeds {
        *reached.entry(run(seed, false)).or_default() += 1;
    }
    println!("{seeds} seeds: {reached:?}");
    for word in REACHED {
        assert!(reached.contains_key(word), "no seed is {word}: too tame");
    }
}

fn plain() -> World {
    World::new(Fiction::plain(), Random::new(0))
}

#[test]
fn a_plain_cluster_is_emptied_patched_rebooted_and_restored() {
    let mut world = plain();
    let outcome = world.drive();
    assert_eq!(outcome.ending, Ending::Patched);
    insta::assert_snapshot!(world.story.join("\n"));
}

#[test]
fn a_controller_that_dies_at_any_effect_resumes_to_the_same_end() {
    let mut world = plain();
    world.drive();
    for number in 0..world.performed() {
        for before in [true, false] {
            let mut world = plain();
            world.death = Some((number, before));
            let outcome = world.drive();
            assert_eq!(outcome.ending, Ending::Patched, "{number} {before}");
        }
    }
}

#[test]
fn an_answer_that_is_lost_changes_no_end() {
    let mut world = plain();
    world.drive();
    for number in 0..world.performed() {
        let mut world = plain();
        world.lost = Some(number);
        let outcome = world.drive();
        assert_eq!(outcome.ending, Ending::Patched, "{number}");
    }
}
