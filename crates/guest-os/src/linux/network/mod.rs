//! Network interfaces and their addresses, from the kernel's routing socket (rtnetlink(7)).

mod interfaces;
mod message;
mod socket;

pub use self::interfaces::interfaces;
