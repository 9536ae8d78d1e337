//! A guest that is served metadata, as the scenarios of metadata scripts have it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::net::UnixStream;
use tokio::time::sleep;

use crate::apt::AptRepository;
use crate::guest_agent::METADATA_SCRIPTS;
use crate::scenario::{Context, HospesProcess};
use crate::vm::{Metadata, Vm, VmSpec, hospes_toml};

pub(crate) const APT: &str =
    "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq";
pub(crate) const WATCHER: &str = "hospes-metadata-watcher.service";
pub(crate) const STARTUP: &str = "google-startup-scripts.service";
pub(crate) const SHUTDOWN: &str = "google-shutdown-scripts.service";
pub(crate) const GRACEFUL: &str = "google-graceful-shutdown-scripts.service";

/// Where scripts of scenarios say that they ran.
const RAN: &str = "/root/ran";
const DETAILS: &str = "instance/shutdown-details";
const REPORT: &str = "instance/guest-attributes/hospes/graceful-shutdown";
/// Of OpenSSH's client, for what is no end of the command.
const CUT_OFF: i32 = 255;
/// Emulated, two machines on two processors: a boot of one may take most of it.
const PATIENCE: Duration = Duration::from_secs(150);

/// The guest `web` and its metadata service.
pub(crate) struct Served {
    pub(crate) vm: Arc<Vm>,
    service: Option<HospesProcess>,
}

/// A line of a script that says it ran, even if the machine goes down next.
pub(crate) fn says(word: &str) -> String {
    format!("echo {word} >>{RAN}; sync {RAN}")
}

impl Served {
    /// Starts both; the guest has no watcher yet.
    pub(crate) async fn start(context: &Context) -> Result<Self> {
        let mut served = Self::unserved(context).await?;
        // A boot is slow here, and what the guest does meanwhile is the scenario's matter.
        let deadlines = "\n[guest.web.deadlines]\nready = \"5m\"\n";
        context.configure_with(&(hospes_toml(&[&served.vm]) + deadlines))?;
        served.begin_service(context).await?;
        Ok(served)
    }

    /// Starts the guest, for a configuration and a service that come later.
    pub(crate) async fn unserved(context: &Context) -> Result<Self> {
        let socket = context.dir().join("state/metadata/web.sock");
        let metadata = Metadata {
            hospes: HospesProcess::program()?,
            socket,
        };
        let vm = context
            .vm(VmSpec::new("web").with_metadata(metadata))
            .await?;
        let vm = Arc::new(vm);
        Ok(Self { vm, service: None })
    }

    /// Starts the service and waits until it accepts.
    pub(crate) async fn begin_service(&mut self, context: &Context) -> Result<()> {
        context.step("starting the metadata service");
        self.service = Some(context.start_hospes(&["metadata", "serve"])?);
        let socket = context.dir().join("state/metadata/web.sock");
        let end = Instant::now() + Duration::from_secs(30);
        while UnixStream::connect(&socket).await.is_err() {
            ensure!(Instant::now() < end, "the metadata service does not listen");
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Ends the service as a crash does.
    pub(crate) async fn end_service(&mut self) -> Result<()> {
        let service = self.service.take().context("no metadata service runs")?;
        service.kill()?;
        service.wait().await?;
        Ok(())
    }

    /// Installs the metadata scripts of the version that the guest's agent has.
    pub(crate) async fn install(&self, context: &Context) -> Result<()> {
        context.step(format!("installing {METADATA_SCRIPTS} with apt"));
        let version = context.agent().version().await?;
        let install = format!("{APT} install {METADATA_SCRIPTS}={version}");
        self.vm.ssh(&install).await?.success()?;
        self.until(&format!("systemctl -q is-active {WATCHER} {SHUTDOWN}"))
            .await
    }

    /// Waits until `script` succeeds in the guest. Few logins, since each costs seconds; more when
    /// one is cut off, as by Google's agent, which makes new host keys and restarts sshd.
    pub(crate) async fn until(&self, script: &str) -> Result<()> {
        let wait = format!(
            "for i in $(seq {}); do ({script}) >/dev/null 2>&1 && exit 0; sleep 0.5; done; {script}",
            PATIENCE.as_secs()
        );
        let mut waited = self.vm.ssh(&wait).await?;
        for _ in 0..3 {
            if waited.code == Some(CUT_OFF) {
                sleep(Duration::from_secs(3)).await;
                waited = self.vm.ssh(&wait).await?;
            }
        }
        let waited = waited.success();
        waited.with_context(|| format!("waiting for `{script}`"))?;
        Ok(())
    }

    /// What scripts said, in order, separated by spaces.
    pub(crate) async fn ran(&self) -> Result<String> {
        let said = self.vm.ssh(&format!("cat {RAN} 2>/dev/null")).await?.stdout;
        let words: Vec<&str> = said.split_whitespace().collect();
        Ok(words.join(" "))
    }

    /// Fails unless exactly these words were said, in this order.
    pub(crate) async fn expect_ran(&self, expected: &str) -> Result<()> {
        let ran = self.ran().await?;
        ensure!(ran == expected, "expected `{expected}`, ran: `{ran}`");
        Ok(())
    }

    /// Waits until `word` was said as the last.
    pub(crate) async fn until_ran(&self, word: &str) -> Result<()> {
        self.until(&format!("[ \"$(tail -n 1 {RAN})\" = {word} ]"))
            .await
    }

    /// The journal of a unit in one boot: 0 is this one, -1 the one before.
    pub(crate) async fn journal(&self, boot: i32, unit: &str) -> Result<String> {
        let script = format!("journalctl --no-pager -q -o cat -b {boot} -u {unit}");
        self.vm.ssh(&script).await?.success()
    }

    /// Waits for the guest's report of a stop, and fails unless it holds `expected`.
    pub(crate) async fn reported(&self, context: &Context, expected: &[&str]) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let mut last = String::new();
        while Instant::now() < end {
            last = context
                .hospes(&["metadata", "get", "web", REPORT])
                .await?
                .stdout;
            if expected.iter().all(|part| last.contains(part)) {
                return Ok(());
            }
            sleep(Duration::from_secs(1)).await;
        }
        bail!("not reported: {expected:?}; the last is {last}")
    }

    /// Fails unless a login works and `condition` holds in the guest.
    pub(crate) async fn holds(&self, condition: &str) -> Result<()> {
        let output = self.vm.ssh(condition).await?;
        ensure!(output.code == Some(0), "`{condition}`: {output:?}");
        Ok(())
    }
}

/// Sets a value of the guest.
pub(crate) async fn set(context: &Context, key: &str, value: &str) -> Result<()> {
    let run = context
        .hospes(&["metadata", "set", "web", key, value])
        .await?;
    run.expect_exit(0)?;
    Ok(())
}

/// Announces a stop of ten minutes, or what else `state` says, under the name `request`.
pub(crate) async fn announce(context: &Context, request: &str, state: &str) -> Result<()> {
    let details = |name: &str| format!("{DETAILS}/{name}");
    set(context, &details("max-duration"), "600").await?;
    set(context, &details("request-timestamp"), request).await?;
    set(context, &details("stop-state"), state).await
}

/// Serves files of `files` to the guest; the address is its directory's.
pub(crate) async fn serve_files(
    context: &Context,
    files: &[(&str, &str)],
) -> Result<AptRepository> {
    let dir = context.dir().join("files");
    std::fs::create_dir_all(&dir).context("cannot make a directory for files")?;
    for (name, text) in files {
        std::fs::write(dir.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    AptRepository::serve(&dir).await
}
