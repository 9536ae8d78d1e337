//! The same under Ubuntu: what only its own programs show.

use anyhow::{Result, ensure};

use super::guest::Guest;
use super::outcome::Outcome;
use super::upgraded::{self, PACKAGES};
use crate::scenario::Context;

/// What an Ubuntu server has and the lab's Debian has not. The package of the library asks
/// update-notifier for the reboot where that is there.
const ITS_OWN: &str = "grep -qx ID=ubuntu /etc/os-release && command -v needrestart && \
    test -x /usr/share/update-notifier/notify-reboot-required";

pub(super) async fn in_full(context: Context) -> Result<()> {
    let guest = Guest::ubuntu(&context, PACKAGES).await?;
    guest.run(ITS_OWN).await?;
    let outcome = upgraded::as_promised(&context, &guest).await?;
    signs(&outcome)?;
    upgraded::nothing_left(&context, &guest).await
}

/// The library's reboot and the service that used its old code, as seen before the reboot; afterwards
/// neither.
fn signs(outcome: &Outcome) -> Result<()> {
    let before = &outcome.seen("upgraded")["reboot"];
    ensure!(
        before["marked_by"] == serde_json::json!(["lab-lib"]),
        "{before}"
    );
    let services = before["needrestart"]["services"].to_string();
    ensure!(services.contains("\"lab-svc.service\""), "{before}");
    ensure!(before["needrestart"]["kernel"] == "current", "{before}");
    let after = &outcome.seen("postcheck")["reboot"];
    ensure!(after["marked"] == false, "{after}");
    let services = after["needrestart"]["services"].to_string();
    ensure!(services == "[]", "{after}");
    Ok(())
}
