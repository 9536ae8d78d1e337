//! The signals that end the agent, turned into bytes of a pipe.
//!
//! Caught, not blocked: a blocked signal stays blocked in every program that the agent starts
//! (`std::process::Command` hands the mask on), a caught one is itself again after exec.
#![allow(unsafe_code, reason = "signal handlers have no safe interface")]

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::{Error, Result};

const SIGNALS: [(libc::c_int, TerminationSignal); 3] = [
    (libc::SIGHUP, TerminationSignal::Hangup),
    (libc::SIGINT, TerminationSignal::Interrupt),
    (libc::SIGTERM, TerminationSignal::Terminate),
];

/// Where the handler writes. Never closed once it is set: the handler may run at any time.
static PIPE: AtomicI32 = AtomicI32::new(-1);
/// The process whose pipe it is.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// `SIGHUP`, `SIGINT` and `SIGTERM`, kept until someone asks for them.
///
/// The descriptor is readable when one has come, for a loop that polls.
#[derive(Debug)]
pub struct Termination {
    descriptor: OwnedFd,
}

/// A signal that ends the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminationSignal {
    /// `SIGHUP`.
    Hangup,
    /// `SIGINT`.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
}

impl Termination {
    /// Catches the signals from now on, in this process (so: after the last fork), and ignores
    /// `SIGPIPE`. To be called once: a second call takes the signals from the first.
    ///
    /// System calls of other threads that cannot be restarted (`poll`) end with `EINTR` when a
    /// signal comes.
    ///
    /// # Errors
    /// When the kernel has no descriptor left.
    pub fn catch() -> Result<Self> {
        let refused = |error: Errno| Error::os("failed to catch signals", error);
        let (descriptor, writer) = pipe_with(PipeFlags::CLOEXEC).map_err(refused)?;
        rustix::io::ioctl_fionbio(&writer, true).map_err(refused)?;
        OWNER.store(own_pid(), Ordering::Relaxed);
        PIPE.store(writer.into_raw_fd(), Ordering::Release);
        for (number, _) in SIGNALS {
            install(number, note as *const () as libc::sighandler_t)?;
        }
        install(libc::SIGPIPE, libc::SIG_IGN)?;
        Ok(Self { descriptor })
    }

    /// Waits for the next of the signals.
    ///
    /// # Errors
    /// When the pipe cannot be read.
    pub fn wait(&self) -> Result<TerminationSignal> {
        let mut number = [0];
        loop {
            match rustix::io::read(&self.descriptor, &mut number) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(Error::os("failed to wait for a signal", error)),
            }
            let number = libc::c_int::from(number[0]);
            if let Some((_, signal)) = SIGNALS.iter().find(|(known, _)| *known == number) {
                return Ok(*signal);
            }
        }
    }
}

impl AsFd for Termination {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl fmt::Display for TerminationSignal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

fn install(signal: libc::c_int, handler: libc::sighandler_t) -> Result<()> {
    // SAFETY: a sigaction of zeros is a valid one; the handler is SIG_IGN or `note`, which does
    // only what signal-safety(7) allows.
    let failed = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    match failed {
        0 => Ok(()),
        _ => Err(Error::os(
            "failed to catch signals",
            io::Error::last_os_error(),
        )),
    }
}

/// The handler.
extern "C" fn note(signal: libc::c_int) {
    // A child between fork and exec still has this handler; systemd signals it along with the
    // agent. The signal is the child's own, and it ends it.
    if own_pid() != OWNER.load(Ordering::Relaxed) {
        // SAFETY: _exit is safe in a handler.
        unsafe { libc::_exit(128 + signal) };
    }
    let number = signal.to_ne_bytes();
    let byte = if cfg!(target_endian = "little") {
        number[0]
    } else {
        number[3]
    };
    // SAFETY: errno is this thread's and is put back; write is safe in a handler; the descriptor
    // stays open for good. A full pipe holds enough signals to end the agent.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::write(PIPE.load(Ordering::Acquire), (&raw const byte).cast(), 1);
        *errno = before;
    }
}

fn own_pid() -> libc::pid_t {
    // SAFETY: getpid has no preconditions and is safe in a handler.
    unsafe { libc::getpid() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;
    use crate::linux::process::run;

    /// One test: signals belong to the process, and tests run beside each other.
    #[test]
    fn signals_are_told_in_turn_and_helpers_do_not_inherit_them() {
        let termination = Termination::catch().expect("a descriptor");
        for (number, signal) in SIGNALS {
            assert!(!readable(&termination));
            send_to_this_thread(number);
            assert!(readable(&termination));
            assert_eq!(termination.wait().expect("a signal"), signal);
        }
        assert_eq!(TerminationSignal::Terminate.to_string(), "SIGTERM");
        helpers_get_an_empty_mask_and_default_signals();
    }

    fn readable(termination: &Termination) -> bool {
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut waiting = [PollFd::new(termination, PollFlags::IN)];
        poll(&mut waiting, Some(&at_once)) == Ok(1)
    }

    fn send_to_this_thread(signal: libc::c_int) {
        // SAFETY: the thread is alive, it is the caller, and the signal is caught.
        let failed = unsafe { libc::pthread_kill(libc::pthread_self(), signal) };
        assert_eq!(failed, 0);
    }

    fn helpers_get_an_empty_mask_and_default_signals() {
        let finished = run(
            Path::new("/bin/grep"),
            &["-E", "^Sig(Blk|Ign|Cgt):", "/proc/self/status"],
            b"",
            Duration::from_secs(60),
        )
        .expect("grep");
        let text = finished.words();
        let masks: Vec<u64> = text
            .split_whitespace()
            .filter(|word| !word.ends_with(':'))
            .map(|word| u64::from_str_radix(word, 16).expect("a mask"))
            .collect();
        assert_eq!(masks.len(), 3, "{text}");
        let touched: u64 = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGPIPE]
            .iter()
            .map(|signal| 1 << (signal - 1))
            .sum();
        assert_eq!(masks[0], 0, "blocked: {text}");
        assert_eq!(masks[1] & touched, 0, "ignored: {text}");
        assert_eq!(masks[2] & touched, 0, "caught: {text}");
    }
}
