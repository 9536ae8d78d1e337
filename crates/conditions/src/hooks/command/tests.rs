use super::PowerAction::{self, Exit, Halt, Kexec, PowerOff, Reboot, SoftReboot, SysRq};
use super::{analyse, power_actions};

const ACTIONS: &[(&str, PowerAction)] = &[
    ("poweroff", PowerOff),
    ("/sbin/poweroff", PowerOff),
    ("/usr/sbin/poweroff -f", PowerOff),
    ("reboot", Reboot),
    ("reboot -p", PowerOff),
    ("halt -p", Halt),
    ("shutdown", PowerOff),
    ("shutdown now", PowerOff),
    ("shutdown -h now", PowerOff),
    ("shutdown -r +5 'going down'", Reboot),
    ("shutdown -H now", Halt),
    ("shutdown --reboot", Reboot),
    ("shutdown -h now \"-cancel this\"", PowerOff),
    ("kexec -e", Kexec),
    ("kexec --exec", Kexec),
    ("init 0", PowerOff),
    ("/sbin/init 6", Reboot),
    ("telinit 6", Reboot),
    ("systemctl poweroff", PowerOff),
    ("/bin/systemctl --no-block reboot", Reboot),
    ("systemctl -q halt", Halt),
    ("systemctl kexec", Kexec),
    ("systemctl soft-reboot", SoftReboot),
    ("systemctl exit", Exit),
    ("systemctl isolate poweroff.target", PowerOff),
    ("systemctl isolate reboot", Reboot),
    ("systemctl start --no-block reboot.target", Reboot),
    ("systemctl start runlevel0.target", PowerOff),
    (
        "systemctl --job-mode=replace-irreversibly start systemd-halt.service",
        Halt,
    ),
    ("loginctl poweroff", PowerOff),
    ("loginctl reboot", Reboot),
    (
        "busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager PowerOff b true",
        PowerOff,
    ),
    (
        "dbus-send --system --dest=org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager.Reboot boolean:true",
        Reboot,
    ),
    (
        "gdbus call -y -d org.freedesktop.systemd1 -o /org/freedesktop/systemd1 -m org.freedesktop.systemd1.Manager.Halt",
        Halt,
    ),
    (
        "busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager StartUnit ss poweroff.target replace",
        PowerOff,
    ),
    ("/usr/bin/qemu-ga --shutdown", PowerOff),
    ("echo b > /proc/sysrq-trigger", SysRq),
    ("echo o >/proc/sysrq-trigger", SysRq),
    ("printf b | tee /proc/sysrq-trigger", SysRq),
    ("cat /tmp/x > /proc/sysrq-trigger", SysRq),
    ("true; reboot", Reboot),
    ("true && reboot", Reboot),
    ("false || reboot", Reboot),
    ("sleep 1 & reboot", Reboot),
    ("if true; then reboot; fi", Reboot),
    ("while :; do poweroff; done", PowerOff),
    ("case $1 in stop) poweroff ;; esac", PowerOff),
    (
        "case $1 in start) true ;; poweroff) poweroff ;; esac",
        PowerOff,
    ),
    ("f() { reboot; }; f", Reboot),
    ("(sleep 5; reboot) &", Reboot),
    ("{ reboot; }", Reboot),
    ("x=$(reboot)", Reboot),
    ("echo \"$(systemctl poweroff)\"", PowerOff),
    ("echo `reboot`", Reboot),
    ("sh -c 'sleep 1; poweroff'", PowerOff),
    ("/bin/bash -ec \"reboot\"", Reboot),
    ("bash -c 'sh -c \"sh -c reboot\"'", Reboot),
    ("eval reboot", Reboot),
    ("trap 'poweroff' EXIT", PowerOff),
    ("sudo -n poweroff", PowerOff),
    ("sudo -uroot poweroff", PowerOff),
    ("sudo -u root -- reboot", Reboot),
    ("env FOO=1 poweroff", PowerOff),
    ("env -S 'poweroff -f'", PowerOff),
    ("nohup setsid reboot", Reboot),
    ("exec /sbin/reboot", Reboot),
    ("timeout 10 reboot", Reboot),
    ("timeout -k 5 -s KILL 10 reboot", Reboot),
    ("systemd-run --on-active=5 systemctl poweroff", PowerOff),
    (
        "systemd-run --on-active 5 -p Type=oneshot poweroff",
        PowerOff,
    ),
    ("systemd-run --unit x sh -c 'reboot'", Reboot),
    ("nice -n 5 reboot", Reboot),
    ("su -c 'reboot' root", Reboot),
    ("runuser -u root -- reboot", Reboot),
    ("flock /tmp/l -c 'reboot'", Reboot),
    ("flock /tmp/l reboot", Reboot),
    ("echo now | xargs shutdown", PowerOff),
    ("echo reboot | sh", Reboot),
    ("echo 'sleep 1; reboot' | at now", Reboot),
    ("sh <<E\nreboot\nE\n", Reboot),
    ("bash <<< 'reboot'", Reboot),
    ("FOO=1 reboot", Reboot),
    ("\\reboot", Reboot),
    ("'re''boot'", Reboot),
    ("reboot >/dev/null 2>&1", Reboot),
    ("2>/dev/null reboot", Reboot),
    ("find / -name x -exec reboot \\;", Reboot),
    ("! reboot", Reboot),
    ("busybox reboot", Reboot),
    ("shut\\\ndown now", PowerOff),
];

