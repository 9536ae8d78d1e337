//! One try: the redirects, then the body into the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use rustls::CertificateError;
use ureq::http::{Response, StatusCode, Uri};
use ureq::{Body, Timeout};

use super::error::{DownloadError, DownloadFailure};
use super::proxy::Environment;
use super::way::Way;
use super::{DownloadLimits, url};
use crate::strict::is_break;

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 10;

/// Bytes that are copied at once.
const BLOCK: usize = 16 << 10;

/// What one try needs to know.
pub(super) struct Attempt<'a> {
    pub(super) limits: &'a DownloadLimits,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) environment: Environment<'a>,
}

impl Attempt<'_> {
    /// Fetches into an emptied file.
    pub(super) fn run(&self, first: &Uri, into: &mut File) -> Result<u64, DownloadError> {
        let mut uri = first.clone();
        self.follow(first, &mut uri, into).map_err(|reason| {
            let url = if uri == *first {
                url::shown(first)
            } else {
                format!("{} (by way of {})", url::shown(&uri), url::shown(first))
            };
            DownloadError { url, reason }
        })
    }

    /// `uri` is where it has come to.
    fn follow(&self, first: &Uri, uri: &mut Uri, into: &mut File) -> Result<u64, DownloadFailure> {
        for _ in 0..=MOST_REDIRECTS {
            let way = Way::to(uri, self.limits, self.environment)?;
            let response = self
                .ask(&way, uri, url::same_origin(first, uri))
                .map_err(|error| self.failure(error, &way.peer))?;
            match next(uri, &response)? {
                Some(target) => *uri = target,
                None => return self.save(response, &way.peer, into),
            }
        }
        Err(DownloadFailure::Redirect("in a circle, or too often"))
    }

    fn ask(&self, way: &Way, uri: &Uri, with_headers: bool) -> Result<Response<Body>, ureq::Error> {
        let mut request = way.agent.get(uri);
        if with_headers {
            for (name, value) in self.headers {
                request = request.header(*name, *value);
            }
        }
        request.call()
    }

    fn save(
        &self,
        mut response: Response<Body>,
        peer: &str,
        into: &mut File,
    ) -> Result<u64, DownloadFailure> {
        let status = response.status();
        if status != StatusCode::OK {
            return Err(DownloadFailure::Status(status.as_u16()));
        }
        let body = response.body_mut();
        let expected = body.content_length();
        if expected.is_some_and(|length| length > self.limits.size) {
            return Err(DownloadFailure::TooLarge(self.limits.size));
        }
        empty(into)?;
        let length = self.copy(body.as_reader(), peer, into)?;
        match expected {
            Some(expected) if expected != length => Err(DownloadFailure::BrokenOff(length)),
            _ => Ok(length),
        }
    }

    fn copy(
        &self,
        mut from: impl Read,
        peer: &str,
        into: &mut File,
    ) -> Result<u64, DownloadFailure> {
        let mut block = vec![0; BLOCK];
        let mut length = 0;
        loop {
            let count = match from.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    return Err(match self.failure(error.into(), peer) {
                        DownloadFailure::Unreachable(..) | DownloadFailure::BrokenOff(_) => {
                            DownloadFailure::BrokenOff(length)
                        }
                        other => other,
                    });
                }
            };
            length += count as u64;
            if length > self.limits.size {
                return Err(DownloadFailure::TooLarge(self.limits.size));
            }
            into.write_all(&block[..count]).map_err(not_written)?;
        }
        Ok(length)
    }

    fn failure(&self, error: ureq::Error, peer: &str) -> DownloadFailure {
        let unreachable = |why: String| DownloadFailure::Unreachable(peer.to_owned(), why);
        match error {
            ureq::Error::Timeout(which) => DownloadFailure::TimedOut(match which {
                Timeout::Connect | Timeout::Resolve => self.limits.connect,
                Timeout::PerRead | Timeout::PerWrite => self.limits.stall,
                _ => self.limits.whole,
            }),
            ureq::Error::Rustls(error) => of_tls(&error),
            ureq::Error::Io(error) => match tls_error(&error) {
                Some(error) => of_tls(error),
                None if is_break(error.kind()) => DownloadFailure::BrokenOff(0),
                None => unreachable(error.to_string()),
            },
            ureq::Error::Protocol(error) => DownloadFailure::Garbage(error.to_string()),
            ureq::Error::LargeResponseHeader(_, limit) => {
                DownloadFailure::Garbage(format!("its head is longer than {limit} bytes"))
            }
            ureq::Error::Http(error) => DownloadFailure::Garbage(error.to_string()),
            other => unreachable(other.to_string()),
        }
    }
}

/// Where a redirect leads; `None`: this is the answer.
fn next(from: &Uri, response: &Response<Body>) -> Result<Option<Uri>, DownloadFailure> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get("location");
    let target = location
        .and_then(|location| location.to_str().ok())
        .and_then(|location| url::redirected(from, location))
        .ok_or(DownloadFailure::Redirect("to nowhere"))?;
    if url::is_https(from) && !url::is_https(&target) {
        return Err(DownloadFailure::Redirect("from https to http"));
    }
    Ok(Some(target))
}

fn empty(file: &mut File) -> Result<(), DownloadFailure> {
    file.set_len(0).map_err(not_written)?;
    file.seek(SeekFrom::Start(0)).map_err(not_written)?;
    Ok(())
}

fn not_written(error: io::Error) -> DownloadFailure {
    DownloadFailure::File(error.to_string())
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    let direct = inner.downcast_ref::<rustls::Error>();
    direct.or_else(|| inner.source()?.downcast_ref::<rustls::Error>())
}

fn of_tls(error: &rustls::Error) -> DownloadFailure {
    let rustls::Error::InvalidCertificate(invalid) = error else {
        return DownloadFailure::Garbage(error.to_string());
    };
    DownloadFailure::Certificate(match invalid {
        CertificateError::UnknownIssuer => {
            "no CA that this system knows signed the server's certificate: install the CA, or name \
             it in SSL_CERT_FILE"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired, or the clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: is the clock wrong?".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name".to_owned()
        }
        other => format!("the server's certificate is invalid: {other}"),
    })
}
