//! What one source, the command line or the configuration file, says about the settings.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of one source: what it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartialSettings {
    /// The configuration file; only the command line names it.
    pub config: Option<PathBuf>,
    /// The method, as it was written.
    pub method: Option<String>,
    /// The path, as it was written.
    pub path: Option<String>,
    /// The log file.
    pub log_file: Option<String>,
    /// The pid file.
    pub pid_file: Option<String>,
    /// The hook.
    pub freeze_hook: Option<String>,
    /// The state directory.
    pub state_dir: Option<String>,
    /// More is logged.
    pub verbose: Option<bool>,
    /// The agent runs in the background.
    pub daemonize: Option<bool>,
    /// A missing channel is waited for.
    pub retry_path: Option<bool>,
    /// Refused commands; each list that was given stands in reverse, as QEMU's agent dumps it.
    pub block_rpcs: Vec<String>,
    /// The only commands that are not refused; in the order of `block_rpcs`.
    pub allow_rpcs: Vec<String>,
    /// How long file systems may stay frozen; zero is no limit.
    pub freeze_limit: Option<Duration>,
    /// How long a hook may run.
    pub hook_deadline: Option<Duration>,
    /// How long a result is kept after its first read.
    pub exec_result_kept: Option<Duration>,
}

impl PartialSettings {
    /// These settings over `base`: they beat it, and lists add up.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        Self {
            config: self.config.or(base.config),
            method: self.method.or(base.method),
            path: self.path.or(base.path),
            log_file: self.log_file.or(base.log_file),
            pid_file: self.pid_file.or(base.pid_file),
            freeze_hook: self.freeze_hook.or(base.freeze_hook),
            state_dir: self.state_dir.or(base.state_dir),
            verbose: self.verbose.or(base.verbose),
            daemonize: self.daemonize.or(base.daemonize),
            retry_path: self.retry_path.or(base.retry_path),
            block_rpcs: joined(base.block_rpcs, self.block_rpcs),
            allow_rpcs: joined(base.allow_rpcs, self.allow_rpcs),
            freeze_limit: self.freeze_limit.or(base.freeze_limit),
            hook_deadline: self.hook_deadline.or(base.hook_deadline),
            exec_result_kept: self.exec_result_kept.or(base.exec_result_kept),
        }
    }

    /// Adds a list of commands that are refused.
    pub(super) fn block(&mut self, list: &str) {
        self.block_rpcs.extend(names(list));
    }

    /// Adds a list of the only commands that are not refused.
    pub(super) fn allow(&mut self, list: &str) {
        self.allow_rpcs.extend(names(list));
    }
}

/// The names of a list; an empty text has none, whereas a lone comma has two empty ones.
fn names(list: &str) -> impl Iterator<Item = String> {
    let names = list.rsplit(',').map(str::to_owned);
    names.take(if list.is_empty() { 0 } else { usize::MAX })
}

fn joined(mut first: Vec<String>, second: Vec<String>) -> Vec<String> {
    first.extend(second);
    first
}
