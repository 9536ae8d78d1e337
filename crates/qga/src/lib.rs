//! The QEMU guest agent protocol, without I/O.
