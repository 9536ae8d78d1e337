//! The harness: runs scenarios on real machines, several at once, and tells what became of them.

mod context;
mod hospes;
mod report;
mod runner;

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

pub use context::Context;
pub use hospes::{HospesProcess, HospesRun};
pub use runner::{Selection, run};

/// A scenario under way.
pub type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One test on real machines.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name: what `lab scenarios FILTER` looks for, and its directory. Short: sockets live below it.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub about: &'static str,
    /// Whether it runs with `--full` only.
    pub full_only: bool,
    /// Whether the ordinary test run repeats it with the stock agent.
    pub stock_too: bool,
    /// Whether it is about our agent, and means nothing with the stock one.
    pub our_agent_only: bool,
    /// Starts it.
    pub run: fn(Context) -> Running,
}

impl Scenario {
    /// A scenario of the ordinary test run.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, run: fn(Context) -> Running) -> Self {
        Self {
            name,
            about,
            full_only: false,
            stock_too: false,
            our_agent_only: false,
            run,
        }
    }

    /// The same scenario in the full run only.
    #[must_use]
    pub const fn full_only(mut self) -> Self {
        self.full_only = true;
        self
    }

    /// The same scenario, repeated with the stock agent in the ordinary test run too: the agent
    /// decides what happens. The full run repeats all.
    #[must_use]
    pub const fn stock_too(mut self) -> Self {
        self.stock_too = true;
        self
    }

    /// The same scenario where guests run our agent only.
    #[must_use]
    pub const fn our_agent_only(mut self) -> Self {
        self.our_agent_only = true;
        self
    }
}
