//! Handles that whoever started the agent has left open.

/// Nothing: a program that is started here gets exactly the handles that it is given
/// (`PROC_THREAD_ATTRIBUTE_HANDLE_LIST`), whatever else can be inherited.
pub const fn keep_descriptors() {}
