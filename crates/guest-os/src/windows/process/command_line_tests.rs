#![allow(unsafe_code, reason = "the reference is a call of the system")]

use super::*;
use crate::windows::wide::narrow;

#[link(name = "shell32")]
unsafe extern "system" {
    fn CommandLineToArgvW(line: *const u16, count: *mut i32) -> *mut *mut u16;
}

fn line(file: &str, arguments: &[&str]) -> io::Result<String> {
    let made = command_line(Path::new(file), OsStr::new(file), arguments)?;
    Ok(narrow(&made.line).into_string().unwrap())
}

/// What a program gets.
fn taken_apart(line: &str) -> Vec<String> {
    let (line, mut count) = (wide(line), 0);
    // SAFETY: the line ends in a zero.
    let words = unsafe { CommandLineToArgvW(line.as_ptr(), &raw mut count) };
    assert!(!words.is_null());
    let word = |at: usize| {
        // SAFETY: so many pointers are there.
        let word = unsafe { *words.add(at) };
        let mut units = Vec::new();
        for at in 0.. {
            // SAFETY: read up to the zero at its end.
            match unsafe { *word.add(at) } {
                0 => break,
                unit => units.push(unit),
            }
        }
        String::from_utf16(&units).unwrap()
    };
    (0..count as usize).map(word).collect()
}

#[test]
fn a_program_gets_the_arguments_that_it_was_given() {
    for (arguments, expected) in [
        (&[][..], ""),
        (&["a", "-b", "/c:d"], " a -b /c:d"),
        (&[""], r#" """#),
        (&["a b", "c\td"], " \"a b\" \"c\td\""),
        (&[r"C:\a\", r"C:\a b\"], r#" C:\a\ "C:\a b\\""#),
        (&[r#"a"b"#], r#" "a\"b""#),
        (&[r#"a\"b\\"#, r#"\\"#], r#" "a\\\"b\\\\" \\"#),
        (&[r#""""#], r#" "\"\"""#),
        (&["%PATH%", "a&b|c>d", "^"], " %PATH% a&b|c>d ^"),
        (&["ä€𝄞", "a\nb"], " ä€𝄞 \"a\nb\""),
    ] {
        let line = line("C:\\p q\\x.exe", arguments).unwrap();
        assert_eq!(line, format!("\"C:\\p q\\x.exe\"{expected}"));
        assert_eq!(taken_apart(&line)[1..], *arguments);
    }
}

#[test]
fn cmd_gets_batch_files_with_arguments_that_stay_arguments() {
    for (arguments, expected) in [
        (&[][..], ""),
        (&["a", "-b", "/c:d.e"], " a -b /c:d.e"),
        (&["a b", ""], r#" "a b" """#),
        (
            &["a&calc", "b|c", "d>e", "f^g", "(h)", "i!j!"],
            " \"a&calc\" \"b|c\" \"d>e\" \"f^g\" \"(h)\" \"i!j!\"",
        ),
        (&["a=b", "c,d;e"], r#" "a=b" "c,d;e""#),
        (&[r"C:\a\", r"a\b"], r#" "C:\a\\" a\b"#),
        (&["ä€𝄞"], " ä€𝄞"),
    ] {
        for file in [r"C:\p q\x.bat", r"C:\p q\x.CMD", r"C:\p q\x.bat. ."] {
            let line = line(file, arguments).unwrap();
            assert_eq!(
                line,
                format!("cmd.exe /e:ON /v:OFF /d /c \"\"{file}\"{expected}\"")
            );
        }
    }
    let made = command_line(Path::new("x.bat"), OsStr::new("x"), &["a"]).unwrap();
    let file = narrow(&made.file).into_string().unwrap().to_lowercase();
    assert!(file.ends_with(r"\system32\cmd.exe"), "{file}");
}

#[test]
fn what_cannot_be_handed_over_is_refused() {
    for (file, argument) in [
        (r"C:\x.exe", "a\0b"),
        ("C:\\x\".exe", "a"),
        (r"C:\x.bat", "a\0b"),
        (r"C:\x.bat", "\"&calc&\""),
        (r"C:\x.bat", "%PATH%"),
        (r"C:\x.bat", "a\r\ncalc"),
        (r"C:\x.bat", "a\nb"),
        (r"C:\x.bat", "a\u{85}b"),
        (r"C:\50%\x.bat", "a"),
    ] {
        let refused = line(file, &[argument]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{file} {argument}");
    }
}
