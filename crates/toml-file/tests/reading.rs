//! Files are read key by key, and every mistake is told with its place.

use std::path::Path;
use std::time::Duration;

use toml_file::{Mistakes, Table, told, value};

/// What is said of `text` by a reader that knows a few keys.
fn mistakes(text: &str) -> String {
    let mut mistakes = Mistakes::default();
    if let Some(document) = mistakes.collect(toml_file::parse(text)) {
        read(&Table::file(&document), &mut mistakes);
    }
    let (mistakes, more) = mistakes.located(text);
    told(Some(Path::new("a.toml")), &mistakes, more)
}

fn read(file: &Table<'_>, mistakes: &mut Mistakes) {
    file.allow_only(
        &["port", "pause", "quiet", "start", "tags", "host", "hold"],
        mistakes,
    );
    file.read("port", mistakes, |value| {
        value::number(value, 1..=u16::MAX, "a number from 1 to 65535")
    });
    let (shortest, longest) = (Duration::from_secs(1), Duration::from_secs(60));
    file.read("pause", mistakes, |value| {
        value::duration(value, shortest..=longest)
    });
    file.read("quiet", mistakes, value::flag);
    file.read("start", mistakes, value::argv);
    file.read("tags", mistakes, value::texts);
    for (_, host) in file.tables("host", mistakes) {
        host.allow_only(&["name"], mistakes);
    }
    for hold in file.list("hold", mistakes) {
        if !hold.has("who") {
            mistakes.push(hold.lacks("who").with_note("a hold says whom it is for"));
        }
    }
}

#[test]
fn nothing_is_said_of_what_is_right() {
    let text = r#"
port = 0x16
pause = "1m"
quiet = true
start = ["run", "", "\n"]
tags = "one"
host.a = { name = "x" }
hold = [{ who = "a" }]
"#;
    assert_eq!(mistakes(text), "");
}

#[test]
fn every_mistake_is_told_in_the_order_of_the_file() {
    let text = r#"
port = 65536
pause = "100ms"
quiet = "yes"
start = []
tags = ["a", 1]
hots = 1
host = { a = 1, b = { nmae = "x" } }
hold = [{}, 7]
"#;
    insta::assert_snapshot!(mistakes(text));
}

#[test]
fn a_value_is_told_by_what_is_wrong_with_it() {
    let table = [
        ("port = 0", "`port` expects a number from 1 to 65535"),
        ("port = -1", "`port` expects a number from 1 to 65535"),
        ("port = \"22\"", "not a string"),
        ("port = 1.5", "not a number"),
        ("pause = \"0s\"", "`pause` must be more than zero"),
        ("pause = \"61s\"", "`pause` must be at most 1m"),
        ("pause = 5", "not a number"),
        ("start = [\"\"]", "`start` is empty"),
        ("start = [\"a\", \"\\u0000\"]", "`start` holds a zero"),
        ("tags = \"\\u001b\"", "`tags` holds a control character"),
        ("tags = []\nhold = 1", "expects a list of tables ([[hold]])"),
        ("host = []", "expects a table ([host]), not a list"),
        ("port =", "not TOML"),
    ];
    for (text, expected) in table {
        let told = mistakes(text);
        assert!(told.contains(expected), "{text}: {told}");
    }
}

#[test]
fn only_so_many_mistakes_are_told_and_the_rest_is_counted() {
    let text: String = (0..100).map(|at| format!("x{at} = 1\n")).collect();
    let told = mistakes(&text);
    assert!(told.ends_with("\n\nand 80 more"), "{told}");
    assert_eq!(told.matches("a.toml:").count(), 20);
}

#[test]
fn what_is_hidden_is_not_shown() {
    let text = "port = \"hunter2\"";
    let mut mistakes = Mistakes::default();
    mistakes.hide(std::iter::once(7..16).collect());
    let document = toml_file::parse(text).expect("TOML");
    read(&Table::file(&document), &mut mistakes);
    let (mistakes, more) = mistakes.located(text);
    let told = told(None, &mistakes, more);
    assert!(
        told.starts_with("1:8: `port` expects") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn bytes_that_are_no_text_have_their_place() {
    let mut mistakes = Mistakes::default();
    assert!(mistakes.collect(toml_file::text(b"a = 1\n\xff")).is_none());
    assert_eq!(mistakes.located("a = 1\n\u{fffd}").0[0].line(), 2);
}
