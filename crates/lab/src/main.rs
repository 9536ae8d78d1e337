//! crates/lab

fn main() {}
