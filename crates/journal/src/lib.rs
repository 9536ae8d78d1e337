//! The journal: runs, steps, host keys and exclusion in SQLite.
