//! Installs a distribution into a tar file with mmdebstrap.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::keyring::Keyring;
use super::recipe::Recipe;
use super::{mirror, recipe};
use crate::command::{self, not_started};
use crate::console::Activity;

const CLEANS_UP_WITHIN: Duration = Duration::from_secs(20);

/// mmdebstrap under way. Killed outright it would leave mounts and a tree of files; asked, it cleans up.
struct Installer(Child);

impl Drop for Installer {
    fn drop(&mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        let Some(pid) = id.and_then(Pid::from_raw) else {
            return;
        };
        // Its group: by itself it would wait for apt and dpkg to finish their work first.
        let _ = kill_process_group(pid, Signal::TERM);
        let end = Instant::now() + CLEANS_UP_WITHIN;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.0.start_kill();
    }
}

/// Installs into `work/rootfs.tar`; the downloaded packages end in `work/packages`.
pub(super) async fn run(
    recipe: &Recipe,
    work: &Path,
    log: &Path,
    activity: &Activity,
) -> Result<()> {
    activity.step(format!(
        "installing {} {} from {}",
        recipe.name,
        recipe.suite,
        mirror::described(recipe.distribution)
    ));
    std::fs::create_dir(work.join("packages"))?;
    std::fs::write(work.join("essential.sh"), recipe::ESSENTIAL)?;
    std::fs::write(work.join("customize.sh"), recipe.customize)?;
    let keyring = Keyring::of(recipe.distribution).await?;
    let mut mmdebstrap = mmdebstrap(work);
    let network = mirror::network_options().await;
    mmdebstrap.args(arguments(recipe, work, &keyring.path(), &network)?);
    mmdebstrap
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C is for the lab, which then asks it to stop.
        .process_group(0);
    let child = mmdebstrap
        .spawn()
        .with_context(|| not_started("mmdebstrap"))?;
    let mut installer = Installer(child);
    let stderr = installer
        .0
        .stderr
        .take()
        .context("mmdebstrap without standard error")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut file = tokio::fs::File::create(log)
        .await
        .with_context(|| format!("cannot write {}", log.display()))?;
    let mut complaints = Vec::new();
    while let Some(line) = lines.next_line().await? {
        file.write_all(format!("{line}\n").as_bytes()).await?;
        match line.strip_prefix("I: ") {
            Some(progress) if !progress.starts_with("running ") => activity.step(progress),
            _ => complaints.push(line),
        }
    }
    file.flush().await?;
    let status = installer.0.wait().await?;
    if !status.success() {
        bail!(
            "`mmdebstrap` failed ({status}): {}",
            command::tail(&complaints.join("\n"), 12)
        );
    }
    Ok(())
}

/// As root everything happens in a mount namespace of its own and below `work`: whatever ends it, no
/// mount stays behind, and the files go with `work`. An ordinary user's mmdebstrap makes its own namespace,
/// from which it may not see into the user's home.
fn mmdebstrap(work: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new("mmdebstrap");
    }
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--mount", "--", "mmdebstrap"])
        .env("TMPDIR", work);
    unshare
}

/// Root in a container often may not unshare users but may mount; an ordinary user the other way round.
fn mode() -> &'static str {
    if geteuid().is_root() {
        "root"
    } else {
        "unshare"
    }
}

fn arguments(
    recipe: &Recipe,
    work: &Path,
    keyring: &Path,
    network: &[String],
) -> Result<Vec<String>> {
    let work = work.to_str().context("the cache's path is not UTF-8")?;
    let mut arguments = vec![
        format!("--mode={}", mode()),
        "--variant=apt".to_owned(),
        "--format=tar".to_owned(),
        "--architectures=amd64".to_owned(),
        format!("--keyring={}", keyring.display()),
        format!("--include={}", recipe.packages.join(",")),
        "--aptopt=APT::Install-Recommends \"false\"".to_owned(),
        "--aptopt=APT::Keep-Downloaded-Packages \"true\"".to_owned(),
    ];
    arguments.extend(network.iter().map(|option| format!("--aptopt={option}")));
    arguments.extend(
        recipe::DPKG_OPTIONS
            .iter()
            .map(|option| format!("--dpkgopt={option}")),
    );
    arguments.push("--essential-hook=mkdir \"$1/lab\"".to_owned());
    arguments.push(format!(
        "--essential-hook=upload '{work}/essential.sh' /lab/essential.sh"
    ));
    arguments.push("--essential-hook=sh \"$1/lab/essential.sh\" \"$1\"".to_owned());
    for (from, to) in [
        ("keys/login.pub", "login.pub"),
        ("keys/host", "host"),
        ("keys/host.pub", "host.pub"),
        ("customize.sh", "customize.sh"),
    ] {
        arguments.push(format!("--customize-hook=upload '{work}/{from}' /lab/{to}"));
    }
    arguments.extend(
        recipe
            .peers
            .into_iter()
            .flat_map(|peers| repository(peers, work)),
    );
    arguments.push("--customize-hook=sh \"$1/lab/customize.sh\" \"$1\"".to_owned());
    arguments.push(recipe.suite.to_owned());
    arguments.push(format!("{work}/rootfs.tar"));
    arguments.extend(mirror::sources(recipe));
    Ok(arguments)
}

/// Downloads `peers` too, and keeps every package.
fn repository(peers: &[&str], work: &str) -> [String; 2] {
    [
        format!(
            "--customize-hook=APT_CONFIG=\"$MMDEBSTRAP_APT_CONFIG\" apt-get --yes --download-only \
             -oDPkg::Chroot-Directory=\"$1\" install {}",
            peers.join(" ")
        ),
        format!("--customize-hook=sync-out /var/cache/apt/archives '{work}/packages'"),
    ]
}
