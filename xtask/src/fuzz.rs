//! Short runs of every fuzz target.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::stages::Outcome;
use crate::workspace::Workspace;
use crate::{process, say};

const SECONDS_EACH: u32 = 4;

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let fuzz = workspace.root().join("fuzz");
    if !fuzz.is_dir() {
        return Ok(Outcome::NotDone(
            "there are no fuzz targets (no folder `fuzz`)".to_owned(),
        ));
    }
    // From its folder: `fuzz/.cargo/config.toml` holds the instrumentation.
    process::run(
        Command::new("cargo")
            .args(["build", "--release", "--quiet"])
            .current_dir(&fuzz),
    )?;
    for target in targets(&fuzz)? {
        run_target(&fuzz, &target)?;
    }
    Ok(Outcome::Done)
}

fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let manifest = fuzz.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let targets = binaries(&text);
    if targets.is_empty() {
        bail!("{} has no [[bin]]: no target to run", manifest.display());
    }
    Ok(targets)
}

/// The names in the `[[bin]]` tables of a manifest.
fn binaries(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_binary = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_binary = line == "[[bin]]";
        } else if let Some(("name", value)) =
            line.split_once('=').map(|(key, value)| (key.trim(), value))
            && in_binary
        {
            names.push(value.trim().trim_matches('"').to_owned());
        }
    }
    names
}

fn run_target(fuzz: &Path, target: &str) -> Result<()> {
    say::line(&format!("    {target}, {SECONDS_EACH} s"));
    let corpus = fuzz.join("corpus").join(target);
    let seeds = fuzz.join("seeds").join(target);
    let artifacts = fuzz.join("artifacts");
    for folder in [&corpus, &artifacts] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    // Cargo knows where it put the program: under the name of the target machine.
    let mut run = Command::new("cargo");
    run.args(["run", "--release", "--quiet", "--bin", target, "--"])
        .arg(&corpus)
        .args(seeds.is_dir().then_some(&seeds))
        .arg(format!("-max_total_time={SECONDS_EACH}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-verbosity=0", "-print_final_stats=1"])
        .current_dir(fuzz);
    process::run(&mut run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_binaries_of_the_manifest() {
        let manifest = "[package]\nname = \"fuzz\"\n[[bin]]\nname = \"one\"\npath = \"x\"\n\n[[bin]]\nname=\"two\"\n";
        assert_eq!(binaries(manifest), ["one", "two"]);
    }
}
