//! Reports of whole campaigns, in all three forms.

#![allow(clippy::unwrap_used, reason = "tests stop at what they do not expect")]

mod any;
mod guest;
mod story;
mod world;

use plan::Zone;

fn berlin() -> Zone {
    Zone::named("Europe/Berlin").unwrap()
}

#[test]
fn a_night_reads_as_markdown() {
    insta::assert_snapshot!(story::report().markdown(&berlin()));
}

#[test]
fn a_night_reads_as_html() {
    insta::assert_snapshot!(story::report().html(&berlin()));
}

#[test]
fn a_night_reads_as_json() {
    insta::assert_json_snapshot!(story::report());
}
