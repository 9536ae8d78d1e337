//! Whose certificates are trusted.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use pve::Trust;
use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use super::ClientError;

/// A certificate that was shown and is not trusted.
#[derive(Debug)]
pub(super) struct Rejected {
    /// Its SHA-256 fingerprint, `AB:CD:..`.
    pub(super) presented: String,
    /// What is wrong with it.
    pub(super) why: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.presented, self.why)
    }
}

impl Error for Rejected {}

/// The TLS settings for a trust.
pub(super) async fn config(trust: &Trust) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let check = check(trust, &provider).await?;
    let verifier = Arc::new(Verifier {
        check,
        provider: Arc::clone(&provider),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

async fn check(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Check, ClientError> {
    Ok(match trust {
        Trust::Pinned(pins) => Check::Pinned(pins.clone()),
        Trust::Authorities(path) => {
            let roots = Arc::new(authorities(path).await?);
            let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
            Check::Signed(builder.build().map_err(unusable)?)
        }
        Trust::System => {
            let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
            Check::Signed(Arc::new(verifier.map_err(unusable)?))
        }
    })
}

fn unusable(error: impl Error) -> ClientError {
    ClientError::Certificate(format!("TLS cannot be set up: {error}"))
}

/// The largest file of authorities that is read; the whole of Mozilla's has a quarter of it.
const LARGEST: u64 = 1 << 20;

async fn authorities(path: &Path) -> Result<RootCertStore, ClientError> {
    let failed = |why: &dyn fmt::Display| {
        let shown = path.display();
        ClientError::Certificate(format!("the authorities in {shown} cannot be used: {why}"))
    };
    let pem = super::secret::read_file(path, LARGEST).await;
    let pem = pem.map_err(|error| failed(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    match roots.is_empty() {
        true => Err(failed(&"there is no certificate in it (PEM)")),
        false => Ok(roots),
    }
}

/// Checks a certificate, and tells the fingerprint of one that it rejects. The handshake's
/// signatures are checked in any case: the server must hold the certificate's key.
#[derive(Debug)]
struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Check {
    /// One of these it must be; names and dates are not looked at.
    Pinned(Vec<[u8; 32]>),
    /// An authority must have signed it, for this name and time.
    Signed(Arc<dyn ServerCertVerifier>),
}

impl Check {
    /// Fails with what is wrong with the certificate.
    fn verify(&self, fingerprint: &[u8], shown: &Shown<'_>) -> Result<ServerCertVerified, String> {
        match self {
            Self::Pinned(pins) if pins.iter().any(|pin| pin == fingerprint) => {
                Ok(ServerCertVerified::assertion())
            }
            Self::Pinned(pins) => Err(not_pinned(pins)),
            Self::Signed(verifier) => {
                let Shown {
                    leaf,
                    intermediates,
                    name,
                    ocsp,
                    now,
                } = *shown;
                let verified = verifier.verify_server_cert(leaf, intermediates, name, ocsp, now);
                verified.map_err(|error| error.to_string())
            }
        }
    }
}

/// What a server has shown of itself.
struct Shown<'a> {
    leaf: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    ocsp: &'a [u8],
    now: UnixTime,
}

fn not_pinned(pins: &[[u8; 32]]) -> String {
    let pins: Vec<_> = pins.iter().map(|pin| fingerprint_text(pin)).collect();
    match pins.as_slice() {
        [] => "none is pinned".to_owned(),
        pins => format!("pinned is {}", pins.join(" and ")),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = digest(&SHA256, leaf);
        let shown = Shown {
            leaf,
            intermediates,
            name,
            ocsp,
            now,
        };
        let fingerprint = fingerprint.as_ref();
        self.check.verify(fingerprint, &shown).map_err(|why| {
            let presented = fingerprint_text(fingerprint);
            let rejected = OtherError(Arc::new(Rejected { presented, why }));
            CertificateError::Other(rejected).into()
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// A fingerprint as Proxmox VE shows it, `AB:CD:..`.
fn fingerprint_text(fingerprint: &[u8]) -> String {
    let bytes = fingerprint.iter().map(|byte| format!("{byte:02X}"));
    bytes.collect::<Vec<_>>().join(":")
}
