//! The driver with the real journal, real commands and guests that are made up.
//!
//! ```text
//! Site { state directory, World } ─► drive ─► dies where the fuse ends ─► drive again ─► ... ─► Summary
//! ```

mod crashes;
mod hooks;
mod site;
mod words;
