//! Choosing guests.

mod files;

use config::{Config, Discovered, Guest, SelectError, Selector};
use files::{cluster, load};

fn fleet() -> Vec<Guest> {
    let guest =
        |name: &str, tags: &str| format!("[guest.{name}]\nqmp = \"/{name}\"\ntags = [{tags}]\n");
    let guests = [
        guest("web2", "'web'"),
        guest("web1", "'web', 'canary'"),
        guest("db1", "'db', 'canary'"),
        guest("cache", ""),
    ];
    let config = load(guests.concat()).expect("a configuration");
    config.guests.into_values().rev().collect()
}

fn discovered(vmid: u32, name: &str, node: &str, pool: Option<&str>, tags: &[&str]) -> Discovered {
    Discovered {
        vmid,
        name: Some(name.to_owned()),
        node: node.to_owned(),
        pool: pool.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

/// Two clusters and a guest on this machine.
fn site() -> (Config, Vec<Guest>) {
    let guests = "[guest.web1]\nqmp = \"/web1\"\n[guest.shop]\ncluster = \"home\"\nvmid = 101\n";
    let text = format!("{}{}{guests}", cluster("home"), cluster("lab"));
    let config = load(text).expect("a configuration");
    let home = [
        discovered(101, "shop-eu", "pve1", Some("prod"), &["c++"]),
        discovered(102, "web1", "pve1", Some("prod/web"), &["web"]),
        discovered(103, "db1", "pve2", None, &["db"]),
    ];
    let lab = [
        discovered(101, "db1", "n1", None, &[]),
        discovered(150, "debian-2024", "n1", None, &["web"]),
    ];
    let local = config
        .guests
        .values()
        .filter(|guest| guest.place.local().is_some());
    let mut all: Vec<Guest> = local.cloned().collect();
    all.extend(config.adopt("home", &home));
    all.extend(config.adopt("lab", &lab));
    (config, all)
}

fn selectors(words: &[&str]) -> Vec<Selector> {
    let parsed = words.iter().map(|text| text.parse().expect("a selector"));
    parsed.collect()
}

fn select(guests: &[Guest], words: &[&str]) -> Result<Vec<String>, SelectError> {
    let chosen = config::select(guests, &selectors(words))?;
    Ok(chosen
        .into_iter()
        .map(|guest| guest.name.to_string())
        .collect())
}

#[test]
fn guests_come_once_in_the_order_asked_for_and_by_name() {
    let guests = fleet();
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
            select(&guests, &selectors).unwrap(),
            expected,
            "{selectors:?}"
        );
    }
}

#[test]
fn a_selector_that_chooses_nothing_is_answered_with_what_is_near() {
    let guests = fleet();
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
        assert_eq!(select(&guests, &selectors).unwrap_err().to_string(), told);
    }
    assert_eq!(select(&[], &["all"]), Err(SelectError::NoGuests));
}

#[test]
fn what_is_no_selector_is_told_with_the_forms_there_are() {
    insta::assert_snapshot!(
        "web1,web2".parse::<Selector>().unwrap_err(),
        @"`web1,web2` selects nothing: write `all`, a guest's name, a pattern such as `web*`, `tag:web`, `pool:prod`, `node:pve1`, `cluster:home`, `id:101` or `id:100-199`"
    );
}

#[test]
fn guests_of_clusters_are_chosen_by_what_their_cluster_tells() {
    let (_, guests) = site();
    for (selector, expected) in [
        ("pool:prod", vec!["shop"]),
        ("pool:prod/web", vec!["home.web1-102"]),
        ("node:pve1", vec!["home.web1-102", "shop"]),
        ("cluster:lab", vec!["lab.db1-101", "lab.debian-2024-150"]),
        ("id:101", vec!["lab.db1-101", "shop"]),
        (
            "id:102-150",
            vec!["home.db1-103", "home.web1-102", "lab.debian-2024-150"],
        ),
        ("tag:web", vec!["home.web1-102", "lab.debian-2024-150"]),
        ("tag:c++", vec!["shop"]),
        ("shop*", vec!["shop"]),
        ("web*", vec!["home.web1-102", "web1"]),
        ("*.db1-10?", vec!["home.db1-103", "lab.db1-101"]),
    ] {
        assert_eq!(
            select(&guests, &[selector]).unwrap(),
            expected,
            "{selector}"
        );
    }
}

#[test]
fn a_guests_own_name_counts_before_its_name_in_proxmox_which_counts_if_it_is_the_only_one() {
    let (_, guests) = site();
    assert_eq!(select(&guests, &["web1"]).unwrap(), ["web1"]);
    assert_eq!(select(&guests, &["shop-eu"]).unwrap(), ["shop"]);
    let told = |name| select(&guests, &[name]).unwrap_err().to_string();
    assert_eq!(
        told("db1"),
        "`db1` is the name of 2 machines: `home.db1-103`, `lab.db1-101`; name one of them"
    );
    // It reads as the name of another machine, which may be gone.
    assert_eq!(
        told("debian-2024"),
        "no guest `debian-2024`; did you mean `lab.debian-2024-150`? (`hospes guests` lists them)"
    );
}

#[test]
fn what_is_near_is_offered_for_words_of_clusters_too() {
    let (_, guests) = site();
    for (selector, told) in [
        (
            "pool:pord",
            "no guest is in the pool `pord`; did you mean `prod`?",
        ),
        (
            "node:pve3",
            "no guest is on the node `pve3`; did you mean `pve1` or `pve2`?",
        ),
        (
            "cluster:hoem",
            "no guest is in the cluster `hoem`; did you mean `home`?",
        ),
        ("id:999", "no guest has the id 999"),
        ("id:200-299", "no guest has an id from 200 to 299"),
        (
            "shopeu",
            "no guest `shopeu`; did you mean `shop-eu` or `shop`?",
        ),
    ] {
        let error = select(&guests, &[selector]).unwrap_err().to_string();
        assert_eq!(error, format!("{told} (`hospes guests` lists them)"));
    }
}

#[test]
fn only_the_clusters_that_may_know_are_asked() {
    let (config, _) = site();
    for (words, expected) in [
        (vec!["web1"], vec![]),
        (vec!["shop"], vec!["home"]),
        (vec!["lab.db1-101"], vec!["lab"]),
        (vec!["web1", "shop", "cluster:lab"], vec!["home", "lab"]),
        (vec!["cluster:home"], vec!["home"]),
        (vec!["cluster:hoem"], vec!["home", "lab"]),
        (vec!["db1"], vec!["home", "lab"]),
        (vec!["tag:web"], vec!["home", "lab"]),
        (vec!["web*"], vec!["home", "lab"]),
        (vec!["all"], vec!["home", "lab"]),
    ] {
        let asked: Vec<&str> = config
            .clusters_for(&selectors(&words))
            .into_iter()
            .collect();
        assert_eq!(asked, expected, "{words:?}");
    }
    let one = load(cluster("home")).unwrap();
    let asked = one.clusters_for(&selectors(&["web1-101"]));
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["home"]);
}

#[test]
fn of_very_many_guests_of_one_name_the_first_are_listed() {
    let config = load(cluster("home")).unwrap();
    let found: Vec<_> = (100..150)
        .map(|vmid| discovered(vmid, "x", "n", None, &[]))
        .collect();
    let told = select(&config.adopt("home", &found), &["x"])
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("50 machines: `x-100`, ") && told.contains("`x-109` and 40 more;"),
        "{told}"
    );
}
