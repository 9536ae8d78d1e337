//! Bytes that travel as text.
//!
//! Proxmox VE decodes the agent's base64 to bytes and writes them into its JSON as characters, each
//! byte as the character of that number; what is sent to it goes the other way. So `é`, the bytes
//! C3 A9, arrives as `Ã©`.

use serde_json::Value;

/// The text that stands for these bytes.
pub(super) fn from_bytes(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes that a text stands for. One that is no such text is taken as it is: a version that
/// sends proper text is understood as well.
pub(super) fn to_bytes(text: &str) -> Vec<u8> {
    let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    match bytes {
        Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => bytes,
        _ => text.as_bytes().to_vec(),
    }
}

/// A result whose texts are what the agent has sent.
pub(super) fn mended(value: Value) -> Value {
    match value {
        Value::String(text) if text.is_ascii() => Value::String(text),
        Value::String(text) => Value::String(String::from_utf8(to_bytes(&text)).unwrap_or(text)),
        Value::Array(items) => items.into_iter().map(mended).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, mended(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_what_the_guest_has_written() {
        for (sent, meant) in [
            ("plain", "plain"),
            ("Ã©", "é"),
            ("é", "é"),
            ("Straße 漢", "Straße 漢"),
            ("æ¼¢", "漢"),
        ] {
            assert_eq!(to_bytes(sent), meant.as_bytes(), "{sent}");
        }
    }

    #[test]
    fn texts_deep_in_a_result_are_mended() {
        let sent = json!({"a": [{"mountpoint": "/srv/Ã©", "used": 1}], "b": null, "c": true});
        let meant = json!({"a": [{"mountpoint": "/srv/é", "used": 1}], "b": null, "c": true});
        assert_eq!(mended(sent), meant);
    }

    proptest! {
        #[test]
        fn any_text_survives_the_way_there_and_back(text in ".*") {
            prop_assert_eq!(to_bytes(&from_bytes(text.as_bytes())), text.as_bytes());
        }
    }
}
