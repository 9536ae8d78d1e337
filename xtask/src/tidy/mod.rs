//! `cargo xtask tidy`: the structure that the compiler does not check.

mod layers;
mod lock;
mod sources;

use anyhow::{Result, bail};

use crate::say;
use crate::workspace::Workspace;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    place: String,
    rule: String,
    severity: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Error,
    Warning,
}

impl Finding {
    fn error(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
            severity: Severity::Error,
        }
    }

    fn warning(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
            severity: Severity::Warning,
        }
    }
}

/// Checks layers, dependencies and sources.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut findings = layers::check(workspace.metadata());
    findings.extend(lock::check(workspace.root())?);
    findings.extend(sources::check(workspace.root())?);
    for finding in &findings {
        let severity = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        say::line(&format!(
            "    {severity}: {}: {}",
            finding.place, finding.rule
        ));
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count();
    if errors > 0 {
        bail!("{errors} breaches of the project's structure");
    }
    say::line(&format!("    tidy, {} warnings", findings.len()));
    Ok(())
}
