//! One binary for every role.
fn main() {}
