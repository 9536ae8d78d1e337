//! The list of disks (`guest-get-disks`).

use qga::results::storage::Disk;

use super::address::{Disks, name};
use crate::{Error, Result};

/// Every disk, in the order of their numbers (`guest-get-disks`): no partitions, as QEMU's agent
/// lists none.
///
/// # Errors
/// When Windows does not tell.
pub fn disks() -> Result<Vec<Disk>> {
    let disks = Disks::find().map_err(|error| Error::os("failed to get device tree", error))?;
    let disk = |number| Disk {
        name: name(number),
        partition: false,
        dependencies: None,
        address: disks.address(number),
        alias: None,
        smart: None,
    };
    Ok(disks.numbers().map(disk).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_called_by_their_numbers() {
        // Wine's configuration manager does not list them.
        let found = disks().unwrap_or_default();
        let is_disk = |disk: &Disk| disk.name.starts_with(r"\\.\PhysicalDrive");
        assert!(found.iter().all(is_disk));
    }
}
