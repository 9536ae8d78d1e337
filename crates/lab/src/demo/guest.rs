//! The guest of the demo.

use std::sync::Arc;

use anyhow::Result;

use super::Backend;
use crate::guest_agent::GuestAgent;
use crate::scenario::Context;
use crate::scenarios::metadata::Served;
use crate::scenarios::proxmox::home::Home;
use crate::vm::{Vm, VmSpec};

/// The guest of the demo: metadata is for our agent's.
pub(super) enum Guest {
    Plain(Box<Vm>),
    Served(Box<Served>),
    Clustered(Box<Home>),
}

impl Guest {
    pub(super) async fn start(context: &Context, backend: Backend) -> Result<Self> {
        if backend == Backend::Proxmox {
            return Ok(Self::Clustered(Box::new(
                Home::unconfigured(context).await?,
            )));
        }
        if let GuestAgent::Hospes(_) = context.agent() {
            return Ok(Self::Served(Box::new(Served::start(context).await?)));
        }
        let vm = context.vm(VmSpec::new("web")).await?;
        context.configure(&[&vm])?;
        Ok(Self::Plain(Box::new(vm)))
    }

    pub(super) fn vm(&self) -> &Vm {
        match self {
            Self::Plain(vm) => vm,
            Self::Served(served) => &served.vm,
            Self::Clustered(home) => &home.vm,
        }
    }

    pub(super) fn release(self) {
        match self {
            Self::Plain(vm) => vm.release(),
            Self::Served(served) => {
                if let Some(vm) = Arc::into_inner(served.vm) {
                    vm.release();
                }
            }
            // Nothing of a cluster is kept.
            Self::Clustered(_) => {}
        }
    }
}
