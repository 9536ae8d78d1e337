//! A guest's apt, dpkg and systemd, as far as patching sees them.
//!
//! ```text
//! before ─► start ─► unit runs: its log grows ─► ended ─► reboot ─► away for a while ─► new boot, new kernel
//! ```
//!
//! Values were recorded in real guests; what tells guests, boots and moments apart is put in.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::guests::boot_id_after;

const PREFLIGHT: &str = include_str!("../../../../../fuzz/seeds/patch_answers/preflight");
const PREVIEW: &str = include_str!("../../../../../fuzz/seeds/patch_answers/preview_dist_upgrade");

/// Of the record: each boots the older kernel, and has the newer one.
const OLD_KERNEL: &str = "6.1.0-18-amd64";
const NEW_KERNEL: &str = "6.1.0-21-amd64";

/// How long the upgrade takes, and a guest is away for a reboot.
const UPGRADE: Duration = Duration::from_secs(8);
const AWAY: Duration = Duration::from_secs(4);

/// How long the first boot runs.
const FIRST_UPTIME: Duration = Duration::from_secs(4711);

/// What the guest at `index` has been through.
pub(super) struct Patching {
    index: usize,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    reboots: usize,
    /// When the unit was started, and in which boot.
    unit: Option<(Instant, usize)>,
    /// When it is back.
    back: Option<Instant>,
}

/// `KIND`, `STATUS` and the value.
type Value<'a> = (&'a str, &'a str, String);

impl Patching {
    pub(super) fn new(index: usize) -> Self {
        Self {
            index,
            state: Mutex::default(),
        }
    }

    /// The boot that runs.
    pub(super) fn boot_id(&self) -> String {
        boot_id_after(self.index, self.state().reboots)
    }

    /// How long that boot runs, in seconds. A boot that is older than the request for it proves nothing.
    pub(super) fn uptime(&self) -> f64 {
        let since = self.state().back.map(|back| back.elapsed());
        since.unwrap_or(FIRST_UPTIME).as_secs_f64()
    }

    /// Whether it is between two boots.
    pub(super) fn is_away(&self) -> bool {
        self.state().back.is_some_and(|back| Instant::now() < back)
    }

    /// What the shell prints to a script of patching, or to one that asks for a reboot.
    pub(super) fn answer(&self, script: &str) -> Option<Vec<u8>> {
        if script.ends_with("exec systemctl reboot\n") {
            self.reboot();
            return Some(Vec::new());
        }
        let has = |words| script.contains(words);
        let state = self.state();
        let values = match () {
            () if !has("@hospes-patch 1 0") => return None,
            () if has("systemd-run --no-ask-password") => {
                self.start();
                vec![("started", "0", String::new())]
            }
            () if has("v ended 0") => self.followed(state, offset(script)),
            () if has("comm -23") => self.result(state),
            () if has("v simulation") => recorded(PREVIEW),
            () if has("r update") => vec![("update", "0", UPDATED.to_owned())],
            () if has("r apt 20") => self.preflight(),
            () => self.checked(state),
        };
        Some(written(&values))
    }

    fn state(&self) -> State {
        *self.locked()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        let locked = self.state.lock();
        locked.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn start(&self) {
        let mut state = self.locked();
        let boot = state.reboots;
        state.unit.get_or_insert((Instant::now(), boot));
    }

    fn reboot(&self) {
        let mut state = self.locked();
        state.reboots += 1;
        state.back = Some(Instant::now() + AWAY);
    }

    fn preflight(&self) -> Vec<Value<'static>> {
        let mut values = vec![("systemd", "0", "yes".to_owned())];
        values.extend(recorded(PREFLIGHT));
        for (kind, _, value) in &mut values {
            match *kind {
                "boot-id" => *value = self.boot_id(),
                // It has no newer kernel yet.
                "kernels" => *value = OLD_KERNEL.to_owned(),
                "needrestart" => *value = needrestart(OLD_KERNEL, OLD_KERNEL),
                _ => {}
            }
        }
        values
    }

