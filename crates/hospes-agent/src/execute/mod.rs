//! Carrying out commands: what each asks of the operating system, and what it answers.

mod failure;
mod files;
mod freezing;
mod info;
mod perform;
mod programs;
mod reading;
mod system;

pub(crate) use perform::{answer, call, is_short};
pub(crate) use reading::FileReading;

use perform::{Done, Outcome, nothing, value};
