//! The scripts among the attributes.

use serde_json::Value;
use thiserror::Error;

use super::{Dialect, Event, Form, Kind, ScriptKey};

/// White space that is taken off the beginning of a script.
const WHITE: [char; 6] = [' ', '\n', '\x0b', '\x0c', '\t', '\r'];

/// A script that is to run. Has no `Debug`: its text is nobody's business.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    /// The attribute that holds it.
    pub key: ScriptKey,
    /// What kind of file it is.
    pub kind: Kind,
    /// The script, or where it is.
    pub content: Content,
}

impl Script {
    /// The name of its file: the key's, with the ending by which the system knows what it is.
    #[must_use]
    pub fn file_name(&self) -> String {
        let key = self.key.name;
        match self.kind.extension() {
            Some(extension) => format!("{key}.{extension}"),
            None => key.to_owned(),
        }
    }
}

/// A script, or where it is.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// The script, without the white space that it began with.
    Text(String),
    /// Where it is, without white space around it.
    Url(String),
}

/// What is no set of attributes. Says nothing of what it was instead: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the attributes are no JSON object")]
pub struct NoAttributes;

/// The scripts of an event among `attributes`, the recursive JSON of a directory of attributes, in
/// the order in which they run. An empty value is none; an attribute that is no text holds no
/// script.
///
/// Those of the instance count; only if there are none, those of the project.
///
/// # Errors
/// When it is no JSON object.
pub fn select(
    dialect: Dialect,
    event: Event,
    attributes: &Value,
) -> Result<Vec<Script>, NoAttributes> {
    let attributes = attributes.as_object().ok_or(NoAttributes)?;
    let keys = event.keys(dialect).iter();
    let scripts = keys.filter_map(|key| match attributes.get(key.name) {
        Some(Value::String(value)) if !value.is_empty() => Some(script(dialect, *key, value)),
        _ => None,
    });
    Ok(scripts.collect())
}

fn script(dialect: Dialect, key: ScriptKey, value: &str) -> Script {
    let (kind, content) = match key.form {
        Form::Text(kind) => {
            let text = value.trim_start_matches(WHITE);
            (kind, Content::Text(text.to_owned()))
        }
        Form::Url => {
            let url = value.trim();
            (Kind::of_url(dialect, url), Content::Url(url.to_owned()))
        }
    };
    Script { key, kind, content }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn selected(dialect: Dialect, event: Event, attributes: &str) -> Vec<Script> {
        select(dialect, event, &serde_json::from_str(attributes).unwrap()).unwrap()
    }

    fn found(event: Event, attributes: &str) -> Vec<(&'static str, String)> {
        let scripts = selected(Dialect::Linux, event, attributes).into_iter();
        let shown = scripts.map(|script| match script.content {
            Content::Text(text) => (script.key.name, format!("text {text}")),
            Content::Url(url) => (script.key.name, format!("url {url}")),
        });
        shown.collect()
    }

    #[test]
    fn the_text_comes_before_the_url_and_other_attributes_are_none() {
        let attributes = r#"{"startup-script-url":"http://h/s","ssh-keys":"x","startup-script":"true",
            "shutdown-script":"false","Startup-Script":"no"}"#;
        assert_eq!(
            found(Event::Startup, attributes),
            [
                ("startup-script", "text true".to_owned()),
                ("startup-script-url", "url http://h/s".to_owned())
            ]
        );
        assert_eq!(
            found(Event::Shutdown, attributes),
            [("shutdown-script", "text false".to_owned())]
        );
        assert_eq!(found(Event::GracefulShutdown, attributes), []);
    }

    #[test]
    fn a_script_loses_the_white_space_before_it_and_a_url_that_around_it() {
        for (value, text, url) in [
            (r" \n\u000b\f\t\r#!/bin/sh\n", "#!/bin/sh\n", "#!/bin/sh"),
            (r"a b \n", "a b \n", "a b"),
            (r"\u00a0a", "\u{a0}a", "a"),
            (r"  ", "", ""),
        ] {
            let attributes =
                format!(r#"{{"startup-script":"{value}","startup-script-url":"{value}"}}"#);
            let found = found(Event::Startup, &attributes);
            assert_eq!(found[0].1, format!("text {text}"));
            assert_eq!(found[1].1, format!("url {url}"));
        }
    }

    #[test]
    fn what_is_empty_or_no_text_is_no_script() {
        for value in [r#""""#, "null", "7", "[]", r#"{"a":"b"}"#] {
            let attributes = format!(r#"{{"startup-script":{value}}}"#);
            assert_eq!(found(Event::Startup, &attributes), [], "{value}");
        }
    }

    #[test]
    fn what_is_no_object_is_told_without_a_word_of_it() {
        for attributes in [Value::Null, "secret".into(), vec!["secret"].into()] {
            let error = select(Dialect::Linux, Event::Startup, &attributes)
                .err()
                .unwrap();
            assert_eq!(error.to_string(), "the attributes are no JSON object");
        }
    }

    #[test]
    fn each_system_has_its_own_scripts_in_files_that_it_knows_how_to_run() {
        let attributes = r#"{"startup-script":"a","startup-script-url":"http://h/b.ps1",
            "windows-startup-script-url":" gs://b/Setup.EXE ","windows-startup-script-bat":"c",
            "windows-startup-script-ps1":"d","windows-startup-script-cmd":"e",
            "windows-startup-script":"f","sysprep-specialize-script-url":"https://h/g"}"#;
        let files = |dialect, event| -> Vec<String> {
            let scripts = selected(dialect, event, attributes).into_iter();
            scripts.map(|script| script.file_name()).collect()
        };
        assert_eq!(
            files(Dialect::Linux, Event::Startup),
            ["startup-script", "startup-script-url"]
        );
        assert_eq!(
            files(Dialect::Windows, Event::Startup),
            [
                "windows-startup-script-ps1.ps1",
                "windows-startup-script-cmd.cmd",
                "windows-startup-script-bat.bat",
                "windows-startup-script-url.exe"
            ]
        );
        for dialect in [Dialect::Linux, Dialect::Windows] {
            assert_eq!(
                files(dialect, Event::Specialize),
                ["sysprep-specialize-script-url"]
            );
        }
    }

    proptest! {
        #[test]
        fn a_file_s_name_is_plain_whatever_the_url(
            url in "((gs|https)://)?([a-z./\\\\:%?#]|\\.(ps1|EXE|cmd|bat)){0,30}",
        ) {
            let attributes = serde_json::json!({ "windows-startup-script-url": url });
            let scripts = select(Dialect::Windows, Event::Startup, &attributes).unwrap();
            for name in scripts.iter().map(Script::file_name) {
                let rest = name.strip_prefix("windows-startup-script-url").unwrap();
                prop_assert!(["", ".ps1", ".exe", ".cmd", ".bat"].contains(&rest), "{}", name);
            }
        }
    }
}
