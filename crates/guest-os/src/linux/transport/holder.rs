//! Who has a port open.

use std::fs;
use std::path::Path;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub process: i32,
    /// Its name, as far as the kernel keeps it (15 bytes).
    pub name: String,
}

/// The process that has the file behind `path` open, as far as the caller may see it (proc(5): the
/// descriptors of others are root's to look at).
#[must_use]
pub fn holder(path: &Path) -> Option<Holder> {
    let target = fs::canonicalize(path).ok()?;
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let process = ids
        .into_iter()
        .find(|process| has_open(*process, &target))?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    Some(Holder {
        process,
        name: name.trim_end().to_owned(),
    })
}

fn has_open(process: i32, target: &Path) -> bool {
    let open = fs::read_dir(format!("/proc/{process}/fd"));
    let mut open = open.into_iter().flatten().filter_map(Result::ok);
    open.any(|fd| fs::read_link(fd.path()).is_ok_and(|path| path == target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_file_has_its_holder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let ours = i32::try_from(std::process::id()).ok();
        // Another test's program holds it too, until it is executed.
        let found = || holder(file.path()).map(|holder| holder.process);
        assert!((0..1000).any(|_| found() == ours));
        let (open, path) = file.keep().unwrap();
        drop(open);
        assert!((0..1000).any(|_| holder(&path).is_none()));
        fs::remove_file(path).unwrap();
    }
}
