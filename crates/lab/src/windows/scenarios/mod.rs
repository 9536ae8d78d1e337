//! Every scenario.

mod channel;
mod list;
mod other_events;
mod runner_lost;
mod service;
mod startup;
mod stops;

pub(super) use list::{ALL, Scenario};
