//! Choosing guests.

mod files;

use config::{Config, SelectError, Selector};
use files::load;

fn fleet() -> Config {
    let guest =
        |name: &str, tags: &str| format!("[guest.{name}]\nqmp = \"/{name}\"\ntags = [{tags}]\n");
    let guests = [
        guest("web2", "'web'"),
        guest("web1", "'web', 'canary'"),
        guest("db1", "'db', 'canary'"),
        guest("cache", ""),
    ];
    load(guests.concat()).expect("a configuration")
}

fn select(config: &Config, selectors: &[&str]) -> Result<Vec<String>, SelectError> {
    let selectors: Vec<Selector> = selectors
        .iter()
        .map(|text| text.parse().expect("a selector"))
        .collect();
    let guests = config.select(&selectors)?;
    Ok(guests
        .into_iter()
        .map(|guest| guest.name.to_string())
        .collect())
}

#[test]
fn guests_come_once_in_the_order_asked_for_and_by_name() {
    let config = fleet();
    for (selectors, expected) in [
        (vec!["all"], vec!["cache", "db1", "web1", "web2"]),
        (vec!["web2"], vec!["web2"]),
        (vec!["web2", "web1", "web2"], vec!["web2", "web1"]),
        (vec!["web*"], vec!["web1", "web2"]),
        (vec!["*1", "tag:web"], vec!["db1", "web1", "web2"]),
        (
            vec!["tag:canary", "all"],
            vec!["db1", "web1", "cache", "web2"],
        ),
    ] {
        assert_eq!(
            select(&config, &selectors).unwrap(),
            expected,
            "{selectors:?}"
        );
    }
}

#[test]
fn a_selector_that_chooses_nothing_is_answered_with_what_is_near() {
    let config = fleet();
    for (selectors, told) in [
        (
            vec!["web9"],
            "no guest `web9`; did you mean `web1` or `web2`? (`hospes guests` lists them)",
        ),
        (
            vec!["web1", "ceche"],
            "no guest `ceche`; did you mean `cache`? (`hospes guests` lists them)",
        ),
        (vec!["mail"], "no guest `mail` (`hospes guests` lists them)"),
        (
            vec!["tag:wev"],
            "no guest has the tag `wev`; did you mean `web`? (`hospes guests` lists them)",
        ),
        (
            vec!["mail*"],
            "no guest's name matches `mail*` (`hospes guests` lists them)",
        ),
        (
            vec![],
            "no guest was named: name some, or `all` (`hospes guests` lists them)",
        ),
    ] {
        assert_eq!(select(&config, &selectors).unwrap_err().to_string(), told);
    }
    let empty = load("").unwrap();
    assert_eq!(select(&empty, &["all"]), Err(SelectError::NoGuests));
}

#[test]
fn what_is_no_selector_is_told_with_the_forms_there_are() {
    insta::assert_snapshot!(
        "web1,web2".parse::<Selector>().unwrap_err(),
        @"`web1,web2` selects nothing: write `all`, a guest's name, a pattern such as `web*`, or `tag:web`"
    );
}
