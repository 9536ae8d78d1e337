//! A guest in memory: on or off, with boot ids and an agent.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machine::{AgentFailure, RunState};
use super::simulated_agent;

/// What a program in the guest came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Execution {
    /// Its exit code.
    pub status: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained.
    pub stderr: Vec<u8>,
}

/// What runs when the agent is told to run a program: its words, and its standard input.
type Runs = Arc<dyn Fn(&[String], &[u8]) -> Execution + Send + Sync>;

/// A simulated guest, before it is added to a cluster.
#[derive(Clone)]
pub struct Simulated {
    pub(super) boot_id: String,
    pub(super) address: Option<IpAddr>,
    pub(super) agent: AgentState,
    pub(super) answers_after: Duration,
    pub(super) shuts_down_in: Duration,
    pub(super) starts_in: Duration,
    pub(super) boots_in: Duration,
    pub(super) obeys_power_button: bool,
    pub(super) powered: bool,
    pub(super) files: BTreeMap<String, String>,
    pub(super) runs: Option<Runs>,
}

/// How the agent of a simulated guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentState {
    /// It answers.
    Alive,
    /// Nobody answers: it is stopped, hangs, or its process is frozen.
    Dead,
    /// It answers, and the file systems are frozen.
    FileSystemsFrozen,
}

impl Simulated {
    /// A running guest with a living agent, that shuts down and boots in a tenth of a second.
    #[must_use]
    pub fn new(boot_id: &str) -> Self {
        let moment = Duration::from_millis(100);
        Self {
            boot_id: boot_id.to_owned(),
            address: None,
            agent: AgentState::Alive,
            answers_after: Duration::ZERO,
            shuts_down_in: moment,
            starts_in: Duration::ZERO,
            boots_in: moment,
            obeys_power_button: true,
            powered: true,
            files: BTreeMap::new(),
            runs: None,
        }
    }

    /// The address that its interface has.
    #[must_use]
    pub const fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// How its agent is.
    #[must_use]
    pub const fn agent(mut self, agent: AgentState) -> Self {
        self.agent = agent;
        self
    }

    /// How long its agent takes for an answer.
    #[must_use]
    pub const fn answers_after(mut self, latency: Duration) -> Self {
        self.answers_after = latency;
        self
    }

    /// How long it takes from being asked until it is off.
    #[must_use]
    pub const fn shuts_down_in(mut self, time: Duration) -> Self {
        self.shuts_down_in = time;
        self
    }

    /// How long a start takes until its processors run.
    #[must_use]
    pub const fn starts_in(mut self, time: Duration) -> Self {
        self.starts_in = time;
        self
    }

    /// How long it takes from power-on until its agent answers.
    #[must_use]
    pub const fn boots_in(mut self, time: Duration) -> Self {
        self.boots_in = time;
        self
    }

    /// It takes no notice of ACPI.
    #[must_use]
    pub const fn ignoring_power_button(mut self) -> Self {
        self.obeys_power_button = false;
        self
    }

    /// It is powered off.
    #[must_use]
    pub const fn powered_off(mut self) -> Self {
        self.powered = false;
        self
    }

    /// A file that its agent reads. Without any there are only the boot id and the host name.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// What programs that its agent runs come to. Without it only the boot id can be read.
    #[must_use]
    pub fn running(
        mut self,
        runs: impl Fn(&[String], &[u8]) -> Execution + Send + Sync + 'static,
    ) -> Self {
        self.runs = Some(Arc::new(runs));
        self
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Simulated");
        shown
            .field("boot_id", &self.boot_id)
            .field("agent", &self.agent);
        shown.finish_non_exhaustive()
    }
}

/// A simulated guest in a cluster.
#[derive(Debug)]
pub(in crate::proxmox) struct SimulatedMachine {
    pub(super) pid: i32,
    pub(super) name: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) guest: Simulated,
    /// When it was powered on; none while it is off.
    on_since: Option<Instant>,
    answers_from: Instant,
    boots: u32,
    /// Programs that ended and were not asked for, by process id.
    pub(super) ended: Vec<(i64, Execution)>,
    pub(super) next_pid: i64,
}

impl SimulatedMachine {
    pub(in crate::proxmox) fn new(vmid: u32, name: &str, guest: Simulated) -> Self {
        let now = Instant::now();
        let state = State {
            on_since: guest.powered.then_some(now),
            answers_from: now,
            boots: 0,
            ended: Vec::new(),
            next_pid: 380,
            guest,
        };
        Self {
            pid: i32::try_from(10_000 + vmid).unwrap_or(i32::MAX),
            name: name.to_owned(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.state().on_since.is_some()
    }

    pub(super) fn look(&self) -> RunState {
        self.state()
            .on_since
            .map_or_else(RunState::stopped, |since| RunState {
                qmp: "running".to_owned(),
                pid: Some(self.pid),
                uptime: since.elapsed(),
            })
    }

    pub(super) async fn agent(
        &self,
        command: &str,
        arguments: &Value,
        deadline: Duration,
    ) -> Result<Value, AgentFailure> {
        let latency = {
            let state = self.state();
            let booted = state.answers_from <= Instant::now();
            let answers =
                state.on_since.is_some() && booted && state.guest.agent != AgentState::Dead;
            answers.then_some(state.guest.answers_after)
        };
        match latency {
            Some(latency) if latency < deadline => {
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                simulated_agent::answer(&self.name, &mut self.state(), command, arguments)
            }
            _ => {
                tokio::time::sleep(deadline).await;
                Err(AgentFailure::Silent)
            }
        }
    }

    /// The guest begins to shut down.
    pub(super) fn power_off(&self) {
        let (state, boot, after) = {
            let now = self.state();
            (Arc::clone(&self.state), now.boots, now.guest.shuts_down_in)
        };
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.boots == boot {
                state.on_since = None;
            }
        });
    }

    pub(super) fn press_power_button(&self) {
        let obeys = self.state().guest.obeys_power_button;
        if obeys {
            self.power_off();
        }
    }

    pub(super) async fn power_on(&self) {
        let starts_in = self.state().guest.starts_in;
        tokio::time::sleep(starts_in).await;
        let mut state = self.state();
        if state.on_since.is_some() {
            return;
        }
        let now = Instant::now();
        state.on_since = Some(now);
        state.answers_from = now + state.guest.boots_in;
        state.boots += 1;
        if state.guest.agent == AgentState::Dead {
            state.guest.agent = AgentState::Alive;
        }
    }

    pub(super) fn cut(&self) {
        self.state().on_since = None;
    }

    pub(in crate::proxmox) fn set_agent(&self, agent: AgentState) {
        self.state().guest.agent = agent;
    }

    pub(in crate::proxmox) fn boot_id(&self) -> String {
        self.state().boot_id()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first boot has the id that was given, each later one another.
    pub(super) fn boot_id(&self) -> String {
        match (self.boots, self.guest.boot_id.get(8..)) {
            (boots, Some(rest)) if boots > 0 => format!("{:08x}{rest}", 0xb007_0000 + boots),
            _ => self.guest.boot_id.clone(),
        }
    }
}
