//! Reaching a TCP port.

use std::io;
use std::net::{IpAddr, SocketAddr};

use lifecycle::ports::ShellError;
use tokio::net::{TcpStream, lookup_host};

use crate::budget::Budget;
use crate::target::Stop;

pub(crate) const CONNECT: &str = "connect";

/// Connects to the first of the machine's addresses that answers.
pub(crate) async fn dial(stop: Stop<'_>, budget: Budget) -> Result<TcpStream, ShellError> {
    let addresses = budget.wait(CONNECT, addresses(stop)).await??;
    let mut failures = Vec::new();
    let mut silent = 0;
    for (index, &address) in addresses.iter().enumerate() {
        // An address that swallows packets must leave time for the ones after it.
        let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = budget.at_most(budget.left() / others);
        match share.wait(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream
                    .set_nodelay(true)
                    .map_err(|e| unreachable(stop, e.to_string()))?;
                return Ok(stream);
            }
            Ok(Err(error)) => failures.push(format!("{}: {}", address.ip(), reason(&error))),
            Err(_) => {
                silent += 1;
                failures.push(format!("{}: no answer", address.ip()));
            }
        }
    }
    if silent == addresses.len() {
        return Err(ShellError::TimedOut {
            phase: CONNECT,
            after: budget.span(),
        });
    }
    Err(unreachable(stop, failures.join("; ")))
}

async fn addresses(stop: Stop<'_>) -> Result<Vec<SocketAddr>, ShellError> {
    if let Ok(address) = stop.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, stop.port)]);
    }
    let mut found: Vec<SocketAddr> = lookup_host((stop.host, stop.port))
        .await
        .map_err(|e| unreachable(stop, format!("the name was not found ({e})")))?
        .collect();
    found.dedup();
    if found.is_empty() {
        return Err(unreachable(stop, "the name has no address".to_owned()));
    }
    Ok(found)
}

fn unreachable(stop: Stop<'_>, why: String) -> ShellError {
    ShellError::Unreachable(format!("{} cannot be reached: {why}", stop.address()))
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "connection refused, nothing listens there (does sshd run?)".to_owned()
        }
        io::ErrorKind::HostUnreachable => "no route to the machine, or it is off".to_owned(),
        io::ErrorKind::NetworkUnreachable => "no route to its network".to_owned(),
        _ => error.to_string(),
    }
}
