//! Who asks: an API token, or a user's ticket.
//!
//! ```text
//!            pass ─► secret read ─► token: header
//!                                   ticket: login ─► cookie and CSRF token, for 100 minutes
//! 401 ─► token: an error; the secret is read again before the next call
//!        ticket: one login; 401 again: an error
//! refused ─► the same secret is not tried again for a minute: each try costs three seconds
//! ```

use std::time::Duration;

use pve::{Answer, Credentials, Failure, Method, Secret, SecretSource, call};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::wire::Wire;
use super::{ClientError, secret};

/// How long a ticket is used; it is good for two hours.
const TICKET: Duration = Duration::from_secs(100 * 60);

/// How long a secret that was refused is not tried again.
const REFUSED: Duration = Duration::from_secs(60);

const CSRF: HeaderName = HeaderName::from_static("csrfpreventiontoken");

/// Gives out what a request needs to be let in.
pub(super) struct Keeper {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pass: Option<Held>,
    refused: Option<Refused>,
    /// Counts the passes, so that a refusal is told from one of an older pass.
    serial: u64,
    /// The pass is of the one login that a 401 brings about.
    is_second: bool,
}

struct Held {
    pass: Pass,
    secret: Secret,
    since: Instant,
}

struct Refused {
    secret: Secret,
    at: Instant,
    error: ClientError,
}

/// What lets a request in.
#[derive(Clone)]
pub(super) struct Pass {
    serial: u64,
    headers: HeaderMap,
    csrf: Option<HeaderValue>,
}

impl Pass {
    /// The headers of a request.
    pub(super) fn headers(&self, method: Method) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let (Method::Post | Method::Put | Method::Delete, Some(csrf)) = (method, &self.csrf) {
            headers.insert(CSRF, csrf.clone());
        }
        headers
    }
}

impl Keeper {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
        }
    }

    /// A pass: the one at hand, or a new one.
    pub(super) async fn pass(&self, wire: &Wire) -> Result<Pass, ClientError> {
        let credentials = &wire.settings().credentials;
        let mut state = self.state.lock().await;
        if let Some(pass) = state.current(credentials) {
            return Ok(pass);
        }
        let secret = secret::read(source(credentials)).await?;
        if let Some(error) = state.refusal_of(&secret) {
            return Err(error);
        }
        let made = match credentials {
            Credentials::Token { id, .. } => token(id, &secret),
            Credentials::Ticket { user, .. } => login(wire, user, &secret).await,
        };
        match made {
            Ok((headers, csrf)) => Ok(state.hold(headers, csrf, secret)),
            Err(ClientError::Api(Failure::Unauthorized(why))) => {
                Err(state.refuse(secret, refused(credentials, &why)))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes in that a pass was refused with a 401. `Ok`: another one may be tried.
    pub(super) async fn refused(
        &self,
        wire: &Wire,
        pass: &Pass,
        answer: &Answer,
    ) -> Result<(), ClientError> {
        let credentials = &wire.settings().credentials;
        let mut state = self.state.lock().await;
        if state.serial != pass.serial {
            return Ok(());
        }
        let Some(held) = state.pass.take() else {
            return Ok(());
        };
        if matches!(credentials, Credentials::Ticket { .. }) && !state.is_second {
            state.is_second = true;
            return Ok(());
        }
        Err(state.refuse(held.secret, refused(credentials, &answer.reason)))
    }

    /// Takes in that a pass was good.
    pub(super) async fn accepted(&self, pass: &Pass) {
        let mut state = self.state.lock().await;
        if state.serial == pass.serial {
            state.is_second = false;
        }
    }
}

impl State {
    fn current(&self, credentials: &Credentials) -> Option<Pass> {
        let held = self.pass.as_ref()?;
        let is_old =
            matches!(credentials, Credentials::Ticket { .. }) && held.since.elapsed() >= TICKET;
        (!is_old).then(|| held.pass.clone())
    }

    /// The error of a secret that was refused a moment ago.
    fn refusal_of(&self, secret: &Secret) -> Option<ClientError> {
        let refused = self.refused.as_ref()?;
        let is_same = refused.secret.reveal() == secret.reveal();
        (is_same && refused.at.elapsed() < REFUSED).then(|| refused.error.clone())
    }

    fn hold(&mut self, headers: HeaderMap, csrf: Option<HeaderValue>, secret: Secret) -> Pass {
        self.serial += 1;
        let pass = Pass {
            serial: self.serial,
            headers,
            csrf,
        };
        self.pass = Some(Held {
            pass: pass.clone(),
            secret,
            since: Instant::now(),
        });
        pass
    }

    fn refuse(&mut self, secret: Secret, error: ClientError) -> ClientError {
        self.refused = Some(Refused {
            secret,
            at: Instant::now(),
            error: error.clone(),
        });
        error
    }
}

const fn source(credentials: &Credentials) -> &SecretSource {
    match credentials {
        Credentials::Token { secret, .. } => secret,
        Credentials::Ticket { password, .. } => password,
    }
}

type Headers = (HeaderMap, Option<HeaderValue>);

fn token(id: &str, secret: &Secret) -> Result<Headers, ClientError> {
    let value = sensitive(format!("PVEAPIToken={id}={}", secret.reveal()))?;
    Ok((HeaderMap::from_iter([(AUTHORIZATION, value)]), None))
}

async fn login(wire: &Wire, user: &str, password: &Secret) -> Result<Headers, ClientError> {
    let call = call::access::ticket(user, password);
    let end = Instant::now() + wire.settings().call;
    let answer = wire.send(&call, &HeaderMap::new(), end).await?;
    let data = answer.data()?;
    let text = |key: &str| data.get(key).and_then(Value::as_str);
    if data.get("NeedTFA").is_some_and(|it| it != 0) {
        return Err(ClientError::Secret(format!(
            "{user} logs in with a second factor, which nobody is there to give; use an API token"
        )));
    }
    let (Some(ticket), Some(csrf)) = (text("ticket"), text("CSRFPreventionToken")) else {
        let why = "the login was answered without a ticket".to_owned();
        return Err(Failure::Garbage(why).into());
    };
    let cookie = sensitive(format!("PVEAuthCookie={ticket}"))?;
    let headers = HeaderMap::from_iter([(COOKIE, cookie)]);
    Ok((headers, Some(sensitive(csrf.to_owned())?)))
}

fn sensitive(text: String) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_maybe_shared(text.into_bytes())
        .map_err(|_| ClientError::Secret("the secret cannot be sent in a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What to say when the API does not let in who asks.
fn refused(credentials: &Credentials, why: &str) -> ClientError {
    let place = secret::shown(source(credentials));
    let what = match credentials {
        Credentials::Token { id, .. } => {
            let user = id.split('!').next().unwrap_or_default();
            format!(
                "API token {id} ({why}); check that it is there and has not expired (`pveum user \
                 token list {user}` on a node), and that its secret is in {place}"
            )
        }
        Credentials::Ticket { user, .. } => format!(
            "user {user} ({why}); check that the user is there and enabled (`pveum user list` on \
             a node), and that the password is in {place}"
        ),
    };
    Failure::Unauthorized(what).into()
}
