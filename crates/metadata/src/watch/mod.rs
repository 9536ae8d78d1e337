//! The watcher of a stop request: what it does, decided from what it hears.
