//! Private keys in files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use russh::keys::{PrivateKey, PublicKey, decode_secret_key};

/// Most bytes of a key file that are read; RSA with 16,384 bits takes 13 KB.
const LARGEST_FILE: u64 = 64 * 1024;

/// What an identity file is good for.
#[derive(Debug)]
pub(crate) enum Identity {
    /// It signs by itself.
    Private(Arc<PrivateKey>),
    /// It only names a key that the SSH agent may hold.
    Named(PublicKey),
    /// It is no use, and why.
    Unusable(String),
}

/// Reads an identity file. Never asks for a passphrase.
pub(crate) fn load(path: &Path) -> Identity {
    match read(path) {
        Ok(text) => decode(&text),
        Err(error) => Identity::Unusable(error.to_string()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    // A pipe would block, and a device never end.
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = String::new();
    file.take(LARGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
}

fn decode(text: &str) -> Identity {
    if let Ok(key) = PrivateKey::from_openssh(text)
        && key.is_encrypted()
    {
        return Identity::Named(key.public_key().clone());
    }
    if let Ok(key) = PublicKey::from_openssh(text) {
        return Identity::Named(key);
    }
    match decode_secret_key(text, None) {
        Ok(key) => Identity::Private(Arc::new(key)),
        Err(_) if text.contains("ENCRYPTED") => {
            Identity::Unusable("it is encrypted; load it into ssh-agent with `ssh-add`".to_owned())
        }
        // The parser's words could quote the file.
        Err(_) => Identity::Unusable("it holds no private key of a known format".to_owned()),
    }
}
