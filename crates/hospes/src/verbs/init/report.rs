//! What is shown: what the cluster told, what is missing, what is written, and what comes next.

use anyhow::Result;
use serde_json::json;

use super::answers::Answers;
use super::draft::Draft;
use super::probe::Seen;
use crate::show;

pub(super) struct Report<'a> {
    pub(super) answers: &'a Answers,
    pub(super) seen: &'a Seen,
    pub(super) draft: &'a Draft<'a>,
}

impl Report<'_> {
    /// Before anything is written.
    pub(super) fn show(&self) -> Result<()> {
        let Seen {
            version,
            nodes,
            missing,
            grants,
            ..
        } = self.seen;
        let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
        let nodes = match nodes.as_slice() {
            [] => "no node is shown to this token".to_owned(),
            [node] => format!("node {node}"),
            nodes => format!("nodes {}", nodes.join(", ")),
        };
        show::line(&format!(
            "{} runs Proxmox VE {version}: {nodes}; {}, {} (hospes leaves containers alone)",
            self.answers.host,
            count(self.seen.machines(), "VM"),
            count(self.seen.containers(), "container"),
        ))?;
        if missing.is_empty() {
            show::line("The token has every privilege that hospes uses.")?;
        } else {
            show::line("\nThe token lacks privileges. What works only with them:\n")?;
            let rows = missing.iter().map(|missing| {
                let paths = shortened(&missing.paths);
                [
                    missing.privilege.to_owned(),
                    paths,
                    missing.purpose.verbs().to_owned(),
                ]
            });
            show::line(&show::table(["PRIVILEGE", "ON", "FOR"], rows))?;
            show::line("\nIn a shell of a node, this grants them:\n")?;
            for command in grants {
                show::line(&format!("  {command}"))?;
            }
        }
        show::line(&format!("\n{}:\n", self.what()))?;
        for line in self.draft.text().lines() {
            show::line(&format!("  {line}"))?;
        }
        show::line("")
    }

    fn what(&self) -> String {
        let file = self.draft.file().display();
        if self.draft.is_added() {
            format!("To be added to {file}")
        } else {
            format!("To be written to {file}")
        }
    }

    /// After it.
    pub(super) fn show_end(&self, is_written: bool) -> Result<()> {
        if !is_written {
            return show::line("Nothing was written.");
        }
        show::line(&format!("Written: {}", self.draft.file().display()))?;
        if let Some(file) = self.draft.secret_file() {
            show::line(&format!(
                "Written: {} (only its owner may read it)",
                file.display()
            ))?;
        }
        if let Some(first) = self.draft.renames() {
            show::line(&format!(
                "With two clusters, guests without a table of their own are called {first}.NAME-VMID and \
                 {}.NAME-VMID from now on.",
                self.answers.name
            ))?;
        }
        show::line("Next: hospes guests")
    }

    /// The same as a document.
    pub(super) fn document(&self, is_written: bool) -> Result<()> {
        let missing = self.seen.missing.iter().map(|missing| {
            json!({
                "privilege": missing.privilege,
                "paths": missing.paths,
                "for": missing.purpose.verbs(),
            })
        });
        let body = json!({
            "cluster": self.answers.name,
            "endpoint": self.answers.host,
            "fingerprint": self.answers.fingerprint,
            "version": self.seen.version.to_string(),
            "nodes": self.seen.nodes,
            "machines": self.seen.machines(),
            "containers": self.seen.containers(),
            "missing": missing.collect::<Vec<_>>(),
            "grants": self.seen.grants,
            "file": self.draft.file(),
            "adds": self.draft.text(),
            "written": is_written,
        });
        show::document("init", &body)
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A few paths, and how many more there are.
fn shortened(paths: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = paths.iter().take(SHOWN).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(" ");
    match paths.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
