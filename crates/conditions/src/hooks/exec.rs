//! Command lines of units: as `systemctl show` prints them and as unit files write them.

use super::command::{Analysis, analyse_words};

/// The command line within a printed `{ path=... ; argv[]=... ; ignore_errors=no ; ... }`.
pub(super) fn shown_argv(value: &str) -> &str {
    let Some(start) = value.find("argv[]=") else {
        return value.trim();
    };
    let rest = &value[start + "argv[]=".len()..];
    // An argument may hold the very text that follows the list: the last one is systemd's.
    let end = [" ; ignore_errors=", " ; flags="]
        .iter()
        .filter_map(|mark| rest.rfind(mark))
        .max();
    rest[..end.unwrap_or(rest.len())].trim()
}

/// Reads a command line as printed: its quotes are lost.
pub(crate) fn shown(value: &str) -> Analysis {
    let argv = shown_argv(value);
    let words: Vec<String> = argv.split_whitespace().map(str::to_owned).collect();
    analyse_words(&words, Some(argv))
}

/// Reads a command line as a unit file writes it.
pub(crate) fn written(value: &str) -> Analysis {
    let line = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    let mut all = Analysis::default();
    for command in split(line).split(|word| word == ";") {
        let found = analyse_words(command, None);
        all.powers.extend(found.powers);
        all.calls.extend(found.calls);
        all.suspicions.extend(found.suspicions);
    }
    all
}

/// Splits by systemd's quoting: blanks separate, both quotes and backslashes protect.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => {
                let escaped = chars.next().map_or('\\', unescape);
                word.get_or_insert_default().push(escaped);
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

const fn unescape(c: char) -> char {
    match c {
        'n' => '\n',
        't' => '\t',
        's' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_list_ends_at_the_last_mark_of_systemd() {
        let tail = "ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; status=0/0 }";
        let printed =
            format!("{{ path=/bin/echo ; argv[]=/bin/echo x ; ignore_errors=no ; y ; {tail}");
        assert_eq!(shown_argv(&printed), "/bin/echo x ; ignore_errors=no ; y");
        assert_eq!(shown_argv("/sbin/poweroff"), "/sbin/poweroff");
        assert_eq!(shown_argv("{ path=/x ; argv[]=/x"), "/x");
    }

    #[test]
    fn a_shell_text_without_its_quotes_is_still_read() {
        let printed = "{ path=/bin/sh ; argv[]=/bin/sh -c sleep 1; systemctl poweroff ; \
                       ignore_errors=no ; start_time=[n/a] }";
        assert_eq!(shown(printed).powers.len(), 1);
        let talk = "{ path=/bin/sh ; argv[]=/bin/sh -c echo 'a; poweroff' ; ignore_errors=no ; }";
        assert!(shown(talk).powers.is_empty());
        let comment =
            "{ path=/bin/sh ; argv[]=/bin/sh -c true # x\npoweroff ; ignore_errors=no ; }";
        assert_eq!(shown(comment).powers.len(), 1);
    }

    #[test]
    fn written_lines_keep_their_quotes_and_prefixes() {
        assert_eq!(written("-/bin/sh -c \"true; poweroff\"").powers.len(), 1);
        assert_eq!(written("/bin/true ; /sbin/reboot").powers.len(), 1);
        assert!(written("/bin/logger \"please poweroff\"").powers.is_empty());
    }
}
