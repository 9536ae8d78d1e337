//! What a guest prints to the probe's scripts: bytes of its own, or a real answer with changes.
#![no_main]

use std::collections::BTreeSet;

use conditions::{
    ChannelDevice, ChannelReport, GuestFacts, MachineMarks, Observation, Probe, ProbeStep,
    RunState, Sightings, SilenceReason, SshSighting, Timestamp, Via, assess, plan,
};
use libfuzzer_sys::fuzz_target;

/// What a Debian 12 guest printed to the first script.
const ANSWER: &[u8] = include_bytes!("../samples/probe.out");

fuzz_target!(|bytes: &[u8]| {
    let (Some(head), rest) = (bytes.first(), bytes.get(1..).unwrap_or_default()) else {
        return;
    };
    let stdout = if head & 1 == 0 { rest.to_vec() } else { changed(rest) };
    let mut probe = Probe::new(Via::Ssh);
    assert!(!probe.script().is_empty());
    // The same answer to each later script, too: a guest may print what it likes.
    while let Ok(step) = probe.handle(&stdout) {
        match step {
            ProbeStep::Run(script) => assert!(script.len() < 1 << 20),
            ProbeStep::Done(facts) => {
                judge(*facts);
                break;
            }
        }
    }
});

/// The real answer with pieces overwritten or cut out: place (2 bytes), length, then the bytes.
fn changed(mut edits: &[u8]) -> Vec<u8> {
    let mut answer = ANSWER.to_vec();
    while let [high, low, length, rest @ ..] = edits {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % answer.len().max(1);
        let (piece, next) = rest.split_at(usize::from(*length & 31).min(rest.len()));
        let end = (at + usize::from(*length >> 5) * 8).min(answer.len());
        answer.splice(at..end, piece.iter().copied());
        edits = next;
    }
    answer
}

/// Nothing that was read may make the verdicts or the plan panic.
fn judge(facts: GuestFacts) {
    let at = Timestamp::from_millis(0);
    let check = assess(Sightings {
        observation: Observation {
            guest: "web".parse().expect("a name"),
            node: conditions::NodeName::new("node"),
            run_state: RunState::Running,
            lock: None,
            channel_device: ChannelDevice::Absent,
            cluster: None,
            evidence: String::new(),
            at,
        },
        channel: ChannelReport::Silent {
            reason: SilenceReason::TimedOut,
            evidence: String::new(),
        },
        ssh: SshSighting::Read(MachineMarks { macs: BTreeSet::new(), ..facts.marks.clone() }),
        shell: Ok(facts),
        started: at,
        finished: at,
    });
    for remedy in plan(&check).remedies {
        let _ = (remedy.describe(), remedy.diff(), remedy.script());
    }
}
