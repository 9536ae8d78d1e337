//! What the guest's end reads: the JSON of attributes and of a stop, script URLs, the settings file,
//! a script and what it prints.
#![no_main]

use libfuzzer_sys::fuzz_target;
use metadata::scripts::{
    Content, DEFAULT_UNIVERSE, Dialect, Event, LONGEST_LINE, Lines, Settings, Source, file_bytes,
    select, shebang,
};
use metadata::stop::{PendingStop, Report, file_name};
use metadata::watch::Details;
use serde::Deserialize;
use serde_json::{Value, json};

const DIALECTS: [Dialect; 2] = [Dialect::Linux, Dialect::Windows];

fuzz_target!(|bytes: &[u8]| {
    let _ = shebang(bytes);
    lines(bytes);
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    url(text, DEFAULT_UNIVERSE);
    // As an attribute: read from JSON again, and its URL trimmed.
    let attributes = json!({
        "startup-script": text,
        "startup-script-url": text,
        "windows-startup-script-ps1": text,
        "windows-startup-script-cmd": text,
        "windows-startup-script-url": text,
    });
    scripts(&attributes);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        scripts(&value);
        stop(&value);
    }
    for dialect in DIALECTS {
        let (_, warnings) = Settings::read(dialect, [("settings", text), ("again", text)]);
        assert!(warnings.len() <= 2 * text.lines().count());
    }
});

/// The cuts make no difference to the lines.
fn lines(bytes: &[u8]) {
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    let mut lines = Lines::default();
    lines.push(bytes, |line| whole.push(line.to_vec()));
    lines.finish(|line| whole.push(line.to_vec()));
    let mut lines = Lines::default();
    for piece in bytes.chunks(3) {
        lines.push(piece, |line| pieces.push(line.to_vec()));
    }
    lines.finish(|line| pieces.push(line.to_vec()));
    assert_eq!(whole, pieces);
    assert!(whole.iter().all(|line| line.len() <= LONGEST_LINE));
}

fn stop(value: &Value) {
    match Details::read(value) {
        Ok(details) => {
            if let Some(request) = details.request {
                assert!(request.bytes().all(|byte| byte.is_ascii_graphic()));
                let name = file_name(&request);
                assert!(!name.is_empty() && !name.contains('/') && name != "." && name != "..");
            }
        }
        Err(_) => assert!(!value.is_object()),
    }
    if let Ok(pending) = PendingStop::deserialize(value) {
        let _ = file_name(&pending.request);
    }
    let _ = Report::deserialize(value);
}

fn scripts(attributes: &Value) {
    let both = |event| DIALECTS.map(|dialect| (dialect, event));
    for (dialect, event) in Event::all().flat_map(both) {
        let Ok(found) = select(dialect, event, attributes) else {
            assert!(!attributes.is_object());
            continue;
        };
        assert!(found.len() <= event.keys(dialect).len());
        for script in found {
            assert!(!script.file_name().contains(['/', '\\', ':']));
            match script.content {
                Content::Text(text) => {
                    assert!(!text.starts_with(['\n', ' ', '\t']));
                    assert!(file_bytes(script.kind, &text).len() <= 2 * text.len() + 3);
                }
                Content::Url(address) => url(&address, "example.goog"),
            }
        }
    }
}

/// What is fetched can be put behind a host, or is what was written.
fn url(text: &str, universe: &str) {
    match Source::read(text, universe) {
        Ok(Source::Object { path }) => {
            let (bucket, object) = path.split_once('/').expect("bucket and object");
            assert!(!bucket.is_empty() && !object.is_empty());
            assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
        }
        Ok(Source::Web(address)) => assert_eq!(address, text),
        Err(error) => assert!(error.to_string().len() < 200),
    }
}
