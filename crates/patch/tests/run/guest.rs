//! A guest as far as a run sees it, and what its shell prints.

use patch::run::Look;

/// What a guest goes through.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// There is something to upgrade.
    pub upgradable: bool,
    /// The upgrade brings a kernel.
    pub kernel: bool,
    /// apt's exit status.
    pub status: i32,
    /// How many looks the unit runs for.
    pub looks: u32,
    /// How many preflights somebody else holds the lock for.
    pub locked: u32,
    /// dpkg was interrupted before.
    pub interrupted: bool,
    /// The guest loses its power while the unit runs.
    pub power_cut: bool,
    /// How often systemd does not take the unit.
    pub refusals: u32,
    /// A unit fails for the upgrade.
    pub fails_unit: bool,
    /// It boots the old kernel although a newer one is installed.
    pub kernel_stays: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            upgradable: true,
            kernel: false,
            status: 0,
            looks: 3,
            locked: 0,
            interrupted: false,
            power_cut: false,
            refusals: 0,
            fails_unit: false,
            kernel_stays: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    None,
    Runs { left: u32 },
    Gone { status: Option<i32> },
}

/// The guest's state, which outlives every controller.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    script: Script,
    unit: Unit,
    unit_boot: u64,
    boot: u64,
    new_kernel: bool,
    /// How many more shell calls fail because it is down.
    down: u32,
    /// How often packages were upgraded.
    pub upgrades: u32,
    /// How often it rebooted on request.
    pub reboots: u32,
}

pub(crate) fn boot_id(boot: u64) -> String {
    format!("11111111-2222-4333-8444-{boot:012}")
}

impl Guest {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            unit: Unit::None,
            unit_boot: 0,
            boot: 1,
            new_kernel: false,
            down: 0,
            upgrades: 0,
            reboots: 0,
        }
    }

    pub(crate) fn boot(&self) -> String {
        boot_id(self.boot)
    }

    pub(crate) fn reboot(&mut self) {
        self.reboots += 1;
        self.go_down();
    }

    fn go_down(&mut self) {
        self.boot += 1;
        self.down = 4;
        if matches!(self.unit, Unit::Runs { .. }) {
            self.unit = Unit::Gone { status: None };
        }
    }

    /// Answers as the shell does.
    pub(crate) fn shell(&mut self, look: Look) -> Result<Vec<u8>, String> {
        if self.down > 0 {
            self.down -= 1;
            return Err("connection refused".to_owned());
        }
        let boot = self.boot();
        let mut frames = vec![("boot-id", "0".to_owned(), boot)];
        let mut put = |kind, body: &str| frames.push((kind, "0".to_owned(), body.to_owned()));
        match look {
            Look::Preflight => {
                let df = "x 1 1 90000000 1% /";
                for (kind, body) in [("uid", "0"), ("systemd", "yes"), ("apt", "apt 2.6.1")] {
                    put(kind, body);
                }
                for kind in ["space:/", "space:/var", "space:/boot"] {
                    put(kind, df);
                }
                if self.script.locked > 0 {
                    self.script.locked -= 1;
                    put("locks", "7 /var/lib/dpkg/lock - apt");
                }
                put("journal", if self.script.interrupted { "2" } else { "0" });
                put("failed", "");
            }
            Look::Refresh => put("update", "Reading package lists..."),
            Look::Preview => put("simulation", &self.simulation()),
            Look::Start => frames.push(self.start()),
            Look::Follow => self.follow(&mut frames),
            Look::Collect => self.collect(&mut frames),
            Look::Check => {
                self.signs(&mut frames);
                let failed = self.upgrades > 0 && self.script.fails_unit;
                let failed = if failed {
                    "web.service loaded failed failed web"
                } else {
                    ""
                };
                frames.push(("failed", "0".to_owned(), failed.to_owned()));
            }
        }
        let mut answer = "Welcome\n@hospes-patch 1 0\n\n".to_owned();
        for (kind, status, body) in frames {
            answer.push_str(&format!("@{kind} {status} {}\n{body}\n", body.len()));
        }
        Ok((answer + "@end 0 0\n\n").into_bytes())
    }

    fn is_upgraded(&self) -> bool {
        matches!(self.unit, Unit::Gone { status: Some(0) })
    }

    fn simulation(&self) -> String {
        if !self.script.upgradable || self.is_upgraded() {
            return "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n".to_owned();
        }
        "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst zip [1] (2 Debian:12/stable [all])\n"
            .to_owned()
    }

    fn start(&mut self) -> (&'static str, String, String) {
        if self.unit != Unit::None {
            return ("started", "0".to_owned(), "already".to_owned());
        }
        if self.script.refusals > 0 {
            self.script.refusals -= 1;
            return ("started", "1".to_owned(), "no bus".to_owned());
        }
        self.upgrades += 1;
        self.unit_boot = self.boot;
        self.script.interrupted = false;
        self.unit = Unit::Runs {
            left: self.script.looks,
        };
        ("started", "0".to_owned(), String::new())
    }

    fn follow(&mut self, frames: &mut Vec<(&'static str, String, String)>) {
        let mut put = |kind, body: String| frames.push((kind, "0".to_owned(), body));
        put("uptime", "12.5".to_owned());
        match self.unit {
            Unit::None => put("unit", "inactive".to_owned()),
            Unit::Runs { .. } => put("unit", "active".to_owned()),
            Unit::Gone { status } => {
                put("unit", "inactive".to_owned());
                if let Some(status) = status {
                    put("ended", status.to_string());
                }
            }
        }
        if self.unit != Unit::None {
            put("begun", boot_id(self.unit_boot));
        }
        self.tick();
    }

    fn tick(&mut self) {
        let Unit::Runs { left } = &mut self.unit else {
            return;
        };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return;
        }
        if self.script.power_cut {
            self.go_down();
        } else {
            self.new_kernel = self.script.kernel;
            self.unit = Unit::Gone {
                status: Some(self.script.status),
            };
        }
    }

    fn collect(&self, frames: &mut Vec<(&'static str, String, String)>) {
        self.signs(frames);
        let mut put = |kind, body: String| frames.push((kind, "0".to_owned(), body));
        put("audit", String::new());
        put("arch", "amd64".to_owned());
        put("simulation", self.simulation());
        if let Unit::Gone { status } = self.unit {
            put("gone", "zip\tall\t1\tinstalled".to_owned());
            put("come", "zip\tall\t2\tinstalled".to_owned());
            if let Some(status) = status {
                put("status", status.to_string());
            }
        }
    }

    fn signs(&self, frames: &mut Vec<(&'static str, String, String)>) {
        let (old, new) = ("6.1.0-18-amd64", "6.1.0-21-amd64");
        let has_booted_it =
            self.new_kernel && self.boot > self.unit_boot && !self.script.kernel_stays;
        let running = if has_booted_it { new } else { old };
        let kernels = if self.new_kernel {
            format!("{old}\n{new}")
        } else {
            old.to_owned()
        };
        frames.push(("kernel", "0".to_owned(), running.to_owned()));
        frames.push(("kernels", "0".to_owned(), kernels));
    }
}
