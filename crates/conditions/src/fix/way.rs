//! By which way a hook is removed.

use crate::GuestFacts;
use crate::hooks::unit_paths::{DIRECTORIES, split_path};
use crate::hooks::{EVENT_KEYS, Hook, PULL_KEYS, Source, maintainer_script};

/// How to remove one hook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Delete the setting in its file, which configures only this unit.
    Edit { path: String, line: usize },
    /// Reset the property by a drop-in: the file is the vendor's, generated, or of several units.
    Reset { key: String },
    /// Put a copy without the setting before the file: a dependency cannot be reset.
    Shadow { path: String, line: usize },
    /// Replace the line of a maintainer script.
    Script { path: String, line: usize },
    /// Disable the timer.
    Disable,
    /// No file says so any more: a daemon-reload ends it.
    Reload,
    /// People must do it, and why.
    Manual(String),
}

const EDITABLE: [&str; 7] = [
    "/etc/systemd/system",
    "/etc/systemd/system.control",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.control",
    "/run/systemd/system.attached",
    "/run/systemd/transient",
];

/// Chooses the way for `hook`.
pub(super) fn way(facts: &GuestFacts, hook: &Hook) -> Way {
    if hook.property == "Triggers" {
        return Way::Disable;
    }
    let is_edge = |key: &str| EVENT_KEYS.contains(&key) || PULL_KEYS.contains(&key);
    let (path, line) = match &hook.source {
        Source::File { path, line } => (path, *line),
        Source::InEffectOnly if PULL_KEYS.contains(&hook.property.as_str()) => {
            return Way::Manual(format!(
                "remove what ties {} to {} by hand",
                hook.what, hook.unit
            ));
        }
        Source::InEffectOnly => return Way::Reload,
    };
    if maintainer_script(path).is_some() {
        return script_way(path, line, hook);
    }
    if facts.files.get(path).is_none_or(|file| file.truncated) {
        return Way::Manual(format!(
            "remove {} from {path} by hand: it is too long",
            hook.property
        ));
    }
    if hook.property == "ExecStart" {
        return Way::Manual(format!(
            "{}: its ExecStart is itself a hook ({path})",
            hook.unit
        ));
    }
    if is_own_file(&hook.unit, path) {
        return Way::Edit {
            path: path.clone(),
            line,
        };
    }
    if !is_edge(&hook.property) {
        return Way::Reset {
            key: hook.property.clone(),
        };
    }
    if is_stronger_than_etc(path) {
        return Way::Manual(format!(
            "remove {} from {path}, which is generated",
            hook.property
        ));
    }
    Way::Shadow {
        path: path.clone(),
        line,
    }
}

fn script_way(path: &str, line: usize, hook: &Hook) -> Way {
    let names_line = hook.what != "a script that it calls";
    if path.starts_with('/') && names_line {
        return Way::Script {
            path: path.to_owned(),
            line,
        };
    }
    Way::Manual(format!(
        "the package {} itself has a hook in its {}: {}",
        hook.unit, hook.property, hook.action
    ))
}

/// Whether a file configures only `unit` and belongs to the owner.
fn is_own_file(unit: &str, path: &str) -> bool {
    let (directory, name) = split_path(path);
    let (parent, dir_name) = split_path(directory);
    let is_fragment = EDITABLE.contains(&directory) && name == unit;
    is_fragment || (EDITABLE.contains(&parent) && dir_name.strip_suffix(".d") == Some(unit))
}

fn is_stronger_than_etc(path: &str) -> bool {
    let stronger = DIRECTORIES
        .iter()
        .take_while(|d| **d != "/etc/systemd/system");
    stronger
        .into_iter()
        .any(|d| path.starts_with(&format!("{d}/")))
}
