//! Scripts fed to a real shell, as SSH and the agent feed them.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use conditions::{GuestFacts, Probe, ProbeStep, Via};

/// Runs `command` with `script` as its standard input.
pub(crate) fn feed(command: &mut Command, script: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// Probes with whatever runs the scripts.
pub(crate) fn probe(run: impl Fn(&str) -> Output) -> GuestFacts {
    let mut probe = Probe::new(Via::Ssh);
    let mut script = probe.script();
    for _ in 0..10 {
        let output = run(&script);
        assert!(output.stdout.len() < Probe::OUTPUT_LIMIT);
        match probe.handle(&output.stdout).unwrap() {
            ProbeStep::Run(next) => script = next,
            ProbeStep::Done(facts) => return *facts,
        }
    }
    panic!("the probe does not end");
}
