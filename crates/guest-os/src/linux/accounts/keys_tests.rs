use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use rustix::fs::{FileType, Gid, Mode, Uid};
use rustix::process::{getegid, geteuid};
use tempfile::TempDir;

use super::*;
use crate::Result;
use crate::both::keys::{add_to, keys_of, remove_from};

/// An account of our own, or of nobody's when root runs the tests.
struct Home {
    directory: TempDir,
    account: Account,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (user, group) = if geteuid().is_root() {
            (Uid::from_raw(54_321), Gid::from_raw(54_322))
        } else {
            (geteuid(), getegid())
        };
        let account = Account {
            name: "somebody".into(),
            user,
            group,
            home: directory.path().into(),
        };
        Self { directory, account }
    }

    /// With a `.ssh` of the user's.
    fn with_directory() -> Self {
        let home = Self::new();
        fs::create_dir(home.ssh()).expect("a directory");
        home.own(&home.ssh());
        home
    }

    fn with_file(text: &str) -> Self {
        let home = Self::with_directory();
        fs::write(home.file(), text).expect("a file");
        home.own(&home.file());
        home
    }

    fn own(&self, path: &std::path::Path) {
        rustix::fs::chown(path, Some(self.account.user), Some(self.account.group))
            .expect("our own file");
    }

    fn ssh(&self) -> PathBuf {
        self.directory.path().join(".ssh")
    }

    fn file(&self) -> PathBuf {
        self.ssh().join("authorized_keys")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).expect("a file")
    }

    fn add(&self, keys: &[&str], reset: bool) -> Result<()> {
        add_to(&self.account, &owned(keys), reset)
    }

    fn remove(&self, keys: &[&str]) -> Result<()> {
        remove_from(&self.account, &owned(keys))
    }

    fn is_the_users(&self, path: PathBuf, mode: u32) {
        let file = fs::symlink_metadata(&path).expect("a file");
        assert_eq!(file.permissions().mode() & 0o7777, mode, "{path:?}");
        let owner = (file.uid(), file.gid());
        let account = &self.account;
        assert_eq!(owner, (account.user.as_raw(), account.group.as_raw()));
    }
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn the_first_key_makes_directory_and_file_for_the_user_alone() {
    let home = Home::new();
    home.add(&["algo key2 comments"], false).expect("a key");
    assert_eq!(home.text(), "algo key2 comments\n");
    home.is_the_users(home.ssh(), 0o700);
    home.is_the_users(home.file(), 0o600);
    let entries = fs::read_dir(home.ssh()).expect("a directory").count();
    assert_eq!(entries, 1, "nothing else is left behind");
}

#[test]
fn keys_are_added_reset_and_removed() {
    let home = Home::with_file("# mine\nalgo key2 comments\n");
    fs::set_permissions(home.file(), fs::Permissions::from_mode(0o644)).expect("our own file");
    home.add(&["algo key1 comments", "algo key2 comments"], false)
        .expect("keys");
    assert_eq!(
        home.text(),
        "# mine\nalgo key2 comments\nalgo key1 comments\n"
    );
    home.is_the_users(home.file(), 0o600);
    let listed = keys_of(&home.account).expect("a file");
    assert_eq!(listed.keys, ["algo key2 comments", "algo key1 comments"]);

    home.remove(&["algo key2 comments", "algo key3"])
        .expect("a key");
    assert_eq!(home.text(), "# mine\nalgo key1 comments\n");

    home.add(&["algo key2 comments"], true).expect("a key");
    assert_eq!(home.text(), "algo key2 comments\n");
    home.add(&[], true).expect("no keys");
    assert_eq!(home.text(), "");
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let home = Home::with_file("algo key1");
    let inode = || fs::metadata(home.file()).expect("a file").ino();
    let before = inode();
    home.add(&["algo key1"], false).expect("known");
    home.remove(&["algo key2"]).expect("unknown");
    assert_eq!(inode(), before);
    assert_eq!(home.text(), "algo key1");
}

