//! Whether the certificate is the right one: an authority says so, the operator, or nobody.

use std::time::Duration;

use anyhow::{Result, bail};
use hypervisor_proxmox::{ClientError, Presented, presented};
use pve::{Endpoint, Trust};

use super::ask::Asker;

const WITHIN: Duration = Duration::from_secs(15);

/// The fingerprint to pin; none where this machine trusts who signed the certificate.
pub(super) async fn compare(
    endpoint: &Endpoint,
    named: Option<&str>,
    asker: &Asker,
) -> Result<Option<String>> {
    let (shown, why) = match presented(endpoint, Trust::System, WITHIN).await {
        // Where this machine has no authorities at all, the certificate is looked at all the same.
        Err(ClientError::Certificate(_)) => match untrusted(endpoint).await? {
            Some(shown) => shown,
            None => return Ok(named.map(str::to_owned)),
        },
        Err(error) => return Err(error.into()),
        Ok(Presented::Trusted) if named.is_none() => return Ok(None),
        Ok(Presented::Trusted) => match untrusted(endpoint).await? {
            Some(shown) => shown,
            None => return Ok(named.map(str::to_owned)),
        },
        Ok(Presented::Untrusted { fingerprint, why }) => (fingerprint, why),
    };
    match named {
        Some(named) if is_same(named, &shown) => Ok(Some(shown)),
        Some(named) => bail!(
            "the certificate of {endpoint} is another one: its fingerprint is {shown}, not {named}; \
             nothing was sent to it. {}",
            how_to_compare(endpoint)
        ),
        None => ask(endpoint, &shown, &why, asker).await,
    }
}

async fn untrusted(endpoint: &Endpoint) -> Result<Option<(String, String)>> {
    Ok(
        match presented(endpoint, Trust::Pinned(Vec::new()), WITHIN).await? {
            Presented::Untrusted { fingerprint, why } => Some((fingerprint, why)),
            Presented::Trusted => None,
        },
    )
}

async fn ask(endpoint: &Endpoint, shown: &str, why: &str, asker: &Asker) -> Result<Option<String>> {
    if !asker.can_ask() {
        bail!(
            "the certificate of {endpoint} is not signed by an authority that this machine trusts \
             ({why}); its fingerprint is {shown}. {}; if it is the same, name it with --fingerprint",
            how_to_compare(endpoint)
        );
    }
    let question = format!(
        "{endpoint} shows a certificate that no authority signed that this machine trusts (a node makes \
         its own). Its SHA-256 fingerprint is\n\n  {shown}\n\n{}.\nIs it the same, and shall it be pinned?",
        how_to_compare(endpoint)
    );
    if asker.agrees(&question, false).await? {
        return Ok(Some(shown.to_owned()));
    }
    bail!(
        "the certificate was not confirmed; nothing was sent to {endpoint}, and nothing was written"
    )
}

fn how_to_compare(endpoint: &Endpoint) -> String {
    format!(
        "Compare it with what `pvenode cert info` shows in the console of {} (pveproxy-ssl.pem if \
         there is one, else pve-ssl.pem)",
        endpoint.host
    )
}

/// Whether two fingerprints are the same, with colons or without, in either case.
fn is_same(one: &str, other: &str) -> bool {
    let digits = |text: &str| {
        text.chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_ascii_uppercase())
            .collect::<String>()
    };
    digits(one) == digits(other)
}
