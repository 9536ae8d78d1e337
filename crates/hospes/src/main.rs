//! crates/hospes

fn main() {}
