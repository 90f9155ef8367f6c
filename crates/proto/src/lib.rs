//! The generated wire types of every `cpor.*` package, and the descriptors they come from.
//!
//! `src/generated` is written by `cargo xtask proto --generate` and never edited by hand.
#![allow(missing_docs, clippy::all, reason = "generated code; the protos are documented")]

/// The encoded `FileDescriptorSet` of all packages and their imports, with comments and options.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptors.binpb");

macro_rules! packages {
    ($($name:ident),* $(,)?) => {$(
        pub mod $name {
            pub mod v1 {
                include!(concat!("generated/cpor.", stringify!($name), ".v1.rs"));
            }
        }
    )*};
}

packages!(options, claims, consents, eligibility, events, operations, registry, reviews);
