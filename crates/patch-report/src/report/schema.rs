//! The root of the data, and the version of its form.

use serde::Serialize;

use super::attention::Attention;
use super::campaign::{Campaign, Event};
use super::member::{LeftOut, Member};
use super::package::{Package, WithheldPackage};
use super::summary::Summary;
use super::wave::Group;

/// What a campaign came to. Moments are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The form of the JSON.
    pub schema: Schema,
    /// The campaign as a whole.
    pub campaign: Campaign,
    /// In numbers.
    pub summary: Summary,
    /// What needs a person, the most urgent first.
    pub attention: Vec<Attention>,
    /// In the order of the plan.
    pub groups: Vec<Group>,
    /// Everybody of the plan, in its order.
    pub members: Vec<Member>,
    /// Who is not in the plan, and why.
    pub left_out: Vec<LeftOut>,
    /// The packages that are not as they were, by name.
    pub packages: Vec<Package>,
    /// The packages that stay, by reason and name.
    pub withheld: Vec<WithheldPackage>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

/// The form of the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Schema {
    /// The first.
    #[serde(rename = "hospes.patch-report/1")]
    V1,
}
