use serde::Serialize;

/// A configuration could not be rendered as TOML.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be shown as TOML: {0}")]
pub struct PrintError(#[from] toml::ser::Error);

/// Renders the effective configuration as TOML. [`Secret`](super::Secret)s are masked, so the text is for reading;
/// it loads again once they are filled in.
///
/// # Errors
/// When a value has no TOML form.
pub fn print<T: Serialize>(config: &T) -> Result<String, PrintError> {
    // By way of a tree: TOML wants a table's plain values before its sub-tables, whatever the fields' order.
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
    fn secrets_are_masked_and_sections_are_tables() {
        let shown = print(&Config { listen: ListenConfig::default(), password: Secret::new("hunter2") }).unwrap();
        assert!(shown.contains("[listen]\n") && shown.contains("grpc = \"127.0.0.1:50051\""), "{shown}");
        assert!(shown.contains("password = \"********\"") && !shown.contains("hunter2"), "{shown}");
    }
}
