//! What is answered, and how Proxmox VE writes it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::layout::Release;

/// An answer before it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    Data(Value),
    /// Lines of a log, which has `total` beside `data`.
    Lines {
        data: Value,
        total: usize,
    },
    Error(ApiError),
}

/// A failure as the API tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    /// The words of the reason phrase.
    pub(super) message: String,
    /// What is wrong with which parameter.
    pub(super) errors: BTreeMap<String, String>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Perl's `die`: the message ends with a line feed in the body.
    Died,
    /// The server's own words.
    Plain,
    /// Nothing but the status line.
    Bodiless,
}

/// An answer as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) body: Vec<u8>,
}

impl ApiError {
    fn new(status: u16, message: impl Into<String>, kind: Kind) -> Self {
        Self {
            status,
            message: message.into(),
            errors: BTreeMap::new(),
            kind,
        }
    }

    /// 500: the code behind the call gave up.
    pub(super) fn died(message: impl Into<String>) -> Self {
        Self::new(500, message, Kind::Died)
    }

    /// 400 with what is wrong by parameter.
    pub(super) fn parameters(errors: BTreeMap<String, String>) -> Self {
        let error = Self::new(400, "Parameter verification failed.", Kind::Died);
        Self { errors, ..error }
    }

    /// 400 about one parameter.
    pub(super) fn parameter(name: &str, wrong: &str) -> Self {
        Self::parameters([(name.to_owned(), wrong.to_owned())].into())
    }

    /// 403 with path and privileges.
    pub(super) fn forbidden(path: &str, privileges: &str) -> Self {
        let message = format!("Permission check failed ({path}, {privileges})");
        Self::new(403, message, Kind::Died)
    }

    /// 403 for what only the superuser may do.
    pub(super) fn forbidden_to_all() -> Self {
        Self::new(403, "Permission check failed", Kind::Died)
    }

    /// 501.
    pub(super) fn not_implemented(method: &str, path: &str) -> Self {
        let message = format!("Method '{method} {path}' not implemented");
        Self::new(501, message, Kind::Plain)
    }

    /// 401, always without a body.
    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(401, message, Kind::Bodiless)
    }

    /// 501 from before any call: an error without a body.
    pub(super) fn refused_by_server(message: &str) -> Self {
        Self::new(501, message, Kind::Bodiless)
    }

    /// 595: the node behind the one that was asked is not there.
    pub(super) fn no_route() -> Self {
        Self::new(595, "No route to host", Kind::Bodiless)
    }
}

impl Reply {
    /// What goes over the wire.
    pub(super) fn write(self, release: Release) -> Written {
        match self {
            Self::Data(data) => success(&json!({"data": data})),
            Self::Lines { data, total } => success(&json!({"data": data, "total": total})),
            Self::Error(error) => error.write(release),
        }
    }
}

fn success(document: &Value) -> Written {
    Written {
        status: 200,
        reason: "OK".to_owned(),
        body: document.to_string().into_bytes(),
    }
}

impl ApiError {
    fn write(self, release: Release) -> Written {
        let body = match (self.kind, release) {
            (Kind::Bodiless, _) => Vec::new(),
            (kind, release) => self.document(kind, release).to_string().into_bytes(),
        };
        Written {
            status: self.status,
            reason: one_line(&self.message),
            body,
        }
    }

    fn document(&self, kind: Kind, release: Release) -> Value {
        let mut document = Map::new();
        document.insert("data".to_owned(), Value::Null);
        if !self.errors.is_empty() {
            document.insert("errors".to_owned(), json!(self.errors));
        }
        if release == Release::V9_2 {
            let end = if kind == Kind::Died { "\n" } else { "" };
            let message = format!("{}{end}", self.message);
            document.insert("message".to_owned(), json!(message));
        }
        Value::Object(document)
    }
}

/// A reason phrase holds no control characters.
fn one_line(message: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    message.trim_end().chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_in_the_body_since_9_only() {
        let error = || Reply::Error(ApiError::died("VM 101 not running"));
        let new = error().write(Release::V9_2);
        assert_eq!(new.reason, "VM 101 not running");
        let expected = json!({"data": null, "message": "VM 101 not running\n"});
        assert_eq!(
            serde_json::from_slice::<Value>(&new.body).unwrap(),
            expected
        );
        let old = error().write(Release::V8_4);
        assert_eq!(old.reason, new.reason);
        assert_eq!(old.body, b"{\"data\":null}");
    }

    #[test]
    fn a_401_and_a_595_have_no_body() {
        for error in [ApiError::unauthorized("No ticket"), ApiError::no_route()] {
            let written = Reply::Error(error).write(Release::V9_2);
            assert!(written.body.is_empty(), "{written:?}");
        }
    }
}
