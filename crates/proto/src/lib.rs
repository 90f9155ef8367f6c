//! The generated message types of every `cpor.*` package, the descriptors from which they are
//! generated, and the conversions between the shared enums of the API and those of the domain.
//!
//! `src/generated` is written by `cargo xtask proto --generate` and never edited by hand.

mod convert;
pub mod descriptors;
mod reason;
pub mod wire_time;

pub use convert::{UnknownValue, WireEnum};
pub use reason::{is_error_reason, is_field_violation_reason};

/// The encoded `FileDescriptorSet` of all packages and their imports, with comments and options.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptors.binpb");

macro_rules! packages {
    ($($name:ident => $file:literal),* $(,)?) => {$(
        #[allow(missing_docs, clippy::all, reason = "generated code; the protos are documented")]
        pub mod $name {
            pub mod v1 {
                include!(concat!("generated/", $file));
            }
        }
    )*};
}

packages! {
    claims => "cpor.claims.v1.rs",
    consents => "cpor.consents.v1.rs",
    eligibility => "cpor.eligibility.v1.rs",
    events => "cpor.events.v1.rs",
    operations => "cpor.operations.v1.rs",
    options => "cpor.options.v1.rs",
    registry => "cpor.registry.v1.rs",
    reviews => "cpor.reviews.v1.rs",
    r#type => "cpor.type.v1.rs",
}
