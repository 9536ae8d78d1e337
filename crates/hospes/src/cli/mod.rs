//! The command line: one definition gives the parser, the help, the man pages and the completions.

mod definition;
mod metadata;
mod options;
mod pages;

pub use definition::{
    Check, Cli, Fix, Global, Guests, One, Power, Ready, Reboot, Runs, RunsVerb, Start, Trust, Verb,
};
pub use metadata::{
    GetMetadata, Metadata, MetadataVerb, Misused, Owner, SetMetadata, UnsetMetadata,
};
pub use options::{AcceptUnknown, GracefulStop, Selection};
pub use pages::{completions, man_pages};
