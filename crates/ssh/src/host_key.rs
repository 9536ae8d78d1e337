//! Host keys, and who decides about them.

use std::fmt;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use russh::keys::{HashAlg, PublicKey};
use thiserror::Error;

/// Longest public key line that is looked at; RSA with 16,384 bits takes 2,800 characters.
const LONGEST_LINE: usize = 16 * 1024;

/// Decides whether a machine may be spoken to.
#[async_trait]
pub trait HostKeyJudge: Send + Sync {
    /// Accepts the key that the machine at `host`, `port` proved to hold, or says why not and
    /// what to do about it. Jump hosts are judged under their own names.
    async fn judge(&self, host: &str, port: u16, key: &PresentedKey) -> Result<(), String>;

    /// Key algorithms (`ssh-ed25519`) for which keys of this machine are already trusted. They
    /// are asked for first: a machine with several keys would else show one that nobody pinned.
    fn preferred_algorithms(&self, _host: &str, _port: u16) -> Vec<String> {
        Vec::new()
    }
}

/// A public host key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedKey {
    algorithm: String,
    base64: String,
    fingerprint: String,
}

/// A text that is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not an OpenSSH public key (`ssh-ed25519 AAAA...`): {0}")]
pub struct InvalidKey(&'static str);

/// Reads one line of a `.pub` file: algorithm, base64, perhaps a comment (dropped).
pub fn parse_public_key(line: &str) -> Result<PresentedKey, InvalidKey> {
    if line.len() > LONGEST_LINE {
        return Err(InvalidKey("the line is too long"));
    }
    let mut words = line.split_ascii_whitespace();
    let (Some(algorithm), Some(base64)) = (words.next(), words.next()) else {
        return Err(InvalidKey("algorithm or key is missing"));
    };
    let blob = decode_base64(base64).ok_or(InvalidKey("the key is not base64"))?;
    let key = russh::keys::key::parse_public_key(&blob)
        .map_err(|_| InvalidKey("the key is cut off or of an unknown kind"))?;
    if key.to_bytes().ok().as_deref() != Some(&blob[..]) {
        return Err(InvalidKey("the key is followed by something else"));
    }
    let key = PresentedKey::of(&key).ok_or(InvalidKey("the key cannot be written"))?;
    if key.algorithm != algorithm {
        return Err(InvalidKey(
            "the key is of another algorithm than the line says",
        ));
    }
    Ok(key)
}

impl PresentedKey {
    /// What `key` looks like in files and messages.
    pub(crate) fn of(key: &PublicKey) -> Option<Self> {
        Some(Self {
            algorithm: key.algorithm().as_str().to_owned(),
            base64: STANDARD.encode(key.to_bytes().ok()?),
            fingerprint: fingerprint(key),
        })
    }

    /// The key's algorithm (`ssh-ed25519`, `ssh-rsa`).
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The key in base64, as files show it.
    #[must_use]
    pub fn base64(&self) -> &str {
        &self.base64
    }

    /// `ssh-ed25519 AAAA...`, without a comment.
    #[must_use]
    pub fn openssh(&self) -> String {
        format!("{} {}", self.algorithm, self.base64)
    }

    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl fmt::Display for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.fingerprint)
    }
}

/// `SHA256:...` of any public key.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// Base64 with or without its padding.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ED25519: &str = "ssh-ed25519 \
        AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    #[test]
    fn a_key_line_is_read_and_its_comment_dropped() {
        let key = parse_public_key(&format!("{ED25519} root@web1 of the lab\n")).unwrap();
        assert_eq!(key.algorithm(), "ssh-ed25519");
        assert_eq!(key.openssh(), ED25519);
        // `ssh-keygen -lf` printed this for that line.
        assert_eq!(
            key.fingerprint(),
            "SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE"
        );
    }

    #[test]
    fn what_is_not_a_key_is_told_apart() {
        let blob = ED25519.split(' ').next_back().unwrap();
        let cases = [
            (String::new(), "missing"),
            ("ssh-ed25519".to_owned(), "missing"),
            (format!("ssh-rsa {blob}"), "another algorithm"),
            ("ssh-ed25519 ????".to_owned(), "not base64"),
            (format!("ssh-ed25519 {}", &blob[..40]), "cut off"),
            (format!("ssh-ed25519 {blob}AAAA"), "followed by"),
            (format!("{ED25519} {}", "x".repeat(20_000)), "too long"),
        ];
        for (line, wanted) in cases {
            let error = parse_public_key(&line).unwrap_err().to_string();
            assert!(error.contains(wanted), "{line:.60}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(line in ".{0,300}") {
            let _ = parse_public_key(&line);
        }

        #[test]
        fn no_key_blob_makes_the_parser_panic(
            algorithm in "(ssh-ed25519|ssh-rsa|ssh-dss|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh.com|ssh-rsa-cert-v01@openssh.com)",
            rest in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut blob = u32::try_from(algorithm.len()).unwrap().to_be_bytes().to_vec();
            blob.extend_from_slice(algorithm.as_bytes());
            blob.extend_from_slice(&rest);
            let _ = parse_public_key(&format!("{algorithm} {}", STANDARD.encode(&blob)));
        }

        #[test]
        fn what_is_read_is_read_again_the_same(seed in any::<[u8; 32]>()) {
            let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
            blob.extend_from_slice(&seed);
            if let Ok(key) = parse_public_key(&format!("ssh-ed25519 {}", STANDARD.encode(&blob))) {
                prop_assert_eq!(parse_public_key(&key.openssh()), Ok(key));
            }
        }
    }
}
