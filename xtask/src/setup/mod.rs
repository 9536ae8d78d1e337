//! System packages and Rust components that the project's commands need.

mod components;
mod install;
mod packages;
mod subordinate_ids;

pub(crate) use components::ensure as ensure_components;
pub(crate) use install::{ensure as ensure_packages, ensure_packaging};
