//! Commands that are one call to the operating system.

use guest_os::{
    accounts, clock, devices, disks, filesystems, identity, memory, network, power, processors,
    routes, statistics, trim, users,
};
use qga::{Call, ShutdownMode, SuspendMode};

use super::failure::{answered, error};
use super::{Done, Outcome, nothing};
use crate::agent::Agent;

pub(super) fn perform(agent: &Agent, call: Call, origin: &str) -> Outcome {
    match call {
        Call::GetTime => answered(clock::now_ns()),
        Call::SetTime(time) => done(clock::set(time)),
        Call::Shutdown(mode) => shut_down(agent, mode, origin),
        Call::Suspend(mode) => suspend(agent, mode, origin),
        Call::Trim { minimum } => answered(trim::trim(minimum)),
        Call::NetworkInterfaces => answered(network::interfaces()),
        Call::NetworkRoutes => answered(routes::routes()),
        Call::GetVcpus => answered(processors::processors()),
        Call::SetVcpus(settings) => answered(processors::set(&settings)),
        Call::GetMemoryBlocks => answered(memory::blocks()),
        Call::SetMemoryBlocks(settings) => answered(Ok(memory::set(&settings))),
        Call::GetMemoryBlockInfo => answered(memory::block_info()),
        Call::GetDevices => answered(devices::devices()),
        Call::GetDisks => answered(disks::disks()),
        Call::GetFilesystems => answered(filesystems::filesystems()),
        Call::GetDiskStatistics => answered(statistics::disk_statistics()),
        Call::GetCpuStatistics => answered(statistics::cpu_statistics()),
        Call::GetLoad => answered(statistics::load()),
        Call::GetHostName => answered(Ok(identity::host_name())),
        Call::GetUsers => answered(users::users()),
        Call::GetTimezone => answered(identity::timezone()),
        Call::GetOsInfo => answered(Ok(identity::os_info(agent.os_release.as_deref()))),
        Call::SetUserPassword(password) => done(accounts::set_password(&password)),
        Call::SshGetKeys(user) => answered(accounts::ssh_keys(&user)),
        Call::SshAddKeys {
            username,
            keys,
            reset,
        } => done(accounts::add_keys(&username, &keys, reset)),
        Call::SshRemoveKeys { username, keys } => done(accounts::remove_keys(&username, &keys)),
        other => unreachable!("{other:?} is carried out elsewhere"),
    }
}

fn done(result: guest_os::Result<()>) -> Outcome {
    result.map_err(|failed| error(&failed))?;
    nothing()
}

/// The only places from which the guest goes down or sleeps: somebody asked for it through a channel.
fn shut_down(agent: &Agent, mode: ShutdownMode, origin: &str) -> Outcome {
    agent
        .log
        .info(format_args!("guest-shutdown ({mode:?}) asked by {origin}"));
    silent(power::shutdown(mode))
}

fn suspend(agent: &Agent, mode: SuspendMode, origin: &str) -> Outcome {
    agent
        .log
        .info(format_args!("guest-suspend ({mode:?}) asked by {origin}"));
    silent(power::suspend(mode))
}

fn silent(result: guest_os::Result<()>) -> Outcome {
    result.map_err(|failed| error(&failed))?;
    Ok(Done::Silent)
}
