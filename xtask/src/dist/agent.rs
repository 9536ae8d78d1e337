//! The package `hospes-agent`: what takes the place of the stock guest agent.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::binary::Needs;
use super::controller::Generated;
use super::package::{Family, Package, Sources};
use super::staging::Tree;
use crate::process;

pub(super) const NAME: &str = "hospes-agent";
const UNIT: &str = "qemu-guest-agent.service";
const RULE: &str = "60-qemu-guest-agent.rules";

/// Asks the program for its manual page and its completions.
pub(crate) fn generated(program: &Path) -> Result<Generated> {
    let ask = |what| process::output(Command::new(program).arg(what));
    Ok(Generated {
        manuals: vec![("hospes-agent.8".to_owned(), ask("man")?.into_bytes())],
        completions: vec![("bash", ask("completions")?)],
    })
}

/// The package with `program` in it.
pub(crate) fn package(
    family: Family,
    sources: Sources,
    program: Vec<u8>,
    generated: &Generated,
) -> Result<Package> {
    let needs = Needs::of(&program);
    let (tree, relations, scripts) = match family {
        Family::Deb => (
            deb_tree(sources, program, generated)?,
            deb_relations(&needs),
            sources.scripts("agent/deb", &["postinst", "prerm", "postrm"])?,
        ),
        Family::Rpm => (
            rpm_tree(sources, program, generated)?,
            rpm_relations(),
            sources.scripts("agent/rpm", &["pre", "preun", "postun", "posttrans"])?,
        ),
    };
    Ok(Package {
        name: NAME,
        version: sources.version.to_owned(),
        architecture: sources.machine.architecture,
        summary: "QEMU guest agent that thaws what it froze",
        description: &[
            "The agent answers the hypervisor from inside a virtual machine. It takes the place of \
             qemu-ga: same protocol, same commands, same command line and configuration.",
            "A frozen file system is thawed after a limit and when the agent stops or crashes; long \
             commands do not block the channel; the agent starts no lifecycle action by itself.",
        ],
        relations,
        tree,
        scripts,
    })
}

/// The folder of the program. Only one of the two is used a family: where they are the same folder,
/// both would be one file.
pub(super) const fn programs(family: Family) -> &'static str {
    match family {
        Family::Deb => "/usr/sbin",
        Family::Rpm => "/usr/bin",
    }
}

fn deb_tree(sources: Sources, program: Vec<u8>, generated: &Generated) -> Result<Tree> {
    let layout = Layout {
        programs: programs(Family::Deb),
        hook: "/etc/qemu/fsfreeze-hook",
        command: "ExecStart=/usr/sbin/hospes-agent qemu-ga",
        // udev's rule starts it, as in Debian: there is nothing to enable.
        install: "",
    };
    let mut tree = common_tree(sources, &layout, Family::Deb, program, generated)?;
    // What postinst offers or restores, and why, is told there.
    let templates = "/usr/share/hospes-agent";
    tree.text(&format!("{templates}/{UNIT}"), layout.unit(sources)?);
    tree.text(
        &format!("{templates}/{RULE}"),
        sources.text(&format!("packaging/agent/{RULE}"))?,
    );
    tree.text(
        &format!("{templates}/qemu-ga.conf"),
        layout.filled(sources, "qemu-ga.conf")?,
    );
    tree.program(
        &format!("{templates}/fsfreeze-hook"),
        sources.text("packaging/agent/fsfreeze-hook")?,
    );
    Ok(tree)
}

/// The RPM family keeps the agent in `/usr/bin`, and its settings in `/etc/sysconfig`.
fn rpm_tree(sources: Sources, program: Vec<u8>, generated: &Generated) -> Result<Tree> {
    let command = sources.text("packaging/agent/rpm/command")?;
    let layout = Layout {
        programs: programs(Family::Rpm),
        hook: "/etc/qemu-ga/fsfreeze-hook",
        command: command.trim_end(),
        install: r"WantedBy=dev-virtio\x2dports-org.qemu.guest_agent.0.device",
    };
    let mut tree = common_tree(sources, &layout, Family::Rpm, program, generated)?;
    tree.config(
        "/etc/qemu/qemu-ga.conf",
        layout.filled(sources, "qemu-ga.conf")?,
        0o644,
    );
    tree.config(
        layout.hook,
        sources.text("packaging/agent/fsfreeze-hook")?,
        0o755,
    );
    tree.text(
        "/usr/lib/systemd/system-preset/85-hospes-agent.preset",
        sources.text("packaging/agent/rpm/85-hospes-agent.preset")?,
    );
    Ok(tree)
}

fn common_tree(
    sources: Sources,
    layout: &Layout,
    family: Family,
    program: Vec<u8>,
    generated: &Generated,
) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.program(&format!("{}/hospes-agent", layout.programs), program);
    tree.link(&format!("{}/qemu-ga", layout.programs), NAME);
    tree.text(
        &format!("/usr/lib/systemd/system/{UNIT}"),
        layout.unit(sources)?,
    );
    tree.text(
        &format!("/usr/lib/udev/rules.d/{RULE}"),
        sources.text(&format!("packaging/agent/{RULE}"))?,
    );
    tree.folder(&format!("{}.d", layout.hook));
    for (name, text) in &generated.manuals {
        tree.compressed(&format!("/usr/share/man/man8/{name}"), text.clone());
        tree.link("/usr/share/man/man8/qemu-ga.8.gz", &format!("{name}.gz"));
    }
    for (_, script) in &generated.completions {
        let folder = "/usr/share/bash-completion/completions";
        tree.text(&format!("{folder}/hospes-agent"), script.as_bytes());
        tree.link(&format!("{folder}/qemu-ga"), NAME);
    }
    sources.add_documents(&mut tree, family, NAME)?;
    Ok(tree)
}

/// What differs between the families in the same files.
struct Layout<'a> {
    programs: &'a str,
    hook: &'a str,
    command: &'a str,
    install: &'a str,
}

impl Layout<'_> {
    fn unit(&self, sources: Sources) -> Result<String> {
        let text = self.filled(sources, "qemu-guest-agent.service.in")?;
        // Debian's unit has an empty [Install] too; an empty line less is all that is left of it.
        Ok(format!("{}\n", text.trim_end()))
    }

    fn filled(&self, sources: Sources, file: &str) -> Result<String> {
        let text = sources.text(&format!("packaging/agent/{file}"))?;
        Ok(text
            .replace("@COMMAND@", self.command)
            .replace("@INSTALL@", self.install)
            .replace("@HOOK@", self.hook))
    }
}

/// Replaces lets dpkg itself put it in the stock agent's place.
fn deb_relations(needs: &Needs) -> Vec<(&'static str, String)> {
    let stock = || "qemu-guest-agent".to_owned();
    vec![
        ("Depends", needs.debian()),
        ("Provides", stock()),
        ("Conflicts", stock()),
        ("Replaces", stock()),
    ]
}

/// No Obsoletes: it would take the place of the stock agent wherever both are in reach, unasked.
fn rpm_relations() -> Vec<(&'static str, String)> {
    let stock = || "qemu-guest-agent".to_owned();
    vec![
        ("Requires", "systemd".to_owned()),
        ("Provides", stock()),
        ("Conflicts", stock()),
    ]
}
