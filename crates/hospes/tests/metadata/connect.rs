//! `metadata connect`: as QEMU runs it, a process for each connection.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::home::{Home, PATIENCE, Reply, err, request};

#[test]
fn a_connection_is_passed_on_by_socket_or_by_name() {
    let home = Home::new("");
    let _server = home.serve();
    for end in ["state/metadata/web1.sock", "web1"] {
        let mut command = home.command(&["connect", end]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(request("instance/name").as_bytes())
            .unwrap();
        // The guest's end stays open: the server's end is the end.
        let reply = Reply::read(child.stdout.take().unwrap());
        assert_eq!(reply.body, "web1", "{end}");
        assert!(child.wait().unwrap().success());
        drop(stdin);
    }
}

#[test]
fn without_a_server_it_says_so_to_the_operator() {
    let home = Home::new("");
    let output = home.run(&["connect", "state/metadata/web1.sock"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("hospes metadata serve"),
        "{}",
        err(&output)
    );
    let output = home.run(&["connect", "wbe1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("web1"), "{}", err(&output));
}

#[test]
fn qemus_one_socket_carries_the_guests_bytes_and_no_words_of_ours() {
    let home = Home::new("");
    let over_one_socket = || {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(PATIENCE)).unwrap();
        let [a, b, c] = [(); 3].map(|()| OwnedFd::from(theirs.try_clone().unwrap()));
        let mut command = home.command(&["connect", "-vv", "state/metadata/web1.sock"]);
        let child = command.stdin(a).stdout(b).stderr(c).spawn().unwrap();
        (ours, child)
    };
    let (mut guest, mut child) = over_one_socket();
    let mut heard = String::new();
    guest.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "", "a guest would take this for an answer");
    assert_eq!(child.wait().unwrap().code(), Some(1));

    let _server = home.serve();
    let (mut guest, mut child) = over_one_socket();
    guest
        .write_all(request("instance/name").as_bytes())
        .unwrap();
    assert_eq!(Reply::read(guest).body, "web1");
    assert!(child.wait().unwrap().success());
}
