//! How a document is put together from what each step says.

use std::collections::BTreeMap;

use conditions::Timestamp;

use super::roll::Roll;
use super::{Unplannable, schedule, waves};
use crate::PlanFile;
use crate::document::{Document, PlannedGroup, Schema, fleet_digest};
use crate::fleet::Fleet;
use crate::order;
use crate::window::Window;

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

fn used_windows(file: &PlanFile) -> BTreeMap<String, Window> {
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
