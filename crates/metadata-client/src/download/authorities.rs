//! The CA certificates of the system.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, parse_pem};

use super::error::DownloadFailure;
use super::proxy::Environment;

/// Where systems keep them: Debian, Alpine, Arch; Fedora, RHEL; SUSE; RHEL 7 and later; Alpine.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Bytes of a file of certificates.
const LONGEST: u64 = 16 << 20;

/// Files in a folder of certificates.
const MOST_FILES: usize = 4096;

/// The file and the folder that the environment names, and nothing else; else the system's bundle.
pub(super) fn load(
    environment: Environment<'_>,
) -> Result<Vec<Certificate<'static>>, DownloadFailure> {
    let named = |name: &str| environment(name).filter(|value| !value.is_empty());
    let file = named("SSL_CERT_FILE").map(PathBuf::from);
    let folder = named("SSL_CERT_DIR").map(PathBuf::from);
    if file.is_none() && folder.is_none() {
        let mut bundles = BUNDLES.iter().map(|path| read(Path::new(path)));
        return bundles.find(|found| !found.is_empty()).ok_or_else(|| {
            DownloadFailure::NoAuthorities(format!("looked for {}", BUNDLES.join(", ")))
        });
    }
    let mut files: Vec<PathBuf> = file.iter().cloned().collect();
    files.extend(folder.iter().flat_map(|folder| files_in(folder)));
    let certificates: Vec<_> = files.iter().flat_map(|path| read(path)).collect();
    if certificates.is_empty() {
        let asked = [file, folder].into_iter().flatten();
        let asked: Vec<_> = asked.map(|path| path.display().to_string()).collect();
        return Err(DownloadFailure::NoAuthorities(format!(
            "none in {}",
            asked.join(", ")
        )));
    }
    Ok(certificates)
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(MOST_FILES).map(|entry| entry.path()).collect()
}

/// What can be read as a certificate; the rest is left out, as every program does it.
fn read(path: &Path) -> Vec<Certificate<'static>> {
    let mut pem = Vec::new();
    let regular = fs::metadata(path).is_ok_and(|found| found.is_file());
    let opened = File::open(path).ok().filter(|_| regular);
    let read = opened.map(|file| file.take(LONGEST).read_to_end(&mut pem));
    if !matches!(read, Some(Ok(_))) {
        return Vec::new();
    }
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    };
    parse_pem(&pem).filter_map(certificate).collect()
}
