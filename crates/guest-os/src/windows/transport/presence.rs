//! Whether a host has a virtio port open.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use crate::windows::overlapped::Operation;

/// How it is found out, of a kind of port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Presence {
    /// Answers for one port; `None`: nobody can tell.
    pub(super) ask: fn(&Arc<File>) -> Option<bool>,
    /// How often it is asked whether a host is still there that has sent something.
    pub(super) every: Duration,
}

/// A virtio port has a driver that knows.
pub(super) const OF_VIRTIO: Presence = Presence {
    ask: ask_the_driver,
    every: Duration::from_secs(5),
};

/// Serial lines know nothing of a host.
pub(super) const OF_SERIAL: Presence = Presence {
    ask: |_| None,
    every: Duration::MAX,
};

/// `IOCTL_GET_INFORMATION` of virtio-win's vioserial (public.h): number 0x800 of an unknown kind
/// of device, for anybody, answered into the caller's memory.
const GET_INFORMATION: u32 = 0x22 << 16 | 0x800 << 2 | 2;

/// Bytes that an answer may have: the port's name is at its end.
const ROOM: usize = 512;

/// Drivers answer at once.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// What only has the place of a virtio port has no answer.
fn ask_the_driver(port: &Arc<File>) -> Option<bool> {
    let mut question = Operation::new(port, ROOM).ok()?;
    question.ask(GET_INFORMATION).ok()?;
    let count = question.wait(Some(ANSWERS_WITHIN)).ok()??;
    host_is_there(question.bytes().get(..count)?)
}

/// `VIRTIO_PORT_INFO`: the port's number in four bytes, then one each for a full queue, a host
/// that is connected and a guest that is.
fn host_is_there(answer: &[u8]) -> Option<bool> {
    answer.get(5).map(|connected| *connected != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_question_and_answer_are_as_its_header_has_them() {
        assert_eq!(GET_INFORMATION, 0x0022_2002);
        for (answer, expected) in [
            (&b"\x01\0\0\0\0\x01\x01org.qemu"[..], Some(true)),
            (b"\x01\0\0\0\x01\0\x01\0", Some(false)),
            (b"\x01\0\0\0\0", None),
            (b"", None),
        ] {
            assert_eq!(host_is_there(answer), expected, "{answer:?}");
        }
    }
}
