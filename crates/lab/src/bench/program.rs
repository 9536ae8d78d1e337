//! Running the controller, and what a run costs.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::pipe::fcntl_setpipe_size;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};

/// No run that is measured takes as long as this.
const DEADLINE: Duration = Duration::from_secs(300);

/// The smallest pipe that Linux makes: whoever prints more than this waits for the reader, who can
/// look at it before it ends.
const PIPE: usize = 4096;

/// One run of a program.
pub(super) struct Run {
    pub(super) success: bool,
    pub(super) printed: Vec<u8>,
    pub(super) took: Duration,
    /// What was seen last before the end.
    pub(super) cost: Cost,
}

/// What a process used up, as `/proc` tells it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// Most resident memory so far, in units of 1,024 bytes.
    pub(super) peak_kib: u64,
    /// Time of all its threads on processors.
    pub(super) cpu: Duration,
}

/// Runs `command` to its end, from its start until it is reaped.
pub(super) async fn run(command: &mut Command) -> Result<Run> {
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let (output, input) = small_pipe().context("cannot make a small pipe")?;
    command
        .stdin(Stdio::null())
        .stdout(input)
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let begun = Instant::now();
    let child = command.spawn();
    // The pipe ends with the program, not with what is kept to run it once more.
    command.stdout(Stdio::null());
    let mut child = child.with_context(|| format!("cannot run {program}"))?;
    let finished = tokio::time::timeout(DEADLINE, watch(&mut child, output));
    let Ok(watched) = finished.await else {
        bail!("{program} did not end within {} s", DEADLINE.as_secs());
    };
    let (success, printed, cost) = watched.with_context(|| format!("cannot watch {program}"))?;
    let took = begun.elapsed();
    Ok(Run {
        success,
        printed,
        took,
        cost,
    })
}

/// Small before anything is in it: later it could not be made smaller.
fn small_pipe() -> std::io::Result<(ChildStdout, Stdio)> {
    let (output, input) = std::io::pipe()?;
    fcntl_setpipe_size(&input, PIPE)?;
    let output = std::process::ChildStdout::from(OwnedFd::from(output));
    Ok((ChildStdout::from_std(output)?, Stdio::from(input)))
}

async fn watch(child: &mut Child, mut out: ChildStdout) -> Result<(bool, Vec<u8>, Cost)> {
    let pid = child.id().context("it has ended")?;
    let (mut printed, mut cost) = (Vec::new(), Cost::default());
    while out.read_buf(&mut printed).await.context("cannot read")? > 0 {
        cost = cost_of(pid).unwrap_or(cost);
    }
    let status = child.wait().await.context("cannot wait")?;
    Ok((status.success(), printed, cost))
}

/// Nothing of a process that has ended.
fn cost_of(pid: u32) -> Option<Cost> {
    let process = Path::new("/proc").join(pid.to_string());
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    Some(Cost {
        peak_kib: peak_kib(&status)?,
        cpu: cpu(&stat, OWN)?,
    })
}

/// Time on processors of all children of this process that were reaped, and of theirs.
pub(super) fn children_cpu() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("cannot read /proc")?;
    cpu(&stat, CHILDREN).context("/proc tells no times")
}

fn peak_kib(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Which fields of proc(5), after the name: `utime` and `stime`, or `cutime` and `cstime`.
const OWN: usize = 11;
const CHILDREN: usize = 13;

/// Two times, in the hundredths of a second that Linux shows everywhere. The name before them may
/// hold anything, but ends with the last parenthesis.
fn cpu(stat: &str, fields: usize) -> Option<Duration> {
    let mut fields = stat
        .rsplit_once(')')?
        .1
        .split_ascii_whitespace()
        .skip(fields);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        let status = "Name:\ta\nVmHWM:\t   12345 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(peak_kib(status), Some(12345));
        assert_eq!(peak_kib("Name:\tzombie\n"), None);
        let stat = "7 (a) b) S 1 7 7 0 -1 4 10 0 0 0 25 5 7 2 20 0 1 0 100 1 2 3";
        assert_eq!(cpu(stat, OWN), Some(Duration::from_millis(300)));
        assert_eq!(cpu(stat, CHILDREN), Some(Duration::from_millis(90)));
    }

    #[tokio::test]
    async fn a_program_is_looked_at_before_it_ends() {
        let mut command = Command::new("sh");
        let run = run(command.args(["-c", "head -c 100000 /dev/zero; exit 4"]))
            .await
            .unwrap();
        assert_eq!(run.printed.len(), 100_000);
        assert!(!run.success);
        assert!(run.cost.peak_kib > 0);
    }
}
