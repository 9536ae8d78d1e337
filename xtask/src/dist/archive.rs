//! A .zip whose bytes depend on nothing but its files.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::process;

/// Writes `files`, by their paths with forward slashes, all of the time `epoch` (seconds since 1970).
pub(super) fn write(path: &Path, files: &[(String, Vec<u8>)], epoch: u64) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut archive = ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(time(epoch)?)
        .unix_permissions(0o644);
    for (name, content) in files {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(content)?;
    }
    archive.finish()?;
    Ok(())
}

/// Archives know years from 1980, and pairs of seconds.
fn time(epoch: u64) -> Result<DateTime> {
    let mut date = Command::new("date");
    date.args(["--utc", &format!("--date=@{epoch}"), "+%Y %m %d %H %M %S"]);
    let told = process::output(&mut date)?;
    let numbers: Vec<u16> = told
        .split_whitespace()
        .map(|number| number.parse().context("date told no number"))
        .collect::<Result<_>>()?;
    let [year, rest @ ..] = numbers.as_slice() else {
        anyhow::bail!("date told nothing");
    };
    let rest: Vec<u8> = rest.iter().map(|number| *number as u8).collect();
    let [month, day, hour, minute, second] = rest[..] else {
        anyhow::bail!("date told {told}");
    };
    DateTime::from_date_and_time(*year, month, day, hour, minute, second)
        .context("the time of the files is not one that a zip can hold (1980 to 2107)")
}
