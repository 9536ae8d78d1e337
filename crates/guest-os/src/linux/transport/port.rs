//! Opening a port of the machine.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, retry_on_intr};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex,
    tcgetattr, tcsetattr,
};

use super::Receiver;
use crate::{Error, Result};

/// Opens a virtio port (virtio_console.c: one process at a time may have it open).
///
/// # Errors
/// It does not exist, may not be opened, or another agent has it.
pub fn virtio_serial(path: &Path) -> Result<Receiver> {
    let port = open_port(path, OFlags::empty())?;
    Receiver::virtio(port, describe(path)).map_err(|error| not_opened(path, error))
}

/// Opens a serial port: 38400 baud, 8 bits, no parity, raw. What is no terminal is taken as it
/// is, as by QEMU's agent.
///
/// # Errors
/// It does not exist or may not be opened.
pub fn isa_serial(path: &Path) -> Result<Receiver> {
    let port = open_port(path, OFlags::NOCTTY)?;
    match make_raw(&port) {
        Ok(()) | Err(Errno::NOTTY) => Ok(Receiver::serial(port, describe(path))),
        Err(error) => Err(not_opened(path, error)),
    }
}

fn open_port(path: &Path, more: OFlags) -> Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | more;
    retry_on_intr(|| open(path, flags, Mode::empty())).map_err(|error| not_opened(path, error))
}

fn not_opened(path: &Path, error: Errno) -> Error {
    let path = path.display();
    let hint = match error {
        Errno::BUSY => " (another agent has it open)",
        Errno::NOENT => " (the machine has no such port)",
        _ => "",
    };
    Error::os(format_args!("error opening channel '{path}'{hint}"), error)
}

/// What came before is flushed: nobody knows where it begins.
fn make_raw(port: &OwnedFd) -> rustix::io::Result<()> {
    let mut terminal = tcgetattr(port)?;
    terminal.input_modes = InputModes::empty();
    terminal.output_modes = OutputModes::empty();
    terminal.local_modes = LocalModes::empty();
    let framing = ControlModes::CSIZE | ControlModes::PARENB | ControlModes::CSTOPB;
    terminal.control_modes.remove(framing);
    let receiver = ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL;
    terminal.control_modes.insert(receiver);
    terminal.special_codes[SpecialCodeIndex::VMIN] = 1;
    terminal.special_codes[SpecialCodeIndex::VTIME] = 0;
    terminal.set_speed(38_400)?;
    tcsetattr(port, OptionalActions::Flush, &terminal)
}

fn describe(path: &Path) -> String {
    format!("the hypervisor, through {}", path.display())
}
