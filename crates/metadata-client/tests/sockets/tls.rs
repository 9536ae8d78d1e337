//! Downloads over TLS, from OpenSSL's own server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{fs, thread};

use tempfile::TempDir;

use crate::download::said_by_child;
use crate::server::{Server, say};

const MAKE: &str = r#"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1.key"; }
key ca; key other; key leaf
for ca in ca other; do openssl req -x509 -key $ca.key -out $ca.pem -subj "/CN=$ca" -days 30; done
openssl req -new -key leaf.key -out leaf.csr -subj /CN=script.test
printf 'subjectAltName=DNS:script.test' > names
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out leaf.pem
mkdir folder && cp ca.pem folder/12345678.0 && cp other.pem folder/
printf 'over TLS' > script.sh
head -c 60000 /dev/zero | tr '\0' x > long.sh
"#;

/// `openssl s_server` behind a proxy that knows the way to it.
struct TlsServer {
    child: Child,
    folder: TempDir,
    proxy: Server,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl TlsServer {
    /// Serves the folder's files: with `-WWW` as bodies, with `-HTTP` heads and all. `None` where
    /// there is no OpenSSL.
    fn start(mode: &str, cut: usize) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: openssl is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("sh")
            .args(["-ec", MAKE])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut child = Command::new("openssl")
            .args(["s_server", mode, "-accept", "127.0.0.1:0"])
            .args(["-cert", "leaf.pem", "-key", "leaf.key"])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = accepting(&mut child);
        let proxy = Server::new(move |_, stream| tunnel(stream, &address, cut));
        Some(Self {
            child,
            folder,
            proxy,
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// What a download says with this environment beside the proxy.
    fn said(&self, url: &str, environment: &[(&str, &str)]) -> String {
        let proxy = self.proxy.host();
        let mut all = vec![("https_proxy", proxy.as_str())];
        all.extend(environment);
        said_by_child(url, &all)
    }
}

/// The address in the line `ACCEPT 127.0.0.1:PORT`.
fn accepting(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
    // It must not block on what it says later.
    thread::spawn(move || lines.for_each(drop));
    line.unwrap()
}

/// What follows `CONNECT`, until the server has said so many bytes.
fn tunnel(client: &mut TcpStream, address: &str, mut left: usize) -> bool {
    let mut server = TcpStream::connect(address).unwrap();
    say(client, "HTTP/1.1 200 Connected\r\n\r\n");
    let (mut up, mut there) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        std::io::copy(&mut up, &mut there).ok();
        there.shutdown(Shutdown::Write).ok();
    });
    let mut block = [0; 4096];
    while let Ok(count @ 1..) = server.read(&mut block) {
        let told = count.min(left);
        left -= told;
        if client.write_all(&block[..told]).is_err() || left == 0 {
            break;
        }
    }
    client.shutdown(Shutdown::Both).ok();
    false
}

const URL: &str = "https://script.test/script.sh";

#[test]
fn the_certificates_that_the_environment_names_decide() {
    let Some(server) = TlsServer::start("-WWW", usize::MAX) else {
        return;
    };
    let (ca, other) = (server.path("ca.pem"), server.path("other.pem"));
    let (folder, none) = (server.path("folder"), server.path("none.pem"));
    fs::write(Path::new(&none), "no certificate").unwrap();

    assert_eq!(server.said(URL, &[("SSL_CERT_FILE", &ca)]), "over TLS");
    let seen = server.proxy.seen();
    assert_eq!(seen[0].line(), "CONNECT script.test:443 HTTP/1.1");
    assert_eq!(server.said(URL, &[("SSL_CERT_DIR", &folder)]), "over TLS");

    let unknown = server.said(URL, &[("SSL_CERT_FILE", &other)]);
    assert_eq!(
        unknown,
        "https://script.test/script.sh cannot be downloaded: no CA that this system knows signed \
         the server's certificate: install the CA, or name it in SSL_CERT_FILE"
    );
    let name = server.said("https://other.test/script.sh", &[("SSL_CERT_FILE", &ca)]);
    assert!(name.contains("is for another name"), "{name}");
    for file in [&none, "/no/such/file"] {
        let missing = server.said(URL, &[("SSL_CERT_FILE", file)]);
        assert!(
            missing.contains(&format!("no CA certificates (none in {file})")),
            "{missing}"
        );
    }
}

#[test]
fn a_server_without_tls_is_told() {
    let plain = Server::new(|_, stream| say(stream, "HTTP/1.1 400 Bad\r\n\r\n"));
    let Some(server) = TlsServer::start("-WWW", usize::MAX) else {
        return;
    };
    let ca = server.path("ca.pem");
    let url = format!("https://{}/", plain.host());
    let said = server.said(&url, &[("SSL_CERT_FILE", &ca)]);
    assert!(
        said.starts_with(&format!("{url} cannot be downloaded: ")),
        "{said}"
    );
}

#[test]
fn the_way_never_leads_from_https_to_http() {
    let Some(server) = TlsServer::start("-HTTP", usize::MAX) else {
        return;
    };
    let leave = "HTTP/1.0 302 Go\r\nLocation: http://127.0.0.1:1/\r\n\r\n";
    fs::write(server.path("leave"), leave).unwrap();
    let ca = server.path("ca.pem");
    let said = server.said("https://script.test/leave", &[("SSL_CERT_FILE", &ca)]);
    assert!(
        said.ends_with("the server redirects from https to http"),
        "{said}"
    );
}

#[test]
fn a_cut_is_no_end_of_a_body_without_length() {
    // Past the handshake and the head, within the body.
    let Some(server) = TlsServer::start("-WWW", 40_000) else {
        return;
    };
    let ca = server.path("ca.pem");
    let said = server.said("https://script.test/long.sh", &[("SSL_CERT_FILE", &ca)]);
    let broke_off = said.split_once("the connection broke off after ");
    assert!(
        broke_off.is_some_and(|(_, bytes)| !bytes.starts_with("0 ")),
        "{said}"
    );
}
