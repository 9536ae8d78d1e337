//! The errors in what apt and dpkg printed.
//!
//! ```text
//! dpkg: error processing package zip (--configure):
//!  installed zip package post-installation script subprocess returned error exit status 1
//! dpkg: error processing archive /var/cache/apt/archives/sed_4.9_amd64.deb (--unpack):
//!  cannot copy extracted data for './bin/sed' to '/bin/sed.dpkg-new': ... No space left on device
//! E: Sub-process /usr/bin/dpkg returned an error code (1)
//! ```

use std::collections::BTreeMap;

use super::Failure;
use crate::preflight::Unsettled;
use crate::wire::clip;

/// How many errors are kept.
const MAX_ERRORS: usize = 50;

/// What went wrong, in dpkg's and apt's words.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub errors: Vec<String>,
    by_package: BTreeMap<String, String>,
}

pub(super) fn read(text: &str) -> Log {
    let mut log = Log::default();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("E: ") {
            log.keep(clip(line, 300));
        } else if let Some(rest) = line.strip_prefix("dpkg: error processing ") {
            let detail = lines.next_if(|next| next.starts_with(' ')).unwrap_or("");
            let detail = clip(detail, 300);
            log.keep(clip(&format!("{line} {detail}"), 400));
            if let Some(package) = package(rest).filter(|_| log.by_package.len() < MAX_ERRORS) {
                log.by_package.entry(package).or_insert(detail);
            }
        } else if line.starts_with("dpkg: error") {
            log.keep(clip(line, 300));
        }
    }
    log
}

/// `package NAME (...)`, `archive PATH/NAME_VERSION_ARCH.deb (...)`.
fn package(rest: &str) -> Option<String> {
    let mut words = rest.split(' ');
    match (words.next()?, words.next()?) {
        ("package", name) => Some(bare(name).to_owned()),
        ("archive", path) => {
            let file = path.rsplit('/').next()?;
            Some(file.split('_').next()?.to_owned())
        }
        _ => None,
    }
}

fn bare(package: &str) -> &str {
    package.split(':').next().unwrap_or(package)
}

impl Log {
    fn keep(&mut self, error: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }

    /// Each unsettled package with what dpkg said of it.
    pub(super) fn explain(&self, unsettled: Vec<Unsettled>) -> Vec<Failure> {
        let explained = unsettled.into_iter().map(|package| {
            let why = self.by_package.get(bare(&package.package)).cloned();
            Failure { package, why }
        });
        explained.collect()
    }
}
