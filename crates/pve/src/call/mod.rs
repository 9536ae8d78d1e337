//! What is asked: one constructor for every call that the product makes.
//!
//! ```text
//! version access cluster ceph node ────┐
//! guest snapshot agent migration task ─┴─► Call::new(method, segments).with(parameter, value)
//!                                              └─► each encoded: no name alters a path
//! ```
//!
//! No constructor sends what forces a guest or gets past a lock, and none stops or resets a machine.

pub mod access;
pub mod agent;
pub mod ceph;
pub mod cluster;
pub mod guest;
pub mod migration;
pub mod node;
mod segment;
pub mod snapshot;
pub mod task;

use std::fmt;

/// The HTTP method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes or starts something.
    Post,
    /// Changes something.
    Put,
    /// Removes something.
    Delete,
}

/// One request to the API, below `/api2/json`.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path, `/nodes/pve1/qemu/101/status/current`, percent-encoded where needed.
    pub path: String,
    /// Its parameters in order; a key may repeat. In the query of a GET or DELETE, else a form.
    pub parameters: Vec<(&'static str, String)>,
}

impl Call {
    /// A call to the path of these segments, which are encoded here.
    #[must_use]
    pub fn new(method: Method, segments: &[&str]) -> Self {
        Self {
            method,
            path: segments.iter().map(|it| segment::encoded(it)).collect(),
            parameters: Vec::new(),
        }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((key, value.into()));
        self
    }
}

/// Parameters are told by name only: a password or a script may be among their values.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)?;
        let keys = self.parameters.iter().map(|(key, _)| key);
        f.debug_list().entries(keys).finish()
    }
}

impl Method {
    /// As it is written in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_print_has_no_values() {
        let call = access::ticket("root@pam", &crate::Secret::new("hunter2".to_owned()));
        let shown = format!("{call:?}");
        assert_eq!(shown, r#"POST /access/ticket["username", "password"]"#);
    }
}
