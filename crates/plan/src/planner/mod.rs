//! The planner.
//!
//! ```text
//! file, fleet ─► who is meant ─► who is left out ─► waves ─► when, about ─► Document
//!                    └─► Unplannable: in two groups, a hold for nobody
//! ```

mod limits;
mod roll;
mod schedule;
mod waves;

use std::collections::BTreeMap;

use conditions::Timestamp;
use thiserror::Error;
use toml_file::did_you_mean;

use crate::PlanFile;
use crate::document::{Document, PlannedGroup, Schema, fleet_digest};
use crate::fleet::{Fleet, MemberId};
use crate::order;
use roll::Roll;

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum Unplannable {
    /// Somebody is in two groups.
    #[error("{id} is in the groups `{first}` and `{second}`: leave it out of one with `except`")]
    InTwoGroups {
        /// Who.
        id: MemberId,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A hold is for nobody: somebody else may have been meant.
    #[error("a hold is for {id}, but nobody is called so{}", offered(.near))]
    HoldForNobody {
        /// Who is named.
        id: MemberId,
        /// Names that are near.
        near: Vec<String>,
    },
    /// A group is for somebody of whom nothing is known, or of another kind.
    #[error("group `{group}` is for {id}, of which nothing is known, or which is of another kind")]
    Stranger {
        /// Who.
        id: MemberId,
        /// Of which group.
        group: String,
    },
    /// The document cannot be written.
    #[error("the plan document cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// Who is patched when, by `file`, of `fleet`, seen from `now`.
///
/// # Errors
/// The file and the fleet do not go together.
pub fn plan(file: &PlanFile, fleet: &Fleet, now: Timestamp) -> Result<Document, Unplannable> {
    let after = order::dependencies(&file.groups);
    let order = order::sorted(&after);
    let roll = Roll::call(file, fleet, &order, now)?;
    let groups = order.iter().filter_map(|name| {
        let group = file.groups.get(name)?;
        Some(PlannedGroup {
            name: name.clone(),
            kind: group.kind,
            words: group.words.clone(),
            except: group.except.clone(),
            after: after.get(name)?.iter().cloned().collect(),
            windows: group.windows.clone(),
            policy: group.policy.clone(),
            waves: waves::of(group, roll.present(name), fleet),
        })
    });
    let mut document = Document {
        schema: Schema::V1,
        seal: String::new(),
        name: file.name.clone(),
        made_at: now,
        fleet: fleet_digest(fleet)?,
        deadline: file.deadline,
        at_once: file.at_once,
        max_failures: 0,
        hooks: file.hooks.clone(),
        windows: used_windows(file),
        groups: groups.collect(),
        limits: roll.limits,
        left_out: roll.left_out,
    };
    document.max_failures = file.max_failures.at_most(document.members().count());
    schedule::set(&mut document, now);
    Ok(document.sealed()?)
}

fn used_windows(file: &PlanFile) -> BTreeMap<String, crate::Window> {
    let is_used = |name: &String| {
        file.groups
            .values()
            .any(|group| group.windows.contains(name))
    };
    let windows = file.windows.iter().filter(|(name, _)| is_used(name));
    windows
        .map(|(name, window)| (name.clone(), window.clone()))
        .collect()
}

fn offered(near: &[String]) -> String {
    did_you_mean(near).map_or_else(String::new, |question| format!("; {question}"))
}
