//! What the agent answers about accounts.

use serde::Serialize;

/// The answer to `guest-ssh-get-authorized-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuthorizedKeys {
    /// Lines of the user's `authorized_keys` (sshd(8)) without comments, in the file's order.
    pub keys: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_the_schema() {
        let keys = AuthorizedKeys {
            keys: vec!["ssh-ed25519 AAAA ann".into()],
        };
        assert_eq!(
            serde_json::to_value(keys).expect("a plain structure"),
            json!({"keys": ["ssh-ed25519 AAAA ann"]})
        );
    }
}
