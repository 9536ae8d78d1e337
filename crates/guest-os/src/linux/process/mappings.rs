//! What is mapped into this process (`/proc/self/smaps`, proc(5)).

use std::ops::Range;

/// Addresses of the constant parts of program and libraries of which no page has been changed.
pub(super) fn unchanged() -> Vec<Range<usize>> {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    unchanged_in(&maps)
}

/// What was changed while the program was loaded is `Anonymous` memory of its mapping.
fn unchanged_in(maps: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut constant = None;
    for line in maps.lines() {
        let words = line.split_ascii_whitespace();
        if line.starts_with(|first: char| first.is_ascii_hexdigit() && !first.is_ascii_uppercase())
        {
            constant = constant_part(line);
        } else if words.eq(["Anonymous:", "0", "kB"]) {
            found.extend(constant.take());
        }
    }
    found
}

/// `7f2c8d881000-7f2c8d9d7000 r-xp 00026000 fe:00 1234   /usr/lib/libc.so.6`
fn constant_part(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let is_constant = matches!(words.next()?, "r-xp" | "r--p");
    let is_file = words.nth(3)?.starts_with('/');
    let address = |text| usize::from_str_radix(text, 16).ok();
    (is_constant && is_file).then_some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_constant_parts_of_files_that_nobody_changed_are_named() {
        let maps = "\
            1000-2000 r-xp 00000000 fe:00 12   /usr/sbin/hospes-agent\nRss: 4 kB\nAnonymous:             0 kB\n\
            2000-3000 r--p 00001000 fe:00 12   /usr/sbin/hospes-agent\nAnonymous:             4 kB\n\
            3000-4000 rw-p 00002000 fe:00 12   /usr/sbin/hospes-agent\nAnonymous:             0 kB\n\
            4000-5000 r-xp 00000000 00:00 0    [vdso]\nAnonymous:             0 kB\n\
            5000-6000 r--p 00000000 00:00 0\nAnonymous:             0 kB\n\
            ae00-af00 r--p 00000000 fe:00 13   /lib/a b.so\nSize: 4 kB\nAnonymous:             0 kB\n";
        assert_eq!(unchanged_in(maps), [0x1000..0x2000, 0xae00..0xaf00]);
    }

    #[test]
    fn this_very_process_has_such_parts() {
        assert!(!unchanged().is_empty());
    }
}
