//! `metadata`: what guests are told about themselves.

mod connect;
mod get;
mod home;
mod serve;
mod set;
mod watch;

use anyhow::Result;

use self::home::Home;
use crate::Exit;
use crate::cli::{Global, Metadata, MetadataVerb};

pub(super) async fn run(global: &Global, options: &Metadata) -> Result<Exit> {
    let home = || Home::load(global);
    match &options.verb {
        MetadataVerb::Serve(options) => serve::run(&home()?, options).await,
        MetadataVerb::Set(options) => set::set(&home()?, options).await,
        MetadataVerb::Unset(options) => set::unset(&home()?, options).await,
        MetadataVerb::Get(options) => get::run(&home()?, options).await,
        MetadataVerb::Watch(options) => watch::run(&home()?, options).await,
        MetadataVerb::Connect { end } => connect::run(global, end).await,
    }
}
