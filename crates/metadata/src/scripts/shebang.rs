//! The first line of a script.

/// Who interprets a script, by its own first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shebang {
    /// The file that the kernel starts.
    pub interpreter: String,
    /// The program that `env` looks for in the search path, when the interpreter is `env`.
    pub sought: Option<String>,
    /// The line ends with a carriage return, which the kernel takes for a part of the last word.
    pub has_carriage_return: bool,
}

/// Reads the first line of a script, from its first bytes. `None` when it names no interpreter.
#[must_use]
pub fn shebang(head: &[u8]) -> Option<Shebang> {
    let line = head.strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let has_carriage_return = line.ends_with('\r');
    let mut words = line
        .split([' ', '\t', '\r'])
        .filter(|word| !word.is_empty());
    let interpreter = words.next()?.to_owned();
    let is_env = interpreter.rsplit('/').next() == Some("env");
    let sought = words.find(|word| !word.starts_with('-') && !word.contains('='));
    Some(Shebang {
        sought: sought.filter(|_| is_env).map(str::to_owned),
        interpreter,
        has_carriage_return,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_interpreter() {
        for (head, expected) in [
            ("#!/bin/sh\necho", Some(("/bin/sh", None, false))),
            ("#! \t/bin/sh -e\n", Some(("/bin/sh", None, false))),
            ("#!/bin/sh", Some(("/bin/sh", None, false))),
            ("#!/bin/sh\r\necho\r\n", Some(("/bin/sh", None, true))),
            (
                "#!/usr/bin/env python3\n",
                Some(("/usr/bin/env", Some("python3"), false)),
            ),
            (
                "#!/usr/bin/env -S A=b perl -w\r\n",
                Some(("/usr/bin/env", Some("perl"), true)),
            ),
            ("#!/usr/bin/env\n", Some(("/usr/bin/env", None, false))),
            ("#!\n/bin/sh", None),
            ("", None),
            ("echo #!/bin/sh", None),
        ] {
            let found = shebang(head.as_bytes());
            let expected = expected.map(|(interpreter, sought, has_carriage_return)| Shebang {
                interpreter: interpreter.to_owned(),
                sought: sought.map(str::to_owned),
                has_carriage_return,
            });
            assert_eq!(found, expected, "{head:?}");
        }
    }
}
