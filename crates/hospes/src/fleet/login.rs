//! How a guest is logged in to.

use std::sync::Arc;

use config::Address;
use ssh::{Hop, SshShell, Target};

use crate::edge::{AgentSlot, Finder, Judge, Login};
use crate::store::Store;

/// SSH to `guest`, if an address is configured or can be found.
pub(super) fn login(
    guest: &config::Guest,
    store: &Arc<Store>,
    slot: &Arc<AgentSlot>,
) -> Option<Login> {
    let ssh = guest.ssh.clone()?;
    let shell = {
        let (guest, store, slot) = (guest.clone(), Arc::clone(store), Arc::clone(slot));
        let ssh = ssh.clone();
        move |host: &str| {
            let judge = judge(&guest, &ssh, host, &store, &slot);
            SshShell::new(target(&ssh, host, &guest.deadlines), Arc::new(judge))
        }
    };
    Some(match ssh.address {
        Address::Host(host) => Login::at(&host, shell),
        Address::Found(sources) => {
            let place = guest.place.clustered();
            let found = place.and_then(|place| place.found.as_ref());
            let finder = Finder {
                guest: guest.name.clone(),
                sources,
                name: found.and_then(|found| found.name.clone()),
                store: Arc::clone(store),
                slot: Arc::clone(slot),
            };
            Login::found(finder, shell)
        }
    })
}

/// Who decides about a guest's host keys.
fn judge(
    guest: &config::Guest,
    ssh: &config::Ssh,
    host: &str,
    store: &Arc<Store>,
    slot: &Arc<AgentSlot>,
) -> Judge {
    Judge {
        machine: guest.name.clone().into(),
        address: (host.to_owned(), ssh.port),
        configured: ssh.host_keys.clone(),
        known_hosts: ssh.known_hosts.clone(),
        store: Arc::clone(store),
        slot: Some(Arc::clone(slot)),
    }
}

/// Where and how to log in to a guest or a node.
pub(super) fn target(ssh: &config::Ssh, host: &str, deadlines: &config::Deadlines) -> Target {
    Target {
        host: host.to_owned(),
        port: ssh.port,
        user: ssh.user.clone(),
        identity_files: ssh.identities.clone(),
        use_agent: ssh.agent.is_some(),
        jumps: ssh.jump.iter().map(|jump| hop(jump, ssh)).collect(),
        connect_timeout: deadlines.ssh_connect,
        login_timeout: deadlines.ssh_command,
    }
}

/// A jump host, entered with the machine's keys.
fn hop(jump: &config::Jump, ssh: &config::Ssh) -> Hop {
    Hop {
        host: jump.host.clone(),
        port: jump.port,
        user: jump.user.clone(),
        identity_files: ssh.identities.clone(),
    }
}
