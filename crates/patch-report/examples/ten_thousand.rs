//! Reports a campaign over 10,000 guests; prints time and memory.
//! `cargo run --release -p patch-report --example ten_thousand`

#![allow(clippy::print_stdout, reason = "it prints what it measures")]
#![allow(dead_code, reason = "of the fixtures of the tests it needs a part")]

#[path = "../tests/report/guest.rs"]
mod guest;
#[path = "../tests/report/world.rs"]
mod world;

use std::time::Instant;

use patch_report::input::{Head, Try, TryOutcome};
use patch_report::{Input, Report};
use plan::campaign::Outcome;
use plan::{Document, Facts, Fleet, MemberId, PlanFile, Standing, Zone};
use world::{Course, Turn};

const GUESTS: usize = 10_000;
/// Packages that change on each guest.
const PACKAGES: usize = 12;
const FILE: &str = r#"
at-once = 100
max-failures = "5%"
deadline = "30d"

[window.night]
from = "22:00"
to = "05:00"
time-zone = "Europe/Berlin"

[group.web]
guests = "tag:web"
windows = "night"
max-unavailable = "10%"
wave = [{ name = "canary", size = "1%", soak = "1h" }, { size = "25%" }]
"#;

fn main() {
    let document = document();
    let mut turns = 0;
    let course = world::carry_out(&document, guest::minutes(0), |_, _| {
        turns += 1;
        let takes = guest::seconds(300 + turns % 97);
        match turns % 331 {
            0 => (takes, Outcome::Failed("dpkg".to_owned())),
            _ => (takes, Outcome::Done),
        }
    });
    let before = peak();
    let input = input(&document, &course);
    println!(
        "{} tries, peak before {before}, with them {}",
        course.turns.len(),
        peak()
    );

    let report = timed("report", || Report::of(input));
    let zone = Zone::named("Europe/Berlin").expect("a zone");
    let json = timed("JSON", || serde_json::to_string(&report).expect("JSON"));
    println!("{} bytes", json.len());
    drop(json);
    let markdown = timed("Markdown", || report.markdown(&zone));
    println!("{} bytes", markdown.len());
    drop(markdown);
    let html = timed("HTML", || report.html(&zone));
    println!("{} bytes", html.len());
    let numbers = &report.summary.members;
    println!(
        "{} members, {} done, {} failed",
        numbers.members, numbers.done, numbers.failed
    );
}

fn timed<T>(what: &str, make: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let made = make();
    println!("{what} {:?}, peak {}", begun.elapsed(), peak());
    made
}

fn document() -> Document {
    let file = PlanFile::read(FILE.as_bytes()).expect("a plan file");
    let mut fleet = Fleet::default();
    let ids = (0..GUESTS).map(|guest| format!("guest-{guest:05}").parse().expect("a name"));
    let ids: Vec<MemberId> = ids.collect();
    for (place, id) in ids.iter().enumerate() {
        let host = Some(format!("home/pve{}", place % 40).parse().expect("a node"));
        let standing = Standing::Ready;
        fleet.add(id.clone(), Facts { host, standing });
    }
    fleet.choose("web", ids);
    plan::plan(&file, &fleet, guest::minutes(0)).expect("a plan")
}

fn input<'a>(document: &'a Document, course: &'a Course) -> Input<'a> {
    let tries = course
        .turns
        .iter()
        .zip(0..)
        .map(|(turn, run)| tried(turn, run));
    Input {
        document,
        saved: &course.saved,
        campaign: Head {
            id: "c1".to_owned(),
            operator: "ada".to_owned(),
            ended: Some(course.ended),
            as_of: course.ended,
        },
        tries: tries.collect(),
        events: course.events.clone(),
    }
}

fn tried(turn: &Turn, number: u64) -> Try {
    let run = format!("r{number}");
    let changes = (0..PACKAGES).map(|package| {
        let name = format!("library{}", (package * 7) % 80);
        guest::upgraded(
            &name,
            "3.0.15-1~deb12u1",
            "3.0.17-1~deb12u2",
            package % 3 == 0,
        )
    });
    let mut outcome = guest::patched(&run, turn, changes.collect());
    outcome.report.reboot = Some(guest::proof(number, 40));
    Try {
        member: turn.member.clone(),
        turn: turn.turn,
        run,
        began: turn.began,
        ended: Some(turn.ended),
        steps: guest::steps(turn, true),
        agent: Some("healthy".to_owned()),
        outcome: Some(TryOutcome::Guest(Box::new(outcome))),
    }
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}
