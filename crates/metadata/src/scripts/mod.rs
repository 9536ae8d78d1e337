//! Which scripts an event has, where they come from and how they are run.
