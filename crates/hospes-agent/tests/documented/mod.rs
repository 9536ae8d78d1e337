//! The table of differences and its document say the same.

use std::path::Path;

use crate::differences::{DIFFERENCES, DOCUMENT};

/// Where the document speaks of what the comparison sees; the rest of it is about other things.
const BEGIN: &str = "<!-- compared: begin -->";
const END: &str = "<!-- compared: end -->";

#[test]
fn every_difference_is_in_the_document_with_its_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(DOCUMENT);
    let text = std::fs::read_to_string(&path).unwrap();
    let compared = text
        .split_once(BEGIN)
        .and_then(|(_, rest)| rest.split_once(END));
    let (compared, _) = compared.expect("the document marks the part that is compared");
    let told: Vec<(&str, &str)> = compared
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .collect();
    for difference in DIFFERENCES {
        let row = told.iter().find(|(key, _)| *key == difference.key);
        let (_, row) = row.unwrap_or_else(|| panic!("`{}` is not documented", difference.key));
        assert!(
            row.contains(difference.reason),
            "`{}`: the document gives another reason than \"{}\"",
            difference.key,
            difference.reason
        );
    }
    for (key, _) in told {
        assert!(
            DIFFERENCES.iter().any(|difference| difference.key == key),
            "`{key}` is documented, and no comparison knows it"
        );
    }
}
