//! One request to one endpoint.

use std::error::Error;
use std::io;
use std::time::Duration;

use hyper::ext::ReasonPhrase;
use pve::{Answer, Call, Endpoint, Method, Trust};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};

use super::ClientError;
use super::trust::{self, Rejected};

/// The longest answer to a read: files and lists of everything.
const LONGEST_READ: usize = 16 << 20;

/// The longest other answer.
const LONGEST: usize = 1 << 20;

/// How long an unused connection is kept. The server closes it after a few seconds, and a request
/// that meets the closing is lost.
const IDLE: Duration = Duration::from_secs(3);

/// How many unused connections are kept an endpoint.
const MOST_IDLE: usize = 64;

/// Why an endpoint has no answer.
pub(super) enum SendError {
    /// Nothing was sent.
    NotSent(String),
    /// Nothing was sent: the certificate is not trusted.
    Untrusted(Box<Rejected>),
    /// It was sent, or a part of it, and its answer is not known.
    Lost(String),
    /// The answer is none of the API.
    Garbage(String),
}

/// The HTTP client.
#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
}

impl Transport {
    /// A client whose connections take at most `connect`, TLS included.
    pub(super) async fn new(trust: &Trust, connect: Duration) -> Result<Self, ClientError> {
        let tls = trust::config(trust).await?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .https_only(true)
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("hospes/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build();
        let http = http.map_err(|error| {
            let why = cause(&error);
            ClientError::Unreachable(format!("HTTPS cannot be set up: {why}"))
        })?;
        Ok(Self { http })
    }

    /// Sends a call and receives its whole answer. There is no deadline here.
    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        call: &Call,
        headers: &HeaderMap,
    ) -> Result<Answer, SendError> {
        let request = self.request(endpoint, call, headers)?;
        let response = self.http.execute(request).await.map_err(unanswered)?;
        let longest = match call.method {
            Method::Get => LONGEST_READ,
            Method::Post | Method::Put | Method::Delete => LONGEST,
        };
        receive(response, longest).await
    }

    fn request(
        &self,
        endpoint: &Endpoint,
        call: &Call,
        headers: &HeaderMap,
    ) -> Result<reqwest::Request, SendError> {
        let parameters = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&call.parameters)
            .finish();
        let is_form = matches!(call.method, Method::Post | Method::Put);
        let mut address = format!("https://{endpoint}/api2/json{}", call.path);
        if !is_form && !parameters.is_empty() {
            address.push('?');
            address.push_str(&parameters);
        }
        let wrong = |why: &dyn Error| SendError::NotSent(format!("it is no address: {why}"));
        let url = Url::parse(&address).map_err(|error| wrong(&error))?;
        let mut request = self.http.request(method(call.method), url);
        if is_form {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request = request.header(CONTENT_TYPE, form).body(parameters);
        }
        let request = request.headers(headers.clone()).build();
        request.map_err(|error| wrong(&error.without_url()))
    }
}

const fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

async fn receive(mut response: Response, longest: usize) -> Result<Answer, SendError> {
    let status = response.status();
    let phrase = response.extensions().get::<ReasonPhrase>();
    let reason = match phrase {
        Some(phrase) => String::from_utf8_lossy(phrase.as_bytes()).into_owned(),
        None => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(unanswered)? {
        if body.len() + piece.len() > longest {
            return Err(SendError::Garbage(format!(
                "the answer is longer than {} MiB",
                longest >> 20
            )));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer {
        status: status.as_u16(),
        reason,
        body,
    })
}

fn unanswered(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    if let Some(rejected) = rejected(&error) {
        return SendError::Untrusted(Box::new(rejected));
    }
    match error.is_connect() {
        true if error.is_timeout() => SendError::NotSent("no connection in time".to_owned()),
        true => SendError::NotSent(cause(&error)),
        false => SendError::Lost(cause(&error)),
    }
}

/// The innermost reason, which alone says what happened.
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The certificate that was the reason, if one was.
fn rejected(error: &(dyn Error + 'static)) -> Option<Rejected> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = of_tls(error) {
            return Some(found);
        }
        // The source of an I/O error is the source of the error that it holds.
        next = match error.downcast_ref::<io::Error>() {
            Some(held) => held.get_ref().map(|it| it as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn of_tls(error: &(dyn Error + 'static)) -> Option<Rejected> {
    let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) =
        error.downcast_ref::<rustls::Error>()?
    else {
        return None;
    };
    let rejected = other.0.downcast_ref::<Rejected>()?;
    Some(Rejected {
        presented: rejected.presented.clone(),
        why: rejected.why.clone(),
    })
}
