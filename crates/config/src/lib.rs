//! hospes.toml: guests, tags, addresses and deadlines.
