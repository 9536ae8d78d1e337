//! Which Windows a version is.

/// A version with its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
    pub(super) build: u32,
    pub(super) is_server: bool,
}

/// From which build on a 10.0 is what.
const SERVERS: [(u32, &str); 4] = [
    (14_393, "2016"),
    (17_763, "2019"),
    (20_344, "2022"),
    (26_040, "2025"),
];
const CLIENTS: [(u32, &str); 2] = [(10_240, "10"), (22_000, "11")];

impl Version {
    /// `server` or `client`.
    pub(super) const fn variant(self) -> &'static str {
        if self.is_server { "server" } else { "client" }
    }

    /// How it is sold (`2022`); QEMU's agent says `N/A` of others, too.
    pub(super) fn release(self) -> &'static str {
        let builds: &[_] = if self.is_server { &SERVERS } else { &CLIENTS };
        let known = builds.iter().rev().find(|(first, _)| *first <= self.build);
        match known {
            Some((_, name)) if (self.major, self.minor) == (10, 0) => name,
            _ => "N/A",
        }
    }

    /// The release with its family (`Microsoft Windows Server 2022`).
    pub(super) fn full_name(self) -> String {
        match (self.release(), self.is_server) {
            ("N/A", _) => "N/A".to_owned(),
            (release, true) => format!("Microsoft Windows Server {release}"),
            (release, false) => format!("Microsoft Windows {release}"),
        }
    }

    /// The product as the registry calls it, which has kept `Windows 10` for Windows 11.
    pub(super) fn product(self, registered: &str) -> String {
        match registered.strip_prefix("Windows 10") {
            Some(edition) if self.release() == "11" => format!("Windows 11{edition}"),
            _ => registered.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(build: u32, is_server: bool) -> Version {
        Version {
            major: 10,
            minor: 0,
            build,
            is_server,
        }
    }

    #[test]
    fn builds_tell_releases() {
        for (build, is_server, release, name) in [
            (14_393, true, "2016", "Microsoft Windows Server 2016"),
            (17_763, true, "2019", "Microsoft Windows Server 2019"),
            (20_348, true, "2022", "Microsoft Windows Server 2022"),
            (26_100, true, "2025", "Microsoft Windows Server 2025"),
            (10_240, false, "10", "Microsoft Windows 10"),
            (19_045, false, "10", "Microsoft Windows 10"),
            (22_631, false, "11", "Microsoft Windows 11"),
            (10_000, true, "N/A", "N/A"),
        ] {
            let version = version(build, is_server);
            assert_eq!(version.release(), release, "{build}");
            assert_eq!(version.full_name(), name, "{build}");
            assert_eq!(version.variant() == "server", is_server);
        }
        let later = Version {
            major: 11,
            ..version(30_000, false)
        };
        assert_eq!(later.release(), "N/A");
    }

    #[test]
    fn windows_11_is_called_so() {
        for (build, is_server, registered, product) in [
            (22_631, false, "Windows 10 Pro", "Windows 11 Pro"),
            (19_045, false, "Windows 10 Pro", "Windows 10 Pro"),
            (
                20_348,
                true,
                "Windows Server 2022 Standard",
                "Windows Server 2022 Standard",
            ),
        ] {
            assert_eq!(version(build, is_server).product(registered), product);
        }
    }
}
