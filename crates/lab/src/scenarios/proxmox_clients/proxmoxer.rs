//! proxmoxer, the API's client in Python.

use anyhow::Result;

use super::surroundings::{Surroundings, run};
use crate::scenario::Context;

const PROXMOXER: &str = include_str!("client.py");

/// proxmoxer lists, queries, shuts down, reboots and starts, with a token and with a ticket.
pub(in crate::scenarios) async fn proxmoxer(context: Context) -> Result<()> {
    let around = Surroundings::ready(&context).await?;
    let script = around.write("client.py", PROXMOXER)?;
    context.step("proxmoxer asks");
    let mut python = around.python.python();
    python.arg(script).arg(around.address()?);
    python
        .arg(around.cluster.token_id())
        .arg(around.cluster.token_file());
    python
        .arg(around.cluster.user())
        .arg(around.cluster.password_file());
    run(&mut python).await?;
    around.check_gentleness()
}
