//! The journal: runs, campaigns, host keys and exclusion in SQLite.
//!
//! ```text
//!            lock(guest)                      state directory (0700)
//! controller ───────────► MachineLock           ├─ hospes.db          runs, steps, notes, words, campaigns,
//!     │                      │                │                     snapshots, host keys, addresses,
//!     │                      │                │                     metadata
//!     │                      │                ├─ metadata.lock      who owns the metadata store
//!     │                      │                ├─ locks/GUEST.lock   who operates on GUEST now
//!     │                      │                └─ locks/campaign ID.lock   who drives it now
//!     │ begin ► intend ► (effect) ► result ► finish
//!     └──────────► Journal ──────────────────────────► one transaction each, synced to disk
//!
//! Active ──finish──► Resumable ──resume──► Active ──finish──► Done, Failed, Refused, Abandoned
//! ```
//!
//! *Invariants.* An effect is recorded before it happens, together with the state to resume from.
//! Nothing about a guest's run is recorded without that guest's lock. What ended stays ended.
//! What cannot be read is reported and kept.

mod address;
mod campaign;
mod error;
mod id;
mod keys;
mod lock;
mod metadata;
mod read;
mod record;
mod schema;
mod snapshot;
mod store;
mod word;
mod write;

pub use address::KnownAddress;
pub use campaign::{
    CampaignNote, CampaignRecord, CampaignSummary, Heard, NewCampaign, Try, TurnOf,
};
pub use error::JournalError;
pub use id::{CampaignId, InvalidCampaignId, InvalidRunId, RunId, StepId};
pub use keys::{KeySource, PastKey, PinnedKey};
pub use lock::{
    CampaignLock, CampaignLockError, Holder, LockError, MachineLock, MetadataLock,
    MetadataLockError,
};
pub use metadata::{CorruptMetadata, CorruptReason};
pub use read::RunFilter;
pub use record::{
    CorruptRun, IntendedStep, NewRun, Note, RunRecord, RunStatus, RunSummary, StepRecord,
    StepResult,
};
pub use snapshot::{NewSnapshot, SnapshotRecord};
pub use store::Journal;
