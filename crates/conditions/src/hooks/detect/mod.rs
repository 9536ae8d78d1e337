//! Finds the hooks among the facts.

mod findings;
mod judge;
mod maintainer;
mod settings;
mod unit;

pub use findings::{Findings, detect};
pub(super) use judge::Judge;
pub(crate) use judge::{follow, line_power, script_analysis};
pub(crate) use maintainer::maintainer_script;
pub(crate) use settings::{action_property, edge_words};

#[cfg(test)]
mod tests;
