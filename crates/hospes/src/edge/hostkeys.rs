//! A guest's own SSH host keys, read through its agent channel.

use super::AgentSlot;

/// Where OpenSSH keeps its public host keys.
const FILES: [&str; 3] = [
    "/etc/ssh/ssh_host_ed25519_key.pub",
    "/etc/ssh/ssh_host_ecdsa_key.pub",
    "/etc/ssh/ssh_host_rsa_key.pub",
];

/// The largest key file worth reading; RSA with 16,384 bits takes 2,800 bytes.
const LIMIT: u32 = 16 * 1024;

/// The keys as `algorithm base64`, or why they cannot be read.
pub(crate) async fn reported_keys(slot: &AgentSlot) -> Result<Vec<String>, String> {
    let agent = slot.agent().await.map_err(|error| error.to_string())?;
    let mut keys = Vec::new();
    let mut trouble = None;
    for file in FILES {
        match agent.read_file(file, LIMIT).await {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                keys.extend(
                    text.lines()
                        .filter_map(|line| ssh::parse_public_key(line).ok()),
                );
            }
            Err(error) => {
                let is_absent = error.to_string().contains("No such file");
                trouble = Some(error.to_string());
                if !is_absent {
                    break;
                }
            }
        }
    }
    match (keys.is_empty(), trouble) {
        (true, Some(why)) => Err(why),
        (true, None) => Err("the guest's key files hold no key".to_owned()),
        (false, _) => Ok(keys.iter().map(ssh::PresentedKey::openssh).collect()),
    }
}
