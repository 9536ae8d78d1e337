//! Reads how a patch run ended: the document of `patch::run::Outcome`.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::super::proof::{boot_id, text};
use crate::vm::Vm;

/// How a run ended.
#[derive(Debug)]
pub(super) struct Outcome(Value);

impl Outcome {
    /// Reads a document.
    pub(super) const fn of(document: Value) -> Self {
        Self(document)
    }

    /// One part of what the run has seen.
    pub(super) fn seen(&self, name: &str) -> &Value {
        &self.0["report"][name]
    }

    /// Fails unless the run ended so.
    pub(super) fn expect_ending(&self, ending: &str) -> Result<&Self> {
        ensure!(
            self.0["ending"]["ending"] == ending,
            "not {ending}: {}",
            self.0["ending"]
        );
        Ok(self)
    }

    /// Fails unless the end says `words` somewhere.
    pub(super) fn expect_end_says(&self, words: &str) -> Result<&Self> {
        let end = self.0["ending"].to_string();
        ensure!(end.contains(words), "`{words}` is not said: {end}");
        Ok(self)
    }

    /// Fails unless exactly these packages were upgraded: name, older and newer version, and whether for
    /// security.
    pub(super) fn expect_upgraded(&self, expected: &[(&str, &str, &str, bool)]) -> Result<&Self> {
        let changes = self.list("changes")?;
        let upgraded = changes.iter().filter(|change| change["kind"] == "upgraded");
        let mut upgraded: Vec<(String, String, String, bool)> = upgraded
            .map(|change| {
                let part = |name: &str| text(&change[name]);
                (
                    part("package"),
                    part("from"),
                    part("to"),
                    change["security"] == true,
                )
            })
            .collect();
        upgraded.sort();
        let mut expected: Vec<(String, String, String, bool)> = expected
            .iter()
            .map(|(name, from, to, security)| {
                (
                    (*name).to_owned(),
                    (*from).to_owned(),
                    (*to).to_owned(),
                    *security,
                )
            })
            .collect();
        expected.sort();
        ensure!(upgraded == expected, "upgraded: {upgraded:?}");
        Ok(self)
    }

    /// Fails unless exactly these packages stay as they are, each for its reason.
    pub(super) fn expect_withheld(&self, expected: &[(&str, &str)]) -> Result<&Self> {
        let withheld = self.list("withheld")?;
        let mut withheld: Vec<(String, String)> = withheld
            .iter()
            .map(|one| (text(&one["package"]), text(&one["why"]["reason"])))
            .collect();
        withheld.sort();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(name, why)| ((*name).to_owned(), (*why).to_owned()))
            .collect();
        ensure!(withheld == expected, "withheld: {withheld:?}");
        Ok(self)
    }

    /// Fails unless the run proved that boot `old` ended and that the guest runs the new one.
    pub(super) async fn expect_rebooted(&self, vm: &Vm, old: &str) -> Result<()> {
        let proof = self.seen("reboot");
        ensure!(text(&proof["old"]) == old, "another boot ended: {proof}");
        let now = boot_id(vm).await?;
        ensure!(now != old, "the boot id is the same");
        ensure!(text(&proof["new"]) == now, "the guest runs {now}: {proof}");
        Ok(())
    }

    fn list(&self, name: &str) -> Result<&Vec<Value>> {
        let upgraded = self.seen("upgraded");
        let list = upgraded[name].as_array();
        list.with_context(|| format!("no {name}: {}", self.0))
    }
}
