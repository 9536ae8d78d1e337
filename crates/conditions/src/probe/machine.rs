//! The probe as a state machine.

use guest_script::{Form, FramingError};

use super::wants::{self, Wants};
use super::{intake, script};
use crate::facts::{AGENT_UNITS, GuestFacts, UnitFacts, Via};
use crate::hooks::{Reading, TOO_MUCH, timers};

/// How many scripts a probe runs at most.
pub const MAX_ROUNDS: u8 = 5;

/// How many units, files and programs one script asks for, of each.
const ROUND_LIMIT: usize = 120;

/// The form of scripts and answers.
pub(super) const FORM: Form = Form {
    name: "hospes-probe",
    value_limit: 262_144,
    output_limit: Probe::OUTPUT_LIMIT,
};

/// Reads one guest. See the [module](crate::probe) for the conversation.
#[derive(Debug)]
pub struct Probe {
    facts: GuestFacts,
    asked: Wants,
    round: u8,
}

/// What to do after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeStep {
    /// Run this script in the same way and hand in what it prints.
    Run(String),
    /// Everything has been read.
    Done(Box<GuestFacts>),
}

impl Probe {
    /// The most that a script of the probe prints, in bytes; the limit to read its output with.
    pub const OUTPUT_LIMIT: usize = 2 * 1024 * 1024;

    /// A probe through `via`.
    #[must_use]
    pub fn new(via: Via) -> Self {
        Self {
            facts: GuestFacts::unread(via),
            asked: Wants::default(),
            round: 1,
        }
    }

    /// The first script, for `/bin/sh -s`.
    #[must_use]
    pub fn script(&self) -> String {
        script::first()
    }

    /// Takes what the last script printed.
    ///
    /// # Errors
    /// When it is not what the script prints, whole. Nothing of it is taken then.
    pub fn handle(&mut self, stdout: &[u8]) -> Result<ProbeStep, FramingError> {
        let frames = FORM.frames(stdout)?;
        intake::take(&frames, &mut self.asked, &mut self.facts);
        self.asked.files.extend(self.facts.files.keys().cloned());
        self.asked.units.extend(self.facts.units.keys().cloned());
        let open = self.open();
        if open.is_empty() || self.round >= MAX_ROUNDS {
            return Ok(ProbeStep::Done(Box::new(self.finish(&open))));
        }
        self.round += 1;
        let wants = limited(&open);
        self.asked.extend(&wants);
        Ok(ProbeStep::Run(script::next(&wants)))
    }

    /// What is still to be read, the agent's own things before the timers'.
    fn open(&mut self) -> Wants {
        let facts = Reading::of(&self.facts);
        let mut open = wants::of_agent(&facts).without(&self.asked);
        if limited(&open) == open {
            open.extend(&wants::of_triggers(&facts).without(&self.asked));
        }
        let mut gaps = take_refused(&mut open);
        gaps.extend(facts.is_exhausted().then(|| TOO_MUCH.to_owned()));
        self.facts.gaps.extend(gaps);
        open
    }

    fn finish(&mut self, open: &Wants) -> GuestFacts {
        let mut facts = std::mem::replace(&mut self.facts, GuestFacts::unread(Via::Ssh));
        for (kind, name) in open.names() {
            facts
                .gaps
                .insert(format!("{kind} {name} was not read: too deep or too many"));
        }
        prune(&mut facts);
        facts.agent_unit = agent_unit(&facts);
        facts
    }
}

/// As much of `open` as one script asks for.
fn limited(open: &Wants) -> Wants {
    let first = |names: &std::collections::BTreeSet<String>| {
        names.iter().take(ROUND_LIMIT).cloned().collect()
    };
    Wants {
        units: first(&open.units),
        files: first(&open.files),
        programs: first(&open.programs),
    }
}

/// Takes out names that cannot be real or cannot be asked for safely, and says so.
fn take_refused(open: &mut Wants) -> Vec<String> {
    let is_text =
        |name: &str| !name.is_empty() && name.len() <= 1024 && !name.chars().any(char::is_control);
    let is_unit = |name: &str| is_text(name) && !name.contains(char::is_whitespace);
    let is_program = |name: &str| {
        let is_bare = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
        is_text(name) && (name.starts_with('/') || is_bare) && !name.starts_with('-')
    };
    let mut refused = Vec::new();
    let mut sift = |names: &mut std::collections::BTreeSet<String>,
                    is_good: &dyn Fn(&str) -> bool| {
        names.retain(|name| {
            let is_kept = is_good(name);
            if !is_kept {
                let shown: String = name.chars().take(80).collect();
                refused.push(format!("{shown:?} cannot be followed"));
            }
            is_kept
        });
    };
    sift(&mut open.units, &is_unit);
    sift(&mut open.files, &|name| {
        is_text(name) && name.starts_with('/')
    });
    sift(&mut open.programs, &is_program);
    refused
}

/// Drops timers that do not name the agent, with what only they needed.
fn prune(facts: &mut GuestFacts) {
    let reading = Reading::of(facts);
    let naming = wants::naming_triggers(&reading);
    let wanted = wants::of_agent(&reading);
    let of_triggers = wants::of_triggers(&reading);
    if reading.is_exhausted() {
        facts.gaps.insert(TOO_MUCH.to_owned());
    }
    let own = |name: &str| AGENT_UNITS.contains(&name) || name == crate::PORT_DEVICE;
    facts.units.retain(|name, _| {
        let is_trigger = timers::is_trigger(name);
        own(name) || wanted.units.contains(name) || (is_trigger && naming.contains(name))
    });
    let path_of = |program: &String| facts.commands.get(program).unwrap_or(program).clone();
    let programs: Vec<String> = wanted.programs.iter().map(path_of).collect();
    let foreign: Vec<String> = of_triggers.programs.iter().map(path_of).collect();
    facts.files.retain(|path, _| {
        let is_foreign = of_triggers.files.contains(path) || foreign.contains(path);
        !is_foreign || wanted.files.contains(path) || programs.contains(path)
    });
    facts
        .commands
        .retain(|_, path| facts.files.contains_key(path));
}

/// The agent's unit: the one that runs, else the first that systemd knows.
fn agent_unit(facts: &GuestFacts) -> Option<String> {
    let known = |name: &&&str| facts.units.get(**name).is_some_and(UnitFacts::is_known);
    let runs = |name: &&&str| facts.property(name, "ActiveState") == Some("active");
    let found = AGENT_UNITS
        .iter()
        .find(runs)
        .or_else(|| AGENT_UNITS.iter().find(known))?;
    facts.property(found, "Id").map(str::to_owned)
}
