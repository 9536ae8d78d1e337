//! Base64 that a client sends.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, DecodeSliceError, Engine};
use base64_simd::{AsOut, STANDARD_NO_PAD};

use super::runs::run_length;
use crate::message::AgentError;

/// Whole groups of four letters; padding is dealt with here.
const LETTERS: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Base64 letters that are decoded at once.
const BLOCK: usize = 4 << 10;

/// Decodes base64 as clients of QEMU's agent send it, in the text's own memory and without another
/// of its size. Newlines may stand anywhere (RFC 2045); texts may follow each other, padding
/// included; padding at the end may be missing.
///
/// QEMU's agent reads on where this refuses: padding in the middle of a group of four counts as
/// zero bits there, and what does not fill a group at the end is lost.
///
/// # Errors
/// `GenericError` for every other byte, in the words of QEMU's agent, for padding where no group of
/// four ends, and for a single letter at the end.
pub fn decode_base64_in_place(text: String) -> Result<Vec<u8>, AgentError> {
    let mut bytes = text.into_bytes();
    let (mut letters, mut decoded) = ([0; BLOCK], [0; BLOCK]);
    let (mut read, mut written) = (0, 0);
    while read < bytes.len() {
        if let Some(block) = bytes.get(read..read + BLOCK)
            && let Ok(plain) = STANDARD_NO_PAD.decode(block, decoded.as_mut_slice().as_out())
        {
            bytes[written..written + plain.len()].copy_from_slice(plain);
            (read, written) = (read + BLOCK, written + plain.len());
            continue;
        }
        // Newlines, padding, the end, or what is no base64.
        let (used, filled) = gather(&bytes[read..], &mut letters);
        read += used;
        let length = decode(&letters[..filled], &mut decoded)?;
        bytes[written..written + length].copy_from_slice(&decoded[..length]);
        written += length;
    }
    bytes.truncate(written);
    Ok(bytes)
}

/// Fills the block with what is no newline. Yields how many bytes that took, and how many are in it.
fn gather(bytes: &[u8], block: &mut [u8; BLOCK]) -> (usize, usize) {
    let (mut used, mut filled) = (0, 0);
    while filled < BLOCK && used < bytes.len() {
        let rest = &bytes[used..bytes.len().min(used + BLOCK - filled)];
        let run = run_length(rest, |byte| byte == b'\n');
        block[filled..filled + run].copy_from_slice(&rest[..run]);
        filled += run;
        used += run + usize::from(run < rest.len());
    }
    (used, filled)
}

/// Decodes a block, which begins where a group of four begins. Yields the length.
fn decode(mut block: &[u8], mut decoded: &mut [u8]) -> Result<usize, AgentError> {
    let mut total = 0;
    while !block.is_empty() {
        let letters = run_length(block, |byte| byte == b'=');
        let end = if letters < block.len() {
            // The end of the group that the padding belongs to.
            block.len().min(letters / 4 * 4 + 4)
        } else {
            letters
        };
        let (group, later) = block.split_at(end);
        let (letters, padding) = group.split_at(letters);
        if padding.len() == 4 || padding.iter().any(|&byte| byte != b'=') {
            return Err(AgentError::generic(
                "Base64 data contains misplaced padding",
            ));
        }
        let length = LETTERS.decode_slice(letters, decoded).map_err(refused)?;
        (block, decoded) = (later, &mut decoded[length..]);
        total += length;
    }
    Ok(total)
}

fn refused(problem: DecodeSliceError) -> AgentError {
    AgentError::generic(match problem {
        DecodeSliceError::DecodeError(DecodeError::InvalidByte(..)) => {
            "Base64 data contains invalid characters"
        }
        _ => "Base64 data ends within a byte",
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as WHOLE;
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, String> {
        decode_base64_in_place(text.to_owned()).map_err(|error| error.desc)
    }

    #[test]
    fn what_qemu_ga_takes_and_means_is_taken() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("\n", b""),
            ("aGk=", b"hi"),
            ("aG\nk=\n", b"hi"),
            ("aGk==", b"hi"),
            ("aGk=aGk=", b"hihi"),
            ("aA==\naGk=\naGkK", b"hhihi\n"),
            ("aGl=", b"hi"),
            ("=", b""),
        ] {
            assert_eq!(decoded(text).as_deref(), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn missing_padding_loses_nothing() {
        for (text, bytes) in [
            ("aGk", &b"hi"[..]),
            ("aA", b"h"),
            ("aA=", b"h"),
            ("aGVsbG8gd29ybGQ\n", b"hello world"),
        ] {
            assert_eq!(decoded(text).as_deref(), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_base64_is_told() {
        let stray = "Base64 data contains invalid characters";
        let padding = "Base64 data contains misplaced padding";
        let single = "Base64 data ends within a byte";
        for (text, problem) in [
            ("!aGk=", stray),
            ("aG k=", stray),
            ("aG\tk=", stray),
            ("aG\rk=", stray),
            ("a-_k", stray),
            ("aGk\0", stray),
            ("aGké", stray),
            ("aG=k", padding),
            ("a=Gk", padding),
            ("====", padding),
            ("aGkK====", padding),
            ("=aGk", padding),
            ("a", single),
            ("aGkKa", single),
            ("a===", single),
        ] {
            assert_eq!(decoded(text), Err(problem.to_owned()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_however_they_are_wrapped(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 1..5),
            width in 1_usize..200,
        ) {
            let text: String = pieces.iter().map(|piece| WHOLE.encode(piece)).collect();
            let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
            let wrapped = String::from_utf8(lines.join(&b'\n')).unwrap();
            let place = wrapped.as_ptr();
            let decoded = decode_base64_in_place(wrapped).unwrap();
            prop_assert_eq!(decoded.as_ptr(), place);
            prop_assert_eq!(decoded, pieces.concat());
        }

        #[test]
        fn no_text_panics(text in "[aGk=\n]{0,12}|.{0,12}") {
            if let Ok(decoded) = decode_base64_in_place(text.clone()) {
                prop_assert!(decoded.len() <= text.len() / 4 * 3 + 2);
            }
        }
    }
}
