//! Replies as hyper sends them.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use metadata::server::Reply;

use crate::guest::{Guest, ReplyRoom};

pub(super) type HyperReply = Response<Full<Bytes>>;

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

/// A body that gives its room back when the guest has taken it.
struct Held {
    body: String,
    _room: ReplyRoom,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.body.as_bytes()
    }
}

/// The reply, unless the guest asks for more than it takes.
pub(super) fn hyper_reply(reply: Reply, guest: &Guest) -> HyperReply {
    match guest.room(reply.body.len()) {
        Ok(room) => with_room(reply, room),
        Err(()) => {
            let text = "too many replies were not taken yet: take them first";
            with_room(Reply::failure(503, text), None)
        }
    }
}

fn with_room(reply: Reply, room: ReplyRoom) -> HyperReply {
    let held = Held {
        body: reply.body,
        _room: room,
    };
    let mut response = Response::new(Full::new(Bytes::from_owner(held)));
    let status = StatusCode::from_u16(reply.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(FLAVOR, GOOGLE);
    let content_type = HeaderValue::from_static(reply.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    let optional = [
        (header::ETAG, reply.etag),
        (header::LOCATION, reply.location),
    ];
    for (name, text) in optional {
        let value = text.and_then(|text| HeaderValue::try_from(text).ok());
        value.and_then(|value| headers.insert(name, value));
    }
    response
}
