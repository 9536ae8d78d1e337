//! System packages and Rust components that the project's commands need.

mod components;
mod install;
mod packages;
mod subordinate_ids;

pub(crate) use components::ensure as ensure_components;
pub(crate) use install::{
    Presence, can_build_for_windows, ensure as ensure_packages, ensure_packaging, ensure_windows,
};
