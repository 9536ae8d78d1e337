//! Bytes of a guest as text of the API, and back: Perl's strings without an encoding, so a byte is a
//! character, and what is beyond U+00FF does not pass.

use crate::proxmox::reply::ApiError;

pub(super) fn text_of(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

pub(super) fn bytes_of(text: &str) -> Result<Vec<u8>, ApiError> {
    let bytes = text.chars().map(|c| u8::try_from(u32::from(c)));
    bytes
        .collect::<Result<_, _>>()
        .map_err(|_| ApiError::died("Wide character in subroutine entry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_makes_the_round_trip_and_wide_characters_do_not() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes_of(&text_of(&bytes)).unwrap(), bytes);
        assert!(bytes_of("ż").is_err());
    }
}
