//! Questions to the kernel over netlink(7).

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::retry_on_intr;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// More than the kernel puts into one part of an answer (32 KiB).
const PART: usize = 64 << 10;

/// How often a list is read that changes while it is read. On a machine that changes all the time
/// no list is whole: the last one is taken as it is.
const ATTEMPTS: u32 = 3;

/// A `NETLINK_ROUTE` socket.
pub(super) struct RouteSocket {
    socket: OwnedFd,
    part: Vec<u8>,
    sequence: u32,
}

impl RouteSocket {
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // `NETLINK_ROUTE` is protocol 0.
            None,
        )?;
        Ok(Self {
            socket,
            part: vec![0; PART],
            sequence: 0,
        })
    }

    /// Every object of a kind (`RTM_GET...`), each read from its body.
    pub(super) fn dump<T>(
        &mut self,
        request: u16,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> io::Result<Vec<T>> {
        let mut attempt = 1;
        loop {
            let mut objects = Vec::new();
            self.ask(request)?;
            let whole = self.listen(|body| objects.extend(read(body)))?;
            if whole || attempt == ATTEMPTS {
                return Ok(objects);
            }
            attempt += 1;
        }
    }

    /// Sends `struct nlmsghdr` and the body of a question about every family.
    fn ask(&mut self, request: u16) -> io::Result<()> {
        const BODY: usize = 16;
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        self.sequence += 1;
        let mut message = [0_u8; HEADER + BODY];
        message[..4].copy_from_slice(&((HEADER + BODY) as u32).to_ne_bytes());
        message[4..6].copy_from_slice(&request.to_ne_bytes());
        message[6..8].copy_from_slice(&flags.to_ne_bytes());
        message[8..12].copy_from_slice(&self.sequence.to_ne_bytes());
        retry_on_intr(|| send(&self.socket, &message, SendFlags::empty()))?;
        Ok(())
    }

    /// Hears the answer to its end; whether the list is whole.
    fn listen(&mut self, mut object: impl FnMut(&[u8])) -> io::Result<bool> {
        let mut whole = true;
        loop {
            // The kernel lays the next part ready before it hands out one: nothing to wait for.
            let flags = RecvFlags::DONTWAIT | RecvFlags::TRUNC;
            let (length, sent) = retry_on_intr(|| recv(&self.socket, &mut self.part[..], flags))?;
            if sent > length {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            for message in Messages(&self.part[..length]) {
                if message.sequence != self.sequence {
                    continue;
                }
                whole &= !message.interrupted;
                match i32::from(message.kind) {
                    libc::NLMSG_DONE | libc::NLMSG_ERROR => {
                        return message.outcome().map(|()| whole);
                    }
                    _ => object(message.body),
                }
            }
        }
    }
}

/// The size of `struct nlmsghdr`.
const HEADER: usize = 16;

/// One message of an answer.
struct Message<'a> {
    kind: u16,
    /// The list changed while it was read.
    interrupted: bool,
    sequence: u32,
    body: &'a [u8],
}

impl Message<'_> {
    /// What the last message says: an error's number, negative.
    fn outcome(&self) -> io::Result<()> {
        match self
            .body
            .first_chunk()
            .map(|code| i32::from_ne_bytes(*code))
        {
            Some(code) if code < 0 => Err(io::Error::from_raw_os_error(code.saturating_neg())),
            _ => Ok(()),
        }
    }
}

/// The messages of one part.
struct Messages<'a>(&'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let header: &[u8; HEADER] = self.0.first_chunk()?;
        let word = |offset: usize| {
            let [a, b, c, d] = [0, 1, 2, 3].map(|index| header[offset + index]);
            u32::from_ne_bytes([a, b, c, d])
        };
        let half = |offset: usize| u16::from_ne_bytes([header[offset], header[offset + 1]]);
        let length = usize::try_from(word(0)).ok()?;
        let message = Message {
            kind: half(4),
            interrupted: i32::from(half(6)) & libc::NLM_F_DUMP_INTR != 0,
            sequence: word(8),
            body: self.0.get(HEADER..length)?,
        };
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).expect("short");
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn a_part_holds_several_messages() {
        let part = [message(16, 2, b"first"), message(3, 0x12, b"second")].concat();
        let messages: Vec<_> = Messages(&part).collect();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].kind, messages[0].body), (16, &b"first"[..]));
        assert!(!messages[0].interrupted && messages[1].interrupted);
        assert_eq!(
            (messages[1].sequence, messages[1].body),
            (7, &b"second"[..])
        );
    }

    #[test]
    fn every_cut_of_a_part_is_harmless() {
        let part = [message(16, 2, b"first"), message(3, 2, b"the last")].concat();
        for length in 0..part.len() {
            assert!(Messages(&part[..length]).count() < 2);
        }
        assert_eq!(Messages(&[0; 64]).count(), 0);
        assert_eq!(Messages(&[0xff; 64]).count(), 0);
    }

    #[test]
    fn the_last_message_tells_an_error() {
        let refused = (-libc::EPERM).to_ne_bytes();
        for (body, expected) in [
            (&refused[..], Some(libc::EPERM)),
            (&[0; 4], None),
            (&[], None),
        ] {
            let part = message(2, 0, body);
            let last = Messages(&part).next().expect("a message");
            let code = last.outcome().err().and_then(|error| error.raw_os_error());
            assert_eq!(code, expected);
        }
    }

    #[test]
    fn a_socket_answers_several_questions() {
        let mut socket = RouteSocket::open().expect("a socket");
        for _ in 0..3 {
            let links = socket
                .dump(libc::RTM_GETLINK, |body| Some(body.len()))
                .expect("links");
            assert!(!links.is_empty());
        }
    }
}
