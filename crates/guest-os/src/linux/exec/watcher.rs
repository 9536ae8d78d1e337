//! The threads that watch programs.
//!
//! One watches one program at a time and lingers when it has ended, so that a host that runs
//! program after program does not wait for a new thread each time.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::STACK_BYTES;

/// How long a thread without a program stays.
const LINGERS: Duration = Duration::from_millis(500);

/// The threads that linger.
static IDLE: Mutex<Vec<Watcher>> = Mutex::new(Vec::new());

/// What a thread does for one program.
type Work = Box<dyn FnOnce() + Send>;

/// A thread that waits for its program, and ends if it is given none.
pub(super) struct Watcher {
    work: SyncSender<Work>,
    thread: ThreadId,
}

impl Watcher {
    /// One that lingers, else a new one.
    pub(super) fn reserve() -> io::Result<Self> {
        let lingering = idle().pop();
        lingering.map_or_else(Self::start, Ok)
    }

    fn start() -> io::Result<Self> {
        let (work, given) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("exec".into())
            .stack_size(STACK_BYTES)
            .spawn(move || watch(given))?;
        Ok(Self {
            work,
            thread: thread.thread().id(),
        })
    }

    /// Lets the thread work.
    pub(super) fn give(self, work: Work) {
        // It waits for exactly this.
        let _ = self.work.send(work);
    }

    /// Lets the calling thread be found by the next program.
    fn linger() -> Receiver<Work> {
        let (work, given) = sync_channel(1);
        let thread = thread::current().id();
        idle().push(Self { work, thread });
        given
    }
}

/// The life of a thread: it ends when it was reserved for nothing, or lingers in vain.
fn watch(given: Receiver<Work>) {
    let mut next = given.recv().ok();
    while let Some(work) = next {
        work();
        let given = Watcher::linger();
        next = match given.recv_timeout(LINGERS) {
            Ok(work) => Some(work),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let here = thread::current().id();
                idle().retain(|watcher| watcher.thread != here);
                // Unless it has been reserved by now, nobody can send any more.
                given.recv().ok()
            }
        };
    }
}

fn idle() -> MutexGuard<'static, Vec<Watcher>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_thread_that_lingers_takes_the_next_program_and_one_that_does_not_is_no_loss() {
        let (told, heard) = channel();
        for _ in 0..3 {
            let told = told.clone();
            let watcher = Watcher::reserve().unwrap();
            watcher.give(Box::new(move || told.send(()).unwrap()));
            heard.recv_timeout(Duration::from_secs(10)).unwrap();
        }
        // Reserved for a program that could not be started.
        drop(Watcher::reserve().unwrap());
        thread::sleep(LINGERS * 2);
        let watcher = Watcher::reserve().unwrap();
        watcher.give(Box::new(move || told.send(()).unwrap()));
        heard.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
