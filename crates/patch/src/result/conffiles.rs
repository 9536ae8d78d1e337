//! Configuration files of which a new version lies beside the one that was kept.

use serde::{Deserialize, Serialize};

/// How many are kept.
const MAX_KEPT: usize = 100;

/// A configuration file that the owner changed and keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conffile {
    /// The file that is in effect.
    pub path: String,
    /// Where the package's new version lies.
    pub offered: String,
    /// The package, where dpkg knows.
    pub package: Option<String>,
}

/// `OFFERED`, `PATH` and `PACKAGE`, tabs between.
pub(super) fn read(text: &str) -> Vec<Conffile> {
    let found = text.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (offered, path) = (fields.next()?, fields.next()?);
        let package = fields.next().filter(|package| !package.is_empty());
        Some(Conffile {
            path: path.to_owned(),
            offered: offered.to_owned(),
            package: package.map(str::to_owned),
        })
    });
    found.take(MAX_KEPT).collect()
}
