//! `trust`: the SSH host keys of one guest.

use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use async_trait::async_trait;
use journal::KeySource;
use lifecycle::ports::{GuestShell, Privilege};
use serde_json::json;
use ssh::{HostKeyJudge, PresentedKey, SshShell};

use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::edge::{World, no_ssh, reported_keys};
use crate::fleet::{Fleet, Member};
use crate::show;

pub(super) async fn run(fleet: &Fleet, options: &cli::Trust) -> Result<Exit> {
    let member = fleet.member(&options.guest).await?;
    let pinned = fleet
        .store()
        .pinned(member.id())
        .map_err(anyhow::Error::msg)?;
    let world = fleet.world(&member);
    let reported = reported_keys(&world.slot).await;
    world.slot.release().await;
    let presented = presented(&world).await?;
    let decision = decide(options, presented.as_ref(), reported.as_deref());
    let pins = match (&decision, options.check) {
        (Decision::Pin { keys, source }, false) => {
            let lock = fleet.lock(member.id(), "trust")?;
            fleet
                .store()
                .pin(member.id(), keys, *source, now())
                .map_err(anyhow::Error::msg)?;
            drop(lock);
            keys.clone()
        }
        _ => pinned.clone(),
    };
    tell(
        fleet,
        &member,
        options.check,
        &Seen {
            presented,
            reported,
            pinned,
            pins,
        },
        &decision,
    )
}

/// What is to be done about the keys.
enum Decision {
    Pin {
        keys: Vec<String>,
        source: KeySource,
    },
    Leave(String),
}

struct Seen {
    presented: Option<PresentedKey>,
    reported: Result<Vec<String>, String>,
    pinned: Vec<String>,
    pins: Vec<String>,
}

/// The operator's fingerprint decides, else what the guest reports through its channel.
fn decide(
    options: &cli::Trust,
    presented: Option<&PresentedKey>,
    reported: Result<&[String], &String>,
) -> Decision {
    match (&options.fingerprint, presented, reported) {
        (Some(wanted), Some(key), _) if key.fingerprint() == wanted => Decision::Pin {
            keys: vec![key.openssh()],
            source: KeySource::Operator,
        },
        (Some(wanted), Some(key), _) => Decision::Leave(format!(
            "the presented key is {}, not {wanted}; nothing was pinned",
            key.fingerprint()
        )),
        (Some(_), None, _) => {
            Decision::Leave("no SSH server answers, so no key could be compared".to_owned())
        }
        (None, Some(key), Ok(keys)) if !keys.contains(&key.openssh()) => Decision::Leave(
            "the guest says that the presented key is not its own: another machine answers"
                .to_owned(),
        ),
        (None, _, Ok(keys)) => Decision::Pin {
            keys: keys.to_vec(),
            source: KeySource::Channel,
        },
        (None, _, Err(why)) => Decision::Leave(format!(
            "the agent channel cannot tell the guest's keys ({why}); compare the fingerprint at \
             its console and give it with --fingerprint"
        )),
    }
}

fn tell(
    fleet: &Fleet,
    member: &Member,
    is_dry_run: bool,
    seen: &Seen,
    decision: &Decision,
) -> Result<Exit> {
    let (done, exit) = match decision {
        Decision::Pin { keys, .. } if is_dry_run => {
            (format!("would pin {} keys", keys.len()), Exit::Ok)
        }
        Decision::Pin { keys, source } => {
            let by = match source {
                KeySource::Operator => "confirmed by the operator",
                _ => "reported by the guest",
            };
            (format!("pinned {} keys, {by}", keys.len()), Exit::Ok)
        }
        Decision::Leave(why) => (why.clone(), Exit::Refused),
    };
    if fleet.json() {
        let body = json!({
            "guest": member.id(),
            "dry_run": is_dry_run,
            "presented": seen.presented.as_ref().map(ToString::to_string),
            "reported": fingerprints(seen.reported.as_deref().unwrap_or_default()),
            "pinned_before": fingerprints(&seen.pinned),
            "pinned": fingerprints(&seen.pins),
            "result": done,
        });
        fleet.document("trust", body)?;
        return Ok(exit);
    }
    let presented = seen
        .presented
        .as_ref()
        .map_or("nothing".to_owned(), ToString::to_string);
    show::line(&format!("{}: presented: {presented}", member.id()))?;
    match &seen.reported {
        Ok(keys) => show::line(&format!("  reported by the guest: {}", join(keys)))?,
        Err(why) => show::line(&format!("  reported by the guest: nothing ({why})"))?,
    }
    show::line(&format!("  pinned before: {}", join(&seen.pinned)))?;
    show::line(&format!("  {done}"))?;
    Ok(exit)
}

fn join(keys: &[String]) -> String {
    let prints = fingerprints(keys);
    if prints.is_empty() {
        "nothing".to_owned()
    } else {
        prints.join(", ")
    }
}

fn fingerprints(keys: &[String]) -> Vec<String> {
    keys.iter()
        .filter_map(|key| ssh::parse_public_key(key).ok())
        .map(|k| k.to_string())
        .collect()
}

/// Remembers the key that a server proves to hold, and goes no further.
#[derive(Default)]
struct Looker(Mutex<Option<PresentedKey>>);

#[async_trait]
impl HostKeyJudge for Looker {
    async fn judge(&self, _host: &str, _port: u16, key: &PresentedKey) -> Result<(), String> {
        if let Ok(mut seen) = self.0.lock() {
            *seen = Some(key.clone());
        }
        Err("only the key was asked for".to_owned())
    }
}

async fn presented(world: &World) -> Result<Option<PresentedKey>> {
    let Some(ssh) = &world.ssh else {
        bail!(no_ssh(&world.guest));
    };
    let target = ssh.target().await?;
    if !target.jumps.is_empty() {
        bail!("keys behind a jump host are learned through the channel, or set as ssh.host-key");
    }
    let deadline = target.connect_timeout + target.login_timeout;
    let looker = Arc::new(Looker::default());
    let judge: Arc<dyn HostKeyJudge> = looker.clone();
    let shell = SshShell::new(target, judge);
    // The refusal is expected; what counts is the key that was seen on the way.
    drop(shell.run("", Privilege::Login, 1, deadline).await);
    Ok(looker.0.lock().map_or(None, |seen| seen.clone()))
}
