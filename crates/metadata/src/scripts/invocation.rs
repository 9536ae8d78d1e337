//! How the file of a script is run.

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program's file.
    pub program: String,
    /// Its arguments, without its name.
    pub arguments: Vec<String>,
}

/// How `file` is run: by a shell that is told its name (so that the kernel reads the first line,
/// and the shell interprets what names no interpreter), or by itself.
#[must_use]
pub fn invocation(shell: Option<&str>, file: &str) -> Invocation {
    match shell {
        Some(shell) => Invocation {
            program: shell.to_owned(),
            arguments: vec!["-c".to_owned(), word(file)],
        },
        None => Invocation {
            program: file.to_owned(),
            arguments: Vec::new(),
        },
    }
}

/// A path as one word of a shell.
fn word(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if path.bytes().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_told_the_file_s_name_as_one_word() {
        for (file, word) in [
            (
                "/tmp/metadata-scripts1/startup-script",
                "/tmp/metadata-scripts1/startup-script",
            ),
            ("/a b/s", "'/a b/s'"),
            ("/a;rm -rf $b/s", "'/a;rm -rf $b/s'"),
            ("/a'b/s", r"'/a'\''b/s'"),
        ] {
            let by_shell = invocation(Some("/bin/bash"), file);
            assert_eq!(by_shell.program, "/bin/bash");
            assert_eq!(by_shell.arguments, ["-c", word]);
            let by_itself = invocation(None, file);
            assert_eq!(
                (by_itself.program.as_str(), by_itself.arguments.len()),
                (file, 0)
            );
        }
    }
}
