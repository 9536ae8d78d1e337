//! Memory: little is kept, and much is asked for in large pages. Of the C allocators only glibc's
//! keeps much; elsewhere nothing is done.
#![allow(unsafe_code, reason = "mallopt and madvise have no safe interface")]

use std::mem::MaybeUninit;

/// Makes glibc keep one arena, hand memory back early and give large blocks a mapping of their
/// own. To be called before the first thread.
pub fn reduce_memory() {
    #[cfg(target_env = "gnu")]
    {
        /// Free memory at the heap's end beyond this many bytes goes back to the kernel.
        const KEPT: libc::c_int = 64 * 1024;
        /// Blocks of this many bytes and more get a mapping, gone when freed. Setting it also
        /// stops glibc from raising it by itself.
        const LARGE: libc::c_int = 128 * 1024;
        // SAFETY: mallopt takes plain integers and refuses those that it does not know.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        }
    }
}

/// Asks for large pages (`MADV_HUGEPAGE`, madvise(2)) in memory that is about to be filled: one
/// page fault for 512.
pub fn prefer_large_pages(room: &mut [MaybeUninit<u8>]) {
    const PAGE: usize = 4096;
    let start = room.as_ptr().addr().next_multiple_of(PAGE);
    let end = (room.as_ptr().addr() + room.len()) / PAGE * PAGE;
    if start < end {
        let skipped = start - room.as_ptr().addr();
        // SAFETY: these pages are all of `room`, and how they come does not change what they hold.
        unsafe {
            let start = room.as_mut_ptr().add(skipped).cast();
            libc::madvise(start, end - start.addr(), libc::MADV_HUGEPAGE);
        }
    }
}

/// Lets go of the pages of program and libraries, for a rest: most of them only the start or the
/// last conversation needed. Those that are needed again come back from the page cache when they
/// are touched.
pub fn release_program_pages() {
    for mapping in super::mappings::unchanged() {
        // SAFETY: private pages of a file that nobody changed are the file's, before and after.
        unsafe {
            let start = std::ptr::with_exposed_provenance_mut(mapping.start);
            libc::madvise(start, mapping.len(), libc::MADV_DONTNEED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_used_goes_back() {
        reduce_memory();
        let blocks: Vec<Vec<u8>> = (0..20_000).map(|_| vec![1; 1000]).collect();
        let used = resident_pages();
        drop(blocks);
        if cfg!(target_env = "gnu") {
            let left = resident_pages();
            let freed = used.saturating_sub(left);
            assert!(
                freed * 4096 > 10_000_000,
                "{used} pages before, {left} after"
            );
        }
    }

    /// The second field of /proc/self/statm (proc(5)).
    fn resident_pages() -> usize {
        let text = std::fs::read_to_string("/proc/self/statm").expect("our own process");
        let field = text.split_whitespace().nth(1).expect("two fields");
        field.parse().expect("a number")
    }
}
