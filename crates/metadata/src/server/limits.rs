//! How much there may be.

use std::collections::BTreeMap;
use std::time::Duration;

use super::layer::Layer;
use super::{ChangeError, rules};
use crate::Key;

/// How much one scope may hold, so that no guest costs more memory than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one value.
    pub value_bytes: usize,
    /// Values that operators may set in one scope.
    pub values: usize,
    /// Bytes of these, keys and values.
    pub values_bytes: usize,
    /// Guest attributes of one guest.
    pub guest_attributes: usize,
    /// Bytes of these, keys and values.
    pub guest_attributes_bytes: usize,
    /// The longest that a hanging GET may ask to wait.
    pub longest_wait: Duration,
}

impl Default for Limits {
    /// Those of Compute Engine where it names them.
    fn default() -> Self {
        Self {
            value_bytes: 256 << 10,
            values: 1024,
            values_bytes: 512 << 10,
            guest_attributes: 256,
            guest_attributes_bytes: 512 << 10,
            longest_wait: Duration::from_secs(3600),
        }
    }
}

/// Values that are counted together.
struct Class {
    of_guest: bool,
    what: &'static str,
    most: usize,
    most_bytes: usize,
}

impl Limits {
    /// Judges changes as a whole. Limits hold for what is added to: taking away is allowed in any
    /// case.
    pub(super) fn check(
        &self,
        layer: &Layer,
        wanted: &BTreeMap<&Key, Option<&str>>,
    ) -> Result<(), ChangeError> {
        let changed: Vec<&str> = wanted.keys().map(|key| key.as_str()).collect();
        for class in self.classes() {
            let added = wanted
                .iter()
                .filter_map(|(key, value)| Some((key.as_str(), (*value)?)))
                .filter(|(key, _)| class.counts(key));
            let kept = layer
                .set()
                .filter(|(key, _)| class.counts(key) && changed.binary_search(key).is_err());
            if added.clone().next().is_some() {
                class.check(kept.chain(added))?;
            }
        }
        Ok(())
    }

    const fn classes(&self) -> [Class; 2] {
        [
            Class {
                of_guest: false,
                what: "values",
                most: self.values,
                most_bytes: self.values_bytes,
            },
            Class {
                of_guest: true,
                what: "guest attributes",
                most: self.guest_attributes,
                most_bytes: self.guest_attributes_bytes,
            },
        ]
    }
}

impl Class {
    fn counts(&self, key: &str) -> bool {
        rules::is_guest_attribute(key) == self.of_guest
    }

    fn check<'a>(
        &self,
        values: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ChangeError> {
        let (count, bytes) = values.fold((0, 0), |(count, bytes), (key, value)| {
            (count + 1, bytes + key.len() + value.len())
        });
        let what = self.what;
        if count > self.most {
            return Err(ChangeError::TooMany {
                what,
                limit: self.most,
            });
        }
        if bytes > self.most_bytes {
            return Err(ChangeError::Full {
                what,
                limit: self.most_bytes,
            });
        }
        Ok(())
    }
}
