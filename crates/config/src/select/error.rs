//! Why a selection came to nothing.

use conditions::GuestId;
use thiserror::Error;
use toml_file::did_you_mean;

use crate::Selector;

/// So many guests of one name are listed.
const LISTED: usize = 10;

/// Why a selection came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectError {
    /// No selector was given.
    #[error("no guest was named: name some, or `all` (`hospes guests` lists them)")]
    NothingAsked,
    /// There are no guests.
    #[error(
        "there are no guests: add a [guest.NAME] table; of a cluster only those are seen that its \
         token may audit (VM.Audit) and that `include` and `exclude` let be"
    )]
    NoGuests,
    /// A selector chooses nobody.
    #[error("{}{} (`hospes guests` lists them)", nobody(.selector), offered(.near))]
    Nobody {
        /// The selector.
        selector: Selector,
        /// Words that are near.
        near: Vec<String>,
    },
    /// Proxmox VE calls several guests so.
    #[error("`{name}` is the name of {} machines: {}; name one of them", .guests.len(), listed(.guests))]
    Ambiguous {
        /// Their name in Proxmox VE.
        name: GuestId,
        /// Their own names, in order.
        guests: Vec<GuestId>,
    },
}

fn nobody(selector: &Selector) -> String {
    match selector {
        Selector::All => "there is no guest".to_owned(),
        Selector::Name(name) => format!("no guest `{name}`"),
        Selector::Glob(pattern) => format!("no guest's name matches `{pattern}`"),
        Selector::Tag(tag) => format!("no guest has the tag `{tag}`"),
        Selector::Pool(pool) => format!("no guest is in the pool `{pool}`"),
        Selector::Node(node) => format!("no guest is on the node `{node}`"),
        Selector::Cluster(name) => format!("no guest is in the cluster `{name}`"),
        Selector::Ids(ids) if ids.start() == ids.end() => {
            format!("no guest has the id {}", ids.start())
        }
        Selector::Ids(ids) => format!("no guest has an id from {} to {}", ids.start(), ids.end()),
    }
}

fn offered(near: &[String]) -> String {
    did_you_mean(near)
        .map(|question| format!("; {question}"))
        .unwrap_or_default()
}

fn listed(guests: &[GuestId]) -> String {
    let shown: Vec<String> = guests
        .iter()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = guests.len() - shown.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}
