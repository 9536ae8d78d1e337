//! What a machine should be like, and where its files are.

use std::path::{Path, PathBuf};

use super::metadata::Metadata;
use crate::accelerator::Accelerator;
use crate::image::{Distribution, Image};

/// What a scenario asks for.
#[derive(Debug, Clone)]
pub struct VmSpec {
    /// The guest's name in `hospes.toml`, and its directory's. Unique in a scenario.
    pub name: String,
    /// What the guest runs. The snapshot is Debian's: anything else is booted cold, has the stock agent, and
    /// no package source until it is given one.
    pub distribution: Distribution,
    /// Cold boot instead of the snapshot. Guests of the snapshot share one boot id, host name and MAC
    /// address: of two machines that must be told apart, one needs this.
    pub fresh_boot: bool,
    /// Whether the machine has the agent's virtio port. Without it the boot is always a fresh one.
    pub agent_port: bool,
    /// The guest's memory in MiB; another size than the default means a fresh boot.
    pub memory_mib: u32,
    /// More words for the kernel's command line; any mean a fresh boot.
    pub kernel_words: Vec<String>,
    /// How the guest is served metadata, if it is.
    pub metadata: Option<Metadata>,
}

impl VmSpec {
    /// A guest from the snapshot, with the agent's port.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            distribution: Distribution::Debian,
            fresh_boot: false,
            agent_port: true,
            memory_mib: 384,
            kernel_words: Vec::new(),
            metadata: None,
        }
    }

    /// The same guest booted cold: with a boot id, a host name and a MAC address of its own.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        self.fresh_boot = true;
        self
    }

    /// The same guest under Ubuntu, whose own programs want more memory.
    #[must_use]
    pub fn ubuntu(mut self) -> Self {
        self.distribution = Distribution::Ubuntu;
        self.memory_mib = 512;
        self
    }

    /// The same guest without the agent's port.
    #[must_use]
    pub fn without_agent_port(mut self) -> Self {
        self.agent_port = false;
        self
    }

    /// The same guest with a network card for metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    pub(super) fn starts_from_snapshot(&self) -> bool {
        let default = Self::new(&self.name);
        !self.fresh_boot
            && self.distribution == default.distribution
            && self.agent_port
            && self.memory_mib == default.memory_mib
            && self.kernel_words.is_empty()
    }
}

/// Everything that decides a machine's QEMU command line.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) dir: PathBuf,
    pub(crate) spec: VmSpec,
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: PathBuf,
    pub(crate) login_key: PathBuf,
    pub(crate) accelerator: Accelerator,
    pub(crate) ssh_port: u16,
}

impl Layout {
    pub(crate) fn new(
        dir: &Path,
        spec: VmSpec,
        image: &Image,
        accelerator: Accelerator,
        ssh_port: u16,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            spec,
            kernel: image.kernel(),
            initrd: image.initrd(),
            login_key: image.login_key(),
            accelerator,
            ssh_port,
        }
    }

    pub(crate) fn disk(&self) -> PathBuf {
        self.dir.join("disk.qcow2")
    }

    /// The QMP socket of the product.
    pub(crate) fn qmp(&self) -> PathBuf {
        self.dir.join("qmp.sock")
    }

    /// The lab's own QMP socket: QEMU serves one client a socket, and the lab must not take the product's place.
    pub(crate) fn lab_qmp(&self) -> PathBuf {
        self.dir.join("lab.sock")
    }

    pub(crate) fn agent(&self) -> PathBuf {
        self.dir.join("agent.sock")
    }

    pub(crate) fn pidfile(&self) -> PathBuf {
        self.dir.join("qemu.pid")
    }

    pub(crate) fn serial_log(&self) -> PathBuf {
        self.dir.join("serial.log")
    }

    pub(crate) fn qemu_log(&self) -> PathBuf {
        self.dir.join("qemu.log")
    }
}
