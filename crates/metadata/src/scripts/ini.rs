//! The settings file's form: `[section]` and `key = value`, as the go-ini library reads them.
//!
//! Sections and keys do not care for case; a key ends at `=` or `:`; `#` and `;` begin a comment
//! anywhere; a backslash at the end of a value goes on in the next line; quotes around a value are
//! no part of it.

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The line, from 1.
    pub(super) line: usize,
    /// In lower case.
    pub(super) key: String,
    pub(super) value: String,
}

/// What one section of a file says, in its order, and the lines in it that say nothing.
pub(super) fn section(text: &str, wanted: &str) -> (Vec<Entry>, Vec<usize>) {
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    let mut is_wanted = false;
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = (1..).zip(text.lines().map(str::trim));
    while let Some((number, line)) = lines.next() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            is_wanted = name.trim().eq_ignore_ascii_case(wanted);
            continue;
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            if is_wanted {
                faults.push(number);
            }
            continue;
        };
        let mut value = value.trim().to_owned();
        while value.ends_with('\\') {
            value.pop();
            let (_, next) = lines.next().unwrap_or_default();
            value.push_str(next);
        }
        if is_wanted {
            entries.push(Entry {
                line: number,
                key: key.trim().to_ascii_lowercase(),
                value: bare(&value).to_owned(),
            });
        }
    }
    (entries, faults)
}

/// Without a comment and without quotes.
fn bare(value: &str) -> &str {
    let value = value.split(['#', ';']).next().unwrap_or_default().trim();
    let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_go_ini_reads_them() {
        for (line, expected) in [
            ("key=value", "value"),
            ("  KEY  :  value  ", "value"),
            ("key = a # comment", "a"),
            ("key = a;comment", "a"),
            ("key = \"a b\"", "a b"),
            ("key = 'a'", "a"),
            ("key = \"a", "\"a"),
            ("key =", ""),
            ("key = a = b", "a = b"),
            ("key = a\\\nb", "ab"),
            ("key = a\\", "a"),
        ] {
            let (entries, faults) = section(&format!("[Section]\n{line}\n"), "section");
            assert_eq!(entries.len(), 1, "{line}");
            assert_eq!((&*entries[0].key, &*entries[0].value), ("key", expected));
            assert_eq!((entries[0].line, faults.len()), (2, 0));
        }
    }

    #[test]
    fn only_the_wanted_section_counts_wherever_it_is() {
        let text = "\u{feff}a = 0\n[other]\na = 1\nnonsense\n[ WANTED ]\r\n; a = 2\r\n# a = 3\r\na = 4\r\n\
                    nonsense\n[other]\na = 5\n[wanted]\na = 6\n";
        let (entries, faults) = section(text, "Wanted");
        let values: Vec<&str> = entries.iter().map(|entry| &*entry.value).collect();
        assert_eq!(values, ["4", "6"]);
        assert_eq!(faults, [9]);
    }
}
