//! `--dump-conf`: settings as a configuration file.

use std::path::Path;
use std::time::Duration;

use super::defaults;
use super::key_file::escaped;
use super::options::{Group, Id, OptionSpec};
use super::resolved::Settings;

/// Prints settings as QEMU's agent prints them: every key of `[general]` that has a value, in its
/// order; and those of `[hospes]` that are not the default.
#[must_use]
pub fn dump_conf(settings: &Settings) -> String {
    let mut dump = Dump(group(Group::General));
    dump.flag(Id::Daemonize, settings.daemonize);
    dump.text(Id::Method, Some(&settings.method));
    dump.text(Id::Path, settings.path.as_deref());
    dump.path(Id::LogFile, settings.log_file.as_deref());
    dump.path(Id::PidFile, Some(&settings.pid_file));
    dump.path(Id::FreezeHook, settings.freeze_hook.as_deref());
    dump.path(Id::StateDir, Some(&settings.state_dir));
    dump.flag(Id::Verbose, settings.verbose);
    dump.flag(Id::RetryPath, settings.retry_path);
    dump.text(Id::BlockRpcs, Some(&settings.block_rpcs.join(",")));
    dump.text(Id::AllowRpcs, Some(&settings.allow_rpcs.join(",")));
    dump.0 + &ours(settings)
}

fn ours(settings: &Settings) -> String {
    let limit = settings.freeze_limit.unwrap_or_default();
    let mut dump = Dump(String::new());
    dump.time(Id::FreezeLimit, limit, defaults::FREEZE_LIMIT);
    dump.time(
        Id::HookDeadline,
        settings.hook_deadline,
        defaults::HOOK_DEADLINE,
    );
    let kept = settings.exec_result_kept;
    dump.time(Id::ExecResultKept, kept, defaults::EXEC_RESULT_KEPT);
    match dump.0.as_str() {
        "" => String::new(),
        keys => format!("\n{}{keys}", group(Group::Hospes)),
    }
}

fn group(group: Group) -> String {
    format!("[{}]\n", group.name())
}

struct Dump(String);

impl Dump {
    fn text(&mut self, id: Id, value: Option<&str>) {
        let key = OptionSpec::of(id).key.map_or("", |key| key.names[0]);
        if let Some(value) = value {
            self.0 += &format!("{key}={}\n", escaped(value));
        }
    }

    fn path(&mut self, id: Id, value: Option<&Path>) {
        let value = value.map(|path| path.to_string_lossy());
        self.text(id, value.as_deref());
    }

    fn flag(&mut self, id: Id, value: bool) {
        self.text(id, Some(if value { "true" } else { "false" }));
    }

    fn time(&mut self, id: Id, value: Duration, default: Duration) {
        if value != default {
            self.text(id, Some(&value.as_secs().to_string()));
        }
    }
}
