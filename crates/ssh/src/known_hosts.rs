//! `known_hosts` files, as sshd(8) describes them under "SSH_KNOWN_HOSTS FILE FORMAT".

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ring::hmac;

use crate::host_key::{PresentedKey, decode_base64};

/// Most bytes of one file that are read; ten thousand hosts take 3 MB.
const LARGEST_FILE: u64 = 16 << 20;

/// The files in which OpenSSH keeps host keys.
#[derive(Debug)]
pub struct KnownHosts;

/// What the files say about a machine's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownHostsVerdict {
    /// The key is listed for this machine.
    Match,
    /// Another key of the same algorithm is listed.
    Changed {
        /// The file that lists it.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// No key of this algorithm is listed for this machine.
    Unknown,
    /// The key is marked `@revoked`.
    Revoked,
}

impl KnownHosts {
    /// Looks `key` up for the machine at `host`, `port` in all of `paths`. Files that cannot be
    /// read count as empty, as they do for OpenSSH. Certificates (`@cert-authority`) do not count.
    #[must_use]
    pub fn lookup(
        paths: &[PathBuf],
        host: &str,
        port: u16,
        key: &PresentedKey,
    ) -> KnownHostsVerdict {
        let name = entry_name(host, port);
        let files: Vec<(&Path, String)> = paths
            .iter()
            .map(|path| (path.as_path(), read(path)))
            .collect();
        judge(&files, &name, key)
    }

    /// The algorithms of the keys that are listed for this machine, without the revoked ones.
    #[must_use]
    pub fn algorithms(paths: &[PathBuf], host: &str, port: u16) -> Vec<String> {
        let name = entry_name(host, port);
        let mut algorithms: Vec<String> = Vec::new();
        for text in paths.iter().map(|path| read(path)) {
            for entry in text.lines().filter_map(Entry::parse) {
                let known = algorithms
                    .iter()
                    .any(|algorithm| algorithm == entry.algorithm);
                if entry.marker.is_none() && !known && entry.names(&name) {
                    algorithms.push(entry.algorithm.to_owned());
                }
            }
        }
        algorithms
    }
}

fn judge(files: &[(&Path, String)], name: &str, key: &PresentedKey) -> KnownHostsVerdict {
    let wanted = decode_base64(key.base64());
    let mut verdict = KnownHostsVerdict::Unknown;
    for (file, text) in files {
        for (index, line) in text.lines().enumerate() {
            let Some(entry) = Entry::parse(line) else {
                continue;
            };
            if entry.algorithm != key.algorithm() || !entry.names(name) {
                continue;
            }
            let same = decode_base64(entry.key) == wanted;
            match (entry.marker, same) {
                (Some("@revoked"), true) => return KnownHostsVerdict::Revoked,
                (None, true) => verdict = KnownHostsVerdict::Match,
                (None, false) if verdict == KnownHostsVerdict::Unknown => {
                    verdict = KnownHostsVerdict::Changed {
                        file: file.to_path_buf(),
                        line: index + 1,
                    };
                }
                _ => {}
            }
        }
    }
    verdict
}

/// The file as text; lines that are not UTF-8 cannot match anything.
fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    let outcome = File::open(path).and_then(|file| {
        if file.metadata()?.is_file() {
            file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
        }
        Ok(())
    });
    if let Err(error) = outcome {
        tracing::debug!(path = %path.display(), %error, "known hosts not read");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How a machine is called in the files: `host`, or `[host]:port` off port 22.
fn entry_name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

/// One line: `[@marker] names algorithm key [comment]`.
struct Entry<'a> {
    marker: Option<&'a str>,
    patterns: &'a str,
    algorithm: &'a str,
    key: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().peekable();
        let marker = words.next_if(|word| word.starts_with('@'));
        let patterns = words.next().filter(|word| !word.starts_with('#'))?;
        Some(Self {
            marker,
            patterns,
            algorithm: words.next()?,
            key: words.next()?,
        })
    }

    /// Whether the line is about the machine that is called `name`.
    fn names(&self, name: &str) -> bool {
        let mut named = false;
        for pattern in self.patterns.split(',') {
            if let Some(pattern) = pattern.strip_prefix('!') {
                if matches(pattern, name) {
                    return false;
                }
            } else {
                named |= matches(pattern, name);
            }
        }
        named
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("|1|") {
        Some(hashed) => hash_matches(hashed, name),
        None => glob_matches(pattern.to_lowercase().as_bytes(), name.as_bytes()),
    }
}

/// `salt|hash` of `HashKnownHosts`: the HMAC-SHA1 of the name under the salt.
fn hash_matches(hashed: &str, name: &str) -> bool {
    let Some((salt, hash)) = hashed.split_once('|') else {
        return false;
    };
    let (Some(salt), Some(hash)) = (decode_base64(salt), decode_base64(hash)) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    hmac::verify(&key, name.as_bytes(), &hash).is_ok()
}