#[test]
fn a_missing_file_is_an_error_only_for_who_asks_what_is_in_it() {
    let away = Account {
        home: "/no/such/home".into(),
        ..Home::new().account
    };
    for home in [Home::new(), Home::with_directory()] {
        let error = keys_of(&home.account).expect_err("no file");
        let expected = format!("failed to read '{}': No such file", home.file().display());
        assert!(error.to_string().starts_with(&expected), "{error}");
        home.remove(&["algo key1"]).expect("nothing to do");
    }
    remove_from(&away, &owned(&["algo key1"])).expect("nothing to do");
    let error = add_to(&away, &owned(&["algo key1"]), false).expect_err("no home");
    assert!(
        error.to_string().contains("'/no/such/home/.ssh'"),
        "{error}"
    );
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let target = elsewhere.path().join("authorized_keys");
    fs::write(&target, "algo secret\n").expect("a file");

    let linked_directory = Home::new();
    symlink(elsewhere.path(), linked_directory.ssh()).expect("a link");
    let linked_file = Home::with_directory();
    symlink(&target, linked_file.file()).expect("a link");
    let dangling = Home::with_directory();
    symlink(elsewhere.path().join("new"), dangling.file()).expect("a link");

    for home in [&linked_directory, &linked_file, &dangling] {
        keys_of(&home.account).expect_err("a link");
        home.add(&["algo key1"], false).expect_err("a link");
        home.remove(&["algo secret"]).expect_err("a link");
    }
    // Not even when what is there does not matter: then the link goes, its target stays.
    linked_directory
        .add(&["algo key1"], true)
        .expect_err("a link");
    linked_file.add(&["algo key1"], true).expect("a new file");
    assert_eq!(linked_file.text(), "algo key1\n");
    assert!(!linked_file.file().is_symlink());
    let untouched = fs::read_to_string(&target).expect("a file");
    assert_eq!(untouched, "algo secret\n");
    let names = fs::read_dir(elsewhere.path()).expect("a directory").count();
    assert_eq!(names, 1);
}

#[test]
fn a_trap_where_the_new_file_goes_is_removed_not_written() {
    let home = Home::with_file("algo key1\n");
    let elsewhere = tempfile::NamedTempFile::new().expect("a file");
    symlink(elsewhere.path(), home.ssh().join(".authorized_keys.new")).expect("a link");
    home.add(&["algo key2"], false).expect("a key");
    assert_eq!(home.text(), "algo key1\nalgo key2\n");
    let untouched = fs::metadata(elsewhere.path()).expect("a file");
    assert_eq!(untouched.len(), 0);
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let pipe = Home::with_directory();
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, pipe.file(), FileType::Fifo, mode, 0).expect("a pipe");
    let directory = Home::with_directory();
    fs::create_dir(directory.file()).expect("a directory");
    for home in [pipe, directory] {
        keys_of(&home.account).expect_err("no file");
        home.add(&["algo key1"], false).expect_err("no file");
    }
}

#[test]
fn a_huge_file_is_left_alone() {
    let home = Home::with_file(&"#\n".repeat(1 << 20));
    let error = home.add(&["algo key1"], false).expect_err("too large");
    assert!(error.to_string().starts_with("failed to read '"));
    assert_eq!(home.text().len(), 2 << 20);
}

#[test]
fn what_belongs_to_others_is_not_given_to_the_user() {
    if !geteuid().is_root() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    let stranger = Some(Uid::from_raw(54_999));
    let foreign_directory = Home::with_file("algo key1\n");
    rustix::fs::chown(foreign_directory.ssh(), stranger, None).expect("root may");
    let foreign_file = Home::with_file("algo key1\n");
    rustix::fs::chown(foreign_file.file(), stranger, None).expect("root may");
    // As a user could do in times without fs.protected_hardlinks.
    let second_name = Home::with_directory();
    let secret = second_name.directory.path().join("secret");
    fs::write(&secret, "root:$6$secret\n").expect("a file");
    fs::hard_link(&secret, second_name.file()).expect("a link");
    for home in [foreign_directory, foreign_file, second_name] {
        keys_of(&home.account).expect_err("not the user's");
        home.add(&["algo key2"], false).expect_err("not the user's");
        assert!(!home.text().contains("key2"));
    }
    // A file that root put there, for this user alone, is taken and given to him.
    let prepared = Home::with_file("algo key1\n");
    rustix::fs::chown(prepared.file(), Some(Uid::ROOT), None).expect("root may");
    prepared.add(&["algo key2"], false).expect("a key");
    assert_eq!(prepared.text(), "algo key1\nalgo key2\n");
    prepared.is_the_users(prepared.file(), 0o600);
}

#[test]
fn changes_at_the_same_time_are_all_kept() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let home = &home;
            scope.spawn(move || {
                home.add(&[&format!("algo key{number}")], false)
                    .expect("a key");
            });
        }
    });
    assert_eq!(keys_of(&home.account).expect("a file").keys.len(), 8);
}

#[test]
fn lines_are_checked_before_the_user_is_looked_up() {
    let nobody = "no such user";
    for (keys, text) in [
        (owned(&["#k"]), "invalid OpenSSH public key: '#k'"),
        (owned(&["algo k"]), "failed to lookup user 'no such user'"),
    ] {
        for outcome in [add_keys(nobody, &keys, false), remove_keys(nobody, &keys)] {
            let error = outcome.expect_err("nobody");
            assert!(error.to_string().starts_with(text), "{error}");
        }
    }
    ssh_keys(nobody).expect_err("nobody");
}
