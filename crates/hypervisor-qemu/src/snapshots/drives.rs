//! The writable disks in the command that starts a machine: all that is known of them while it is
//! off. What could hide a disk is refused, because going back with a part of the disks would tear
//! the guest's data apart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::disk::QCOW2;

/// A disk as a command has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drive {
    /// Its file; QEMU is started in `/`.
    pub(super) file: PathBuf,
    /// Its format; QEMU finds out where it is not said.
    pub(super) format: Option<String>,
}

/// One option's keys and values; those of nested nodes are `file.filename`.
type Keys = BTreeMap<String, String>;

/// The program that is QEMU, and its writable disks.
pub(super) fn drives(argv: &[String]) -> Result<(&str, Vec<Drive>), String> {
    let at = argv.iter().position(|it| is_qemu(it));
    let at = at.ok_or_else(|| "its `start` does not name QEMU itself".to_owned())?;
    let (mut drives, mut nodes) = (Vec::new(), Vec::new());
    let mut words = argv[at + 1..].iter();
    while let Some(word) = words.next() {
        let option = word.strip_prefix('-').unwrap_or_default();
        let option = option.strip_prefix('-').unwrap_or(option);
        let mut value = || {
            let value = words.next().map(String::as_str);
            value.ok_or_else(|| format!("-{option} has no value"))
        };
        match option {
            "drive" => drives.extend(of_drive(&keys(value()?))?),
            "hda" | "hdb" | "hdc" | "hdd" | "fda" | "fdb" => drives.push(Drive {
                file: file_of(value()?)?,
                format: None,
            }),
            "blockdev" => nodes.push(node(value()?)?),
            "snapshot" => return Err("-snapshot keeps nothing of what it writes".to_owned()),
            "readconfig" | "pflash" | "sd" | "mtdblock" => {
                return Err(format!("the disks of -{option} are not read"));
            }
            _ => {}
        }
    }
    drives.extend(of_nodes(&nodes)?);
    Ok((&argv[at], drives))
}

fn is_qemu(word: &str) -> bool {
    let name = Path::new(word).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let is_one = name.starts_with("qemu-system-") || matches!(&*name, "qemu-kvm" | "kvm");
    is_one && !word.contains(char::is_whitespace)
}

/// `-drive`, unless it is read-only or keeps nothing.
fn of_drive(keys: &Keys) -> Result<Option<Drive>, String> {
    let is = |key: &str, value: &str| keys.get(key).is_some_and(|it| it == value);
    let on = |key: &str| ["on", "yes", "true"].iter().any(|value| is(key, value));
    if is("media", "cdrom") || on("readonly") || on("read-only") || on("snapshot") {
        return Ok(None);
    }
    let file = keys.get("file").or_else(|| keys.get("file.filename"));
    let format = keys.get("format").or_else(|| keys.get("driver"));
    match file {
        Some(file) => Ok(Some(Drive {
            file: file_of(file)?,
            format: format.cloned(),
        })),
        None if keys.keys().any(|key| key.starts_with("file")) => {
            Err("the file of a -drive is not understood".to_owned())
        }
        // An empty slot.
        None => Ok(None),
    }
}

fn node(text: &str) -> Result<Keys, String> {
    if !text.starts_with('{') {
        return Ok(keys(text));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| format!("-blockdev: {error}"))?;
    let mut flat = Keys::new();
    flatten("", &value, &mut flat);
    Ok(flat)
}

fn flatten(prefix: &str, value: &Value, into: &mut Keys) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&path, value, into);
            }
        }
        Value::String(text) => drop(into.insert(prefix.to_owned(), text.clone())),
        Value::Bool(flag) => {
            let word = if *flag { "on" } else { "off" };
            into.insert(prefix.to_owned(), word.to_owned());
        }
        other => drop(into.insert(prefix.to_owned(), other.to_string())),
    }
}

/// The writable nodes that no other node uses.
fn of_nodes(nodes: &[Keys]) -> Result<Vec<Drive>, String> {
    let name = |node: &Keys| node.get("node-name").cloned().unwrap_or_default();
    let is_used = |node: &Keys| {
        let wanted = name(node);
        let mut uses = nodes
            .iter()
            .flat_map(|other| other.iter().filter(|(key, _)| is_link(key)));
        uses.any(|(_, value)| *value == wanted)
    };
    let is_read_only = |node: &Keys| {
        let said = node.get("read-only").map(String::as_str);
        matches!(said, Some("on" | "yes" | "true"))
    };
    let tops = nodes.iter().filter(|it| !is_used(it) && !is_read_only(it));
    tops.map(|top| {
        let below = top
            .get("file")
            .and_then(|wanted| nodes.iter().find(|it| name(it) == *wanted));
        let file = match below {
            Some(below) => below.get("filename"),
            None => top.get("file.filename").or_else(|| top.get("filename")),
        };
        let file =
            file.ok_or_else(|| format!("the file of -blockdev {} is not understood", name(top)))?;
        Ok(Drive {
            file: file_of(file)?,
            format: top.get("driver").cloned(),
        })
    })
    .collect()
}

