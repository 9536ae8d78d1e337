//! Carries out what the machine wants done.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use agent::freeze::{Hook, STATE_FILE, STOCK_MARKER, Severity, StateFile};
use guest_os::freeze::{Frozen, freeze, thaw_any};
use guest_os::hook::{self, Action, Stopper};
use guest_os::mounts;

use super::{Effect, Event};
use crate::log::Log;

pub(super) struct World {
    pub(super) log: Arc<Log>,
    /// Where what takes long tells its end.
    pub(super) events: Sender<Event>,
    pub(super) state_dir: PathBuf,
    pub(super) hook: Option<PathBuf>,
    pub(super) hook_deadline: Duration,
    pub(super) stoppers: Stoppers,
    /// What is frozen, with its open mount points.
    pub(super) frozen: Arc<Mutex<Option<Frozen>>>,
}

/// What ends the hook and the freeze that are under way.
pub(super) struct Stoppers {
    hook: Arc<Mutex<HookStop>>,
    freeze: Arc<AtomicBool>,
}

/// A hook may be told to stop before it has begun.
#[derive(Default)]
enum HookStop {
    #[default]
    NotAsked,
    Runs(Stopper),
    Asked,
}

impl World {
    pub(super) fn no_stoppers() -> Stoppers {
        Stoppers {
            hook: Arc::default(),
            freeze: Arc::default(),
        }
    }

    /// Carries out one effect; yields its result where that is known at once.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::WriteState(state) => {
                let written = self.write_state(&state);
                return Some(Event::StateWritten(
                    written.map_err(|error| error.to_string()),
                ));
            }
            Effect::ClearState => self.clear_state(),
            Effect::RunHook(hook) => self.run_hook(hook),
            Effect::StopHook => {
                if let HookStop::Runs(stopper) =
                    std::mem::replace(&mut *lock(&self.stoppers.hook), HookStop::Asked)
                {
                    stopper.stop();
                }
            }
            Effect::FreezeFileSystems(mount_points) => self.freeze(mount_points),
            Effect::StopFreezing => self.stoppers.freeze.store(true, Ordering::Relaxed),
            Effect::ThawFileSystems => self.thaw(),
            Effect::HoldLog => self.log.hold(),
            Effect::ReleaseLog => self.log.release(),
            Effect::Answer { to, result } => {
                // Whoever asked may be gone.
                let _ = to.send(result);
            }
            Effect::Log(Severity::Info, text) => self.log.info(format_args!("{text}")),
            Effect::Log(Severity::Warning, text) => self.log.warn(format_args!("{text}")),
            Effect::Exit | Effect::ArmTimer(_) | Effect::DisarmTimer => {
                unreachable!("the actor keeps these for itself")
            }
        }
        None
    }

    /// Whole or not at all: an agent that dies midway must not leave half a state.
    fn write_state(&self, state: &StateFile) -> io::Result<()> {
        let path = self.state_dir.join(STATE_FILE);
        let next = path.with_extension("next");
        fs::write(&next, state.encode())?;
        fs::rename(next, path)?;
        // From now on the state file says more than the marker of QEMU's agent.
        self.remove(STOCK_MARKER);
        Ok(())
    }

    fn clear_state(&self) {
        for name in [STATE_FILE, STOCK_MARKER] {
            self.remove(name);
        }
    }

    fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.state_dir.join(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            self.log.warn(format_args!("cannot remove {name}: {error}"));
        }
    }

    fn run_hook(&self, which: Hook) {
        let action = match which {
            Hook::Freeze => Action::Freeze,
            Hook::Thaw => Action::Thaw,
        };
        let (hook, deadline) = (self.hook.clone().unwrap_or_default(), self.hook_deadline);
        let stop = Arc::clone(&self.stoppers.hook);
        *lock(&stop) = HookStop::NotAsked;
        self.beside("hook", Event::HookEnded, move || {
            let running = hook::start(&hook, action)?;
            let stopper = HookStop::Runs(running.stopper());
            if let HookStop::Asked = std::mem::replace(&mut *lock(&stop), stopper) {
                running.stopper().stop();
            }
            running.wait(deadline)
        });
    }

    fn freeze(&self, mount_points: Option<Vec<String>>) {
        let (stop, frozen) = (Arc::clone(&self.stoppers.freeze), Arc::clone(&self.frozen));
        stop.store(false, Ordering::Relaxed);
        self.beside("freeze", Event::Froze, move || {
            let targets = targets(mount_points.as_deref())?;
            let held = freeze(&targets, &stop)?;
            let count = held.count();
            *lock(&frozen) = Some(held);
            Ok(count)
        });
    }

    fn thaw(&self) {
        let frozen = Arc::clone(&self.frozen);
        self.beside("thaw", Event::Thawed, move || {
            let mut held = lock(&frozen);
            let Some(mut those) = held.take() else {
                drop(held);
                // Frozen by an agent before, or by a freeze that has not come to an end.
                return Ok(thaw_any(&targets(None)?));
            };
            let thawed = those.thaw();
            if thawed.is_err() {
                *held = Some(those);
            }
            thawed
        });
    }

    /// Does what may take long on a thread of its own, and tells its end.
    fn beside<T: Send + 'static>(
        &self,
        name: &str,
        event: fn(Result<T, String>) -> Event,
        work: impl FnOnce() -> guest_os::Result<T> + Send + 'static,
    ) {
        let events = self.events.clone();
        let thread = thread::Builder::new().name(name.to_owned());
        let started = thread.spawn(move || {
            let result = work().map_err(|error| error.to_string());
            let _ = events.send(event(result));
        });
        if let Err(error) = started {
            let text = format!("no thread could be started: {error}");
            let _ = self.events.send(event(Err(text)));
        }
    }
}

/// The mount points to freeze, in their order: those that are named, or all.
fn targets(named: Option<&[String]>) -> guest_os::Result<Vec<PathBuf>> {
    let is_wanted =
        |path: &Path| named.is_none_or(|named| named.iter().any(|name| Path::new(name) == path));
    let places = mounts::freezable()?
        .into_iter()
        .map(|mount| mount.mountpoint);
    Ok(places.filter(|path| is_wanted(path)).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
