//! Memory: the heap of Windows hands back by itself what is free; the working set can be let go of.
#![allow(unsafe_code, reason = "the working set has no safe interface")]

use std::mem::MaybeUninit;

use windows_sys::Win32::System::Threading::{GetCurrentProcess, SetProcessWorkingSetSize};

/// Nothing: the heap has no limits that would be set before the first thread.
pub const fn reduce_memory() {}

/// Nothing: large pages take a privilege, and are then locked in memory for good.
pub const fn prefer_large_pages(_room: &mut [MaybeUninit<u8>]) {}

/// Lets go of the pages of the working set, for a rest. Those that are needed again come back from
/// the standby list when they are touched.
pub fn release_program_pages() {
    /// "The system removes as many pages as possible".
    const NONE: usize = usize::MAX;
    // SAFETY: the pseudo handle needs no care.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: takes plain numbers. What it refuses stays in memory, which harms nobody.
    unsafe { SetProcessWorkingSetSize(own, NONE, NONE) };
}
