//! The guest agent, as a library for its own tests.
