//! What came back.

use serde_json::Value;

use crate::Failure;

/// An answer of the API, or of the proxy before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The reason phrase, in which Proxmox VE puts its error text.
    pub reason: String,
    /// The body, bounded by who received it.
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer's `data`.
    ///
    /// # Errors
    /// The API refused or failed, or this is no answer of it.
    pub fn data(&self) -> Result<Value, Failure> {
        Failure::check(self)?;
        let parsed: Result<Value, _> = serde_json::from_slice(&self.body);
        let mut document = parsed.map_err(|error| Failure::Garbage(error.to_string()))?;
        match document.get_mut("data") {
            Some(data) => Ok(data.take()),
            None => Err(Failure::Garbage("the answer has no `data`".to_owned())),
        }
    }
}
