//! What a guest is told about itself without anybody setting it.

use metadata::server::GuestFacts;

use crate::fleet::host_name;

/// The facts of a guest of the configuration, in the store of that number.
pub(super) fn facts(guest: &config::Guest, store: u32) -> GuestFacts {
    GuestFacts {
        id: id(store, guest.name.as_str()),
        zone: host_name(),
        machine_type: "qemu".to_owned(),
        tags: guest.tags.iter().cloned().collect(),
        ..GuestFacts::default()
    }
}

/// A number that stays the same for as long as the store and the name do (FNV-1a). Never zero, and
/// small enough for readers that take numbers for signed ones.
fn id(store: u32, name: &str) -> u64 {
    let bytes = store.to_be_bytes().into_iter().chain(name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_one_name_in_one_store() {
        assert_eq!(id(7, "web1"), id(7, "web1"));
        assert_ne!(id(7, "web1"), id(7, "web2"));
        assert_ne!(id(7, "web1"), id(8, "web1"));
    }
}
