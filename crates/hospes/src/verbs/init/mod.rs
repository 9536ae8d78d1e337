//! `init`: from a node's address and a token to a configuration that works.
//!
//! ```text
//! options, else questions ─► Host ─► certificate: trusted, named, or compared by the operator
//!                                  ─► token ─► probe: version, guests, missing privileges
//!                                  ─► Draft ─► written, beside its secret; or only shown
//! ```
//!
//! Nothing is written before the connection has worked, and no file is overwritten. A secret that is
//! typed is neither shown nor kept anywhere but in its file.

mod answers;
mod ask;
mod certificate;
mod draft;
mod existing;
mod probe;
mod report;
mod setup;
mod typed;

pub(super) use self::setup::run;
