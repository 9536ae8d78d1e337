//! One segment of a path.

/// `/` and the segment, in which everything but RFC 3986's unreserved characters is encoded. What
/// would name no segment (empty) or another one (`.`, `..`, also encoded) becomes `-`, which
/// Proxmox VE has for no name.
pub(super) fn encoded(segment: &str) -> String {
    if matches!(segment, "" | "." | "..") {
        return "/-".to_owned();
    }
    let mut path = String::with_capacity(segment.len() + 1);
    path.push('/');
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            _ => {
                path.push('%');
                path.push(digit(byte >> 4));
                path.push(digit(byte & 15));
            }
        }
    }
    path
}

/// The upper-case hexadecimal digit of a value below 16.
fn digit(value: u8) -> char {
    char::from(if value < 10 {
        b'0' + value
    } else {
        b'A' + value - 10
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_cannot_leave_their_segment() {
        for (name, path) in [
            ("pve1", "/pve1"),
            ("", "/-"),
            (".", "/-"),
            ("..", "/-"),
            ("...", "/..."),
            ("a/../b", "/a%2F..%2Fb"),
            ("a?x=1#y", "/a%3Fx%3D1%23y"),
            ("%2e%2e", "/%252e%252e"),
            ("vm:101", "/vm%3A101"),
            ("\\", "/%5C"),
            ("é\n", "/%C3%A9%0A"),
        ] {
            assert_eq!(encoded(name), path, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_segment(text in ".*") {
            let path = encoded(&text);
            prop_assert_eq!(path.matches('/').count(), 1);
            let rest = &path[1..];
            prop_assert!(!rest.is_empty() && rest != "." && rest != "..");
            prop_assert!(rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
        }
    }
}
