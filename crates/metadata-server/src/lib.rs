//! The host's end of the metadata protocol.
