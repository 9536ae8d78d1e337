//! Files that a client opened: `guest-file-*`.
//!
//! Without a buffer of our own, so what was written is in the file when the client reads that it
//! was, and a full disk is told with the write that met it. Otherwise as a `FILE` of the C
//! library, which QEMU's agent hands out: one position for reading and writing, `a` writes at
//! the end, the end of the file is met only by a read that wanted more.

mod handle;
mod opening;

#[cfg(test)]
mod tests;

pub use handle::{Chunk, File, Stop};
pub use opening::open;
