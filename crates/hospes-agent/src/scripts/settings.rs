//! The files with settings.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use metadata::scripts::{Settings, settings_files};

use crate::system::DIALECT;

/// Bytes of a file that are read.
const MOST_BYTES: u64 = 1 << 20;

/// What the files say, and a line for each thing in them that says nothing.
pub(super) fn read(first: &Path) -> (Settings, Vec<String>) {
    let mut problems = Vec::new();
    let standard = settings_files(DIALECT);
    let files: Vec<(String, String)> = standard
        .iter()
        .filter_map(|file| {
            // `FILE`, `FILE.distro`, `FILE.template`.
            let ending = file.strip_prefix(standard[0])?;
            let name = format!("{}{ending}", first.display());
            let text = contents(Path::new(&name)).unwrap_or_else(|problem| {
                problems.push(format!(
                    "{name} cannot be read and does not count: {problem}"
                ));
                None
            })?;
            Some((name, text))
        })
        .collect();
    let files = files.iter().map(|(name, text)| (&**name, &**text));
    let (settings, warnings) = Settings::read(DIALECT, files);
    problems.extend(warnings.iter().map(ToString::to_string));
    (settings, problems)
}

/// `None`: there is no such file.
fn contents(file: &Path) -> std::io::Result<Option<String>> {
    let opened = match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    opened.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
