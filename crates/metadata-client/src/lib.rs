//! The guest's end of the metadata protocol.
