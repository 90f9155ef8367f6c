//! Tokens of users: forged ones, and those of issuers whose keys change.

mod forged_tokens;
mod issuers;
mod key_rotation;
mod system;
