//! Python of the lab: clients of Proxmox VE that nobody here wrote, and Ansible.
//!
//! ```text
//! pinned versions ─► CACHE/python-HASH/  bin          python, ansible-playbook, ...
//!    (pip, once)                         collections  community.proxmox
//!                                        home         what Ansible writes
//!                                        installed    written last: all of it is there
//! ```
//!
//! pip takes the packages from where it is configured to. What runs afterwards sees nothing of the user's:
//! no configuration, collections, proxies or certificates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::time::timeout;

use crate::console::Activity;
use crate::{cache, command};

/// Installed together: the clients, Ansible, and all that they need.
const PACKAGES: [&str; 15] = [
    "ansible-core==2.19.14",
    "certifi==2026.10.18",
    "cffi==2.1.1",
    "charset-normalizer==3.5.2",
    "cryptography==50.0.2",
    "idna==3.20",
    "Jinja2==3.1.6",
    "MarkupSafe==3.0.4",
    "packaging==26.3",
    "proxmoxer==2.3.0",
    "pycparser==3.12",
    "PyYAML==6.0.3",
    "requests==2.34.2",
    "resolvelib==1.2.1",
    "urllib3==2.8.0",
];

/// Brings a hundred collections, of which one is kept: `community.proxmox` 1.4.0.
const COLLECTIONS: &str = "ansible==12.3.0";

/// Which Python this is; a virtual environment does not survive a change of it.
const IDENTITY: &str = "import sys, venv, ensurepip
if sys.version_info < (3, 11): sys.exit('Python 3.11 or newer is needed, this is ' + sys.version)
print(sys.version, sys.base_prefix)";

/// Takes one collection out of a wheel. Arguments: the folder of the wheel, where to put it.
const EXTRACT: &str = "import pathlib, sys, zipfile
for wheel in pathlib.Path(sys.argv[1]).glob('*.whl'):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        wanted = [n for n in names if n.startswith('ansible_collections/community/proxmox/')]
        archive.extractall(sys.argv[2], wanted)";

const INSTALLS_WITHIN: Duration = Duration::from_secs(900);

/// What programs of this machine need of the caller's environment.
const KEPT: [&str; 3] = ["PATH", "TMPDIR", "LD_LIBRARY_PATH"];

/// A virtual environment in the lab's cache.
#[derive(Debug, Clone)]
pub struct Python {
    dir: PathBuf,
}

impl Python {
    /// The environment of these versions below `cache` (see [`cache::root`]), made now if it is not there.
    ///
    /// # Errors
    /// There is no Python 3.11 with venv, or pip cannot install the packages.
    pub async fn ready(cache: &Path, activity: &Activity) -> Result<Self> {
        let hash = cache::short_hash(&recipe().await?).await?;
        let python = Self {
            dir: cache.join(format!("python-{hash}")),
        };
        if python.is_installed() {
            return Ok(python);
        }
        let _lock = cache::lock(&cache.join(format!("python-{hash}.lock")), activity).await?;
        if !python.is_installed() {
            python.install(activity).await?;
        }
        Ok(python)
    }

    /// The interpreter, in surroundings of its own.
    #[must_use]
    pub fn python(&self) -> Command {
        self.program("python")
    }

    /// `ansible-playbook`, in the same surroundings.
    #[must_use]
    pub fn ansible_playbook(&self) -> Command {
        self.program("ansible-playbook")
    }

    /// Another program of the environment: `ansible-doc`, `ansible-galaxy`.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let home = self.dir.join("home");
        let mut command = Command::new(self.dir.join("bin").join(name));
        command.env_clear();
        let kept = KEPT
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(kept);
        command.env("HOME", &home).env("ANSIBLE_HOME", &home);
        command.env("ANSIBLE_CONFIG", home.join("ansible.cfg"));
        command.env("ANSIBLE_COLLECTIONS_PATH", self.collections());
        // Ansible runs in UTF-8 only.
        command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1");
        // The checkout's modules stay clean of what Python makes of them.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.kill_on_drop(true);
        command
    }

    /// The folder of `ansible_collections/community/proxmox`.
    fn collections(&self) -> PathBuf {
        self.dir.join("collections")
    }

    fn is_installed(&self) -> bool {
        self.dir.join("installed").is_file()
    }

    async fn install(&self, activity: &Activity) -> Result<()> {
        activity.step(format!(
            "installing {} Python packages into {} (once; downloads about 70 MB)",
            PACKAGES.len(),
            self.dir.display()
        ));
        let mut venv = Command::new("python3");
        within(venv.args(["-m", "venv", "--clear"]).arg(&self.dir))
            .await
            .with_context(no_python)?;
        within(self.pip("install").args(PACKAGES))
            .await
            .with_context(no_packages)?;
        activity.step("fetching the collection community.proxmox");
        let wheel = tempfile::tempdir_in(&self.dir)?;
        let mut download = self.pip("download");
        download.args(["--no-deps", COLLECTIONS, "--dest"]);
        within(download.arg(wheel.path()))
            .await
            .with_context(no_packages)?;
        let mut extract = self.python();
        extract.args(["-c", EXTRACT]).arg(wheel.path());
        within(extract.arg(self.collections())).await?;
        std::fs::create_dir(self.dir.join("home"))?;
        std::fs::write(self.dir.join("home/ansible.cfg"), "")?;
        std::fs::write(self.dir.join("installed"), "")
            .with_context(|| format!("cannot write to {}", self.dir.display()))
    }

    /// pip with the user's configuration, which says where packages come from.
    fn pip(&self, verb: &str) -> Command {
        let mut pip = Command::new(self.dir.join("bin/python"));
        pip.args(["-m", "pip", verb, "--quiet", "--only-binary", ":all:"]);
        pip.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        pip
    }
}

/// Everything that the environment is made of.
async fn recipe() -> Result<String> {
    let mut python = Command::new("python3");
    let identity = command::output(python.args(["-c", IDENTITY]))
        .await
        .with_context(no_python)?;
    Ok(format!("{identity}{}\n{COLLECTIONS}", PACKAGES.join("\n")))
}

async fn within(command: &mut Command) -> Result<String> {
    timeout(INSTALLS_WITHIN, command::output(command))
        .await
        .with_context(|| format!("not done within {INSTALLS_WITHIN:?}"))?
}

fn no_python() -> String {
    "cannot make a virtual environment of Python; it needs Python 3.11 or newer with venv \
     (Debian and Ubuntu: apt install python3-venv)"
        .to_owned()
}

fn no_packages() -> String {
    "cannot install Python packages for the lab; this needs a network once: see that pip reaches \
     its package index (`pip config list` shows which), then run this again"
        .to_owned()
}
