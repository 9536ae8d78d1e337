//! One HTTP request: read, noted, answered with its status line.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use super::api;
use super::parameters::{Parameters, decoded};
use super::reply::{ApiError, Reply, Written};
use super::seen::Seen;
use super::shared::Shared;

/// The server takes no larger body, whatever the call would.
const LARGEST_BODY: usize = 64 << 10;
const BASE: &str = "/api2/json";

/// A request whose body has been read.
#[derive(Debug)]
pub(super) struct Asked {
    /// The node whose API was asked.
    pub(super) node: Arc<str>,
    pub(super) method: String,
    /// Below `/api2/json`, decoded.
    pub(super) path: String,
    pub(super) parameters: Parameters,
    pub(super) authorization: Option<String>,
    pub(super) cookie: Option<String>,
    pub(super) csrf: Option<String>,
}

/// Answers one request; a body that cannot be read ends in an error answer.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    node: &Arc<str>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let written = match read(node, &parts, body).await {
        Ok(asked) => answer_noted(shared, asked).await,
        Err(error) => Reply::Error(error).write(shared.release()),
    };
    Ok(response(written))
}

async fn answer_noted(shared: &Arc<Shared>, asked: Asked) -> Written {
    let number = shared.requests().note(Seen {
        asked: asked.node.to_string(),
        method: asked.method.clone(),
        path: asked.path.clone(),
        parameters: asked.parameters.pairs().to_vec(),
        status: None,
    });
    let work = {
        let shared = Arc::clone(shared);
        async move {
            let written = api::answer(&shared, asked).await.write(shared.release());
            shared.requests().answered(number, written.status);
            written
        }
    };
    // A task of its own: a worker carries on when its client has gone.
    let failed = |_| Reply::Error(ApiError::died("the worker died")).write(shared.release());
    tokio::spawn(work).await.unwrap_or_else(failed)
}

async fn read(node: &Arc<str>, parts: &Parts, body: Incoming) -> Result<Asked, ApiError> {
    let header = |name: &str| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let announced = header(CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    if announced.is_some_and(|length: usize| length > LARGEST_BODY) {
        return Err(ApiError::refused_by_server("for data too large"));
    }
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body = body.map_err(|_| ApiError::refused_by_server("for data too large"))?;
    let path = parts.uri.path();
    let Some(path) = path
        .strip_prefix(BASE)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return Err(ApiError::refused_by_server(&format!(
            "no such file '{path}'"
        )));
    };
    let kind = header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let has_body = matches!(parts.method, Method::POST | Method::PUT);
    let body = if has_body {
        body.to_bytes()
    } else {
        Bytes::new()
    };
    Ok(Asked {
        node: Arc::clone(node),
        method: parts.method.as_str().to_owned(),
        path: decoded(path.trim_end_matches('/')),
        parameters: Parameters::read(&body, &kind, parts.uri.query())?,
        authorization: header("authorization"),
        cookie: header("cookie"),
        csrf: header("csrfpreventiontoken"),
    })
}

fn response(written: Written) -> Response<Full<Bytes>> {
    let is_error = written.status >= 400;
    let mut response = Response::new(Full::new(Bytes::from(written.body)));
    *response.status_mut() =
        StatusCode::from_u16(written.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(reason) = ReasonPhrase::try_from(written.reason.into_bytes()) {
        response.extensions_mut().insert(reason);
    }
    let headers = response.headers_mut();
    headers.insert("server", HeaderValue::from_static("pve-api-daemon/3.0"));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=UTF-8"),
    );
    if is_error {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