/// Whether a key may name another node.
fn is_link(key: &str) -> bool {
    matches!(
        key.rsplit('.').next(),
        Some("file" | "backing" | "data-file")
    )
}

/// Keys and values between commas, of which two stand for one.
fn keys(text: &str) -> Keys {
    let mut parts = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            ',' if rest.next_if_eq(&',').is_none() => parts.push(String::new()),
            _ => parts
                .last_mut()
                .into_iter()
                .for_each(|part| part.push(next)),
        }
    }
    let pairs = parts.iter().filter(|part| !part.is_empty());
    pairs
        .map(|part| part.split_once('=').unwrap_or((part, "on")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A path, if it is one, and not `nbd://...` or `json:...`.
fn file_of(text: &str) -> Result<PathBuf, String> {
    let text = text.strip_prefix("file:").unwrap_or(text);
    let before_slash = text.split('/').next().unwrap_or_default();
    if before_slash.contains(':') {
        return Err(format!("{before_slash}... is no file of this host"));
    }
    Ok(Path::new("/").join(text))
}

impl Drive {
    /// Whether it may be a qcow2 image.
    pub(super) fn may_be_qcow2(&self) -> bool {
        self.format.as_deref().is_none_or(|format| format == QCOW2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(command: &str) -> Result<Vec<String>, String> {
        let argv: Vec<_> = command.split(' ').map(str::to_owned).collect();
        let (_, drives) = drives(&argv)?;
        let told = drives
            .into_iter()
            .map(|it| format!("{} {}", it.file.display(), it.format.unwrap_or_default()));
        Ok(told.collect())
    }

    #[test]
    fn the_writable_disks_of_a_command_are_found() {
        let q = "qemu-system-x86_64 -m 64";
        for (options, disks) in [
            ("", &[][..]),
            (
                "-drive file=/a,,b.qcow2,format=qcow2,if=virtio",
                &["/a,b.qcow2 qcow2"],
            ),
            (
                "--drive file=c.img -hda /d.qcow2",
                &["/c.img ", "/d.qcow2 "],
            ),
            (
                "-drive file=/x.iso,media=cdrom -drive file=/y,readonly=on -cdrom /z",
                &[],
            ),
            ("-drive file=/y,snapshot=on -drive if=ide,media=disk", &[]),
            (
                "-drive if=pflash,format=raw,file=/vars.fd",
                &["/vars.fd raw"],
            ),
            (
                "-drive driver=qcow2,file.driver=file,file.filename=/e",
                &["/e qcow2"],
            ),
            (
                "-blockdev driver=file,node-name=f,filename=/f.qcow2 -blockdev driver=qcow2,node-name=q,file=f",
                &["/f.qcow2 qcow2"],
            ),
            (
                r#"-blockdev {"driver":"qcow2","node-name":"q","file":{"driver":"file","filename":"/g"}}"#,
                &["/g qcow2"],
            ),
            (
                r#"-blockdev {"driver":"raw","node-name":"q","read-only":true,"file":{"driver":"file","filename":"/g"}}"#,
                &[],
            ),
            (
                "-blockdev driver=file,node-name=b,filename=/h",
                &["/h file"],
            ),
            (
                "-blockdev driver=file,node-name=file,filename=/i -blockdev driver=file,node-name=j,filename=/j",
                &["/i file", "/j file"],
            ),
        ] {
            let command = format!("{q} {options}");
            assert_eq!(read(command.trim()).unwrap(), disks, "{command}");
        }
        assert_eq!(
            read("nice -n 5 /opt/qemu-system-x86_64 -hda /d").unwrap(),
            ["/d "]
        );
    }

    #[test]
    fn what_could_hide_a_disk_is_refused() {
        for (command, why) in [
            ("systemctl start vm", "does not name QEMU"),
            ("qemu-system-x86_64 -readconfig /vm.cfg", "-readconfig"),
            ("qemu-system-x86_64 -snapshot -hda /d", "keeps nothing"),
            (
                "qemu-system-x86_64 -drive file=nbd://h/x",
                "nbd:... is no file",
            ),
            ("qemu-system-x86_64 -drive file=json:{}", "is no file"),
            (
                "qemu-system-x86_64 -drive file.driver=nbd,file.host=h",
                "not understood",
            ),
            (
                "qemu-system-x86_64 -blockdev driver=nbd,node-name=n,host=h",
                "not understood",
            ),
            ("qemu-system-x86_64 -drive", "-drive has no value"),
            ("qemu-system-x86_64 -blockdev {", "-blockdev:"),
        ] {
            let told = read(command).unwrap_err();
            assert!(told.contains(why), "{command}: {told}");
        }
        let in_a_shell = ["sh", "-c", "qemu-system-x86_64 -hda d"].map(str::to_owned);
        assert!(drives(&in_a_shell).is_err());
    }
}
