//! An HTTPS server with a certificate of its own that answers a few calls as Proxmox VE does.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "c0ffee00-1234-4321-8888-c0rrecth0rse";
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server is.
#[derive(Clone)]
pub(crate) enum Kind {
    /// Proxmox VE, with these privileges of the token.
    Proxmox(Value),
    /// Some other server.
    Other,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) fingerprint: String,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn administrator() -> Self {
        Self::start(Kind::Proxmox(json!({
            "/": {
                "Sys.Audit": 1, "VM.Audit": 1, "VM.PowerMgmt": 1, "VM.GuestAgent.Unrestricted": 1,
                "VM.Snapshot": 1, "VM.Snapshot.Rollback": 1,
            },
        })))
    }

    pub(crate) fn start(kind: Kind) -> Self {
        let made = rcgen::generate_simple_self_signed(["pve1.example.net".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, heard, kind) = (config.clone(), heard.clone(), kind.clone());
                // A client that trusts nobody breaks off: no wonder.
                std::thread::spawn(move || serve(stream, config, &heard, &kind));
            }
        });
        let digest = digest(&SHA256, made.cert.der());
        let bytes = digest.as_ref().iter().map(|byte| format!("{byte:02X}"));
        Self {
            port,
            fingerprint: bytes.collect::<Vec<_>>().join(":"),
            heads,
        }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The heads of all requests.
    pub(crate) fn heard(&self) -> String {
        self.heads.lock().unwrap().concat()
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    heard: &Mutex<Vec<String>>,
    kind: &Kind,
) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let tls = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let mut tls = BufReader::new(tls);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if tls.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    heard.lock().unwrap().push(head.clone());
    let (status, body) = answer(&head, kind);
    let reply = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let tls = tls.get_mut();
    tls.write_all(reply.as_bytes()).ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()
}

fn answer(head: &str, kind: &Kind) -> (&'static str, String) {
    let Kind::Proxmox(privileges) = kind else {
        return ("404 Not Found", "<html>nothing here</html>".to_owned());
    };
    let data = |data: Value| ("200 OK", json!({ "data": data }).to_string());
    let path = head.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let token = format!("PVEAPIToken=hospes@pve!main={SECRET}\r\n");
    match path {
        "/api2/json/access/ticket" => data(Value::Null),
        _ if !head.contains(&token) => ("401 Authentication failed!", String::new()),
        "/api2/json/version" => {
            data(json!({"version": "9.2.11", "release": "9.2", "repoid": "f00d"}))
        }
        "/api2/json/access/permissions" => data(privileges.clone()),
        "/api2/json/cluster/resources" => data(json!([
            {"type": "node", "node": "pve1", "id": "node/pve1", "status": "online"},
            {"type": "qemu", "vmid": 101, "name": "web", "node": "pve1", "status": "running", "template": 0},
            {"type": "qemu", "vmid": 102, "name": "db", "node": "pve2", "status": "stopped"},
            {"type": "qemu", "vmid": 900, "name": "golden", "node": "pve1", "status": "stopped", "template": 1},
            {"type": "lxc", "vmid": 200, "name": "ct", "node": "pve1", "status": "running"},
            {"type": "newthing", "id": "x"},
        ])),
        _ => (
            "501 Method not implemented",
            json!({ "data": null }).to_string(),
        ),
    }
}
