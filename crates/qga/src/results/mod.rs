//! What the agent answers, field by field.

pub mod accounts;
pub mod devices;
pub mod exec;
pub mod file;
pub mod identity;
pub mod machine;
pub mod network;
pub mod statistics;
pub mod storage;
