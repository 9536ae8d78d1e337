//! From bytes to a document.

use toml::Spanned;
use toml::de::DeTable;

use crate::Fault;

/// The text that `bytes` are.
///
/// # Errors
/// They are not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Fault::new(at..at, "this is not UTF-8 text")
    })
}

/// The document that `text` is, for [`Table::file`](crate::Table::file).
///
/// # Errors
/// It is not TOML.
pub fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Fault> {
    DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Fault::new(span, format!("not TOML: {}", error.message()))
    })
}
