//! What a command does: powers the guest off, calls a script, or merely talks about it.

mod direct;
mod power;
mod programs;
mod reader;
mod words;

pub(super) use direct::mentions_power;
pub use power::{Power, PowerAction};
pub(super) use reader::analyse_words;
pub use reader::power_actions;
pub(crate) use reader::{Analysis, Call, analyse};
pub(super) use words::basename;

#[cfg(test)]
mod tests;
