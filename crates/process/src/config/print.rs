//! Prints the effective configuration.
use serde::Serialize;

/// A configuration that cannot be converted to TOML.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be converted to TOML: {0}")]
pub struct PrintError(#[from] toml::ser::Error);

/// Returns the configuration as TOML, with masked [`Secret`](super::Secret)s. After the secrets are
/// filled in, the text can be loaded again.
///
/// # Errors
/// Returns an error if a value has no TOML form.
pub fn to_masked_toml<T: Serialize>(config: &T) -> Result<String, PrintError> {
    // The configuration is first converted to a tree, because TOML requires plain values before
    // sub-tables, and the fields of the structs are in any order.
    Ok(toml::to_string_pretty(&toml::Value::try_from(config)?)?)
}

#[cfg(test)]
mod tests {
    use super::super::{ListenConfig, Secret};
    use super::*;

    #[derive(Serialize)]
    struct Config {
        listen: ListenConfig,
        password: Secret,
    }

    #[test]
    fn masks_secrets_and_prints_sections_as_tables() {
        let text =
            to_masked_toml(&Config { listen: ListenConfig::default(), password: Secret::new("hunter2") }).unwrap();
        assert!(text.contains("[listen]\n") && text.contains("grpc = \"127.0.0.1:50051\""), "{text}");
        assert!(text.contains("password = \"********\"") && !text.contains("hunter2"), "{text}");
    }
}
