//! Our runner of metadata scripts beside Google's: the same metadata, settings and scripts for both.
//!
//! What they print and their exit status must be the same, or differ as the table in
//! `differences.rs` and `docs/script-differences.md` say. Anything else fails, and so does a row
//! that has become untrue.
//!
//! Google's runner asks 169.254.169.254 and nobody else, so both run in a network of their own, where
//! that address is ours. That takes root.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod cases;
mod differences;
#[path = "../documented/mod.rs"]
mod documented;
mod peer;
#[path = "../runner/server.rs"]
#[expect(dead_code, reason = "shared with the tests of our runner alone")]
mod server;
mod side;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use cases::cases;
use differences::DIFFERENCES;
use side::Place;

/// Names Google's runner for the process that runs in a network of its own.
const INSIDE: &str = "HOSPES_PEER_RUNNER";

#[test]
fn scripts_run_as_with_google_s_runner() {
    if let Some(peer) = std::env::var_os(INSIDE) {
        return compare(&Place::new(peer.as_ref()));
    }
    let peer = match peer::find() {
        Ok(peer) => peer,
        Err(why) => return tell(&format!("SKIPPED, no script is compared: {why}")),
    };
    let status = Command::new("unshare")
        .args(["--net", "--mount"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "scripts_run_as_with_google_s_runner",
            "--nocapture",
        ])
        .env(INSIDE, peer)
        .status();
    assert!(status.unwrap().success(), "see above");
}

fn compare(place: &Place) {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut same, mut wrong) = (0, Vec::new());
    let cases = cases();
    for case in &cases {
        let (theirs, ours) = place.run(case);
        let (mut their_rest, mut our_rest) = (theirs.clone(), ours.clone());
        let mut rows = 0;
        for difference in DIFFERENCES {
            if (difference.takes_away)(case, &mut their_rest, &mut our_rest) {
                *met.entry(difference.key).or_default() += 1;
                rows += usize::from(difference.key != "cloud-logging");
            }
        }
        same += usize::from(rows == 0 && their_rest == our_rest);
        if their_rest != our_rest {
            wrong.push(format!("{}: {theirs:#?}\nours {ours:#?}", case.name));
        }
    }
    let all = cases.len();
    tell(&format!(
        "{all} cases compared with Google's runner: {same} the same, {met:?}"
    ));
    assert!(wrong.is_empty(), "not in the table:\n{}", wrong.join("\n"));
    let unmet = DIFFERENCES.iter().map(|difference| difference.key);
    let unmet: Vec<_> = unmet.filter(|key| !met.contains_key(key)).collect();
    assert!(unmet.is_empty(), "listed and not seen: {unmet:?}");
}

/// Shows a line even of a test that passes.
fn tell(line: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(std::io::stderr(), "{line}");
}
