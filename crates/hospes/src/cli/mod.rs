//! The command line: one definition gives the parser, the help, the man pages and the completions.

mod definition;
mod init;
mod metadata;
mod options;
mod pages;
mod patch;

pub use definition::{
    Check, Cli, Fix, FleetVerb, Global, Guests, One, Power, Ready, Reboot, Runs, RunsVerb, Start,
    Trust, Verb,
};
pub use init::Init;
pub use metadata::{
    GetMetadata, Metadata, MetadataVerb, Misused, Owner, ServeMetadata, SetMetadata, UnsetMetadata,
};
pub use options::{AcceptUnknown, ChangePace, GracefulStop, ReadPace, Selection};
pub use pages::{completions, man_pages};
pub use patch::{
    ApplyPatches, Patch, PatchNodes, PatchPolicy, PatchVerb, PlanPatches, Reboots, ReportFormat,
    ReportPatches, ToCampaign,
};
