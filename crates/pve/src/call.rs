//! What is asked.

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path, `/nodes/pve1/qemu/101/status/current`, percent-encoded where needed.
    pub path: String,
    /// Its parameters in order; a key may repeat. In the query of a GET or DELETE, else a form.
    pub parameters: Vec<(&'static str, String)>,
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
