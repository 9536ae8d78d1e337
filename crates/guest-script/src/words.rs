//! Text for the shell.

/// `text` as one word for the shell.
#[must_use]
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `body`, whole lines, as a script for `/bin/sh -s`: the shell reads a group to its end before it
/// runs it, so that nothing in it can take the rest of the script from standard input.
#[must_use]
pub fn grouped(body: &str) -> String {
    format!("{{\n{body}}} </dev/null\n")
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's $x"), r"'it'\''s $x'");
        assert_eq!(quote(""), "''");
    }
}
