//! Restart, shutdown and start: the hypervisor's side of recovery.
//!
//! ```text
//!              ┌─ Refused                 ┌─ refused by the agent: Failed
//! Checking ──admit──► Asking ──taken, or answer lost──► Stopping ──stopped──► Starting ──► Readying ──► Verifying
//!    ▲                   │ died here                       │ window over         │            │            │
//!    │                Settling ──stopped──► (as Stopping)  Lingering          NotStarted   Concluding    Restarted
//!    └─ Reasking ◄───────┘ old boot, not stopping          │                               NotReady      BackUnhealthy
//!                                                 StillRunning | RebootedInstead
//! shutdown ends at stopped; start enters at Looking ──stopped──► Starting, and ends at readiness
//! ```
//!
//! Powering on that fails is looked at before it is believed: the answer may be lost, or somebody
//! else's start came first.
//!
//! A guest under high availability is restarted by one request, which the hypervisor turns into a
//! graceful shutdown and a start of its own. That start may come at any time, before or after the
//! request is answered, so a stopped guest is left alone for as long as it may come, and is owed a
//! start by us when it did not:
//!
//! ```text
//! Asking ──taken, or answer lost──► Stopping ──seen stopped──► Resting ──runs again──► Readying ─► ...
//!                                     │ ▲ └─ not, SSH is asked: │ not in time            ▲
//!                                     │ └─ old boot, or nobody  └─────────► Starting ────┤
//!                                     ├──────── new boot ─────────► Verifying            │
//!                              window over: Lingering ──────── another boot ─────────────┘
//!                                              ├─ nobody tells which boot: NotReady ┐ both stay open:
//!                                              └─ the same boot: StillRunning       ┘ it may go down late
//! ```
//!
//! A guest that came under high availability after it was asked to shut down is left to that, too.
//!
//! A graceful stop puts the guest's own scripts between two checks; the second one yields the
//! permit. *Listening* is what the guest reported and what the operator says:
//!
//! ```text
//! watcher absent: by setting as above, Refused, or on
//!    │
//! Checking ──healthy──► Announcing ──► Waiting ──report, deadline, operator──► Rechecking ──► Asking ─► ...
//!                          │ cannot: on, │ │ a script powered it off: (as Stopping, stopped)  │
//!                          │ or Refused  │ └─ cancelled: Aborted                 Refused │ Aborted
//! stop-state   NONE        └── PENDING_STOP ──────────────────────── STOPPING ──┘  ...  NONE
//! ```
//!
//! `PENDING_STOP` is written once the request and its identity are saved: a controller that takes
//! the run up sees whether it stands, and announces the same one if it does not. `STOPPING` is
//! written with the permit in hand, right before the agent is asked. `NONE` is written before the
//! guest is powered on, so that the next boot finds no stop to prepare for, and at every end,
//! whichever it is. Reports stay: they name their request. A guest that reboots meanwhile has the
//! same time left; its watcher runs the scripts in the new boot too.
//!
//! Nothing here is ever forced: a guest that does not go down is left as it is.

mod down;
mod goal;
mod graceful;
mod machine;
mod parting;
mod saved;
mod up;

pub use goal::Goal;
pub(super) use machine::Power;
pub(super) use saved::Saved;
