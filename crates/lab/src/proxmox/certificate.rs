//! A node's self-signed certificate.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::generate_simple_self_signed;
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate and what a listener needs to present it.
#[derive(Debug)]
pub(super) struct Certificate {
    der: CertificateDer<'static>,
    pem: String,
    server: Arc<ServerConfig>,
}

impl Certificate {
    /// A new one for a node, with a new key.
    pub(super) fn new(node: &str) -> Result<Self> {
        let names = vec![
            format!("{node}.lab"),
            node.to_owned(),
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
        ];
        let made = generate_simple_self_signed(names).context("cannot make a certificate")?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let der = made.cert.der().clone();
        let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .context("no version of TLS")?
            .with_no_client_auth()
            .with_single_cert(vec![der.clone()], key)
            .context("cannot use a certificate")?;
        Ok(Self {
            der,
            pem: made.cert.pem(),
            server: Arc::new(server),
        })
    }

    /// Its SHA-256 as Proxmox VE shows it.
    pub(super) fn fingerprint(&self) -> String {
        let digest = digest(&SHA256, &self.der);
        let bytes = digest.as_ref().iter().map(|byte| format!("{byte:02X}"));
        bytes.collect::<Vec<_>>().join(":")
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_has_a_fingerprint_of_its_own() {
        let (one, other) = (
            Certificate::new("a").unwrap(),
            Certificate::new("a").unwrap(),
        );
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 32 * 3 - 1);
        assert!(one.pem().contains("BEGIN CERTIFICATE"));
    }
}
