//! `hospes-agent self-test`: tells a person in the guest what works, and what the hypervisor sees.

mod checks;
mod report;
mod run;
mod sight;

pub(crate) use run::main;
