//! Commands of the operator around campaigns, waves and members; each is begun once.
//!
//! ```text
//! mkdir STATE/hooks/cN-BEGAN/NAME ─► deadline, lock ─► /bin/sh, a session of its own, holds the lock
//!   (now it was begun)                              └─► output, bounded ─► status, last
//!
//! follow   no directory ─► not begun
//!          status ───────► its end
//!          lock held ────► waited for, until the deadline: its process group is ended
//!          else ─────────► lost: it was cut off with the machine, or by somebody
//! ```
//!
//! The command is never interpolated into a line of a shell: it is the arguments of a fixed script.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use conditions::Timestamp;
use journal::CampaignId;
use plan::campaign::{HookId, Outcome};
use plan::{Document, Hook, MemberId};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::clock::now;

/// What runs the command; see there.
const SCRIPT: &str = include_str!("hook.sh");
/// How often a command is looked at that an earlier hospes has begun.
const LOOK: Duration = Duration::from_millis(200);
/// What a command is granted to end by itself when it is late.
const GRACE: Duration = Duration::from_secs(2);
/// The end of the output in which its last line is looked for, in bytes.
const TAIL: u64 = 4096;
/// A longer line is cut, in characters.
const LINE_LIMIT: usize = 300;

/// The commands of one campaign.
pub(crate) struct Hooks {
    campaign: CampaignId,
    directory: PathBuf,
    /// What stands before the shell, and gives it a session of its own.
    launcher: Vec<OsString>,
    /// The group and the wave of each member.
    waves: HashMap<MemberId, (String, usize)>,
}

impl Hooks {
    /// Those of a campaign that began then, kept under `state_dir`. `launcher` makes its arguments
    /// the leader of a new session.
    pub(crate) fn of(
        (campaign, began): (CampaignId, Timestamp),
        document: &Document,
        state_dir: &Path,
        launcher: Vec<OsString>,
    ) -> Self {
        // Where a journal was lost, numbers are given again, and moments are not.
        let name = format!("{campaign}-{}", began.as_millis());
        let members = document.members();
        let waves = members.map(|(group, wave, member)| {
            let place = (group.name.clone(), wave);
            (member.id.clone(), place)
        });
        Self {
            campaign,
            directory: state_dir.join("hooks").join(name),
            launcher,
            waves: waves.collect(),
        }
    }

    /// Begins a command and waits for its end; why it failed, where it did.
    pub(super) async fn begin(
        &self,
        id: &HookId,
        hook: &Hook,
        outcome: Option<&Outcome>,
    ) -> Result<(), String> {
        let directory = self.directory(id);
        let deadline = now() + hook.timeout;
        let begun = self.spawn(&directory, hook, deadline, &self.environment(id, outcome));
        let mut child = begun.map_err(|error| {
            let shown = directory.display();
            format!("it could not be begun in {shown}: {error}")
        })?;
        let group = child.id();
        tokio::select! {
            _ = child.wait() => ended(&directory),
            () = tokio::time::sleep(hook.timeout) => {
                end_group(group).await;
                Err(late(hook.timeout, &directory))
            }
        }
    }

    /// Waits for the end of a command that an earlier hospes has begun; nothing, if none has.
    pub(super) async fn follow(&self, id: &HookId) -> Option<Result<(), String>> {
        let directory = self.directory(id);
        if !directory.exists() {
            return None;
        }
        let deadline = read_number(&directory.join("deadline")).map(Timestamp::from_millis);
        while is_held(&directory.join("lock")) {
            if deadline.is_none_or(|deadline| now() >= deadline) {
                let group = read_number(&directory.join("pid"));
                end_group(group.and_then(|pid| u32::try_from(pid).ok())).await;
                return Some(Err("it took longer than it may, and was ended".to_owned()));
            }
            tokio::time::sleep(LOOK).await;
        }
        Some(ended(&directory))
    }

