//! What was asked, for tests to assert.

use std::collections::BTreeMap;

/// One request. It holds no secret: passwords are left out, and headers are not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The node whose API was asked.
    pub asked: String,
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// Below `/api2/json`, decoded.
    pub path: String,
    /// Parameters of query and form in their order.
    pub parameters: Vec<(String, String)>,
    /// The status that was answered; none while it is not answered.
    pub status: Option<u16>,
}

impl Seen {
    /// The first value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

const SECRET: [&str; 3] = ["password", "otp", "tfa-challenge"];

/// The requests of a cluster's life, and how many agent calls were in flight at once.
#[derive(Debug, Default)]
pub(super) struct Requests {
    all: Vec<Seen>,
    agent_calls: BTreeMap<String, Gauge>,
}

#[derive(Debug, Default)]
struct Gauge {
    now: usize,
    most: usize,
}

impl Requests {
    /// Notes a request and returns its number.
    pub(super) fn note(&mut self, mut seen: Seen) -> usize {
        seen.parameters
            .retain(|(name, _)| !SECRET.contains(&name.as_str()));
        self.all.push(seen);
        self.all.len() - 1
    }

    pub(super) fn answered(&mut self, number: usize, status: u16) {
        if let Some(seen) = self.all.get_mut(number) {
            seen.status = Some(status);
        }
    }

    pub(super) fn agent_call_begins(&mut self, node: &str) {
        let gauge = self.agent_calls.entry(node.to_owned()).or_default();
        gauge.now += 1;
        gauge.most = gauge.most.max(gauge.now);
    }

    pub(super) fn agent_call_ends(&mut self, node: &str) {
        if let Some(gauge) = self.agent_calls.get_mut(node) {
            gauge.now = gauge.now.saturating_sub(1);
        }
    }

    pub(super) fn all(&self) -> &[Seen] {
        &self.all
    }

    pub(super) fn most_agent_calls(&self) -> BTreeMap<String, usize> {
        let each = self.agent_calls.iter();
        each.map(|(node, gauge)| (node.clone(), gauge.most))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_kept_and_the_high_water_mark_stays() {
        let mut requests = Requests::default();
        let parameters = [("username", "lab@pve"), ("password", "secret")];
        let number = requests.note(Seen {
            asked: "pve1".to_owned(),
            method: "POST".to_owned(),
            path: "/access/ticket".to_owned(),
            parameters: parameters
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .to_vec(),
            status: None,
        });
        requests.answered(number, 200);
        assert!(!format!("{:?}", requests.all()).contains("secret"));
        assert_eq!(requests.all()[0].parameter("username"), Some("lab@pve"));
        for _ in 0..2 {
            requests.agent_call_begins("pve1");
        }
        requests.agent_call_ends("pve1");
        assert_eq!(requests.most_agent_calls()["pve1"], 2);
    }
}
