//! The service as a guest and an operator meet it.

mod changes;
mod fixture;
mod hanging;
mod model;
mod protocol;
mod shapes;

use super::*;
use crate::Key;
use crate::control::{Change, Record, Scope};
use fixture::{change, get, guest, hang, key, now, put, read, service, service_with, set, unset};
