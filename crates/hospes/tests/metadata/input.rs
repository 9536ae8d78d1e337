//! Bad input: what is said, and how the program ends.

use crate::home::{Home, err};

#[test]
fn what_cannot_be_is_answered_with_what_can() {
    let home = Home::new("");
    home.write("binary", b"\xff\xfe");
    home.write("large", &vec![b'x'; (256 << 10) + 1]);
    home.says(&["set", "web1", "a", "1"]);
    let long = "k".repeat(200);
    for (arguments, code, told) in [
        (&["set", "web1"][..], 2, "GUEST KEY [VALUE]"),
        (&["set", "web1", "a"], 2, "--file"),
        (
            &["set", "--project", "a", "b", "c"],
            2,
            "--project KEY [VALUE]",
        ),
        (&["set", "web1", "a", "b", "--file", "f"], 2, "--file"),
        (
            &["set", "--project", "a", "b", "--file", "f"],
            2,
            "not both",
        ),
        (
            &["set", "web1", "a", "--file", "missing"],
            1,
            "cannot read missing",
        ),
        (&["set", "web1", "a", "--file", "."], 1, "cannot read"),
        (&["set", "web1", "a", "--file", "binary"], 1, "not UTF-8"),
        (&["set", "web1", "a", "--file", "large"], 1, "262144 bytes"),
        (&["set", "wbe1", "a", "b"], 2, "web1"),
        (&["set", "a b", "a", "b"], 2, "no guest's name"),
        (&["set", "web*", "a", "b"], 2, "no guest's name"),
        (&["set", "web1", "", "b"], 2, "cannot be set"),
        (&["set", "web1", "a b", "c"], 2, "no part of a metadata key"),
        (
            &["set", "web1", "instance/../x", "c"],
            2,
            "no part of a metadata key",
        ),
        (&["set", "web1", &long, "c"], 2, "at most 128 bytes"),
        (
            &["set", "web1", "instance/id", "7"],
            2,
            "instance/attributes/*",
        ),
        (
            &["set", "web1", "project/attributes/a", "7"],
            2,
            "cannot be set",
        ),
        (
            &["set", "--project", "instance/attributes/a", "7"],
            2,
            "project/attributes/*",
        ),
        (
            &["set", "web1", "instance/preempted", "maybe"],
            2,
            "FALSE or TRUE",
        ),
        (
            &["get", "web1", "nothing"],
            1,
            "has no value at instance/attributes/nothing",
        ),
        (&["get"], 2, "GUEST"),
        (&["get", "--project", "a", "b"], 2, "--project [KEY]"),
        (&["unset", "web1"], 2, "GUEST KEY"),
        (
            &["unset", "web1", "instance/attributes/"],
            1,
            "is a directory",
        ),
        (&["watch", "web1"], 1, "hospes metadata serve"),
        (&["connect", "web1"], 1, "hospes metadata serve"),
    ] {
        let output = home.run(arguments);
        let err = err(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert!(err.contains(told), "{arguments:?}: {err}");
    }
    assert_eq!(home.says(&["get", "web1", "a"]), "1", "nothing was changed");
}

#[test]
fn a_damaged_value_is_told_beside_the_others() {
    let home = Home::new("");
    home.says(&["set", "web1", "a", "1"]);
    home.says(&["set", "web1", "b", "2"]);
    let damage = rusqlite::Connection::open(home.path("state/hospes.db")).unwrap();
    let sql = "UPDATE metadata SET revision = -1 WHERE key = 'instance/attributes/a'";
    assert_eq!(damage.execute(sql, []).unwrap(), 1);
    drop(damage);
    let output = home.run(&["get", "web1", "b"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2");
    assert!(
        err(&output).contains("`instance/attributes/a` of guest/web1 is damaged"),
        "{}",
        err(&output)
    );
    let (_, log) = home.serve().ends();
    assert!(log.contains("is damaged in the journal"), "{log}");
    home.says(&["set", "web1", "a", "mended"]);
    assert_eq!(err(&home.run(&["get", "web1", "a"])), "");
}

#[test]
fn every_command_has_a_page() {
    let home = Home::new("");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hospes"));
    let made = command.arg("man").arg(home.path("pages")).output().unwrap();
    assert!(made.status.success());
    for verb in ["", "-serve", "-set", "-get", "-unset", "-watch", "-connect"] {
        let page = home.path(&format!("pages/hospes-metadata{verb}.1"));
        assert!(page.exists(), "{}", page.display());
    }
}
