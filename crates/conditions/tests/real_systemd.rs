//! Probe, detection and repair against a real systemd: a manager of our own in a private mount
//! namespace, with its own `/run`, `/etc/systemd/system` and `/usr/lib/systemd/system`.
//!
//! It mounts as root, so it runs only when asked to with `HOSPES_SYSTEMD_TESTS=1`; it then needs
//! root, `unshare`, `nsenter` and systemd. Otherwise the tests say so and pass.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod shell;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;

use conditions::{
    ChannelAnswers, ChannelDevice, ChannelReport, Check, FreezeStatus, NodeName, Observation,
    PackageFacts, Remedy, RunState, Sightings, Source, SshSighting, Timestamp, assess, plan,
};
use shell::{feed, probe};

/// Starts the manager. Nothing is written before it is sure that this is a mount namespace of its
/// own and that every directory written to is a fresh tmpfs in it.
const SETUP: &str = r#"
set -eu
[ "$(readlink /proc/self/ns/mnt)" != "@HOST_NAMESPACE@" ] || { echo 'not in a namespace'; exit 1; }
for d in /run /etc/systemd/system /usr/lib/systemd/system /usr/local/sbin /var/lib; do
  mount -t tmpfs tmpfs "$d"
  [ "$(stat -f -c %T "$d")" = tmpfs ] || { echo 'not a tmpfs'; exit 1; }
  [ -z "$(ls -A "$d")" ] || { echo 'not fresh'; exit 1; }
done
mkdir -p /run/systemd/system /run/systemd/transient /run/user/0 /var/lib/dpkg/info
printf '%s\n' '#!/bin/sh' 'XDG_RUNTIME_DIR=/run/user/0 exec /usr/bin/systemctl --user "$@"' \
  >/usr/local/sbin/systemctl
chmod +x /usr/local/sbin/systemctl
u=/usr/lib/systemd/system
for t in default basic sysinit timers shutdown exit; do
  printf '[Unit]\nDescription=%s\n' "$t" >"$u/$t.target"
done
printf '%s\n' '[Unit]' 'Description=QEMU Guest Agent' '' '[Service]' \
  'ExecStart=-/bin/sleep infinity' 'Restart=always' 'RestartSec=0' '' '[Install]' \
  >"$u/qemu-guest-agent.service"
@PLANT@
export XDG_RUNTIME_DIR=/run/user/0
SYSTEMD_UNIT_PATH=/run/systemd/transient:/etc/systemd/system:/run/systemd/system:$u
export SYSTEMD_UNIT_PATH
/lib/systemd/systemd --user >/dev/null 2>&1 &
n=0
until /usr/bin/systemctl --user is-system-running >/dev/null 2>&1; do
  n=$((n + 1)); [ "$n" -lt 100 ] || { echo 'no manager'; exit 1; }; sleep 0.1
done
PATH=/usr/local/sbin:$PATH
systemctl start qemu-guest-agent.service
@AFTER@
echo ready
read -r line || :
"#;

static SKIPPED: Once = Once::new();

struct Systemd(Child);

