//! Scenarios of the Windows programs under Wine: real processes, and the real `hospes` as their
//! metadata service.
//!
//! ```text
//! runner ─► scenarios ─► Site ─┬─ Host      `hospes metadata serve` on loopback, and its control socket
//!                              └─ Wine      a Windows: a copy of the prefix, in one boot
//!                                   ├─ Program   one of ours under way, or one of Windows
//!                                   └─ SerialPort   the other end of COM1
//! ```
//!
//! Each scenario has a Windows of its own, so that two run at once, and what one installs no other
//! finds. Nothing of it outlives the scenario.

mod host;
mod program;
mod runner;
mod scenarios;
mod serial_port;
mod site;
mod stand_in;
mod wine;

use host::Host;
use program::{Ended, Program};
pub use runner::{Given, list, run};
use serial_port::SerialPort;
use site::Site;
use wine::Wine;
