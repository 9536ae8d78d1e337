//! What kind of file a script is.

use std::borrow::Cow;

use super::Dialect;

/// What kind of file a script is, and so how it is run. Everything on Linux is [`Kind::Plain`]: there
/// the first line of a script says who interprets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file itself says it, not its name.
    Plain,
    /// A script of PowerShell.
    Ps1,
    /// A script of cmd.exe.
    Cmd,
    /// The same under its older name.
    Bat,
    /// A program.
    Exe,
}

/// In the order in which the reference looks for endings.
const WITH_EXTENSION: [Kind; 4] = [Kind::Bat, Kind::Cmd, Kind::Ps1, Kind::Exe];

const BYTE_ORDER_MARK: char = '\u{feff}';

impl Kind {
    /// The ending of its file's name, without the dot.
    #[must_use]
    pub const fn extension(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Ps1 => Some("ps1"),
            Self::Cmd => Some("cmd"),
            Self::Bat => Some("bat"),
            Self::Exe => Some("exe"),
        }
    }

    /// That of what a URL leads to: on Windows its path's ending says it, in capitals too.
    pub(super) fn of_url(dialect: Dialect, url: &str) -> Self {
        match dialect {
            Dialect::Linux => Self::Plain,
            Dialect::Windows => {
                let extension = extension(path(url)).unwrap_or_default();
                let is_it = |kind: &Self| {
                    let own = kind.extension();
                    own.is_some_and(|own| own.eq_ignore_ascii_case(extension))
                };
                WITH_EXTENSION
                    .into_iter()
                    .find(is_it)
                    .unwrap_or(Self::Plain)
            }
        }
    }
}

/// What of a URL is behind its host.
fn path(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, extension)| extension)
}

/// The bytes of a script's file. A script that came as a file of its own, from a URL, is not changed;
/// of the text of an attribute, the characters that the script is made of never are.
///
/// - cmd.exe reads a script by its bytes and misses labels where lines end with a line feed alone; a
///   byte order mark would be a part of its first command. So lines end with both characters, and a
///   mark is taken away.
/// - Windows PowerShell reads a script without a byte order mark as if it were written in the
///   machine's own character set. So text with characters beyond ASCII gets one.
#[must_use]
pub fn file_bytes(kind: Kind, text: &str) -> Cow<'_, [u8]> {
    match kind {
        Kind::Plain | Kind::Exe => text.as_bytes().into(),
        Kind::Ps1 if text.is_ascii() || text.starts_with(BYTE_ORDER_MARK) => text.as_bytes().into(),
        Kind::Ps1 => format!("{BYTE_ORDER_MARK}{text}").into_bytes().into(),
        Kind::Cmd | Kind::Bat => {
            let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            with_both_line_ends(text.as_bytes())
        }
    }
}

/// A carriage return before each line feed that has none.
fn with_both_line_ends(text: &[u8]) -> Cow<'_, [u8]> {
    let is_alone = |at: usize| text[at] == b'\n' && (at == 0 || text[at - 1] != b'\r');
    let alone = (0..text.len()).filter(|at| is_alone(*at)).count();
    if alone == 0 {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len() + alone);
    for (at, byte) in text.iter().enumerate() {
        if is_alone(at) {
            bytes.push(b'\r');
        }
        bytes.push(*byte);
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Kind; 5] = [Kind::Plain, Kind::Ps1, Kind::Cmd, Kind::Bat, Kind::Exe];

    #[test]
    fn the_ending_of_a_url_s_path_says_what_it_leads_to() {
        for (url, kind) in [
            ("gs://bucket/binary.exe", Kind::Exe),
            ("gs://bucket/dir/script.ps1", Kind::Ps1),
            ("gs://bucket/script.cmd", Kind::Cmd),
            ("https://h/s.bat", Kind::Bat),
            ("https://h/Setup.EXE", Kind::Exe),
            ("https://h/s.Ps1?X-Goog-Signature=a/b.cmd#c.bat", Kind::Ps1),
            ("https://h/s.tar.ps1", Kind::Ps1),
            ("https://h/s?f=s.ps1", Kind::Plain),
            ("https://h/s#.ps1", Kind::Plain),
            ("https://h/s.ps1/", Kind::Plain),
            ("https://h/ps1", Kind::Plain),
            ("https://h/s.ps1x", Kind::Plain),
            ("https://h/s.", Kind::Plain),
            ("https://host.exe", Kind::Plain),
            ("https://host.exe?/a.cmd", Kind::Plain),
            ("gs://bucket/binary", Kind::Plain),
            ("", Kind::Plain),
        ] {
            assert_eq!(Kind::of_url(Dialect::Windows, url), kind, "{url}");
            assert_eq!(Kind::of_url(Dialect::Linux, url), Kind::Plain, "{url}");
        }
    }

    #[test]
    fn a_script_s_file_suits_who_reads_it() {
        let cmd = |text, expected| [(Kind::Cmd, text, expected), (Kind::Bat, text, expected)];
        let same = |kind, text| [(kind, text, text); 2];
        for (kind, text, expected) in [
            cmd("@echo off\n:a\ngoto a\n", "@echo off\r\n:a\r\ngoto a\r\n"),
            cmd("a\r\nb\n\nc", "a\r\nb\r\n\r\nc"),
            cmd("\n", "\r\n"),
            cmd("a\rb\r\r\n", "a\rb\r\r\n"),
            cmd("\u{feff}@echo ü\n", "@echo ü\r\n"),
            cmd("", ""),
            same(Kind::Ps1, "Write-Output 'a'\n"),
            same(Kind::Ps1, "\u{feff}Write-Output 'ü'\r\n"),
            [(Kind::Ps1, "'ü'\n", "\u{feff}'ü'\n"); 2],
            same(Kind::Plain, "#!/bin/sh\n\u{feff}ü\r\n"),
            same(Kind::Exe, "\u{feff}ü\n"),
        ]
        .concat()
        {
            assert_eq!(
                &*file_bytes(kind, text),
                expected.as_bytes(),
                "{kind:?} {text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_character_of_a_script_is_lost_or_added(text in "[a\u{e4}\u{feff}\r\n ]{0,40}", which in 0_usize..5) {
            let kind = ALL[which];
            let bytes = file_bytes(kind, &text);
            let written = std::str::from_utf8(&bytes).unwrap();
            let unmarked = |text: &str| text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).to_owned();
            let lines = |text: &str| text.replace("\r\n", "\n");
            if matches!(kind, Kind::Cmd | Kind::Bat) {
                prop_assert_eq!(lines(written), lines(&unmarked(&text)));
            } else {
                prop_assert_eq!(unmarked(written), unmarked(&text));
            }
            if matches!(kind, Kind::Cmd | Kind::Bat) {
                prop_assert_eq!(written.matches('\n').count(), written.matches("\r\n").count());
            }
        }
    }
}
