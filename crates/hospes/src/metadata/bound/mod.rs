//! Which guests of a cluster are known by their source address on this node.
//!
//! ```text
//! [metadata] firewall-dir ─► tree ─► NodeFirewall ─► Bound.judge ─► [Verdict] ─► serve --check
//!                             └─ looked at again and again: Watch ──► Refused ─► the server
//! ```
//!
//! A guest of a cluster is served at an address only while the node's firewall binds its source
//! address to it; see [`pve::firewall`]. What cannot be read binds nothing. A filter that is new in the
//! files is not in effect at once, so it counts a little later; one that is gone counts no more at once.

mod guests;
mod tree;
mod verdict;
mod watch;

pub(crate) use self::guests::Bound;
pub(crate) use self::verdict::Verdict;
pub(crate) use self::watch::Watch;
