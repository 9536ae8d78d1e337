//! Network interfaces.

mod adapters;
mod interfaces;

pub use self::interfaces::interfaces;
