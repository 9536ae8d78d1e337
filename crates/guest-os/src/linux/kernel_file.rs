//! Files that the kernel makes up as they are read (`/proc`, `/sys`): they have no size in
//! advance.

use std::io;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{read as read_into, retry_on_intr};

/// What one file of sysfs holds at most, and what `/proc` gives in one call.
const PAGE: usize = 4096;

/// The whole of a file, in as few calls as it takes.
pub(super) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = retry_on_intr(|| open(path.as_ref(), flags, Mode::empty()))?;
    let mut content = Vec::with_capacity(PAGE);
    while retry_on_intr(|| read_into(&file, spare_capacity(&mut content)))? > 0 {
        // Room for a full page more, doubling: a table of thousands of mounts takes few copies.
        content.reserve(PAGE);
    }
    Ok(content)
}

/// The first line of a small file as text, without its end.
pub(super) fn line(path: impl AsRef<Path>) -> io::Result<String> {
    let content = read(path)?;
    let end = content.iter().position(|byte| *byte == b'\n');
    Ok(String::from_utf8_lossy(&content[..end.unwrap_or(content.len())]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_larger_than_its_first_buffer_is_read_whole() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let expected = vec![b'x'; 3 * PAGE + 5];
        std::fs::write(file.path(), &expected).expect("written");
        assert_eq!(read(file.path()).expect("read"), expected);
    }

    #[test]
    fn a_line_ends_where_it_ends() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (content, expected) in [("", ""), ("0\n", "0"), ("name", "name"), ("a\nb\n", "a")] {
            std::fs::write(file.path(), content).expect("written");
            assert_eq!(line(file.path()).expect("read"), expected);
        }
    }
}
