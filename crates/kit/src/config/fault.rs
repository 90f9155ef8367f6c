use std::{fmt, path::PathBuf};

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The dotted key, for example `listen.grpc`.
    pub key: String,
    /// What is wrong with its value, in words.
    pub problem: String,
}

/// Collects every fault of a configuration, so that an operator fixes all of them in one go.
#[derive(Debug, Default)]
pub struct Faults {
    path: Vec<&'static str>,
    found: Vec<Fault>,
}

impl Faults {
    /// Notes that the value of `key` in the current section is wrong.
    pub fn add(&mut self, key: &str, problem: impl Into<String>) {
        let mut full = self.path.join(".");
        if !full.is_empty() {
            full.push('.');
        }
        full.push_str(key);
        self.found.push(Fault { key: full, problem: problem.into() });
    }

    /// Notes the fault unless `holds`.
    pub fn require(&mut self, holds: bool, key: &str, problem: &str) {
        if !holds {
            self.add(key, problem);
        }
    }

    /// Runs `check` with every key it names placed under `section`.
    pub fn within(&mut self, section: &'static str, check: impl FnOnce(&mut Self)) {
        self.path.push(section);
        check(self);
        self.path.pop();
    }

    /// The faults found so far, in the order in which they were found.
    #[must_use]
    pub fn found(&self) -> &[Fault] {
        &self.found
    }

    /// `Ok` when nothing was found, else everything that was.
    ///
    /// # Errors
    /// `self`, whose `Display` names every fault on a line of its own.
    pub fn into_result(self) -> Result<(), Self> {
        if self.found.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} fault(s):", self.found.len())?;
        for fault in &self.found {
            write!(f, "\n  {}: {}", fault.key, fault.problem)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Notes a value that is no `http` or `https` URL with a host.
pub(super) fn http_url(faults: &mut Faults, key: &str, value: &str) {
    let parsed = value.parse::<http::Uri>().ok();
    let good = parsed.is_some_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
    faults.require(good, key, "must be http://host:port or https://host:port");
}

/// Notes a file that is named and cannot be opened.
pub(super) fn readable(faults: &mut Faults, key: &str, path: Option<&PathBuf>) {
    if let Some(path) = path
        && let Err(error) = std::fs::File::open(path)
    {
        faults.add(key, format!("{}: {error}", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_their_section() {
        let mut faults = Faults::default();
        faults.within("listen", |faults| faults.add("grpc", "is taken"));
        faults.require(true, "fine", "never shown");
        faults.add("mode", "is unknown");
        assert_eq!(faults.found().iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), ["listen.grpc", "mode"]);
        let shown = faults.into_result().unwrap_err().to_string();
        assert!(shown.contains("2 fault(s)") && shown.contains("listen.grpc: is taken"), "{shown}");
    }
}
