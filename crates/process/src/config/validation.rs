//! Collects the errors in a configuration.
use std::{fmt, path::PathBuf};

/// An invalid value in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// The dotted key of the value, for example `listen.grpc`.
    pub key: String,
    /// A description of what is wrong with the value.
    pub problem: String,
}

/// Collects all errors in a configuration, so that an operator can fix them together.
#[derive(Debug, Default)]
pub struct ValidationErrors {
    /// The sections that enclose the keys which are being validated.
    path: Vec<&'static str>,
    errors: Vec<ValidationError>,
}

impl ValidationErrors {
    /// Adds an error for the value of `key` in the current section.
    pub fn add(&mut self, key: &str, problem: impl Into<String>) {
        let mut full_key = self.path.join(".");
        if !full_key.is_empty() {
            full_key.push('.');
        }
        full_key.push_str(key);
        self.errors.push(ValidationError { key: full_key, problem: problem.into() });
    }

    /// Adds the error `problem` for `key` if `is_valid` is false.
    pub fn require(&mut self, is_valid: bool, key: &str, problem: &str) {
        if !is_valid {
            self.add(key, problem);
        }
    }

    /// Runs `validate` within the given section: the keys of its errors are prefixed with the
    /// section.
    pub fn in_section(&mut self, section: &'static str, validate: impl FnOnce(&mut Self)) {
        self.path.push(section);
        validate(self);
        self.path.pop();
    }

    /// Adds an error if the value is not an `http` or `https` URL with a host.
    pub fn require_http_url(&mut self, key: &str, value: &str) {
        let uri = value.parse::<http::Uri>().ok();
        let is_valid =
            uri.is_some_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
        self.require(is_valid, key, "must be http://host:port or https://host:port");
    }

    /// Adds an error if a path is given and the file cannot be opened.
    pub fn require_readable_file(&mut self, key: &str, path: Option<&PathBuf>) {
        if let Some(path) = path
            && let Err(error) = std::fs::File::open(path)
        {
            self.add(key, format!("cannot open {}: {error}", path.display()));
        }
    }

    /// Returns the errors in the order in which they were added.
    #[must_use]
    pub fn errors(&self) -> &[ValidationError] {
        &self.errors
    }

    /// Returns `Ok` if there are no errors.
    ///
    /// # Errors
    /// Returns `self`, which displays each error on a line of its own.
    pub fn into_result(self) -> Result<(), Self> {
        if self.errors.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid configuration, {} error(s):", self.errors.len())?;
        for error in &self.errors {
            write!(f, "\n  {}: {}", error.key, error.problem)?;
        }
        Ok(())
    }
}

impl std::error::Error for ValidationErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_their_section() {
        let mut errors = ValidationErrors::default();
        errors.in_section("listen", |errors| errors.add("grpc", "must be free"));
        errors.require(true, "fine", "not reported");
        errors.add("mode", "must be known");
        assert_eq!(errors.errors().iter().map(|error| error.key.as_str()).collect::<Vec<_>>(), ["listen.grpc", "mode"]);
        let text = errors.into_result().unwrap_err().to_string();
        assert!(text.contains("2 error(s)") && text.contains("listen.grpc: must be free"), "{text}");
    }
}
