//! The host's end: values of guests and of the project, and what is answered from them.
//!
//! ```text
//! operator ─► plan ─► records ─► the store keeps them ─► restore ─► hanging GETs: recheck
//!              ▲                                            │
//! guest ─► Request ─► answer ─► Put                         ▼
//!                       ├─► Now(Reply)  ◄── render ◄── facts and values of the guest, the project
//!                       └─► Hang ─► recheck after each change, timed_out at the end ─► Reply
//! ```
//!
//! A change is durable before it is visible: [`Service::plan`] decides, the caller keeps the
//! records, [`Service::restore`] shows them. A restart restores all records in any order and goes
//! on with the same etags.

mod answer;
mod facts;
mod hang;
mod layer;
mod limits;
mod reply;
mod request;
mod rules;
mod service;
mod view;

pub use facts::{GuestFacts, Interface};
pub use hang::Hang;
pub use limits::Limits;
pub use reply::{Reply, Response};
pub use request::{Method, Request};
pub use rules::ChangeError;
pub use service::Service;

#[cfg(test)]
mod tests;
