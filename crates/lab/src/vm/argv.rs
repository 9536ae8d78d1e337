//! QEMU's command line as data, for the lab and for the `start` key of `hospes.toml`.

use std::path::Path;

use super::spec::Layout;

/// From where a machine starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The kernel boots.
    Cold,
    /// The machine carries on from the snapshot in its disk.
    Snapshot,
}

pub(super) const SNAPSHOT: &str = "ready";
const GUEST_SSH: u16 = 22;

/// QEMU's argv. Nehalem: the smallest model that Debian's kernel likes, and the fastest to emulate
/// (cold boot 26-33 s; 40 s with `max`).
#[must_use]
pub(crate) fn qemu_argv(layout: &Layout, start: Start) -> Vec<String> {
    let mut argv = words(&[
        "qemu-system-x86_64",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
    ]);
    argv.extend(identity(layout));
    argv.extend(board(layout));
    argv.extend(direct_kernel(layout));
    argv.extend(devices(layout));
    argv.extend(sockets(layout));
    if let (Start::Cold, Some(metadata)) = (start, &layout.spec.metadata) {
        argv.extend(metadata.argv());
    }
    if start == Start::Snapshot {
        argv.extend(words(&["-loadvm", SNAPSHOT]));
    }
    argv
}

fn identity(layout: &Layout) -> Vec<String> {
    vec![
        "-name".to_owned(),
        format!("lab-{}", layout.spec.name),
        "-pidfile".to_owned(),
        path(&layout.pidfile()),
    ]
}

fn board(layout: &Layout) -> Vec<String> {
    let machine = format!("pc,accel={}", layout.accelerator.name());
    let memory = layout.spec.memory_mib.to_string();
    words(&[
        "-machine", &machine, "-cpu", "Nehalem", "-smp", "1", "-m", &memory,
    ])
}

/// `mitigations=off`: they cost an emulated guest half its speed and protect nothing here.
fn direct_kernel(layout: &Layout) -> Vec<String> {
    let mut line = words(&[
        "root=/dev/vda",
        "rw",
        "console=ttyS0",
        "quiet",
        "mitigations=off",
        "net.ifnames=0",
    ]);
    if !layout.spec.starts_from_snapshot() {
        line.push(format!("systemd.hostname={}", layout.spec.name));
    }
    line.extend(layout.spec.kernel_words.iter().cloned());
    words(&[
        "-kernel",
        &path(&layout.kernel),
        "-initrd",
        &path(&layout.initrd),
        "-append",
        &line.join(" "),
    ])
}

fn devices(layout: &Layout) -> Vec<String> {
    let drive = format!(
        "file={},format=qcow2,if=virtio,cache=unsafe",
        path(&layout.disk())
    );
    let network = format!(
        "user,id=net,hostfwd=tcp:127.0.0.1:{}-:{GUEST_SSH}",
        layout.ssh_port
    );
    let card = format!("virtio-net-pci,netdev=net,mac={}", mac(layout));
    let serial = format!(
        "file,id=serial,path={},append=on",
        path(&layout.serial_log())
    );
    let mut devices = words(&["-drive", &drive, "-netdev", &network, "-device", &card]);
    devices.extend(words(&[
        "-device",
        "virtio-rng-pci",
        "-chardev",
        &serial,
        "-serial",
        "chardev:serial",
    ]));
    devices
}

fn sockets(layout: &Layout) -> Vec<String> {
    let server =
        |id: &str, at: &Path| format!("socket,id={id},path={},server=on,wait=off", path(at));
    let (qmp, lab) = (
        server("qmp", &layout.qmp()),
        server("lab", &layout.lab_qmp()),
    );
    let mut sockets = words(&["-chardev", &qmp, "-mon", "chardev=qmp,mode=control"]);
    sockets.extend(words(&[
        "-chardev",
        &lab,
        "-mon",
        "chardev=lab,mode=control",
    ]));
    if layout.spec.agent_port {
        let agent = server("agent", &layout.agent());
        sockets.extend(words(&["-chardev", &agent, "-device", "virtio-serial-pci"]));
        sockets.extend(words(&[
            "-device",
            "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        ]));
    }
    sockets
}

/// Guests of the snapshot carry the card's address of the machine that was saved; the others get their own
/// (52:54:00 is QEMU's), from the port that is theirs alone.
fn mac(layout: &Layout) -> String {
    if layout.spec.starts_from_snapshot() {
        return "52:54:00:12:34:56".to_owned();
    }
    let [high, low] = layout.ssh_port.to_be_bytes();
    format!("52:54:00:1a:{high:02x}:{low:02x}")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A path below the lab's own directory.
fn path(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// QEMU's option parser needs commas doubled.
pub(super) fn escaped(value: &str) -> String {
    value.replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accelerator::Accelerator;
    use crate::vm::{Metadata, VmSpec};

    fn layout(spec: VmSpec) -> Layout {
        Layout {
            dir: "/lab/run/1/x/web".into(),
            spec,
            kernel: "/lab/image/kernel".into(),
            initrd: "/lab/image/initrd".into(),
            login_key: "/lab/image/keys/login".into(),
            accelerator: Accelerator::Tcg,
            ssh_port: 20_022,
        }
    }

    #[test]
    fn a_snapshot_guest_resumes_and_is_found_by_its_directory() {
        let argv = qemu_argv(&layout(VmSpec::new("web")), Start::Snapshot);
        assert!(argv.ends_with(&words(&["-loadvm", "ready"])), "{argv:?}");
        assert!(
            argv.contains(&"/lab/run/1/x/web/qemu.pid".to_owned()),
            "{argv:?}"
        );
        assert!(!argv.join(" ").contains("no-reboot"), "{argv:?}");
    }

    #[test]
    fn a_fresh_guest_can_be_told_from_those_of_the_snapshot() {
        let clone = qemu_argv(&layout(VmSpec::new("web")), Start::Cold).join(" ");
        let fresh = qemu_argv(&layout(VmSpec::new("web").fresh()), Start::Cold).join(" ");
        assert!(
            clone.contains("mac=52:54:00:12:34:56") && !clone.contains("systemd.hostname"),
            "{clone}"
        );
        assert!(
            fresh.contains("mac=52:54:00:1a:4e:36") && fresh.contains("systemd.hostname=web"),
            "{fresh}"
        );
        assert!(!fresh.contains("-loadvm"), "{fresh}");
    }

    #[test]
    fn without_the_port_there_is_no_virtio_serial() {
        let argv = qemu_argv(
            &layout(VmSpec::new("web").without_agent_port()),
            Start::Cold,
        )
        .join(" ");
        assert!(
            !argv.contains("guest_agent") && !argv.contains("virtio-serial"),
            "{argv}"
        );
    }

    #[test]
    fn the_snapshot_s_devices_are_the_same_with_and_without_metadata() {
        let metadata = Metadata {
            hospes: "/bin/hospes".into(),
            socket: "/state/web.sock".into(),
        };
        let with = layout(VmSpec::new("web").with_metadata(metadata));
        let without = layout(VmSpec::new("web"));
        assert_eq!(
            qemu_argv(&with, Start::Snapshot),
            qemu_argv(&without, Start::Snapshot)
        );
        let cold = qemu_argv(&with, Start::Cold).join(" ");
        assert!(cold.contains("guestfwd=tcp:169.254.169.254:80"), "{cold}");
    }

    #[test]
    fn commas_in_a_path_are_doubled() {
        assert_eq!(path(Path::new("/a,b")), "/a,,b");
    }
}
