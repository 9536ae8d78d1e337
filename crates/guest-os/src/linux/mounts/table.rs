//! The table of mounts, line by line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::{Device, Mount};

/// One line, still escaped.
pub(super) struct Entry<'a> {
    pub(super) device: Device,
    pub(super) fs_type: &'a [u8],
    mountpoint: &'a [u8],
    options: &'a [u8],
    source: &'a [u8],
    super_options: &'a [u8],
}

/// The lines of a table. One that is none is left out.
pub(super) fn entries(table: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    table.split(|byte| *byte == b'\n').filter_map(entry)
}

/// The mount that holds a file: the one with the longest mount point above it, and the latest of
/// several at one place.
pub(super) fn holder<'a>(table: &'a [u8], file: &Path) -> Option<Entry<'a>> {
    entries(table)
        .filter(|entry| file.starts_with(entry.mountpoint()))
        .max_by_key(|entry| entry.mountpoint().components().count())
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 ... - ext3 /dev/root rw,errors=continue`
fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let mut fields = line.split(|byte| *byte == b' ');
    let device = device(fields.nth(2)?)?;
    let mountpoint = fields.nth(1)?;
    let options = fields.next()?;
    fields.find(|field| *field == b"-")?;
    Some(Entry {
        device,
        fs_type: fields.next().filter(|name| !name.is_empty())?,
        mountpoint,
        options,
        source: fields.next().unwrap_or_default(),
        super_options: fields.next().unwrap_or_default(),
    })
}

fn device(field: &[u8]) -> Option<Device> {
    let (major, minor) = std::str::from_utf8(field).ok()?.split_once(':')?;
    Some(Device {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
    })
}

impl Entry<'_> {
    /// The mount, on the block device that is under it.
    pub(super) fn mount(&self, device: Device) -> Mount {
        Mount {
            device,
            source: self.source(),
            mountpoint: self.mountpoint(),
            fs_type: text(self.fs_type),
            options: text(self.options),
            super_options: text(self.super_options),
        }
    }

    pub(super) fn source(&self) -> PathBuf {
        path(self.source)
    }

    /// Its mount point was removed under it: no path leads there.
    pub(super) fn unlinked(&self) -> bool {
        self.mountpoint.ends_with(b"//deleted")
    }

    fn mountpoint(&self) -> PathBuf {
        path(self.mountpoint)
    }
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescaped(field)))
}

fn text(field: &[u8]) -> String {
    match String::from_utf8(unescaped(field)) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// The kernel writes space, tab, newline, `\` and `#` as `\` and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match escape(rest) {
            Some(byte) => (byte, &tail[3..]),
            None => (*first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    bytes
}

fn escape(rest: &[u8]) -> Option<u8> {
    match rest {
        [
            b'\\',
            high @ b'0'..=b'3',
            middle @ b'0'..=b'7',
            low @ b'0'..=b'7',
            ..,
        ] => Some((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn only(line: &[u8]) -> Option<Mount> {
        entry(line).map(|entry| entry.mount(entry.device))
    }

    #[test]
    fn a_line_gives_its_fields() {
        let line = b"36 35 98:7 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,x=-";
        let mount = only(line).expect("a mount");
        let expected = Mount {
            device: Device {
                major: 98,
                minor: 7,
            },
            source: "/dev/root".into(),
            mountpoint: "/mnt2".into(),
            fs_type: "ext3".into(),
            options: "rw,noatime".into(),
            super_options: "rw,x=-".into(),
        };
        assert_eq!(mount, expected);
    }

    #[test]
    fn escapes_are_decoded_and_bytes_kept() {
        let table: [(&[u8], &[u8]); 7] = [
            (br"/a\040b", b"/a b"),
            (br"/a\011\012\134\043", b"/a\t\n\\#"),
            (br"/a\377", b"/a\xff"),
            (b"/a\xfe", b"/a\xfe"),
            (br"/a\477", br"/a\477"),
            (br"/a\04", br"/a\04"),
            (br"/a\", br"/a\"),
        ];
        for (escaped, expected) in table {
            let line = [b"1 2 3:4 / ", escaped, b" rw - ext4 /dev/x rw"].concat();
            let mountpoint = only(&line).expect("a mount").mountpoint;
            assert_eq!(mountpoint.as_os_str(), OsStr::from_bytes(expected));
        }
    }

    #[test]
    fn an_empty_source_is_no_missing_field() {
        let mount = only(b"1 2 0:4 / /x rw - tmpfs  rw,size=4k").expect("a mount");
        assert_eq!(mount.source, Path::new(""));
        assert_eq!(mount.super_options, "rw,size=4k");
    }

    #[test]
    fn what_is_no_line_is_left_out() {
        let lines: [&[u8]; 9] = [
            b"",
            b" ",
            b"1 2 3",
            b"1 2 3:4",
            b"1 2 3:x / / rw - ext4 /dev/x rw",
            b"1 2 3:99999999999 / / rw - ext4 /dev/x rw",
            b"1 2 3:4 / / rw shared:1",
            b"1 2 3:4 / / rw -",
            b"1 2 3:4 / / rw - ",
        ];
        for line in lines {
            assert!(only(line).is_none(), "{}", line.escape_ascii());
        }
        assert_eq!(entries(&lines.join(&b'\n')).count(), 0);
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let table =
            b"36 35 98:0 /r /m\\040x rw shared:1 - ext3 /dev/root rw\n1 2 0:3 / / rw - a b c\n";
        let mut state = 0x9E37_79B9_u32;
        for length in 0..=table.len() {
            let mut bytes = table[..length].to_vec();
            for _ in 0..50 {
                for entry in entries(&bytes) {
                    let _ = entry.mount(entry.device);
                }
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let place = (state >> 8) as usize % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = b" \\-\n:0/9\xff\0"[(state >> 24) as usize % 10];
                }
            }
        }
    }

    #[test]
    fn a_file_is_held_by_the_nearest_mount_above_it() {
        let table = b"\
1 0 8:1 / / rw - ext4 a rw
2 1 8:2 / /srv rw - ext4 b rw
3 1 8:3 / /srv/deep rw - ext4 c rw
4 2 8:4 / /srv rw - ext4 d rw
";
        let held = |file: &str| holder(table, Path::new(file)).map(|entry| entry.device.minor);
        assert_eq!(held("/etc/x"), Some(1));
        assert_eq!(held("/srv/x"), Some(4));
        assert_eq!(held("/srvx"), Some(1));
        assert_eq!(held("/srv/deep/x"), Some(3));
        assert_eq!(held("relative"), None);
    }
}