impl Systemd {
    /// A manager with `plant` run before it starts and `after` once it runs; `None` where nobody
    /// asked for one.
    fn start(plant: &str, after: &str) -> Option<Self> {
        if std::env::var_os("HOSPES_SYSTEMD_TESTS").is_none_or(|asked| asked != "1") {
            SKIPPED.call_once(|| {
                // Not by a macro: those are kept from the terminal when a test passes.
                let _ = writeln!(
                    std::io::stderr(),
                    "skipped, because it mounts as root in namespaces of its own; to run it: \
                     HOSPES_SYSTEMD_TESTS=1 cargo test -p conditions --test real_systemd"
                );
            });
            return None;
        }
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0);
        assert!(is_root, "HOSPES_SYSTEMD_TESTS=1 needs root");
        let namespace = std::fs::read_link("/proc/self/ns/mnt").unwrap();
        let script = SETUP
            .replace("@HOST_NAMESPACE@", namespace.to_str().unwrap())
            .replace("@PLANT@", plant)
            .replace("@AFTER@", after);
        let mut child = Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "--pid",
                "--fork",
                "--kill-child",
            ])
            .args(["--mount-proc", "/bin/sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let systemd = Self(child);
        assert_eq!(line.trim(), "ready", "no systemd manager can be started");
        Some(systemd)
    }

    /// The first process of the namespaces: `unshare`'s only child.
    fn inside(&self) -> String {
        let id = self.0.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        children.split_whitespace().next().unwrap().to_owned()
    }

    fn run(&self, script: &str) -> Output {
        let inside = self.inside();
        let entry = ["--mount", "--pid", "--target", &inside, "/bin/sh", "-s"];
        let path = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";
        feed(
            Command::new("nsenter").args(entry).env("PATH", path),
            script,
        )
    }

    fn check(&self) -> Check {
        let mut facts = probe(|script| self.run(script));
        let installed = PackageFacts {
            status: "install ok installed".to_owned(),
            version: "1:7.2".to_owned(),
        };
        facts.packages = Some([("qemu-guest-agent".to_owned(), installed)].into());
        let answers = ChannelAnswers {
            version: "7.2.22".to_owned(),
            enabled: ["guest-shutdown".to_owned()].into(),
            freeze: Some(FreezeStatus::Thawed),
            marks: facts.marks.clone(),
            ping_us: 100,
        };
        assess(Sightings {
            observation: Observation {
                guest: "web1".parse().unwrap(),
                node: NodeName::new("pve1"),
                run_state: RunState::Running,
                lock: None,
                channel_device: ChannelDevice::Present {
                    opened_by_guest: Some(true),
                },
                cluster: None,
                evidence: String::new(),
                at: Timestamp::from_millis(1),
            },
            channel: ChannelReport::Answered(Box::new(answers)),
            ssh: SshSighting::Read(facts.marks.clone()),
            shell: Ok(facts),
            started: Timestamp::from_millis(1),
            finished: Timestamp::from_millis(2),
        })
    }

    /// Checks, repairs, proves; then restarts the agent, which no hook may notice. Returns what
    /// was found first, as `unit property place`.
    fn repair(&self) -> Vec<String> {
        let before = self.check();
        let found = before.hooks().iter().map(|hook| {
            let place = match &hook.source {
                Source::File { path, .. } => path.as_str(),
                Source::InEffectOnly => "in effect only",
            };
            format!("{} {} {place}", hook.unit, hook.property)
        });
        let found = found.collect();
        for remedy in &plan(&before).remedies {
            if *remedy == Remedy::ProveNoHooks {
                let check = self.check();
                assert_eq!(check.hooks(), [], "after the edits and the reload");
                assert_eq!(check.gaps(), [] as [String; 0]);
                continue;
            }
            assert!(
                !remedy.touches_agent(),
                "nothing but hooks is wrong: {remedy:?}"
            );
            let output = self.run(&remedy.script().unwrap());
            assert!(output.status.success(), "{}: {output:?}", remedy.describe());
        }
        let restart = self.run("systemctl restart qemu-guest-agent; sleep 0.3; ls /run/fired");
        assert!(!restart.status.success(), "the hook fired: {restart:?}");
        found
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A hook that leaves a trace when it fires; this machine's qemu-ga knows no `--shutdown`.
const FIRE: &str = "/bin/sh -c \"touch /run/fired; /usr/sbin/qemu-ga --shutdown\"";

/// A command that writes a file of these lines.
fn write(path: &str, lines: &[&str]) -> String {
    let directory = path.rsplit_once('/').unwrap().0;
    let quoted: Vec<String> = lines
        .iter()
        .map(|line| format!("'{}'", line.replace('\'', r"'\''")))
        .collect();
    format!(
        "mkdir -p {directory}; printf '%s\\n' {} >{path}\n",
        quoted.join(" ")
    )
}

#[test]
fn a_clean_agent_has_no_hooks() {
    let Some(systemd) = Systemd::start("", "") else {
        return;
    };
    let check = systemd.check();
    assert_eq!(check.hooks(), []);
    assert_eq!(check.gaps(), [] as [String; 0]);
    assert_eq!(
        check.facts().unwrap().agent_unit.as_deref(),
        Some("qemu-guest-agent.service")
    );
    assert_eq!(check.system_state(), Some("running"));
}

const DROP_INS: &str = "/etc/systemd/system/qemu-guest-agent.service.d";
const VENDOR: &str = "/usr/lib/systemd/system/qemu-guest-agent.service.d/05-vendor.conf";

fn plant_everything() -> String {
    let etc = "/etc/systemd/system";
    let post = format!("ExecStopPost=-{FIRE}");
    let stop = format!("ExecStop=-{FIRE}");
    let watch = "ExecStart=/bin/sh -c \"systemctl is-active qemu-guest-agent || poweroff\"";
    [
        write(
            &format!("{DROP_INS}/10-a.conf"),
            &[
                "[Unit]",
                "SuccessAction=poweroff",
                "OnFailure=evil.service fine.service",
            ],
        ),
        write(&format!("{DROP_INS}/20-b.conf"), &["[Service]", &post]),
        write(
            VENDOR,
            &[
                "[Unit]",
                "OnSuccess=evil.service",
                "[Service]",
                "ExecStop=/bin/true 'a b'",
                &stop,
            ],
        ),
        write(
            &format!("{etc}/qemu-guest-.service.d/15-all.conf"),
            &["[Unit]", "OnSuccess=evil.service"],
        ),
        write(
            &format!("{etc}/evil.service"),
            &["[Service]", "ExecStart=/run/evil.sh"],
        ),
        write(
            &format!("{etc}/fine.service"),
            &["[Service]", "ExecStart=/bin/true"],
        ),
        write("/run/evil.sh", &["#!/bin/sh", ". /run/evil2.sh"]),
        write("/run/evil2.sh", &["touch /run/fired", "qemu-ga --shutdown"]),
        "chmod +x /run/evil.sh\n".to_owned(),
        write(
            "/run/systemd/transient/buddy.service",
            &[
                "[Unit]",
                "PartOf=qemu-guest-agent.service",
                "[Service]",
                "ExecStart=/bin/sleep infinity",
                &stop,
            ],
        ),
        write(
            "/var/lib/dpkg/info/qemu-guest-agent.prerm",
            &[
                "#!/bin/sh",
                "set -e",
                "[ \"$1\" = upgrade ] && shutdown -r now",
                "exit 0",
            ],
        ),
        write(
            &format!("{etc}/watch.timer"),
            &["[Timer]", "OnCalendar=daily"],
        ),
        write(&format!("{etc}/watch.service"), &["[Service]", watch]),
        write(
            &format!("{etc}/nightly.timer"),
            &["[Timer]", "OnCalendar=daily"],
        ),
        write(
            &format!("{etc}/nightly.service"),
            &["[Service]", "ExecStart=/sbin/reboot"],
        ),
    ]
    .concat()
}

#[test]
fn hooks_of_every_origin_are_found_and_removed() {
    let after = "systemctl start buddy.service watch.timer nightly.timer";
    let Some(systemd) = Systemd::start(&plant_everything(), after) else {
        return;
    };
    let found = systemd.repair();
    let wanted = [
        "buddy.service ExecStop /run/systemd/transient/buddy.service".to_owned(),
        "qemu-guest-agent prerm /var/lib/dpkg/info/qemu-guest-agent.prerm".to_owned(),
        format!("qemu-guest-agent.service ExecStop {VENDOR}"),
        format!("qemu-guest-agent.service ExecStopPost {DROP_INS}/20-b.conf"),
        format!("qemu-guest-agent.service OnFailure {DROP_INS}/10-a.conf"),
        "qemu-guest-agent.service OnSuccess /etc/systemd/system/qemu-guest-.service.d/15-all.conf"
            .to_owned(),
        format!("qemu-guest-agent.service OnSuccess {VENDOR}"),
        format!("qemu-guest-agent.service SuccessAction {DROP_INS}/10-a.conf"),
        "watch.timer Triggers /etc/systemd/system/watch.service".to_owned(),
    ];
    assert_eq!(found, wanted);
    let check = systemd.check();
    let unit = &check.facts().unwrap().units["qemu-guest-agent.service"];
    assert_eq!(
        unit.words("OnFailure"),
        ["fine.service"],
        "the harmless one stays"
    );
    assert_eq!(unit.values("ExecStop").count(), 1, "the harmless one stays");
    assert!(plan(&check).remedies.is_empty(), "{:#?}", plan(&check));
    let nightly = systemd.run("systemctl is-active nightly.timer");
    assert_eq!(
        nightly.stdout, b"active\n",
        "a nightly reboot is the owner's business"
    );
}

#[test]
fn a_hook_whose_file_is_gone_is_found_and_ended_by_a_reload() {
    let directory = "/run/systemd/system/qemu-guest-agent.service.d";
    let hook = format!("ExecStopPost=-{FIRE}");
    let plant = write(&format!("{directory}/x.conf"), &["[Service]", &hook]);
    let Some(systemd) = Systemd::start(&plant, &format!("rm -r {directory}")) else {
        return;
    };
    let found = systemd.repair();
    assert_eq!(
        found,
        ["qemu-guest-agent.service ExecStopPost in effect only"]
    );
}

#[test]
fn a_hook_that_is_not_in_effect_yet_is_found_too() {
    let path = format!("{DROP_INS}/x.conf");
    let after = write(&path, &["[Service]", &format!("ExecStop=-{FIRE}")]);
    let Some(systemd) = Systemd::start("", &after) else {
        return;
    };
    let found = systemd.repair();
    assert_eq!(found, [format!("qemu-guest-agent.service ExecStop {path}")]);
}
