//! What a guest asks.

use super::Reply;
use crate::query::decoded;
use crate::{Key, Query};

/// A request as it came: nothing in it is trusted, and who asks is not in it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The target as it was sent, with its query: `/computeMetadata/v1/instance/?recursive=true`.
    pub target: &'a str,
    /// The value of `Metadata-Flavor`.
    pub flavor: Option<&'a [u8]>,
    /// `X-Forwarded-For` was among the headers.
    pub forwarded: bool,
    /// The body of a PUT. Reading may stop one byte behind `Limits::value_bytes`: that is
    /// enough to be refused as too large.
    pub body: &'a [u8],
}

/// The methods that the protocol knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Set a guest attribute.
    Put,
    /// Any other: refused.
    Other,
}

/// Where a target leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) place: Place,
    /// Written as a directory, with a slash at its end.
    pub(super) as_directory: bool,
    pub(super) query: Query,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `/`.
    Top,
    /// `/computeMetadata`.
    Versions,
    /// `/computeMetadata/v1` and below.
    Tree(Key),
}

impl Target {
    /// Reads a target. Slashes may be repeated: Google's agent asks for `/computeMetadata/v1//`.
    pub(super) fn parse(target: &str) -> Result<Self, Reply> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decoded(path, false)
            .ok_or_else(|| Reply::failure(400, "the path is not percent-encoded UTF-8"))?;
        let query = Query::parse(query).map_err(|error| Reply::failure(400, &error.to_string()))?;
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let place = match names.as_slice() {
            [] => Place::Top,
            ["computeMetadata"] => Place::Versions,
            ["computeMetadata", "v1", key @ ..] => {
                let key = key.join("/").parse();
                Place::Tree(key.map_err(|_| Reply::not_found())?)
            }
            _ => return Err(Reply::not_found()),
        };
        Ok(Self {
            place,
            as_directory: path.ends_with('/'),
            query,
        })
    }
}
