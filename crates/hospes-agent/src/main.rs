//! The program `hospes-agent`, also called as `qemu-ga`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hospes_agent::main(std::env::args_os().collect())
}
