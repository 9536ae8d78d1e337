//! A metadata service with two guests: `web` asks, and may see nothing of `db`.

use metadata::control::{Record, Scope};
use metadata::server::{GuestFacts, Limits, Service};

pub const SECRET: &str = "only for another guest";
pub const LIMITS: Limits = Limits {
    value_bytes: 64,
    values: 4,
    values_bytes: 512,
    guest_attributes: 4,
    guest_attributes_bytes: 256,
    longest_wait: std::time::Duration::from_secs(60),
};

pub fn service() -> Service {
    let mut service = Service::new(7, LIMITS);
    for name in ["web", "db"] {
        service.add_guest(name, GuestFacts::default());
    }
    for (revision, (scope, key, value)) in (1..).zip([
        (
            Scope::Guest("db".to_owned()),
            "instance/attributes/a",
            SECRET,
        ),
        (
            Scope::Guest("db".to_owned()),
            "instance/guest-attributes/a/b",
            SECRET,
        ),
        (Scope::Guest("web".to_owned()), "instance/attributes/a", "1"),
        (Scope::Project, "project/attributes/a", "2"),
    ]) {
        service.restore(Record {
            scope,
            key: key.parse().expect("a key"),
            value: Some(value.to_owned()),
            revision,
        });
    }
    service
}