    fn followed(&self, state: State, offset: usize) -> Vec<Value<'static>> {
        let mut values = vec![
            ("boot-id", "0", self.boot_id()),
            ("uptime", "0", format!("{:.2}", self.uptime())),
        ];
        let mut put = |kind, value| values.push((kind, "0", value));
        let Some((begun, boot)) = state.unit else {
            put("unit", "inactive".to_owned());
            return values;
        };
        let ran = begun.elapsed();
        let log = log();
        let share = ran.as_secs_f64() / UPGRADE.as_secs_f64();
        let has_ended = share >= 1.0;
        // Some bytes of a part are never more than the whole.
        let size = (log.len() as f64 * share.min(1.0)) as usize;
        put(
            "unit",
            if has_ended { "inactive" } else { "active" }.to_owned(),
        );
        put("begun", boot_id_after(self.index, boot));
        if has_ended {
            put("ended", "0".to_owned());
        }
        put("size", size.to_string());
        put("log", log.get(offset..size).unwrap_or_default().to_owned());
        values
    }

    fn result(&self, state: State) -> Vec<Value<'static>> {
        let line = |package: &Package, version: Option<&str>| {
            let (name, arch) = (&package.name, &package.arch);
            version.map(|version| format!("{name}\t{arch}\t{version}\tinstalled\n"))
        };
        let packages = packages();
        let gone = packages
            .iter()
            .filter_map(|one| line(one, one.from.as_deref()));
        let come = packages.iter().filter_map(|one| line(one, Some(&one.to)));
        let mut values = vec![
            ("boot-id", "0", self.boot_id()),
            ("arch", "0", "amd64".to_owned()),
            ("gone", "0", gone.collect()),
            ("come", "0", come.collect()),
            ("status", "0", "0".to_owned()),
            ("errors", "0", String::new()),
            ("conffiles", "0", String::new()),
            ("audit", "0", String::new()),
            ("simulation", "0", SIMULATED_AFTER.to_owned()),
            ("held", "0", String::new()),
        ];
        values.extend(signs(state));
        values
    }

    fn checked(&self, state: State) -> Vec<Value<'static>> {
        let mut values = vec![("boot-id", "0", self.boot_id())];
        values.extend(signs(state));
        let failed = recorded(PREFLIGHT);
        values.extend(failed.into_iter().filter(|(kind, ..)| *kind == "failed"));
        values
    }
}

const UPDATED: &str = "Hit:1 http://deb.debian.org/debian bookworm InRelease\n\
    Get:2 http://deb.debian.org/debian-security bookworm-security InRelease [48.0 kB]\n\
    Get:3 http://deb.debian.org/debian bookworm-updates InRelease [55.4 kB]\n\
    Fetched 103 kB in 0s (1210 kB/s)\nReading package lists...";

const SIMULATED_AFTER: &str = "Reading package lists...\nBuilding dependency tree...\n\
    Reading state information...\nCalculating upgrade...\n\
    0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.";

/// A package that the recorded preview installs.
struct Package {
    name: String,
    arch: String,
    from: Option<String>,
    to: String,
}

/// `Inst NAME [FROM] (TO ARCHIVES [ARCH])` of the recorded preview.
fn packages() -> Vec<Package> {
    let lines = PREVIEW
        .lines()
        .filter_map(|line| line.strip_prefix("Inst "));
    let packages = lines.filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        let (from, to) = rest.split_once('(')?;
        let arch = to.rsplit_once('[')?.1.split_once(']')?.0;
        let from = from.trim().trim_matches(['[', ']']);
        Some(Package {
            name: name
                .split_once(':')
                .map_or(name, |(name, _)| name)
                .to_owned(),
            arch: arch.to_owned(),
            from: (!from.is_empty()).then(|| from.to_owned()),
            to: to.split_once(' ')?.0.to_owned(),
        })
    });
    packages.collect()
}

/// What apt and dpkg print, in their words.
fn log() -> String {
    let mut log = "Reading package lists...\nBuilding dependency tree...\n".to_owned();
    // Writing to a String cannot fail.
    for Package {
        name,
        arch,
        from,
        to,
    } in packages()
    {
        let over = from
            .map(|from| format!(" over ({from})"))
            .unwrap_or_default();
        let _ = writeln!(log, "Preparing to unpack .../{name}_{to}_{arch}.deb ...");
        let _ = writeln!(log, "Unpacking {name}:{arch} ({to}){over} ...");
        let _ = writeln!(log, "Setting up {name}:{arch} ({to}) ...");
    }
    log + "Processing triggers for libc-bin (2.36-9+deb12u10) ...\n"
}

