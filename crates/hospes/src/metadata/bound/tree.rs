//! The files of a node's `/etc/pve` that tell what its firewall does.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pve::GuestKind;
use pve::firewall::NodeFirewall;

/// No file of Proxmox VE's file system is longer.
const LONGEST: u64 = 1 << 20;
/// More guests than a node has.
const MOST_GUESTS: usize = 10_000;

/// What the files say.
#[derive(Debug)]
pub(super) struct Tree {
    datacenter: Option<String>,
    guests: BTreeMap<u32, Files>,
}

#[derive(Debug)]
struct Files {
    kind: GuestKind,
    config: String,
    firewall: Option<String>,
}

/// Which files there are, and when each was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Tree {
    /// Reads the files in `directory` (`/etc/pve`).
    pub(super) fn read(directory: &Path) -> Result<Self, String> {
        let mut guests = BTreeMap::new();
        for (vmid, (kind, config)) in guests_of(directory)? {
            // A guest that goes away in the meantime is no neighbour any more.
            let Some(config) = text(&config)? else {
                continue;
            };
            let firewall = text(&firewall_file(directory, &vmid.to_string()))?;
            let files = Files {
                kind,
                config,
                firewall,
            };
            guests.insert(vmid, files);
        }
        let datacenter = text(&firewall_file(directory, "cluster"))?;
        Ok(Self { datacenter, guests })
    }

    pub(super) fn firewall(&self) -> NodeFirewall {
        let mut node = NodeFirewall::new(self.datacenter.as_deref());
        for (vmid, files) in &self.guests {
            node.add(*vmid, files.kind, &files.config, files.firewall.as_deref());
        }
        node
    }
}

impl Stamp {
    /// When the files in `directory` were changed.
    pub(super) fn of(directory: &Path) -> Result<Self, String> {
        let mut files = vec![firewall_file(directory, "cluster")];
        for (vmid, (_, config)) in guests_of(directory)? {
            files.push(config);
            files.push(firewall_file(directory, &vmid.to_string()));
        }
        let stamped = files.into_iter().map(|file| {
            let known = fs::metadata(&file).ok();
            let changed = known.and_then(|known| Some((known.modified().ok()?, known.len())));
            (file, changed)
        });
        Ok(Self(stamped.collect()))
    }
}

fn firewall_file(directory: &Path, whose: &str) -> PathBuf {
    directory.join("firewall").join(format!("{whose}.fw"))
}

/// The guests of the node by number, with their configuration files.
fn guests_of(directory: &Path) -> Result<BTreeMap<u32, (GuestKind, PathBuf)>, String> {
    let mut guests = BTreeMap::new();
    for (kind, folder) in [(GuestKind::Qemu, "qemu-server"), (GuestKind::Lxc, "lxc")] {
        let folder = directory.join(folder);
        let entries = match fs::read_dir(&folder) {
            Err(error) if kind == GuestKind::Lxc && error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| failed(&folder, &error))?,
        };
        for entry in entries {
            let path = entry.map_err(|error| failed(&folder, &error))?.path();
            let Some(vmid) = vmid(&path) else { continue };
            guests.insert(vmid, (kind, path));
            if guests.len() > MOST_GUESTS {
                return Err(format!("{} names too many guests", folder.display()));
            }
        }
    }
    Ok(guests)
}

/// 101 of `101.conf`.
fn vmid(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".conf")?.parse().ok()
}

/// A file's text, if there is such a file.
fn text(path: &Path) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| failed(path, &error))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(path, &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("{} is too long", path.display()));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}
