//! Benchmarks of pure functions that many requests call. `cargo xtask microbench` runs them.
