//! `metadata serve`: the guests' metadata service, until a signal ends it.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use config::Config;
use metadata_server::{AddressListener, GuestSocket, Limits, Server, Settings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::home::Home;
use crate::Exit;
use crate::cli::ServeMetadata;
use crate::metadata::{Bound, Verdict, Watch};
use crate::show;

/// Files that the server needs beside its listeners and connections.
const OTHER_FILES: u64 = 256;

pub(super) async fn run(home: &Home, options: &ServeMetadata) -> Result<Exit> {
    if options.check {
        return check(home);
    }
    let stop = stop_signal()?;
    let Some(owned) = home.store.own("hospes metadata serve").await? else {
        say(&format!(
            "hospes: a metadata server already runs; it listens at {}",
            home.store.control().display()
        ));
        return Ok(Exit::Refused);
    };
    let (service, damaged) = owned.service(&home.config)?;
    for corrupt in damaged {
        say(&format!("hospes: {corrupt}"));
    }
    let settings = settings(home)?;
    let told = listeners(&settings);
    let watch = watch(&home.config).await;
    let mut server = Server::bind(settings, service, Arc::new(owned)).await?;
    for line in told {
        say(&line);
    }
    match watch {
        None => server.run(stop).await,
        Some(watch) => {
            server.refuse(watch.refused());
            tell_all(watch.verdicts());
            tokio::select! {
                () = server.run(stop) => {}
                () = watch.run(|verdict| say(&format!("from now on {verdict}"))) => {}
            }
        }
    }
    Ok(Exit::Ok)
}

/// Who proves which guests of a cluster are known by their addresses, if any come over the network.
async fn watch(config: &Config) -> Option<Watch> {
    let bound = Bound::of(config);
    if bound.is_empty() || config.metadata.listen.is_empty() {
        return None;
    }
    Some(Watch::begin(bound).await)
}

fn tell_all(verdicts: &[Verdict]) {
    for verdict in verdicts {
        say(&verdict.to_string());
    }
}

/// `--check`: what is decided about addresses, and nothing is served.
fn check(home: &Home) -> Result<Exit> {
    let verdicts = Bound::of(&home.config).judge();
    if home.json {
        let guests: Vec<_> = verdicts.iter().map(document).collect();
        show::document("metadata", &json!({ "guests": guests }))?;
    } else if verdicts.is_empty() {
        show::line("no guest of a cluster has a metadata.address")?;
    } else {
        for verdict in &verdicts {
            show::line(&verdict.to_string())?;
        }
    }
    let is_refused = verdicts.iter().any(|verdict| verdict.doubt.is_some());
    Ok(if is_refused { Exit::Refused } else { Exit::Ok })
}

fn document(verdict: &Verdict) -> Value {
    let doubt = verdict.doubt.as_ref();
    json!({
        "guest": verdict.claim.guest,
        "vmid": verdict.claim.vmid,
        "address": verdict.claim.address,
        "served": doubt.is_none(),
        "reason": doubt.map(|doubt| &doubt.reason),
        "remedy": doubt.map(|doubt| &doubt.remedy),
    })
}

/// Ready at the first SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn settings(home: &Home) -> Result<Settings> {
    let config = &home.config;
    let mode = config.metadata.socket_mode;
    let mut sockets = Vec::with_capacity(config.guests.len());
    for name in config.guests.keys() {
        let path = config.metadata_socket(name);
        if let Some(directory) = path.parent() {
            make_directory(directory, mode)?;
        }
        let guest = name.to_string();
        sockets.push(GuestSocket { guest, path, mode });
    }
    let guests = by_address(config);
    let listening = sockets.len() + config.metadata.listen.len();
    let listener = |address: &_| AddressListener {
        address: *address,
        guests: guests.clone(),
    };
    Ok(Settings {
        control: home.store.control(),
        sockets,
        addresses: config.metadata.listen.iter().map(listener).collect(),
        limits: limits(listening)?,
    })
}

/// Who may use the sockets may enter their directory. One that exists stays as it is.
fn make_directory(directory: &Path, socket_mode: u32) -> Result<()> {
    let entered_by_group = if socket_mode & 0o060 == 0 { 0 } else { 0o010 };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700 | entered_by_group)
        .create(directory)
        .with_context(|| format!("cannot make {} for the sockets", directory.display()))
}

fn by_address(config: &Config) -> BTreeMap<IpAddr, String> {
    let guests = config.guests.values();
    guests
        .filter_map(|guest| Some((guest.metadata.address?, guest.name.to_string())))
        .collect()
}

/// As many connections as this process may have files. Most systems let it have more than the few
/// that it has from the start.
fn limits(listening: usize) -> Result<Limits> {
    let allowed = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: allowed.maximum,
        maximum: allowed.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")?;
    let default = Limits::default();
    let files = allowed
        .maximum
        .unwrap_or(u64::MAX)
        .saturating_sub(OTHER_FILES);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let files = files.saturating_sub(listening).max(1);
    Ok(Limits {
        all_connections: default.all_connections.min(files),
        ..default
    })
}

/// Where is listened and for whom, one line each.
fn listeners(settings: &Settings) -> Vec<String> {
    let control = format!(
        "listening at {} for hospes itself",
        settings.control.display()
    );
    let sockets = settings.sockets.iter();
    let sockets = sockets.map(|socket| {
        format!(
            "listening at {} for {}",
            socket.path.display(),
            socket.guest
        )
    });
    let addresses = settings.addresses.iter().map(|listener| {
        let guests = listener.guests.iter();
        let guests: Vec<_> = guests
            .map(|(from, guest)| format!("{guest} ({from})"))
            .collect();
        let whom = if guests.is_empty() {
            "nobody: no guest has metadata.address set".to_owned()
        } else {
            guests.join(", ")
        };
        format!("listening at {} for {whom}", listener.address)
    });
    [control]
        .into_iter()
        .chain(sockets)
        .chain(addresses)
        .collect()
}

fn say(line: &str) {
    // Nobody has to listen to a server.
    drop(writeln!(io::stderr().lock(), "{line}"));
}
