//! One request and its reply.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, header};
use metadata::control::{Change, Scope};
use metadata::server::{self, Method, Reply, Response};
use tokio::sync::SemaphorePermit;

use super::connection::Place;
use super::hang;
use super::paced::AtWork;
use super::reply::{HyperReply, hyper_reply};
use crate::store::Unchanged;

/// How long a guest that asks too often waits to hear so: it cannot keep the processor busy then.
const TOO_OFTEN_AFTER: Duration = Duration::from_millis(500);

/// Answers a request.
pub(super) async fn answer(
    place: &Place,
    work: &AtWork<'_>,
    request: Request<Incoming>,
) -> HyperReply {
    let reply = match admit(place, &request).await {
        Err(refusal) => refusal,
        Ok(_upload) => reply(place, work, request).await,
    };
    hyper_reply(reply, &place.guest)
}

/// The right to ask, and of a PUT the right to send a body.
async fn admit<'a>(
    place: &'a Place,
    request: &Request<Incoming>,
) -> Result<Option<SemaphorePermit<'a>>, Reply> {
    if !place.guest.request() {
        tokio::time::sleep(TOO_OFTEN_AFTER).await;
        return Err(Reply::failure(429, "too many requests: ask less often"));
    }
    if request.method() != hyper::Method::PUT {
        return Ok(None);
    }
    let upload = tokio::time::timeout(place.limits.request_within, place.guest.upload());
    let late = |_| Reply::failure(429, "other values are still being sent: try again later");
    upload.await.map_err(late)
}

async fn reply(place: &Place, work: &AtWork<'_>, request: Request<Incoming>) -> Reply {
    let news = place.guest.news();
    // Nothing of the request is kept while it hangs.
    match look_at(place, request).await {
        Err(refusal) => refusal,
        Ok(Response::Now(reply)) => reply,
        Ok(Response::Hang(hang)) => {
            work.hangs();
            hang::wait(hang, news, &place.guest, &place.store).await
        }
        Ok(Response::Put(change)) => put(place, change).await,
    }
}

async fn look_at(place: &Place, request: Request<Incoming>) -> Result<Response, Reply> {
    let (head, body) = request.into_parts();
    let method = match head.method {
        hyper::Method::GET => Method::Get,
        hyper::Method::PUT => Method::Put,
        _ => Method::Other,
    };
    let body = match method {
        Method::Put => receive(place, body).await?,
        Method::Get | Method::Other => Bytes::new(),
    };
    let target = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let flavor = head.headers.get("metadata-flavor");
    let request = server::Request {
        method,
        target,
        flavor: flavor.map(header::HeaderValue::as_bytes),
        forwarded: head.headers.contains_key("x-forwarded-for"),
        body: &body,
    };
    Ok(place.store.service().answer(&place.guest.name, &request))
}

/// The body of a request, within its limits.
async fn receive(place: &Place, body: Incoming) -> Result<Bytes, Reply> {
    let most = place.limits.body;
    let too_large = || Reply::failure(413, &format!("a value has at most {most} bytes"));
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let all = Limited::new(body, most).collect();
    match tokio::time::timeout(place.limits.request_within, all).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Reply::failure(400, "the value broke off")),
        Err(_) => Err(Reply::failure(408, "the value did not come in time")),
    }
}

async fn put(place: &Place, change: Change) -> Reply {
    let scope = Scope::Guest(place.guest.name.clone());
    match place.store.change(scope, vec![change]).await {
        Ok(()) => Reply::stored(),
        Err(Unchanged::Refused(reason)) => Reply::refused(&reason),
        // Why is for the operator's log, not for the guest.
        Err(Unchanged::NotKept(_)) => {
            Reply::failure(503, "the value could not be kept: try again later")
        }
    }
}
