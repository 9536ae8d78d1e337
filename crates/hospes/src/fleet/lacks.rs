//! What a cluster's token or user may not do that patching its nodes takes.
//!
//! It is told before anything is begun: without `Sys.Audit` a node's API hides tasks of others, and a
//! backup in flight would not be seen.

use pve::Credentials;
use pve::privileges::{MissingForNodes, NodePurpose, grants_for_nodes};

/// Privileges that are missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lacks {
    who: String,
    missing: Vec<MissingForNodes>,
}

impl Lacks {
    pub(super) fn of(credentials: &Credentials, missing: Vec<MissingForNodes>) -> Self {
        let who = match credentials {
            Credentials::Token { id, .. } => id.clone(),
            Credentials::Ticket { user, .. } => user.clone(),
        };
        Self { who, missing }
    }

    /// The same for a cluster that has no Ceph.
    pub(crate) fn without_ceph(&self) -> Self {
        let missing = self.missing.iter();
        let missing = missing.filter(|it| it.purpose != NodePurpose::Noout);
        Self {
            who: self.who.clone(),
            missing: missing.cloned().collect(),
        }
    }

    /// Who lacks what, in one line; none if nothing is missing.
    pub(crate) fn words(&self) -> Option<String> {
        let each = self.missing.iter().map(|it| {
            let (privilege, paths) = (it.purpose.privilege(), it.paths.join(", "));
            format!("{privilege} on {paths} ({})", it.purpose.verbs())
        });
        let each: Vec<String> = each.collect();
        let told = || format!("{} lacks {}", self.who, each.join(", "));
        (!each.is_empty()).then(told)
    }

    /// Commands for a shell of a node that grant it.
    pub(crate) fn grants(&self) -> Vec<String> {
        grants_for_nodes(&self.who, &self.missing)
    }
}

#[cfg(test)]
mod tests {
    use conditions::NodeName;
    use pve::SecretSource;
    use pve::privileges::Privileges;

    use super::*;

    fn lacks(privileges: &Privileges) -> Lacks {
        let credentials = Credentials::Token {
            id: "hospes@pve!main".to_owned(),
            secret: SecretSource::Environment("TOKEN".to_owned()),
        };
        let missing = privileges.missing_for_nodes(&[NodeName::new("pve1")], &[101]);
        Lacks::of(&credentials, missing)
    }

    #[test]
    fn who_lacks_what_is_told_with_what_grants_it_and_noout_only_where_there_is_ceph() {
        let nothing = lacks(&Privileges::default());
        let words = nothing.words().unwrap();
        for part in [
            "hospes@pve!main lacks Sys.Audit on /nodes",
            "VM.Migrate on /vms/101",
            "Sys.Modify on / ",
        ] {
            assert!(words.contains(part), "{words}");
        }
        let without = nothing.without_ceph();
        assert!(!without.words().unwrap().contains("noout"));
        assert!(without.grants().iter().any(|it| it.contains("HospesMove")));
        assert!(Lacks::default().words().is_none());
    }
}
