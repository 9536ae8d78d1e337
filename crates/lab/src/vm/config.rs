//! The `hospes.toml` that describes machines of the lab to the product.

use std::fmt::Write;

use super::machine::Vm;

/// A configuration with one guest for each machine: sockets, start command (a cold boot from the same disk)
/// and SSH as `root`. A machine without the agent's port has no `agent` key.
#[must_use]
pub fn hospes_toml(machines: &[&Vm]) -> String {
    let mut text = String::new();
    for machine in machines {
        guest(&mut text, machine);
    }
    text
}

/// The same machine as guest `vmid` of a cluster. The addresses that its agent reports lead nowhere from
/// here, so it is named.
#[must_use]
pub fn clustered_guest(vm: &Vm, cluster: &str, vmid: u32) -> String {
    let name = vm.name();
    let cluster = quoted(cluster);
    let mut text = format!("\n[guest.{name}]\ncluster = {cluster}\nvmid = {vmid}\n");
    ssh(&mut text, vm);
    text
}

fn guest(text: &mut String, vm: &Vm) {
    let mut line = |key: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key}{value}");
    };
    let start: Vec<String> = vm.start_argv().iter().map(|word| quoted(word)).collect();
    line("", &format!("[guest.{}]", vm.name()));
    line("qmp = ", &quoted(&vm.qmp_path().to_string_lossy()));
    if vm.has_agent_port() {
        line("agent = ", &quoted(&vm.agent_path().to_string_lossy()));
    }
    line("start = ", &format!("[{}]", start.join(", ")));
    line("tags = ", "[\"lab\"]");
    ssh(text, vm);
}

fn ssh(text: &mut String, vm: &Vm) {
    let mut line = |key: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key}{value}");
    };
    line("", &format!("\n[guest.{}.ssh]", vm.name()));
    line("host = ", "\"127.0.0.1\"");
    line("port = ", &vm.ssh_port().to_string());
    line("user = ", "\"root\"");
    line(
        "identities = ",
        &format!("[{}]\n", quoted(&vm.key_path().to_string_lossy())),
    );
}

/// A TOML basic string. Of what TOML escapes, command lines and paths hold quotes and backslashes at most.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_survive() {
        assert_eq!(quoted(r#"a "b" \c"#), r#""a \"b\" \\c""#);
    }
}
