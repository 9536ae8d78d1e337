//! From a request to its answer.

use super::layer::Entry;
use super::reply::{JSON, TEXT};
use super::request::{Place, Target};
use super::view::View;
use super::{Hang, Method, Reply, Request, Response, Service, rules};
use crate::control::{Change, Scope};
use crate::{Alt, Key, Query};

const ROOT: &str = "/computeMetadata/v1/";

/// How a value or directory is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    recursive: bool,
    alt: Option<Alt>,
}

pub(super) fn answer(service: &Service, guest: &str, request: &Request<'_>) -> Response {
    let target = match admitted(request) {
        Ok(target) => target,
        Err(refusal) => return Response::Now(refusal),
    };
    match (request.method, target.place) {
        (Method::Get, Place::Top) => {
            Response::Now(Reply::shown(TEXT, "computeMetadata/\n".to_owned()))
        }
        (Method::Get, Place::Versions) if target.as_directory => {
            Response::Now(Reply::shown(TEXT, "v1/\n".to_owned()))
        }
        (Method::Get, Place::Versions) => {
            Response::Now(Reply::moved("/computeMetadata/".to_owned()))
        }
        (Method::Get, Place::Tree(key)) => {
            read(service, guest, key, &target.query, target.as_directory)
        }
        (Method::Put, Place::Tree(key)) if rules::is_guest_attribute(key.as_str()) => {
            put(service, guest, key, request.body)
        }
        (Method::Put | Method::Other, _) => Response::Now(Reply::failure(
            405,
            "only GET is answered, and PUT below instance/guest-attributes/",
        )),
    }
}

/// Refuses what was forwarded, or sent by somebody who does not mean a metadata server: a page in a
/// browser, a server tricked into a request. What is at the top is shown to all, so that they see
/// who answers here.
fn admitted(request: &Request<'_>) -> Result<Target, Reply> {
    if request.forwarded {
        return Err(Reply::failure(
            403,
            "requests with the header X-Forwarded-For are refused",
        ));
    }
    let target = Target::parse(request.target);
    let at_top = target
        .as_ref()
        .is_ok_and(|target| target.place == Place::Top);
    if request.flavor != Some(b"Google") && !at_top {
        return Err(Reply::failure(
            403,
            "the header `Metadata-Flavor: Google` is missing",
        ));
    }
    target
}

fn read(service: &Service, guest: &str, key: Key, query: &Query, as_directory: bool) -> Response {
    let Some((view, entry)) = service
        .view(guest)
        .and_then(|view| Some((view, view.entry(&key)?)))
    else {
        return Response::Now(Reply::not_found());
    };
    if !matches!(entry, Entry::Leaf(_)) && !as_directory && !query.recursive {
        return Response::Now(Reply::moved(location(&key, query)));
    }
    let revision = view.revision(&key);
    let form = Form {
        recursive: query.recursive,
        alt: query.alt,
    };
    let seen = query
        .last_etag
        .as_ref()
        .is_none_or(|etag| *etag == service.etag(revision));
    if query.wait_for_change && seen {
        return Response::Hang(Hang {
            guest: guest.to_owned(),
            key,
            form,
            revision,
            timeout: query
                .timeout
                .map(|asked| asked.min(service.limits().longest_wait)),
        });
    }
    Response::Now(rendered(service, view, &key, entry, form))
}

fn location(key: &Key, query: &Query) -> String {
    let slash = if key.as_str().is_empty() { "" } else { "/" };
    format!("{ROOT}{key}{slash}{query}")
}

/// What is at a key now; `None` when there is nothing.
pub(super) fn shown(service: &Service, guest: &str, key: &Key, form: Form) -> Option<Reply> {
    let view = service.view(guest)?;
    let entry = view.entry(key)?;
    Some(rendered(service, view, key, entry, form))
}

fn rendered(service: &Service, view: View<'_>, key: &Key, entry: Entry<'_>, form: Form) -> Reply {
    let as_json = form.alt == Some(Alt::Json);
    let (content_type, body) = match (entry, form.recursive) {
        (Entry::Leaf(leaf), _) if as_json => (JSON, leaf.json().to_string()),
        (Entry::Leaf(leaf), _) => (TEXT, leaf.text()),
        (_, true) if form.alt == Some(Alt::Text) => (TEXT, view.text(key)),
        (_, true) => (JSON, view.json(key).to_string()),
        (_, false) if as_json => (JSON, serde_json::Value::from(view.listing(key)).to_string()),
        (_, false) => (
            TEXT,
            view.listing(key)
                .into_iter()
                .map(|name| name + "\n")
                .collect(),
        ),
    };
    Reply {
        etag: Some(service.etag(view.revision(key))),
        ..Reply::shown(content_type, body)
    }
}

fn put(service: &Service, guest: &str, key: Key, body: &[u8]) -> Response {
    let Ok(value) = str::from_utf8(body) else {
        return Response::Now(Reply::failure(400, "a guest attribute's value is UTF-8"));
    };
    let change = Change {
        key,
        value: Some(value.to_owned()),
    };
    let scope = Scope::Guest(guest.to_owned());
    match service.plan(&scope, std::slice::from_ref(&change)) {
        Ok(_) => Response::Put(change),
        Err(reason) => Response::Now(Reply::refused(&reason)),
    }
}
