//! The agent at work: from its settings to its end.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use agent::settings::{Endpoint, Settings};
use guest_os::log_sink::LogSink;
use guest_os::process::{
    PidFile, Termination, daemonize, keep_descriptors, reduce_memory, release_program_pages,
};
use guest_os::transport::{self, Listener, Receiver};

use crate::agent::Agent;
use crate::channel;
use crate::complain;
use crate::qemu_ga::Prepared;

/// Between attempts to open a channel with `--retry-path`.
const RETRY: Duration = Duration::from_secs(5);
/// Clients of a socket at the same time; each has a thread.
const MOST_CLIENTS: usize = 32;

/// Runs the agent until a signal ends it, or its channel.
pub(crate) fn main(program: &str, prepared: Prepared) -> ExitCode {
    reduce_memory();
    keep_descriptors();
    match start(prepared) {
        Ok(ending) => ending,
        Err(problem) => {
            complain(&format!("{program}: {problem}\n"));
            ExitCode::FAILURE
        }
    }
}

fn start(prepared: Prepared) -> Result<ExitCode, String> {
    let Prepared {
        settings,
        inherited,
        warnings,
    } = prepared;
    let endpoint = settings.endpoint().map_err(|error| error.to_string())?;
    // Held to the end: dropping it removes the file.
    let _pid_file = if settings.daemonize {
        let create = || PidFile::create(&settings.pid_file);
        Some(daemonize(create).map_err(|error| error.to_string())?)
    } else {
        None
    };
    let termination = Termination::catch().map_err(|error| error.to_string())?;
    let agent = Arc::new(Agent::new(&settings));
    for warning in warnings {
        agent.log.warn(format_args!("{warning}"));
    }
    agent.freezer.start(&agent.log)?;
    // Only now: until here the disk of the file may have been frozen.
    agent.log.open(log_sink(&settings)?);
    let channel = open(&endpoint, inherited, &settings, &agent)?;
    serve_beside(&agent, channel, endpoint, settings.retry_path)?;
    release_program_pages();
    let ending = match termination.wait() {
        Ok(signal) => {
            agent.log.info(format_args!("ended by {signal:?}"));
            ExitCode::SUCCESS
        }
        Err(error) => return Err(error.to_string()),
    };
    agent.freezer.terminate();
    Ok(ending)
}

fn log_sink(settings: &Settings) -> Result<LogSink, String> {
    let Some(path) = &settings.log_file else {
        return Ok(LogSink::of_a_service());
    };
    LogSink::file(path)
        .map_err(|error| format!("cannot open the log file {}: {error}", path.display()))
}

/// An open channel.
enum Channel {
    Port(Receiver),
    Socket(Listener),
}

/// Opens the channel; with `--retry-path`, waits until that works.
fn open(
    endpoint: &Endpoint,
    inherited: Option<Listener>,
    settings: &Settings,
    agent: &Agent,
) -> Result<Option<Channel>, String> {
    if let Some(listener) = inherited {
        return Ok(Some(Channel::Socket(listener)));
    }
    match open_once(endpoint) {
        Ok(channel) => Ok(Some(channel)),
        Err(error) if settings.retry_path => {
            agent.log.warn(format_args!("{error}; trying again"));
            Ok(None)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn open_once(endpoint: &Endpoint) -> guest_os::Result<Channel> {
    match endpoint {
        Endpoint::VirtioSerial(path) => transport::virtio_serial(path).map(Channel::Port),
        Endpoint::IsaSerial(path) => transport::isa_serial(path).map(Channel::Port),
        Endpoint::UnixListen(path) => transport::unix_listen(path).map(Channel::Socket),
        Endpoint::VsockListen { cid, port } => {
            transport::vsock_listen(*cid, *port).map(Channel::Socket)
        }
        Endpoint::Inherited => Err(guest_os::Error::Invalid(
            "the socket that systemd passed is gone".to_owned(),
        )),
    }
}

/// Serves the channel on a thread of its own: the calling one waits for signals.
fn serve_beside(
    agent: &Arc<Agent>,
    channel: Option<Channel>,
    endpoint: Endpoint,
    retries: bool,
) -> Result<(), String> {
    let agent = Arc::clone(agent);
    let serve = move || {
        let mut channel = channel;
        loop {
            if let Some(channel) = channel.take() {
                serve(&agent, channel);
                if !retries {
                    break;
                }
            }
            thread::sleep(RETRY);
            channel = open_once(&endpoint).ok();
        }
        // The unit is started anew when the port comes back.
        agent.log.warn(format_args!("the channel has ended"));
        agent.freezer.terminate();
        std::process::exit(1);
    };
    let reader = thread::Builder::new().name("channel".to_owned());
    let started = reader.spawn(serve);
    started.map_err(|error| format!("no thread could be started: {error}"))?;
    Ok(())
}

fn serve(agent: &Arc<Agent>, channel: Channel) {
    match channel {
        Channel::Port(port) => channel::serve(agent, port),
        Channel::Socket(listener) => serve_clients(agent, &listener),
    }
}

/// Accepts clients until the socket breaks.
fn serve_clients(agent: &Arc<Agent>, listener: &Listener) {
    let clients = Arc::new(AtomicUsize::new(0));
    loop {
        match listener.accept() {
            Ok(client) => serve_client(agent, client, &clients),
            Err(error) => {
                agent
                    .log
                    .warn(format_args!("cannot accept a client: {error}"));
                // Out of files or memory, most likely: others may give some back.
                thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

fn serve_client(agent: &Arc<Agent>, client: Receiver, clients: &Arc<AtomicUsize>) {
    if clients.fetch_add(1, Ordering::Relaxed) >= MOST_CLIENTS {
        clients.fetch_sub(1, Ordering::Relaxed);
        agent
            .log
            .warn(format_args!("{} is one client too many", client.peer()));
        return;
    }
    let (agent, counted) = (Arc::clone(agent), Arc::clone(clients));
    let reader = thread::Builder::new().name("client".to_owned());
    let started = reader.spawn(move || {
        channel::serve(&agent, client);
        counted.fetch_sub(1, Ordering::Relaxed);
    });
    if started.is_err() {
        clients.fetch_sub(1, Ordering::Relaxed);
    }
}
