//! What a program needs of the system that it runs on.

/// What the dynamic linker will look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The newest version of a symbol of glibc, as in `GLIBC_2.17`.
    pub(crate) glibc: (u32, u32),
    /// Whether `libgcc_s.so.1` is needed, for unwinding.
    pub(crate) libgcc: bool,
}

impl Needs {
    /// Read from the string table of an ELF file.
    pub(crate) fn of(program: &[u8]) -> Self {
        let strings = || program.split(|byte| *byte == 0);
        Self {
            glibc: strings()
                .filter_map(glibc_version)
                .max()
                .unwrap_or_default(),
            libgcc: strings().any(|string| string == b"libgcc_s.so.1"),
        }
    }

    /// As a dependency of a .deb.
    pub(crate) fn debian(&self) -> String {
        let (major, minor) = self.glibc;
        let libgcc = if self.libgcc { ", libgcc-s1" } else { "" };
        format!("libc6 (>= {major}.{minor}){libgcc}")
    }
}

fn glibc_version(string: &[u8]) -> Option<(u32, u32)> {
    let version = str::from_utf8(string).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_decides() {
        let table =
            b"\0libc.so.6\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0say GLIBC_2.99\0GLIBC_PRIVATE\0";
        let needs = Needs::of(table);
        assert_eq!(needs.glibc, (2, 17));
        assert_eq!(needs.debian(), "libc6 (>= 2.17)");
        let needs = Needs::of(b"\0libgcc_s.so.1\0GLIBC_2.34\0");
        assert_eq!(needs.debian(), "libc6 (>= 2.34), libgcc-s1");
    }

    #[test]
    fn a_real_program_needs_a_glibc() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        let needs = Needs::of(&program);
        assert!(needs.glibc >= (2, 2), "{needs:?}");
    }
}
