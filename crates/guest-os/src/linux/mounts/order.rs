//! Which file system is frozen before which.

use super::{Device, Mount};

/// Mounts in reverse, but each that rests on another (through a file) before that one.
pub(super) fn innermost_first(
    mounts: Vec<Mount>,
    rests_on: impl Fn(Device) -> Vec<Device>,
) -> Vec<Mount> {
    let order = {
        let foundations: Vec<Vec<Device>> =
            mounts.iter().map(|mount| rests_on(mount.device)).collect();
        let mut order = Order {
            mounts: &mounts,
            foundations: &foundations,
            placed: vec![false; mounts.len()],
            sequence: Vec::with_capacity(mounts.len()),
        };
        (0..mounts.len()).rev().for_each(|index| order.place(index));
        order.sequence
    };
    let mut mounts: Vec<Option<Mount>> = mounts.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| mounts[index].take())
        .collect()
}

struct Order<'a> {
    mounts: &'a [Mount],
    foundations: &'a [Vec<Device>],
    placed: Vec<bool>,
    sequence: Vec<usize>,
}

impl Order<'_> {
    /// Puts a mount after all that rest on it. Marked before they are visited, so a circle (which
    /// the kernel refuses to make) ends.
    fn place(&mut self, index: usize) {
        if std::mem::replace(&mut self.placed[index], true) {
            return;
        }
        let device = self.mounts[index].device;
        for inner in (0..self.mounts.len()).rev() {
            if self.foundations[inner].contains(&device) {
                self.place(inner);
            }
        }
        self.sequence.push(index);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// The minor numbers in the order of freezing `count` mounts with minors from 0.
    fn order(count: u32, rests: &[(u32, u32)]) -> Vec<u32> {
        let mounts = (0..count).map(|minor| Mount {
            device: Device { major: 8, minor },
            source: PathBuf::new(),
            mountpoint: PathBuf::new(),
            fs_type: String::new(),
            options: String::new(),
            super_options: String::new(),
        });
        let rests_on = |device: Device| {
            let of_it = rests.iter().filter(|(inner, _)| *inner == device.minor);
            let device = |(_, outer): &(u32, u32)| Device {
                major: 8,
                minor: *outer,
            };
            of_it.map(device).collect()
        };
        let ordered = innermost_first(mounts.collect(), rests_on);
        ordered.iter().map(|mount| mount.device.minor).collect()
    }

    #[test]
    fn what_rests_on_another_comes_before_it_and_the_rest_in_reverse() {
        type Case = (u32, &'static [(u32, u32)], &'static [u32]);
        let table: [Case; 7] = [
            (0, &[], &[]),
            (3, &[], &[2, 1, 0]),
            (3, &[(2, 0)], &[2, 1, 0]),
            (3, &[(0, 2)], &[0, 2, 1]),
            (4, &[(0, 1), (1, 3)], &[0, 1, 3, 2]),
            (4, &[(0, 3), (1, 3)], &[1, 0, 3, 2]),
            (3, &[(0, 1), (1, 0), (2, 2)], &[2, 0, 1]),
        ];
        for (count, rests, expected) in table {
            assert_eq!(order(count, rests), expected, "{rests:?}");
        }
    }
}
