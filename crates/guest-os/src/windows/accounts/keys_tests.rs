use std::fs;

use tempfile::TempDir;

use super::*;
use crate::both::keys::{add_to, keys_of, remove_from};

/// Somebody whom this machine does not have.
const SID: &str = "S-1-5-21-1-2-3-1001";

fn profile() -> (TempDir, Account) {
    let place = tempfile::tempdir().expect("a directory");
    let account = Account::user(place.path(), SID);
    (place, account)
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn text(account: &Account) -> String {
    fs::read_to_string(account.key_file()).expect("a file")
}

#[test]
fn the_first_key_makes_folder_and_file() {
    let (_place, account) = profile();
    add_to(&account, &owned(&["algo key2 comments"]), false).expect("a key");
    assert_eq!(text(&account), "algo key2 comments\n");
    let entries = fs::read_dir(&account.folder).expect("a directory").count();
    assert_eq!(entries, 1, "nothing else is left behind");
}

#[test]
fn keys_are_added_reset_and_removed() {
    let (_place, account) = profile();
    fs::create_dir(&account.folder).expect("a directory");
    fs::write(account.key_file(), "# mine\r\nalgo key2\r\n").expect("a file");
    add_to(&account, &owned(&["algo key1", "algo key2"]), false).expect("keys");
    assert_eq!(text(&account), "# mine\r\nalgo key2\r\nalgo key1\n");
    let listed = keys_of(&account).expect("a file");
    assert_eq!(listed.keys, ["algo key2", "algo key1"]);
    remove_from(&account, &owned(&["algo key2", "algo key9"])).expect("keys");
    assert_eq!(text(&account), "# mine\r\nalgo key1\n");
    add_to(&account, &owned(&["algo key3"]), true).expect("keys");
    assert_eq!(text(&account), "algo key3\n");
}

#[test]
fn no_file_has_nothing_to_list_and_nothing_to_remove() {
    let (_place, account) = profile();
    let error = keys_of(&account).expect_err("no file").to_string();
    assert!(error.contains("authorized_keys"), "{error}");
    remove_from(&account, &owned(&["algo key"])).expect("nothing to do");
    assert!(!account.folder.exists());
}

#[test]
fn a_file_with_a_second_name_is_left_alone() {
    let (place, account) = profile();
    fs::create_dir(&account.folder).expect("a directory");
    let other = place.path().join("secret");
    fs::write(&other, "secret\n").expect("a file");
    fs::hard_link(&other, account.key_file()).expect("a second name");
    assert!(keys_of(&account).is_err());
    assert!(add_to(&account, &owned(&["algo key"]), false).is_err());
    assert_eq!(text(&account), "secret\n");
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let (_place, account) = profile();
    fs::write(&account.folder, "").expect("a file");
    let added = add_to(&account, &owned(&["algo key"]), false);
    let error = added.expect_err("no folder").to_string();
    assert!(error.starts_with("failed to open "), "{error}");
}

#[test]
fn lines_are_checked_before_the_user_is_looked_up() {
    let comment = owned(&["#k"]);
    for refused in [
        add_keys("nobody", &comment, false),
        remove_keys("nobody", &comment),
    ] {
        let error = refused.expect_err("a comment");
        assert_eq!(error.to_string(), "invalid OpenSSH public key: '#k'");
    }
}