/// What asks for a reboot, after the upgrade.
fn signs(state: State) -> Vec<Value<'static>> {
    let running = match state.reboots {
        0 => OLD_KERNEL,
        _ => NEW_KERNEL,
    };
    vec![
        ("kernel", "0", running.to_owned()),
        ("kernels", "0", format!("{OLD_KERNEL}\n{NEW_KERNEL}")),
        ("needrestart", "0", needrestart(running, NEW_KERNEL)),
    ]
}

fn needrestart(running: &str, expected: &str) -> String {
    let status = if running == expected { 1 } else { 3 };
    format!(
        "NEEDRESTART-VER: 3.6\nNEEDRESTART-KCUR: {running}\nNEEDRESTART-KEXP: {expected}\n\
         NEEDRESTART-KSTA: {status}\nNEEDRESTART-UCSTA: 1"
    )
}

/// From which byte on the log is asked for.
fn offset(script: &str) -> usize {
    let asked = script.split_once("n=$((z - ");
    let digits = asked.and_then(|(_, rest)| rest.split_once(')'));
    digits
        .and_then(|(digits, _)| digits.parse().ok())
        .unwrap_or_default()
}

/// The values of a record: which answer it is, then `KIND STATUS`, a newline and the value, with record
/// separators between them.
fn recorded(record: &'static str) -> Vec<Value<'static>> {
    let values = record.get(1..).unwrap_or_default().split('\u{1e}');
    let values = values.filter_map(|value| {
        let (head, value) = value.split_once('\n')?;
        let (kind, status) = head.split_once(' ')?;
        Some((kind, status, value.to_owned()))
    });
    values.collect()
}

fn written(values: &[Value<'_>]) -> Vec<u8> {
    let mut answer = "@hospes-patch 1 0\n\n".to_owned();
    for (kind, status, value) in values {
        let _ = write!(answer, "@{kind} {status} {}\n{value}\n", value.len());
    }
    (answer + "@end 0 0\n\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use lifecycle::operation::BootProof;
    use patch::run::{Effect, Ending, Event, RebootReport, Run};
    use patch::{RebootPolicy, Settings};

    use super::*;

    /// A run over a guest whose unit ends as soon as it is looked at for the second time.
    #[test]
    fn a_run_over_a_played_guest_ends_patched_with_one_reboot() {
        let guest = Patching::new(7);
        let mut settings = Settings::new("r1".parse().unwrap());
        settings.allow_removals = true;
        settings.reboot = RebootPolicy::IfRequired;
        let at = conditions::Timestamp::from_millis(1_000);
        let (mut run, mut effect) = Run::begin(settings, at);
        let mut log = Vec::new();
        let outcome = loop {
            let event = match effect {
                Effect::Shell(_, script) => Event::Printed(Ok(guest.answer(&script.text).unwrap())),
                Effect::Sleep(_) => {
                    let past = Instant::now().checked_sub(UPGRADE).unwrap();
                    if let Some((begun, _)) = &mut guest.locked().unit {
                        *begun = past;
                    }
                    Event::Woke
                }
                Effect::Reboot { old, .. } => {
                    guest.answer("exec systemctl reboot\n").unwrap();
                    Event::Rebooted(RebootReport::Proved(BootProof {
                        old,
                        new: guest.boot_id().parse().unwrap(),
                        uptime: Duration::from_secs(1),
                        took: Duration::from_secs(30),
                    }))
                }
                Effect::Finish(outcome) => break outcome,
                Effect::Snapshot(_) => panic!("nobody asked for a snapshot"),
            };
            effect = run.step(event, at);
            log.extend_from_slice(run.news());
        };
        assert_eq!(guest.state().reboots, 1);
        assert!(guest.is_away() && guest.uptime() < 1.0);
        assert!(matches!(outcome.ending, Ending::Patched), "{outcome:?}");
        assert!(!log.is_empty(), "its log was not told");
    }
}
