//! What is looked at after the upgrade and its reboot: failed units, and commands of the user.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use conditions::BootId;
use serde::{Deserialize, Serialize};

use crate::reboot::Signs;
use crate::script::{Script, quote};
use crate::settings::PostCommand;
use crate::wire::{self, AnswerError, clip};
use crate::{reboot, units};

/// How much of a command's output is kept, in bytes.
const OUTPUT_KEPT: usize = 4_096;

/// What was seen after.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Postcheck {
    /// The boot that answered.
    pub boot_id: Option<BootId>,
    /// What still asks for a reboot.
    pub reboot: Signs,
    /// Units that have failed; none where systemd did not answer.
    pub failed_units: Option<BTreeSet<String>>,
    /// What came of each command, in order.
    pub commands: Vec<CommandResult>,
}

/// What came of a command of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandResult {
    /// What it is called.
    pub name: String,
    /// Its exit status; 124 when it was ended for being late.
    pub status: i32,
    /// The end of what it printed.
    pub output: String,
}

impl CommandResult {
    /// Whether it ended well.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.status == 0
    }
}

/// The script that looks at a guest after its upgrade and runs `commands`.
#[must_use]
pub fn script(commands: &[PostCommand], look: Duration) -> Script {
    let mut body =
        "b=; read -r b </proc/sys/kernel/random/boot_id; v boot-id $? \"$b\"\n".to_owned();
    body.push_str(reboot::SCRIPT);
    body.push_str(units::SCRIPT);
    let mut deadline = look;
    for (at, command) in commands.iter().enumerate() {
        let seconds = command.deadline.as_secs().max(1);
        let line = quote(&command.command);
        let _ = writeln!(
            body,
            "if [ -n \"$t\" ]; then set -- timeout -k 5 {seconds} /bin/sh -c {line}; \
             else set -- /bin/sh -c {line}; fi\n\
             o=$({{ \"$@\" 2>&1; printf '\\n%s' $?; }} | tail -c {OUTPUT_KEPT}); \
             v command:{at} \"${{o##*\"$nl\"}}\" \"${{o%\"$nl\"*}}\""
        );
        deadline += command.deadline + Duration::from_secs(6);
    }
    Script::whole(&body, deadline)
}

impl Postcheck {
    /// Reads what [`script`] printed for `commands`.
    ///
    /// # Errors
    /// When it is not what the script prints.
    pub fn parse(stdout: &[u8], commands: &[PostCommand]) -> Result<Self, AnswerError> {
        let frames = wire::frames(stdout)?;
        let mut found = Self {
            reboot: Signs::read(&frames),
            failed_units: units::failed(&frames),
            ..Self::default()
        };
        for frame in &frames {
            if frame.kind == "boot-id" {
                found.boot_id = frame.text().parse().ok();
            }
        }
        if found.boot_id.is_none() {
            return Err(AnswerError::Lacks("boot-id"));
        }
        for (at, command) in commands.iter().enumerate() {
            let kind = format!("command:{at}");
            let frame = frames.iter().find(|frame| frame.kind == kind);
            let frame = frame.ok_or(AnswerError::Lacks("command"))?;
            found.commands.push(CommandResult {
                name: clip(&command.name, 120),
                status: frame.status.parse().unwrap_or(-1),
                output: frame.text().trim_end().to_owned(),
            });
        }
        Ok(found)
    }

    /// Units that have failed since `before`; none where that is not known.
    pub fn newly_failed<'a>(
        &'a self,
        before: Option<&'a BTreeSet<String>>,
    ) -> impl Iterator<Item = &'a str> {
        let after = self.failed_units.iter().flatten();
        let is_new = move |unit: &&String| before.is_some_and(|before| !before.contains(*unit));
        after.filter(is_new).map(String::as_str)
    }
}
