//! The gate: who may interrupt a running guest, and who may power one on.
//!
//! ```text
//! assess ─► Check ──admit──► Permit ──redeem(observed right before)──► ShutdownOrder ─► backend
//!             │                └─ under high availability: redeem_for_restart ─► RestartOrder ─┘
//!             └─ Refusal         └─ Refusal (expired, moved, locked, not running, no quorum, ...)
//! Observation (stopped, seen right before) ──StartOrder::for_stopped──► StartOrder ─► backend
//!             └──RollbackOrder::for_stopped──► RollbackOrder ─► backend
//! ```
//!
//! A permit is for one of two [`Way`]s, by what the check saw, and no other way redeems it.
//!
//! No value on this path can be cloned, stored or made another way.
//!
//! A backend's shutdown takes a [`ShutdownOrder`], and without a permit there is none:
//!
//! ```
//! use conditions::{Observation, Timestamp};
//! use lifecycle::{gate::Permit, ports::Hypervisor};
//! async fn stop(backend: &dyn Hypervisor, permit: Permit, seen: &Observation, now: Timestamp) {
//!     let order = permit.redeem(seen, now).expect("a test may");
//!     let _ = backend.shutdown(order, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! An observation alone does not do:
//! ```compile_fail
//! use conditions::{Observation, Timestamp};
//! use lifecycle::{gate::Permit, ports::Hypervisor};
//! async fn stop(backend: &dyn Hypervisor, seen: &Observation, now: Timestamp) {
//!     let _ = backend.shutdown(seen, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! A permit is redeemed once:
//! ```compile_fail
//! use conditions::{Observation, Timestamp};
//! use lifecycle::gate::Permit;
//! fn twice(permit: Permit, seen: &Observation, now: Timestamp) {
//!     let _ = permit.redeem(seen, now);
//!     let _ = permit.redeem(seen, now);
//! }
//! ```
//! It cannot be cloned, nor made by hand, nor read back from a store:
//! ```compile_fail
//! fn copy(permit: lifecycle::gate::Permit) -> lifecycle::gate::Permit { permit.clone() }
//! ```
//! ```compile_fail
//! use lifecycle::gate::Permit;
//! fn forge(guest: conditions::GuestId) -> Permit { Permit { guest } }
//! ```
//! ```compile_fail
//! fn load(text: &str) -> lifecycle::gate::Permit { serde_json::from_str(text).expect("stored") }
//! ```
//! The check that a permit was made from is used up:
//! ```compile_fail
//! use conditions::{Check, Timestamp};
//! use lifecycle::gate::{Accepted, Purpose, admit};
//! fn two(check: Check, now: Timestamp, ttl: std::time::Duration) {
//!     let _ = admit(check, Purpose::Restart, &Accepted::none(), now, ttl);
//!     let _ = admit(check, Purpose::Restart, &Accepted::none(), now, ttl);
//! }
//! ```
//! An order to shut down restarts nothing, and the other way round:
//! ```
//! use lifecycle::{gate::RestartOrder, ports::Hypervisor};
//! async fn restart(backend: &dyn Hypervisor, order: RestartOrder) {
//!     let _ = backend.restart(order, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! ```compile_fail
//! use lifecycle::{gate::ShutdownOrder, ports::Hypervisor};
//! async fn restart(backend: &dyn Hypervisor, order: ShutdownOrder) {
//!     let _ = backend.restart(order, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! ```compile_fail
//! use lifecycle::{gate::RestartOrder, ports::Hypervisor};
//! async fn stop(backend: &dyn Hypervisor, order: RestartOrder) {
//!     let _ = backend.shutdown(order, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! Disks go back to a snapshot by an order for a guest that was seen stopped, and not by a name:
//! ```
//! use conditions::{Observation, Timestamp};
//! use lifecycle::{gate::RollbackOrder, ports::{SnapshotName, Snapshots}};
//! async fn back(backend: &dyn Snapshots, seen: &Observation, to: SnapshotName, now: Timestamp) {
//!     let order = RollbackOrder::for_stopped(seen, to, now).expect("a test may");
//!     let _ = backend.rollback(order, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! ```compile_fail
//! use lifecycle::ports::{SnapshotName, Snapshots};
//! async fn back(backend: &dyn Snapshots, to: SnapshotName) {
//!     let _ = backend.rollback(to, std::time::Duration::from_secs(5)).await;
//! }
//! ```
//! ```compile_fail
//! use lifecycle::{gate::StartOrder, ports::Snapshots};
//! async fn back(backend: &dyn Snapshots, order: StartOrder) {
//!     let _ = backend.rollback(order, std::time::Duration::from_secs(5)).await;
//! }
//! ```

mod orders;
mod permit;
mod refusal;
mod remedy;
mod way;

pub use orders::{RestartOrder, RollbackOrder, ShutdownOrder, StartOrder};
pub use permit::{Accepted, CannotBeAccepted, Permit, admit, objections};
pub use refusal::{Refusal, RefusalReason};
pub use way::{Purpose, Way};
