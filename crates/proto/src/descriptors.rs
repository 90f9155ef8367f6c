//! The protobuf descriptors that are compiled into this build. The code for access rules,
//! validation, JSON and page tokens reads them.
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor};

/// The descriptors of all `cpor` packages and of the files that they import.
#[expect(clippy::expect_used, reason = "a constant that the build wrote; the tests below read it")]
static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(crate::DESCRIPTOR_SET).expect("the built-in descriptors can be read"));

/// Returns the descriptors of this build.
#[must_use]
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// Returns the descriptor of an extension by its full name, or `None` if no proto imports the file
/// that defines the extension.
#[must_use]
pub fn extension(name: &str) -> Option<ExtensionDescriptor> {
    POOL.get_extension_by_name(name)
}

/// Returns the value of an option whose type is a message, decoded as the generated type `T`.
/// Returns `None` if the option is not set.
#[must_use]
pub fn option_as<T: Message + Default>(options: &DynamicMessage, extension: &ExtensionDescriptor) -> Option<T> {
    if !options.has_extension(extension) {
        return None;
    }
    options.get_extension(extension).as_message().and_then(|value| value.transcode_to().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_contain_services_and_extensions() {
        assert!(pool().services().any(|service| service.full_name() == "cpor.claims.v1.ClaimService"));
        for name in [
            "cpor.options.v1.access",
            "cpor.options.v1.personal_data",
            "buf.validate.field",
            "google.api.field_behavior",
        ] {
            assert!(extension(name).is_some(), "{name}");
        }
        assert!(pool().get_message_by_name("google.rpc.BadRequest").is_some(), "reflection needs the error details");
    }
}
