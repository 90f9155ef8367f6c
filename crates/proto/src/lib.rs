//! The generated wire types of every `cpor.*` package, and the descriptors they come from.
#![allow(missing_docs, clippy::all, reason = "generated code; the protos are documented")]

/// Every file descriptor with comments and options, the imported ones too.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! packages {
    ($($name:ident),* $(,)?) => {$(
        pub mod $name {
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/cpor.", stringify!($name), ".v1.rs"));
            }
        }
    )*};
}

packages!(options, claims, consents, eligibility, events, operations, registry, reviews);
