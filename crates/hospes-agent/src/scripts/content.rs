//! Getting a script into its file.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use guest_os::access::create_program;
use guest_os::reason;
use metadata::scripts::{
    Content, DEFAULT_UNIVERSE, Event, Script, Settings, Source, file_bytes, storage_address,
};
use metadata_client::{DownloadLimits, Downloader};

use super::attributes::Metadata;
use super::log::Log;

/// Writes a script into a new file that can be executed.
///
/// # Errors
/// Why there is no such file, in one line.
pub(super) fn write(
    script: &Script,
    file: &Path,
    event: Event,
    settings: &Settings,
    metadata: &Metadata,
    log: &mut Log,
) -> Result<(), String> {
    let refused =
        |error: std::io::Error| format!("unable to write script to file: {}", reason(&error));
    let mut opened = create_program(file).map_err(refused)?;
    match &script.content {
        Content::Text(text) => {
            let bytes = file_bytes(script.kind, text);
            opened.write_all(&bytes).map_err(refused)?;
        }
        Content::Url(url) => {
            let fetch = Fetch {
                downloader: Downloader::new(limits(event)),
                settings,
                metadata,
            };
            fetch.fetch(script.key.name, url, &mut opened, log)?;
        }
    }
    Ok(())
}

/// A machine that goes down waits for nobody.
fn limits(event: Event) -> DownloadLimits {
    match event {
        Event::Startup | Event::Specialize => DownloadLimits::default(),
        Event::Shutdown | Event::GracefulShutdown => DownloadLimits {
            connect: Duration::from_secs(3),
            stall: Duration::from_secs(5),
            whole: Duration::from_secs(60),
            ..DownloadLimits::default()
        },
    }
}

struct Fetch<'a> {
    downloader: Downloader,
    settings: &'a Settings,
    metadata: &'a Metadata,
}

impl Fetch<'_> {
    fn fetch(&self, key: &str, url: &str, into: &mut File, log: &mut Log) -> Result<(), String> {
        // Only where it decides is the cloud's domain asked for.
        let universe = if Source::depends_on_universe(url) {
            self.metadata.universe()
        } else {
            DEFAULT_UNIVERSE.to_owned()
        };
        let source = Source::read(url, &universe).map_err(|error| error.to_string())?;
        match source {
            Source::Web(url) => self.download(&url, &[], into),
            Source::Object { path } => {
                let address = storage_address(self.settings.storage_url.as_deref(), &universe);
                self.object(key, &format!("{address}/{path}"), into, log)
            }
        }
    }

    /// With the machine's token, else without.
    fn object(&self, key: &str, url: &str, into: &mut File, log: &mut Log) -> Result<(), String> {
        if let Some(token) = self.metadata.token() {
            let bearer = format!("Bearer {token}");
            match self.download(url, &[("Authorization", &bearer)], into) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    log.info(Some(key), &error);
                    log.info(Some(key), "Trying unauthenticated download");
                }
            }
        }
        self.download(url, &[], into)
    }

    fn download(&self, url: &str, headers: &[(&str, &str)], into: &mut File) -> Result<(), String> {
        let fetched = self.downloader.fetch(url, headers, into);
        fetched.map(drop).map_err(|error| error.to_string())
    }
}