#[test]
fn power_actions_are_found() {
    for (text, action) in ACTIONS {
        let found: Vec<PowerAction> = power_actions(text).iter().map(|p| p.action).collect();
        assert_eq!(found, [*action], "{text}");
    }
}

const TALK: &[&str] = &[
    "",
    "# reboot",
    "true # poweroff",
    "echo reboot required",
    "echo \"reboot required\"",
    "printf 'please shutdown now\\n'",
    "logger reboot",
    "logger -t agent 'systemctl poweroff'",
    "grep poweroff /var/log/syslog",
    "grep -q 'reboot' file && echo yes",
    "wall shutdown in 5 minutes",
    "shutdown -c",
    "/sbin/shutdown -c 'not yet'",
    "shutdown --show",
    "shutdown -k now",
    "reboot --help",
    "reboot -w",
    "kexec -l /boot/vmlinuz",
    "systemctl --user poweroff",
    "systemctl -H other poweroff",
    "systemctl status poweroff.target",
    "systemctl is-active reboot.target",
    "systemctl mask reboot.target",
    "systemctl stop poweroff.target",
    "systemctl restart qemu-guest-agent",
    "systemctl list-jobs",
    "init q",
    "qemu-ga --daemonize",
    "qemu-ga -m virtio-serial",
    "echo s > /proc/sysrq-trigger",
    "command -v poweroff",
    "type reboot",
    "which shutdown",
    "[ -f /var/run/reboot-required ]",
    "test -x /sbin/reboot",
    "[ \"$1\" = reboot ]",
    "if [ -x /sbin/poweroff ]; then echo poweroff; fi",
    "case $1 in reboot|poweroff) echo x ;; esac",
    "case \"$1\" in\n  halt)\n  true ;;\n  (reboot) true;;\nesac",
    "reboot() { echo no; }",
    "for x in reboot poweroff; do echo $x; done",
    "cat <<E\nreboot\npoweroff\nE\n",
    "cat <<-'E'\n\treboot\n\tE\necho done",
    "touch /var/run/reboot-required",
    "rm -f /run/reboot",
    "ls /sbin/reboot",
    "echo 'a; poweroff'",
    "echo \"a && reboot\"",
    "man reboot",
    "last reboot",
    "journalctl -b | grep reboot",
    "cp /sbin/reboot /tmp/x",
    "pkill -f poweroff",
    "echo a#b; true",
    "echo ${reboot:-poweroff}",
    "cat reboot > poweroff",
    "who -b < reboot",
    "loginctl list-sessions",
    "busctl list",
    "dbus-send --dest=org.example /x org.example.Reboot",
    "echo reboot | cat",
    "sleep 5",
];

#[test]
fn talk_about_power_is_no_power_action() {
    for text in TALK {
        assert_eq!(power_actions(text), [], "{text}");
    }
}

#[test]
fn a_power_action_tells_its_line() {
    let text =
        "#!/bin/sh\n# x\ncat <<E\nreboot\nE\nif true; then\n  x=$(true\n  reboot)\nfi\npoweroff\n";
    let lines: Vec<usize> = power_actions(text).iter().map(|p| p.line).collect();
    assert_eq!(lines, [10, 8]);
}

#[test]
fn what_only_might_act_is_a_suspicion() {
    for text in [
        "CMD='systemctl poweroff'\n$CMD",
        "export ACTION=reboot",
        "/opt/run-later 'systemctl poweroff'",
        "$RUNNER reboot",
        "python3 -c 'import os; os.system(\"reboot\")'",
        "awk 'BEGIN { system(\"poweroff\") }'",
    ] {
        let found = analyse(text);
        assert!(found.powers.is_empty(), "{text}");
        assert!(!found.suspicions.is_empty(), "{text}");
    }
    for text in [
        "REBOOT_REQUIRED=1",
        "A=A=A=A=b",
        "/opt/run-later tomorrow",
        "awk '{print $1}' x",
    ] {
        assert!(analyse(text).suspicions.is_empty(), "{text}");
    }
}

#[test]
fn endless_nesting_ends_in_a_suspicion() {
    let text = "$(".repeat(5000) + "reboot" + &")".repeat(5000);
    assert!(!analyse(&text).suspicions.is_empty());
    let text = "A=".repeat(5000) + "reboot";
    let _ = analyse(&text);
    let text = "x ".repeat(20_000);
    let _ = analyse(&text);
}

#[test]
fn commands_within_commands_without_end_are_a_suspicion() {
    for prefix in ["sudo ", "find / -exec ", "su ", "env -S "] {
        let analysis = analyse(&(prefix.repeat(5_000) + "poweroff"));
        assert_eq!(analysis.powers, [], "{prefix}");
        assert!(!analysis.suspicions.is_empty(), "{prefix}");
    }
}
