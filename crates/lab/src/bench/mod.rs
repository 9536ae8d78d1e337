//! Measurements of the product, printed as a table.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::console::Console;

const ROUNDS: usize = 21;

/// Measures the `hospes` beside the lab, which should be a release build.
///
/// # Errors
/// `hospes` cannot be run.
pub async fn run(console: &Console) -> Result<()> {
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let help = median_of_runs(&lab.with_file_name("hospes"), "--help").await?;
    console.result(format!(
        "{:32} {:>10.1} ms   (10 ms at most)",
        "hospes --help",
        help.as_secs_f64() * 1000.0
    ));
    Ok(())
}

async fn median_of_runs(program: &Path, argument: &str) -> Result<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut command = Command::new(program);
        let status = command
            .arg(argument)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .await;
        status.with_context(|| format!("cannot run {}", program.display()))?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[ROUNDS / 2])
}
