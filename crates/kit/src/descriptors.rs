//! What the protos say, read once: methods with their access, and messages by name.
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor};

/// Every descriptor of the `cpor` packages and what they import.
#[expect(clippy::expect_used, reason = "a constant that the build wrote; the tests below read it")]
static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET).expect("the built-in descriptors can be read"));

/// The descriptors of this build.
pub(crate) fn pool() -> &'static DescriptorPool {
    &POOL
}

/// An extension of our own or of the validation rules; `None` when no proto imports its file.
pub(crate) fn extension(name: &str) -> Option<ExtensionDescriptor> {
    POOL.get_extension_by_name(name)
}

/// The value of a message-typed option, decoded as the generated type `T`.
pub(crate) fn option_as<T: Message + Default>(options: &DynamicMessage, extension: &ExtensionDescriptor) -> Option<T> {
    if !options.has_extension(extension) {
        return None;
    }
    options.get_extension(extension).as_message().and_then(|value| value.transcode_to().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_of_this_build_can_be_read() {
        assert!(pool().services().any(|service| service.full_name() == "cpor.claims.v1.ClaimService"));
        for name in [
            "cpor.options.v1.access",
            "cpor.options.v1.personal_data",
            "buf.validate.field",
            "google.api.field_behavior",
        ] {
            assert!(extension(name).is_some(), "{name}");
        }
        assert!(pool().get_message_by_name("google.rpc.BadRequest").is_some(), "error details are for reflection");
    }
}
