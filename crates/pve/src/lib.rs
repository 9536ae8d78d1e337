//! The Proxmox VE API without I/O: what is asked, and what the answers mean.
//!
//! ```text
//! call::* ─► Call { method, path, parameters } ─► (sent by a port) ─► Answer { status, reason, body }
//!                                                                        │
//!          Value of `data` ◄── Answer::data ──► Failure (who can act on it) ┘
//! ```
//!
//! Every call that the product makes is made here, and each is checked against the API's own
//! schema. Answers are read tolerantly: fields and words that are not known are no errors.

mod answer;
mod call;
mod failure;
mod settings;

pub use answer::Answer;
pub use call::{Call, Method};
pub use failure::Failure;
pub use settings::{ClusterSettings, Credentials, Endpoint, Secret, SecretSource, Trust};
