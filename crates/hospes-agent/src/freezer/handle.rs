//! What the rest of the agent has of the freezer.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use agent::freeze::{Recovery, Rules, STATE_FILE, STOCK_MARKER, TERMINATION_LIMIT};
use agent::settings::Settings;
use guest_os::boot;

use super::Event;
use super::actor::{Actor, Milestones};
use super::world::World;
use crate::log::Log;

/// How long the start of the agent waits until what another agent left frozen is thawed.
const THAWED_WITHIN: Duration = Duration::from_secs(20);
/// What the end may take beyond what the machine allows itself.
const GRACE: Duration = Duration::from_secs(5);

/// Freezes and thaws, once it is started.
pub(crate) struct Freezer {
    is_frozen: Arc<AtomicBool>,
    rules: Rules,
    state_dir: PathBuf,
    hook: Option<PathBuf>,
    hook_deadline: Duration,
    running: OnceLock<Running>,
}

struct Running {
    events: Sender<Event>,
    milestones: Milestones,
}

impl Freezer {
    /// A freezer that does nothing yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            is_frozen: Arc::new(AtomicBool::new(false)),
            rules: Rules {
                has_hook: settings.freeze_hook.is_some(),
                limit: settings.freeze_limit,
                boot: boot::id(),
            },
            state_dir: settings.state_dir.clone(),
            hook: settings.freeze_hook.clone(),
            hook_deadline: settings.hook_deadline,
            running: OnceLock::new(),
        }
    }

    /// Starts it: what an agent that has died left frozen is thawed when this returns, or cannot be.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start(&self, log: &Arc<Log>) -> Result<(), String> {
        let (events, inbox) = channel();
        let world = World {
            log: Arc::clone(log),
            events: events.clone(),
            state_dir: self.state_dir.clone(),
            hook: self.hook.clone(),
            hook_deadline: self.hook_deadline,
            stoppers: World::no_stoppers(),
            frozen: Arc::default(),
        };
        let left = self.left();
        let actor = Actor::new(self.rules.clone(), left, world, Arc::clone(&self.is_frozen));
        let milestones = actor.run_beside(inbox)?;
        milestones.until_thawed(THAWED_WITHIN);
        // Set once: the agent starts its freezer once.
        let _ = self.running.set(Running { events, milestones });
        Ok(())
    }

    /// Whether file systems may be frozen now.
    pub(crate) fn is_frozen(&self) -> bool {
        self.is_frozen.load(Ordering::Relaxed)
    }

    /// Whether an agent, which may be another one, has frozen file systems by its own account.
    pub(crate) fn left_frozen(&self) -> bool {
        self.left() == Recovery::Frozen
    }

    /// Freezes these mount points, or all; answers how many file systems are frozen.
    pub(crate) fn freeze(&self, mount_points: Option<Vec<String>>) -> Result<i64, String> {
        self.ask(|from| Event::FreezeAsked { from, mount_points })
    }

    /// Thaws everything; answers how many file systems were frozen.
    pub(crate) fn thaw(&self) -> Result<i64, String> {
        self.ask(|from| Event::ThawAsked { from })
    }

    /// Thaws before the agent ends, as far as that can be done in a bounded time.
    pub(crate) fn terminate(&self) {
        if let Some(running) = self.running.get() {
            let _ = running.events.send(Event::TerminationAsked);
            running.milestones.until_gone(TERMINATION_LIMIT + GRACE);
        }
    }

    fn ask(&self, event: impl FnOnce(super::Asker) -> Event) -> Result<i64, String> {
        let stopped = || "the agent is not running".to_owned();
        let running = self.running.get().ok_or_else(stopped)?;
        let (from, answer) = sync_channel(1);
        let sent = running.events.send(event(from));
        sent.map_err(|_| stopped())?;
        answer.recv().map_err(|_| stopped())?
    }

    fn left(&self) -> Recovery {
        let state = std::fs::read(self.state_dir.join(STATE_FILE)).ok();
        let has_marker = self.state_dir.join(STOCK_MARKER).exists();
        Recovery::read(state.as_deref(), has_marker, &self.rules.boot)
    }
}
