//! Finding the end of a run of ordinary bytes, many bytes at once.

/// How many bytes stand before the first that `ends` the run.
pub(crate) fn run_length(bytes: &[u8], ends: impl Fn(u8) -> bool) -> usize {
    // Looking at a whole block without a way out in the middle is what compilers turn into vector
    // instructions.
    const BLOCK: usize = 32;
    let is_ordinary = |block: &&[u8]| !block.iter().fold(false, |found, &byte| found | ends(byte));
    let blocks = bytes.chunks_exact(BLOCK).take_while(is_ordinary).count();
    let (_, rest) = bytes.split_at(blocks * BLOCK);
    let more = rest.iter().position(|&byte| ends(byte));
    blocks * BLOCK + more.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_where_the_first_such_byte_stands() {
        for length in [0, 1, 31, 32, 33, 63, 64, 65, 1000] {
            let mut bytes = vec![b'a'; length];
            assert_eq!(run_length(&bytes, |byte| byte == b'"'), length);
            for place in [0, 1, 30, 31, 32, 33, 62, 63, 64, 999] {
                if place < length {
                    bytes[place] = b'"';
                    assert_eq!(run_length(&bytes, |byte| byte == b'"'), place, "{length}");
                    bytes[place] = b'a';
                }
            }
        }
    }
}
