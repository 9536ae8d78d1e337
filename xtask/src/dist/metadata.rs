//! The package `hospes-metadata-scripts`: units that run the agent's program for metadata scripts.

use anyhow::Result;

use super::agent;
use super::machine::Architecture;
use super::package::{Family, Package, Sources};
use super::staging::Tree;

pub(super) const NAME: &str = "hospes-metadata-scripts";

/// What had these names first.
const OTHERS: &str = "google-guest-agent";

const UNITS: [(&str, &str); 4] = [
    ("hospes-metadata-watcher.service", ".in"),
    ("google-startup-scripts.service", ""),
    ("google-shutdown-scripts.service", ""),
    ("google-graceful-shutdown-scripts.service", ".in"),
];

const PRESET: &str = "90-google-guest-agent.preset";

/// Names under which the agent runs scripts.
const RUNNERS: [&str; 2] = [
    "google_metadata_script_runner",
    "google_metadata_script_runner_adapt",
];

/// The package; it holds no program.
pub(crate) fn package(family: Family, sources: Sources) -> Result<Package> {
    let sources = Sources {
        notices: "",
        ..sources
    };
    let scripts = match family {
        Family::Deb => sources.scripts("metadata/deb", &["postinst", "prerm", "postrm"]),
        Family::Rpm => sources.scripts("metadata/rpm", &["pre", "preun", "postun", "posttrans"]),
    };
    Ok(Package {
        name: NAME,
        version: sources.version.to_owned(),
        architecture: Architecture::ANY,
        summary: "startup, shutdown and graceful shutdown scripts from metadata",
        description: &[
            "A virtual machine learns from a metadata server (Google Compute Engine's, or `hospes \
             metadata serve`) which scripts to run when it starts, when it goes down, and before it \
             is stopped gracefully.",
            "The units of this package run hospes-agent for it, under the names that Google's \
             guest agent has for them. Accounts, addresses and the clock are not looked after.",
        ],
        relations: relations(family, sources.version),
        tree: tree(family, sources)?,
        scripts: scripts?,
    })
}

/// No Provides: what else Google's agent does, this does not, and whoever needs it must not take
/// the one for the other.
fn relations(family: Family, version: &str) -> Vec<(&'static str, String)> {
    let agent = agent::NAME;
    match family {
        Family::Deb => vec![
            ("Depends", format!("{agent} (= {version})")),
            ("Conflicts", OTHERS.to_owned()),
            ("Replaces", OTHERS.to_owned()),
        ],
        Family::Rpm => vec![
            ("Requires", format!("{agent} = {version}")),
            ("Requires", "systemd".to_owned()),
            ("Conflicts", OTHERS.to_owned()),
        ],
    }
}

fn tree(family: Family, sources: Sources) -> Result<Tree> {
    let mut tree = Tree::default();
    let source = |file: &str| sources.text(&format!("packaging/metadata/{file}"));
    let program = format!("{}/{}", agent::programs(family), agent::NAME);
    for (unit, ending) in UNITS {
        let text = source(&format!("{unit}{ending}"))?.replace("@AGENT@", &program);
        tree.text(&format!("/usr/lib/systemd/system/{unit}"), text);
    }
    tree.text(
        &format!("/usr/lib/systemd/system-preset/{PRESET}"),
        source(PRESET)?,
    );
    for runner in RUNNERS {
        let link = match family {
            Family::Deb => "../sbin/hospes-agent",
            Family::Rpm => agent::NAME,
        };
        tree.link(&format!("/usr/bin/{runner}"), link);
    }
    // Not in /etc: the file that the settings are read from may be the administrator's or Google's.
    tree.text(
        &format!("/usr/share/{NAME}/instance_configs.cfg"),
        source("instance_configs.cfg")?,
    );
    sources.add_documents(&mut tree, family, NAME)?;
    Ok(tree)
}
