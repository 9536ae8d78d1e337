//! What the self-test found, for people and as JSON.

use serde_json::{Value, json};

use crate::version;

/// Everything that was looked at.
#[derive(Default)]
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
    pub(super) commands: Vec<CommandSight>,
    /// What the hypervisor sees of this guest: names and values.
    pub(super) seen: Vec<(&'static str, Value)>,
}

/// One thing that must hold.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    /// What was seen.
    pub(super) seen: String,
    /// What to do about it; nothing when it holds.
    pub(super) advice: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Works,
    Fails,
    /// This user may not see it.
    Unknown,
}

/// One command of the protocol.
pub(super) struct CommandSight {
    pub(super) name: &'static str,
    pub(super) is_allowed: bool,
    /// What trying it brought; nothing when it was not tried, for it would change something.
    pub(super) tried: Option<Result<(), String>>,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }
}

impl Report {
    /// Nothing fails that must hold. A command that this machine cannot support fails nothing.
    pub(super) fn works(&self) -> bool {
        self.checks.iter().all(|check| check.state != State::Fails)
    }

    /// For programs.
    pub(super) fn document(&self) -> String {
        let checks: Vec<Value> = self.checks.iter().map(Check::value).collect();
        let commands: Vec<Value> = self.commands.iter().map(CommandSight::value).collect();
        let seen: serde_json::Map<String, Value> = self
            .seen
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let document = json!({
            "schema": "hospes-agent.self-test/1",
            "version": version::OWN,
            "reported-version": version::REPORTED,
            "works": self.works(),
            "checks": checks,
            "commands": commands,
            "hypervisor-sees": seen,
        });
        format!("{document:#}\n")
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("hospes-agent {}\n\n", version::OWN);
        for check in &self.checks {
            text += &format!(
                "{:13} {:8} {}\n",
                check.name,
                check.state.word(),
                check.seen
            );
            if check.state != State::Works {
                text += &format!("{:22} -> {}\n", "", check.advice);
            }
        }
        text += &self.commands_text();
        text += "\nthe hypervisor sees:\n";
        for (name, value) in &self.seen {
            text += &format!("  {name:13} {}\n", plain(value));
        }
        text
    }

    fn commands_text(&self) -> String {
        let count =
            |wanted: fn(&&CommandSight) -> bool| self.commands.iter().filter(wanted).count();
        let mut text = format!(
            "\n{} commands: {} tried and working, {} not tried (they change something), {} refused\n",
            self.commands.len(),
            count(|command| matches!(command.tried, Some(Ok(())))),
            count(|command| command.is_allowed && command.tried.is_none()),
            count(|command| !command.is_allowed),
        );
        for command in &self.commands {
            match &command.tried {
                Some(Err(why)) => text += &format!("  {} does not work: {why}\n", command.name),
                _ if !command.is_allowed => text += &format!("  {} is refused\n", command.name),
                _ => {}
            }
        }
        text
    }
}

impl Check {
    fn value(&self) -> Value {
        let advice = (self.state != State::Works).then_some(self.advice);
        json!({
            "check": self.name,
            "state": self.state.word(),
            "seen": self.seen,
            "advice": advice,
        })
    }
}

impl CommandSight {
    fn value(&self) -> Value {
        let (tried, error) = match &self.tried {
            None => (Value::Null, None),
            Some(Ok(())) => (json!(true), None),
            Some(Err(why)) => (json!(false), Some(why)),
        };
        json!({ "name": self.name, "allowed": self.is_allowed, "works": tried, "error": error })
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "unknown".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
