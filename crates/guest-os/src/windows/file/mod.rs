//! Files that a client opened: `guest-file-*`.
//!
//! Without a buffer of our own, so what was written is in the file when the client reads that it
//! was, and a full disk is told with the write that met it. One position for reading and writing,
//! `a` writes at the end, the end of the file is met only by a read that wanted more. Bytes are
//! never translated. Others may open the file at the same time.

mod handle;
mod opening;

#[cfg(test)]
mod tests;

pub use handle::{Chunk, File, Stop};
pub use opening::open;
