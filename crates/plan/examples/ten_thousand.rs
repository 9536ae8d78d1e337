//! Plans 10,000 guests and runs a campaign over them in virtual time; prints time and memory.
//! `cargo run --release -p plan --example ten_thousand`

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use conditions::Timestamp;
use plan::campaign::{Campaign, Effect, Event, Outcome};
use plan::{Document, Facts, Fleet, MemberId, PlanFile, Standing};

const GUESTS: usize = 10_000;
const FILE: &str = r#"
at-once = 100
max-failures = "2%"
max-unavailable-per-node = "50%"
deadline = "30d"

[window.night]
from = "22:00"
to = "05:00"
time-zone = "Europe/Berlin"

[group.web]
guests = ["tag:web"]
windows = ["night"]
max-unavailable = "10%"
expected = "15m"
wave = [{ name = "canary", size = "1%", soak = "1h" }, { size = "25%" }]

[group.db]
guests = ["tag:db"]
windows = ["night"]
after = ["web"]
max-unavailable = "5%"

[group.rest]
guests = ["all"]
max-unavailable = "10%"

[group.nodes]
nodes = ["all"]
windows = ["night"]
expected = "1h"
"#;

fn main() {
    let file = PlanFile::read(FILE.as_bytes()).expect("a plan file");
    let fleet = fleet();
    let now = Timestamp::from_millis(1_780_000_000_000);

    let begun = Instant::now();
    let document = plan::plan(&file, &fleet, now).expect("a plan");
    let planned = begun.elapsed();
    let json = serde_json::to_vec(&document).expect("JSON");
    let written = begun.elapsed();
    let read = Document::read(&json).expect("the same");
    let checked = plan::moved(&read, &fleet);
    println!(
        "plan {planned:?}, written {written:?}, read and compared {:?}",
        begun.elapsed()
    );
    println!(
        "{} bytes, {} differences, peak {}",
        json.len(),
        checked.len(),
        peak()
    );

    let begun = Instant::now();
    let (steps, summary) = run(read, now);
    let took = begun.elapsed();
    println!(
        "campaign {took:?}, {steps} steps, {summary}, peak {}",
        peak()
    );
}

fn fleet() -> Fleet {
    let mut fleet = Fleet::default();
    let (mut groups, mut nodes) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
    for guest in 0..GUESTS {
        let id: MemberId = format!("guest-{guest:05}").parse().expect("a name");
        let host = format!("home/pve{}", guest % 40).parse().expect("a node");
        groups[guest % 3].push(id.clone());
        fleet.add(
            id,
            Facts {
                host: Some(host),
                standing: Standing::Ready,
            },
        );
    }
    for node in 0..40 {
        let id: MemberId = format!("node:home/pve{node}").parse().expect("a node");
        nodes.push(id.clone());
        fleet.add(
            id,
            Facts {
                host: None,
                standing: Standing::Ready,
            },
        );
    }
    for (name, members) in ["web", "db", "rest"].into_iter().zip(groups) {
        fleet.choose(name, members);
    }
    fleet.choose("nodes", nodes);
    fleet
}

/// Everybody takes ten minutes, and one in a thousand fails.
fn run(document: Document, mut now: Timestamp) -> (usize, String) {
    let (mut campaign, mut effects) = Campaign::begin(document, now);
    let mut runs = BinaryHeap::new();
    let (mut timer, mut steps, mut begun) = (now, 0, 0_u32);
    loop {
        for effect in effects {
            match effect {
                Effect::Begin { member, turn } => {
                    begun += 1;
                    let ends = now.as_millis() + 600_000 + u64::from(begun % 60) * 1000;
                    runs.push(Reverse((ends, member, turn, begun % 1000 == 0)));
                }
                Effect::Wait(until) => timer = until,
                Effect::Finish(summary) => return (steps, format!("{summary:?}")),
                _ => {}
            }
        }
        steps += 1;
        let is_run = runs
            .peek()
            .is_some_and(|Reverse((ends, ..))| *ends <= timer.as_millis().max(now.as_millis() + 1));
        let event = match runs.pop() {
            Some(Reverse((ends, member, turn, fails))) if is_run || timer <= now => {
                now = Timestamp::from_millis(ends.max(now.as_millis()));
                let outcome = if fails {
                    Outcome::Failed("dpkg".to_owned())
                } else {
                    Outcome::Done
                };
                Event::Ended {
                    member,
                    turn,
                    outcome,
                }
            }
            other => {
                runs.extend(other);
                now = timer.max(now);
                Event::Tick
            }
        };
        effects = campaign.step(event, now);
        let _ = campaign.changes();
    }
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}
