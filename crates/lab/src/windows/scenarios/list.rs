//! What a scenario is, and the list of them.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

use super::{channel, other_events, runner_lost, service, startup, stops};
use crate::windows::Site;

/// A scenario under way.
pub(in crate::windows) type Running = Pin<Box<dyn Future<Output = Result<()>>>>;

/// One test of the Windows programs.
#[derive(Debug, Clone, Copy)]
pub(in crate::windows) struct Scenario {
    /// Its name.
    pub(in crate::windows) name: &'static str,
    /// What it shows, in one sentence.
    pub(in crate::windows) about: &'static str,
    /// Starts it.
    pub(in crate::windows) run: fn(Site) -> Running,
}

/// In the order in which they are started: the longest first.
pub(in crate::windows) const ALL: &[Scenario] = &[
    Scenario {
        name: "service",
        about: "services are installed, see a stop, are stopped alone and uninstalled",
        run: |site| Box::pin(service::installed_and_removed(site)),
    },
    Scenario {
        name: "watcher_restarted",
        about: "a watcher killed in mid-stop runs nothing twice; the next stop runs the scripts again",
        run: |site| Box::pin(stops::watcher_restarted(site)),
    },
    Scenario {
        name: "overlapping",
        about: "a stop that comes while scripts of the last one run is reported when its own have run",
        run: |site| Box::pin(stops::overlapping(site)),
    },
    Scenario {
        name: "startup",
        about: "startup scripts run in order, once a boot, and a failure is told",
        run: |site| Box::pin(startup::scripts(site)),
    },
    Scenario {
        name: "boots",
        about: "startup scripts run once in each boot of Windows",
        run: |site| Box::pin(startup::boots(site)),
    },
    Scenario {
        name: "other_events",
        about: "specialize and shutdown scripts run each time they are asked for",
        run: |site| Box::pin(other_events::scripts(site)),
    },
    Scenario {
        name: "graceful",
        about: "a stop goes from the host to a batch script's lines in the log, and back as a report",
        run: |site| Box::pin(stops::graceful(site)),
    },
    Scenario {
        name: "script_fails",
        about: "the host learns with which exit code a graceful script failed",
        run: |site| Box::pin(stops::script_fails(site)),
    },
    Scenario {
        name: "runner_killed",
        about: "the watcher reports what a killed runner could not",
        run: |site| Box::pin(runner_lost::killed(site)),
    },
    Scenario {
        name: "runner_orphaned",
        about: "a watcher reports on a killed runner that the watcher before it has started",
        run: |site| Box::pin(runner_lost::orphaned(site)),
    },
    Scenario {
        name: "runner_missing",
        about: "a missing runner is one clear line, and the host does not wait",
        run: |site| Box::pin(runner_lost::missing(site)),
    },
    Scenario {
        name: "channel",
        about: "a host asks the agent through COM1",
        run: |site| Box::pin(channel::conversation(site)),
    },
];
