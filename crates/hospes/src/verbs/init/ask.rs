//! Questions on the terminal. They go to standard error, so that standard output stays the result.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::{Context, Result, bail};
use pve::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;

use crate::cli::Misused;

/// Longer than any answer.
const LONGEST: u64 = 4096;

/// Who can be asked: whoever sits at the terminal, or nobody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    is_silent: bool,
}

impl Asker {
    /// With `is_silent` nobody is asked, terminal or not.
    pub(super) const fn new(is_silent: bool) -> Self {
        Self { is_silent }
    }

    pub(super) fn can_ask(self) -> bool {
        !self.is_silent && io::stdin().is_terminal()
    }

    /// An answer, or the default. `option` would have answered it.
    pub(super) async fn answer(
        self,
        option: &'static str,
        question: &str,
        default: Option<&str>,
    ) -> Result<String> {
        if !self.can_ask() {
            let default = default.map(str::to_owned);
            return default.ok_or_else(|| Misused::Unasked(option).into());
        }
        let shown = default.map(|default| format!(" [{default}]"));
        loop {
            prompt(&format!("{question}{}: ", shown.as_deref().unwrap_or("")))?;
            let line = read_line(&mut interrupts()?).await?;
            match (line.trim(), default) {
                ("", None) => {}
                ("", Some(default)) => return Ok(default.to_owned()),
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }

    /// Yes or no.
    pub(super) async fn agrees(self, question: &str, default: bool) -> Result<bool> {
        let choice = if default { "[Y/n]" } else { "[y/N]" };
        loop {
            prompt(&format!("{question} {choice} "))?;
            match read_line(&mut interrupts()?)
                .await?
                .trim()
                .to_ascii_lowercase()
                .as_str()
            {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => {}
            }
        }
    }

    /// A secret, which is not shown while it is typed.
    pub(super) async fn secret(self, question: &str) -> Result<Secret> {
        prompt(&format!("{question} (not shown): "))?;
        // Before the terminal hides anything: whoever interrupts finds it as it was.
        let mut interrupts = interrupts()?;
        let hidden = Hidden::begin()?;
        let line = read_line(&mut interrupts).await;
        drop(hidden);
        prompt("\n")?;
        Ok(Secret::new(line?.trim().to_owned()))
    }
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Result<Self> {
        let shown = tcgetattr(io::stdin()).context("the terminal does not tell its settings")?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)
            .context("the terminal would show the secret; name it with --token-file")?;
        Ok(Self(shown))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing is left to do when even this fails.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

fn prompt(text: &str) -> Result<()> {
    let mut terminal = io::stderr().lock();
    Ok(write!(terminal, "{text}").and_then(|()| terminal.flush())?)
}

/// Each Ctrl-C from now on.
fn interrupts() -> Result<Signal> {
    Ok(signal(SignalKind::interrupt())?)
}

/// A line that is typed. Ctrl-C ends the wait, so that the terminal is as it was before.
async fn read_line(interrupts: &mut Signal) -> Result<String> {
    let line = spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().take(LONGEST).read_line(&mut line)?;
        Ok::<_, io::Error>(line)
    });
    let line = tokio::select! {
        line = line => line.context("the answer could not be read")??,
        _ = interrupts.recv() => bail!("interrupted; nothing was written"),
    };
    if line.is_empty() {
        bail!("there was no answer; nothing was written");
    }
    Ok(line)
}
