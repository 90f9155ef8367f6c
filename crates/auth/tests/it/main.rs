//! Tokens of users: forged ones, and those of issuers whose keys change.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forged_tokens;
mod issuers;
mod key_rotation;
mod system;