    fn spawn(
        &self,
        directory: &Path,
        hook: &Hook,
        deadline: Timestamp,
        environment: &[(&'static str, String)],
    ) -> io::Result<Child> {
        make_private(&self.directory)?;
        DirBuilder::new().mode(0o700).create(directory)?;
        // From here on it was begun: that has to outlive a power cut, too.
        File::open(&self.directory)?.sync_all()?;
        fs::write(directory.join("deadline"), deadline.as_millis().to_string())?;
        let lock = File::create(directory.join("lock"))?;
        lock.try_lock().map_err(io::Error::from)?;
        let shell = ["/bin/sh", "-c", SCRIPT, "hospes-hook"].map(OsString::from);
        let mut words = self.launcher.iter().cloned().chain(shell);
        let program = words.next().unwrap_or_default();
        Command::new(program)
            .args(words)
            .arg(directory)
            .args(&hook.command)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(lock))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }

    fn directory(&self, id: &HookId) -> PathBuf {
        // Nodes have a `/` in their names, and nothing has a `%`.
        self.directory.join(id.to_string().replace('/', "%"))
    }

    fn environment(&self, id: &HookId, outcome: Option<&Outcome>) -> Vec<(&'static str, String)> {
        let mut environment = vec![("HOSPES_CAMPAIGN", self.campaign.to_string())];
        let mut set = |name, value: &str| environment.push((name, value.to_owned()));
        set("HOSPES_HOOK", kind(id));
        match id {
            HookId::BeforeCampaign | HookId::AfterCampaign => {}
            HookId::BeforeWave(group, wave) | HookId::AfterWave(group, wave) => {
                set("HOSPES_GROUP", group);
                set("HOSPES_WAVE", &wave.to_string());
            }
            HookId::BeforeMember(member, _) | HookId::AfterMember(member, _) => {
                set("HOSPES_MEMBER", &member.to_string());
                if let Some((group, wave)) = self.waves.get(member) {
                    set("HOSPES_GROUP", group);
                    set("HOSPES_WAVE", &wave.to_string());
                }
            }
        }
        if matches!(id, HookId::AfterMember(..)) {
            set("HOSPES_OUTCOME", outcome.map_or("not-begun", outcome_word));
        }
        environment
    }
}

const fn kind(id: &HookId) -> &'static str {
    match id {
        HookId::BeforeCampaign => "before-campaign",
        HookId::AfterCampaign => "after-campaign",
        HookId::BeforeWave(..) => "before-wave",
        HookId::AfterWave(..) => "after-wave",
        HookId::BeforeMember(..) => "before-member",
        HookId::AfterMember(..) => "after-member",
    }
}

const fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Retry(_) => "retry",
        Outcome::Failed(_) => "failed",
        Outcome::Down(_) => "down",
    }
}

fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// How a command ended whose shell is gone.
fn ended(directory: &Path) -> Result<(), String> {
    match read_number(&directory.join("status")) {
        Some(0) => Ok(()),
        Some(status) => Err(format!("it ended with status {status}{}", said(directory))),
        None => Err(format!(
            "it was cut off, and nobody knows what came of it{}",
            said(directory)
        )),
    }
}

fn late(timeout: Duration, directory: &Path) -> String {
    let timeout = humantime::format_duration(timeout);
    format!(
        "it took longer than {timeout}, and was ended{}",
        said(directory)
    )
}

/// The last line that it printed.
fn said(directory: &Path) -> String {
    let path = directory.join("output");
    match last_line(&path) {
        Ok(Some(line)) => format!(": {line} ({})", path.display()),
        _ => String::new(),
    }
}

fn last_line(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    Ok(line.map(|line| {
        let shown = line.chars().filter(|c| !c.is_control());
        shown.take(LINE_LIMIT).collect()
    }))
}

/// Whether the shell that got this lock still lives.
fn is_held(lock: &Path) -> bool {
    let tried = File::open(lock).map(|file| file.try_lock());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

fn read_number(path: &Path) -> Option<u64> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Ends all that a command has begun and that has not left its process group.
async fn end_group(leader: Option<u32>) {
    let leader = leader.and_then(|pid| i32::try_from(pid).ok());
    let Some(group) = leader.and_then(Pid::from_raw) else {
        return;
    };
    // Who is gone already needs no signal.
    let _ = kill_process_group(group, Signal::TERM);
    tokio::time::sleep(GRACE).await;
    let _ = kill_process_group(group, Signal::KILL);
}
