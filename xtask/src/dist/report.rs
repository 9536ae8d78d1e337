//! What was made: checksums and a table.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, say};

/// Writes `SHA256SUMS` beside `files`, all in `folder`, and prints them.
pub(crate) fn finish(folder: &Path, files: &[PathBuf]) -> Result<()> {
    let names: Vec<String> = files
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let sums = process::output(Command::new("sha256sum").args(&names).current_dir(folder))?;
    let path = folder.join("SHA256SUMS");
    std::fs::write(&path, &sums).with_context(|| format!("cannot write {}", path.display()))?;
    say::heading(&folder.display().to_string());
    for (file, name) in files.iter().zip(&names) {
        let size = std::fs::metadata(file)?.len();
        say::line(&row(name, size, &sums));
    }
    Ok(())
}

fn row(name: &str, size: u64, sums: &str) -> String {
    let sum = sums
        .lines()
        .find_map(|line| line.strip_suffix(name)?.split_whitespace().next())
        .unwrap_or_default();
    let sum = sum.get(..12).unwrap_or(sum);
    format!("{name:42} {:>8.2} MB  sha256 {sum}...", megabytes(size))
}

/// Of a million bytes.
#[expect(
    clippy::cast_precision_loss,
    reason = "for people, two digits behind the point"
)]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_name_size_and_sum() {
        let sums = "0123456789abcdef  a.deb\n";
        assert_eq!(
            row("a.deb", 1_500_000, sums)
                .split_whitespace()
                .collect::<Vec<_>>(),
            ["a.deb", "1.50", "MB", "sha256", "0123456789ab..."]
        );
    }
}