/// `*` stands for any text, `?` for one character. Steps back to the last `*` only, so the time
/// is at most the product of both lengths.
fn glob_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, consumed)) = star else {
                    return false;
                };
                star = Some((at, consumed + 1));
                p = at + 1;
                n = consumed + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parse_public_key;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIK2pr+Bfus1hvPof4Wb/plZCzSbqadHH0u+/f4ODtKnE";

    fn key() -> PresentedKey {
        parse_public_key(&format!("ssh-ed25519 {KEY}")).unwrap()
    }

    fn verdict(text: &str, host: &str, port: u16) -> KnownHostsVerdict {
        judge(
            &[(Path::new("kh"), text.to_owned())],
            &entry_name(host, port),
            &key(),
        )
    }

    fn changed(line: usize) -> KnownHostsVerdict {
        KnownHostsVerdict::Changed {
            file: "kh".into(),
            line,
        }
    }

    #[test]
    fn the_files_are_read_as_openssh_reads_them() {
        use KnownHostsVerdict::{Match, Revoked, Unknown};
        let cases: [(String, &str, u16, KnownHostsVerdict); 16] = [
            (format!("web1 ssh-ed25519 {KEY} comment"), "web1", 22, Match),
            (format!("web1\tssh-ed25519\t{KEY}"), "WEB1", 22, Match),
            (format!("web1 ssh-ed25519 {KEY}"), "web1", 2222, Unknown),
            (
                format!("[web1]:2222 ssh-ed25519 {KEY}"),
                "web1",
                2222,
                Match,
            ),
            (
                format!("[web1]:2222 ssh-ed25519 {KEY}"),
                "web1",
                22,
                Unknown,
            ),
            (
                format!("db1,web?,10.0.0.* ssh-ed25519 {KEY}"),
                "10.0.0.7",
                22,
                Match,
            ),
            (
                format!("*.lab,!db.lab ssh-ed25519 {KEY}"),
                "web.lab",
                22,
                Match,
            ),
            (
                format!("*.lab,!db.lab ssh-ed25519 {KEY}"),
                "db.lab",
                22,
                Unknown,
            ),
            (
                format!("# hello\n\nweb1 ssh-ed25519 {OTHER}"),
                "web1",
                22,
                changed(3),
            ),
            (
                format!("web1 ssh-ed25519 {OTHER}\nweb1 ssh-ed25519 {KEY}"),
                "web1",
                22,
                Match,
            ),
            (format!("web1 ssh-rsa {OTHER}"), "web1", 22, Unknown),
            (
                format!("web1 ssh-ed25519 {KEY}\n@revoked * ssh-ed25519 {KEY}"),
                "web1",
                22,
                Revoked,
            ),
            (
                format!("@revoked * ssh-ed25519 {OTHER}"),
                "web1",
                22,
                Unknown,
            ),
            (
                format!("@cert-authority * ssh-ed25519 {KEY}"),
                "web1",
                22,
                Unknown,
            ),
            ("web1 ssh-ed25519".to_owned(), "web1", 22, Unknown),
            ("web1 ssh-ed25519 ???".to_owned(), "web1", 22, changed(1)),
        ];
        for (text, host, port, wanted) in cases {
            assert_eq!(
                verdict(&text, host, port),
                wanted,
                "{host}:{port} in {text}"
            );
        }
    }

    #[test]
    fn several_files_count_as_one() {
        let first = (Path::new("a"), format!("web1 ssh-ed25519 {OTHER}"));
        let second = (Path::new("b"), format!("web1 ssh-ed25519 {KEY}"));
        assert_eq!(
            judge(&[first, second], "web1", &key()),
            KnownHostsVerdict::Match
        );
    }

    #[test]
    fn a_missing_file_is_an_empty_one() {
        let paths = [PathBuf::from("/nonexistent/known_hosts")];
        assert_eq!(
            KnownHosts::lookup(&paths, "web1", 22, &key()),
            KnownHostsVerdict::Unknown
        );
        assert!(KnownHosts::algorithms(&paths, "web1", 22).is_empty());
    }

    #[test]
    fn algorithms_of_a_machine_are_listed_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        let text = format!(
            "web1 ssh-ed25519 {KEY}\nweb1 ssh-ed25519 {OTHER}\nweb1 ssh-rsa AAAA\n\
             @revoked web1 ssh-dss AAAA\nweb2 ecdsa-sha2-nistp256 AAAA\n"
        );
        std::fs::write(&path, text).unwrap();
        assert_eq!(
            KnownHosts::algorithms(&[path], "web1", 22),
            ["ssh-ed25519", "ssh-rsa"]
        );
    }

    #[test]
    fn a_glob_needs_no_exponential_time() {
        let pattern = "*a".repeat(200);
        assert!(!glob_matches(
            pattern.as_bytes(),
            "a".repeat(199).as_bytes()
        ));
        assert!(glob_matches(
            pattern.as_bytes(),
            "a".repeat(5000).as_bytes()
        ));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_lookup_panic(text in "(?s).{0,400}", host in ".{0,40}", port: u16) {
            verdict(&text, &host, port);
        }

        #[test]
        fn nothing_like_an_entry_makes_the_lookup_panic(
            text in "(@revoked )?[!*?|1=a-z,\\[\\]:]{0,40} (ssh-ed25519|x) [A-Za-z=+/|]{0,60}",
            host in "[a-z:.*]{0,20}",
        ) {
            verdict(&text, &host, 22);
        }
    }
}
