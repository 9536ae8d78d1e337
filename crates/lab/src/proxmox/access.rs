//! Who asks: tokens, tickets, and the three seconds that a wrong one costs.

use super::http::Asked;
use super::permission::Principal;
use super::reply::ApiError;
use super::shared::{Secrets, now};

/// How long a ticket is good for.
const TICKET_SECONDS: u64 = 2 * 3600;
const TICKET: &str = "PVEAuthCookie=";

/// Who asks, or why nobody known does.
pub(super) fn authenticate(secrets: &Secrets, asked: &Asked) -> Result<Principal, ApiError> {
    if let Some(token) = asked.authorization.as_deref().and_then(token) {
        return match token == (Secrets::TOKEN_ID, secrets.token.as_str()) {
            true => Ok(Principal::token(Secrets::TOKEN_ID)),
            false => Err(ApiError::unauthorized("Authentication failed!")),
        };
    }
    let cookie = asked.cookie.as_deref().unwrap_or_default();
    let mut cookies = cookie.split(';').map(str::trim);
    let Some(ticket) = cookies.find_map(|cookie| cookie.strip_prefix(TICKET)) else {
        return Err(ApiError::unauthorized("No ticket"));
    };
    if !is_good(secrets, &super::parameters::decoded(ticket)) {
        return Err(ApiError::unauthorized(
            "permission denied - invalid PVE ticket",
        ));
    }
    let changes = asked.method != "GET";
    if changes && asked.csrf.as_deref() != Some(csrf(secrets).as_str()) {
        return Err(ApiError::unauthorized(
            "Permission denied - invalid csrf token",
        ));
    }
    Ok(Principal::user(Secrets::USER))
}

/// `PVEAPIToken=USER@REALM!ID=UUID`
fn token(header: &str) -> Option<(&str, &str)> {
    header.strip_prefix("PVEAPIToken=")?.rsplit_once('=')
}

/// Whether user and password are right; a ticket counts as a password, which renews it.
pub(super) fn logs_in(secrets: &Secrets, user: &str, password: &str) -> bool {
    user == Secrets::USER && (password == secrets.password || is_good(secrets, password))
}

pub(super) fn ticket(secrets: &Secrets) -> String {
    format!("PVE:{}:{:08X}::{}", Secrets::USER, now(), secrets.seal)
}

pub(super) fn csrf(secrets: &Secrets) -> String {
    format!("{:08X}:{}", 0, secrets.seal)
}

fn is_good(secrets: &Secrets, ticket: &str) -> bool {
    let fields: Vec<&str> = ticket.split(':').collect();
    let [kind, user, made, _, seal] = fields[..] else {
        return false;
    };
    let made = u64::from_str_radix(made, 16).unwrap_or_default();
    let known = kind == "PVE" && user == Secrets::USER && seal == secrets.seal;
    known && now().saturating_sub(made) < TICKET_SECONDS
}
