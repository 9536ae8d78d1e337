//! What the patch scenarios upgrade: an older set of packages and a newer one, in two archives.
//!
//! ```text
//! package      older  newer        what is special about it
//! lab-tool     1.0    2.0 security a program that prints its version
//! lab-lib      1.0    2.0 security a library; asks for a reboot as libc's does
//! lab-svc      1.0    -            a service that uses the library
//! lab-conf     1.0    2.0          a configuration file
//! lab-held     1.0    2.0          for `apt-mark hold`
//! lab-pinned   1.0    2.0          for a pin in apt's preferences
//! lab-kept     1.0    2.0          needs a package that nobody has
//! lab-phased   1.0    2.0          offered to no machine yet
//! lab-kernel   1.0    2.0          needs a kernel that comes new
//! lab-slow     1.0    2.0          is configured for a while, line by line
//! lab-fails    1.0    2.0, 2.1     2.0 cannot be configured
//! ```

mod packages;
#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::Result;

use super::{Archive, Identity};

/// The two archives. They offer the older set at first.
#[derive(Debug)]
pub struct Updates {
    main: Archive,
    security: Archive,
}

impl Updates {
    /// Serves the older set from directories in `dir`.
    ///
    /// # Errors
    /// A package cannot be made, or no port can be bound.
    pub async fn serve(dir: &Path) -> Result<Self> {
        let updates = Self {
            main: Archive::serve(dir.join("main"), Identity::LAB).await?,
            security: Archive::serve(dir.join("security"), Identity::LAB_SECURITY).await?,
        };
        updates.main.publish(&packages::older().await?).await?;
        Ok(updates)
    }

    /// Offers the newer set.
    ///
    /// # Errors
    /// A package cannot be made.
    pub async fn publish_newer(&self) -> Result<()> {
        self.main.publish(&packages::newer()).await?;
        self.security.publish(&packages::security().await?).await
    }

    /// Offers the newer set, and a `lab-fails` that can be configured.
    ///
    /// # Errors
    /// A package cannot be made.
    pub async fn publish_mended(&self) -> Result<()> {
        let mut packages = packages::newer();
        packages.push(packages::mended());
        self.main.publish(&packages).await
    }

    /// The lines for the guest's `sources.list`.
    #[must_use]
    pub fn sources_list(&self) -> String {
        let archives = [&self.main, &self.security];
        archives.map(|one| one.repository().sources_list()).concat()
    }

    /// The same for whoever shares this machine's network.
    #[must_use]
    pub fn local_sources_list(&self) -> String {
        let archives = [&self.main, &self.security];
        archives
            .map(|one| format!("deb [trusted=yes] {} ./\n", one.repository().local_url()))
            .concat()
    }
}
