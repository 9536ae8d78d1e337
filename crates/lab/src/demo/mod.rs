//! The demo: the main job on real machines, told as a story.

mod cluster;
mod graceful;
mod guest;
mod patch;
mod play;
mod story;

pub use play::{Backend, Story, run};
