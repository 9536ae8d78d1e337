//! What the guest calls itself: host name, time zone, operating system.

mod host_name;
mod os_info;
mod release;
mod timezone;

pub use host_name::host_name;
pub use os_info::os_info;
pub use timezone::timezone;
