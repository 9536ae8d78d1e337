//! How long each phase may take.

use std::time::Duration;

use toml_file::value::duration;
use toml_file::{Mistakes, Table};

/// The longest of most phases.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A permit vouches for a guest's health as it was when it was checked; not for long.
const LONGEST_PERMIT: Duration = Duration::from_secs(5 * 60);

/// One definition gives the resolved deadlines, their keys, their defaults and their reader.
macro_rules! deadlines {
    ($($(#[$doc:meta])+ $field:ident: $key:literal = $seconds:literal s, at most $longest:ident;)+) => {
        /// How long each phase may take, all resolved.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Deadlines {
            $($(#[$doc])+ pub $field: Duration,)+
        }

        impl Default for Deadlines {
            fn default() -> Self {
                Self { $($field: Duration::from_secs($seconds),)+ }
            }
        }

        /// A table of deadlines, as written.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub(crate) struct DeadlineSettings {
            $($field: Option<Duration>,)+
        }

        impl DeadlineSettings {
            pub(crate) const KEYS: &[&str] = &[$($key),+];

            pub(crate) fn read(table: &Table<'_>, mistakes: &mut Mistakes) -> Self {
                Self::read_some(table, Self::KEYS, mistakes)
            }

            pub(crate) fn read_some(table: &Table<'_>, keys: &[&str], mistakes: &mut Mistakes) -> Self {
                table.allow_only(keys, mistakes);
                Self {
                    $($field: table
                        .read($key, mistakes, |value| duration(value, Duration::ZERO..=$longest)),)+
                }
            }

            /// These, and `fallback` where these say nothing.
            pub(crate) fn or(&self, fallback: &Self) -> Self {
                Self { $($field: self.$field.or(fallback.$field),)+ }
            }

            /// These, and the defaults of hospes where these say nothing.
            pub(crate) fn resolved(&self) -> Deadlines {
                let default = Deadlines::default();
                Deadlines { $($field: self.$field.unwrap_or(default.$field),)+ }
            }
        }
    };
}

deadlines! {
    /// Reaching the SSH port, for each machine on the way (`ssh-connect`, 10 s).
    ssh_connect: "ssh-connect" = 10 s, at most DAY;
    /// A command through SSH, with handshake and login (`ssh-command`, 30 s).
    ssh_command: "ssh-command" = 30 s, at most DAY;
    /// An answer of the agent (`agent`, 5 s).
    agent: "agent" = 5 s, at most DAY;
    /// A whole check of the six conditions (`check`, 60 s).
    check: "check" = 60 s, at most DAY;
    /// A guest that was asked to shut down (`stop`, 5 min).
    stop: "stop" = 300 s, at most DAY;
    /// Powering on, until its processors run (`start`, 60 s).
    start: "start" = 60 s, at most DAY;
    /// From powered on to ready through SSH (`ready`, 5 min).
    ready: "ready" = 300 s, at most DAY;
    /// From ready to a healthy agent (`health`, 2 min).
    health: "health" = 120 s, at most DAY;
    /// A reboot by the guest itself, until it is ready again (`reboot`, 10 min).
    reboot: "reboot" = 600 s, at most DAY;
    /// From a check to the lifecycle call that it permits (`permit`, 60 s; at most 5 min).
    permit: "permit" = 60 s, at most LONGEST_PERMIT;
}

impl DeadlineSettings {
    /// That of a reboot alone.
    pub(crate) fn of_reboot(reboot: Duration) -> Self {
        Self {
            reboot: Some(reboot),
            ..Self::default()
        }
    }
}
