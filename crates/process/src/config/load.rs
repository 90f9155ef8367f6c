//! Loads the configuration from a file, the environment and flags.
use std::path::PathBuf;

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use serde::de::DeserializeOwned;

/// The prefix of the environment variables that belong to the configuration.
const PREFIX: &str = "CPOR_";
/// The prefix of the environment variables of the test suite, which are not configuration.
const TEST_PREFIX: &str = "CPOR_TEST_";

/// The sources of a configuration. Overrides take precedence over the environment, and the
/// environment takes precedence over the file.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The path of a TOML file, which must exist.
    pub file: Option<PathBuf>,
    /// The names and values of environment variables. `CPOR_LISTEN__GRPC` sets `listen.grpc`.
    /// Variables without the prefix `CPOR_` and the test suite's `CPOR_TEST_...` are ignored.
    pub environment: Vec<(String, String)>,
    /// Dotted keys (such as `listen.grpc`) and values from command-line flags.
    pub overrides: Vec<(String, String)>,
}

impl Sources {
    /// Returns the given file and the environment of this process as sources.
    #[must_use]
    pub fn from_environment(file: Option<PathBuf>) -> Self {
        Self { file, environment: std::env::vars().collect(), overrides: Vec::new() }
    }

    /// Adds an override for a dotted key such as `listen.grpc`.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.overrides.push((key.into(), value.into()));
        self
    }
}

/// The reason why a configuration cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The configuration file does not exist or cannot be read.
    #[error("cannot read the configuration file {path}: {source}", path = .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The configuration has unknown keys or values of the wrong type. Each line names one of them
    /// and its source.
    #[error("cannot load the configuration:{}", .0.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    Invalid(Vec<String>),
}

/// Loads a configuration. `T` should be `#[serde(default, deny_unknown_fields)]` on every level, so
/// that a misspelt key is an error.
///
/// # Errors
/// Returns a [`LoadError`]. It reports all unknown keys and values of the wrong type at once.
pub fn load<T: DeserializeOwned>(sources: &Sources) -> Result<T, LoadError> {
    let mut figment = Figment::new();
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path).map_err(|source| LoadError::File { path: path.clone(), source })?;
        let provider = NamedProvider { name: format!("file {}", path.display()), provider: Toml::string(&text) };
        figment = figment.merge(provider);
    }
    for (name, value) in &sources.environment {
        if let Some(key) = name.strip_prefix(PREFIX).filter(|_| !name.starts_with(TEST_PREFIX)) {
            let key = key.to_ascii_lowercase().replace("__", ".");
            let name = format!("environment variable {name}");
            figment = figment.merge(SingleValueProvider { name, key, value: value.clone() });
        }
    }
    for (key, value) in &sources.overrides {
        let name = format!("flag for {key}");
        figment = figment.merge(SingleValueProvider { name, key: key.clone(), value: value.clone() });
    }
    figment.extract().map_err(|first| LoadError::Invalid(describe_all_errors::<T>(&figment, first)))
}

/// Returns a line for every error. Deserialization stops at its first error, so each invalid value
/// is removed and the rest is deserialized again until it succeeds.
fn describe_all_errors<T: DeserializeOwned>(figment: &Figment, first: figment::Error) -> Vec<String> {
    let Ok(mut values) = figment.find_value("") else {
        return first.into_iter().map(|error| describe(figment, &error)).collect();
    };
    let (mut lines, mut removed_paths, mut next) = (Vec::new(), Vec::new(), Some(first));
    while let Some(error) = next {
        if !is_about_removed_value(&error, &removed_paths) {
            lines.push(describe(figment, &error));
        }
        let path = error_path(&error);
        next = if remove_value(&mut values, &path) { values.deserialize::<T>().err() } else { None };
        removed_paths.push(path);
    }
    lines
}

/// Returns true if the error reports a missing key that was removed because of an earlier error.
fn is_about_removed_value(error: &figment::Error, removed_paths: &[Vec<String>]) -> bool {
    let Kind::MissingField(field) = &error.kind else { return false };
    let is_missing_field =
        |path: &Vec<String>| path.split_last().is_some_and(|(last, section)| last == field && section == error.path);
    removed_paths.iter().any(is_missing_field)
}

/// Removes the value at `path`. If there is none, removes the innermost list or section on the
/// path. Returns true if something was removed.
fn remove_value(value: &mut Value, path: &[String]) -> bool {
    let (Value::Dict(_, dict), Some((key, rest))) = (value, path.split_first()) else { return false };
    dict.get_mut(key).is_some_and(|inner| remove_value(inner, rest)) || dict.remove(key).is_some()
}

/// Returns the path of the value with the error. The error of an unknown key may or may not contain
/// the key as the last segment of its path.
fn error_path(error: &figment::Error) -> Vec<String> {
    let mut path = error.path.clone();
    if let Kind::UnknownField(field, _) = &error.kind
        && path.last() != Some(field)
    {
        path.push(field.clone());
    }
    path
}

/// Returns a line such as `listen.grcp (file cpor.toml): unknown key; allowed keys: grpc, web,
/// admin`.
fn describe(figment: &Figment, error: &figment::Error) -> String {
    let problem = if let Kind::UnknownField(_, allowed) = &error.kind {
        format!("unknown key; allowed keys: {}", allowed.join(", "))
    } else {
        error.kind.to_string()
    };
    let key = error_path(error).join(".");
    let source = figment
        .find_metadata(&key)
        .or(error.metadata.as_ref())
        .map_or_else(|| "defaults".to_owned(), |metadata| metadata.name.to_string());
    let location = if key.is_empty() { source } else { format!("{key} ({source})") };
    format!("{location}: {}", problem.trim_end())
}

/// A provider with a name of its own for error messages.
struct NamedProvider<P> {
    name: String,
    provider: P,
}

impl<P: Provider> Provider for NamedProvider<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.provider.data()
    }
}

/// A provider of one value, named after the environment variable or flag that sets it.
struct SingleValueProvider {
    name: String,
    /// The dotted key.
    key: String,
    value: String,
}

impl Provider for SingleValueProvider {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, parse_value(&self.value));
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// Parses a text as a number, boolean, list or table where possible, otherwise as a string. A
/// number that would be formatted differently, such as `007`, stays a string, because it may be a
/// password.
fn parse_value(text: &str) -> Value {
    let Ok(value) = text.parse::<Value>();
    let is_exact = value.to_num().is_none_or(|_| format_number(&value).is_some_and(|number| number == text));
    if is_exact { value } else { Value::from(text) }
}

/// Returns the number as text, or `None` if the value is not a number.
fn format_number(value: &Value) -> Option<String> {
    let signed = value.to_i128().map(|number| number.to_string());
    let unsigned = || value.to_u128().map(|number| number.to_string());
    signed.or_else(unsigned).or_else(|| value.to_num()?.to_f64().map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde::Deserialize;

    use super::super::ListenConfig;
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        listen: ListenConfig,
        database: Database,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Database {
        connections: u32,
    }

    fn file(text: &str) -> (tempfile::NamedTempFile, Sources) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let sources = Sources { file: Some(file.path().to_owned()), ..Sources::default() };
        (file, sources)
    }

    fn variable(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn flags_override_environment_and_file() {
        let (_file, mut sources) =
            file("[listen]\ngrpc = \"127.0.0.1:1\"\nweb = \"127.0.0.1:2\"\nadmin = \"127.0.0.1:3\"\n");
        sources.environment = vec![
            variable("CPOR_LISTEN__WEB", "127.0.0.1:22"),
            variable("CPOR_LISTEN__ADMIN", "127.0.0.1:33"),
            variable("CPOR_DATABASE__CONNECTIONS", "3"),
            variable("CPOR_TEST_POSTGRES", "not configuration"),
            variable("PATH", "/bin"),
        ];
        let config: Config = load(&sources.set("listen.admin", "127.0.0.1:333")).unwrap();
        assert_eq!(config.listen.grpc.port(), 1);
        assert_eq!(config.listen.web.port(), 22);
        assert_eq!(config.listen.admin.port(), 333);
        assert_eq!(config.database.connections, 3);
    }

    #[test]
    fn reports_an_unknown_key_with_its_source() {
        let (_file, sources) = file("[listen]\ngrcp = \"127.0.0.1:1\"\n");
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("listen.grcp (file ") && error.contains("unknown key"), "{error}");

        let sources = Sources { environment: vec![variable("CPOR_LISTEM__GRPC", "x")], ..Sources::default() };
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("listem (environment variable CPOR_LISTEM__GRPC): unknown key"), "{error}");
    }

    #[test]
    fn reports_a_wrong_type_with_its_source() {
        let sources = Sources::default().set("listen.grpc", "nonsense");
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("listen.grpc (flag for listen.grpc)"), "{error}");
    }

    #[test]
    fn reports_all_unknown_keys_and_wrong_types() {
        let (_file, mut sources) =
            file("[databse]\nurl = 1\n[listen]\ngrcp = 1\nweb = \"nowhere\"\n[database]\nconnections = \"many\"\n");
        sources.environment = vec![variable("CPOR_DATABASE__CONNECTION", "3")];
        let LoadError::Invalid(lines) = load::<Config>(&sources.set("listen.admin", "[1]")).unwrap_err() else {
            panic!("the error is about the file");
        };
        let keys: Vec<_> = lines.iter().map(|line| line.split_once(" (").unwrap().0).collect();
        let expected =
            ["database.connection", "database.connections", "databse", "listen.admin", "listen.grcp", "listen.web"];
        assert_eq!(keys, expected, "{lines:#?}");
    }

    #[test]
    fn a_wrong_type_is_reported_once_and_hides_nothing() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Mail {
            smtp: Option<Smtp>,
            parallel: u8,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only deserialized")]
        struct Smtp {
            host: String,
            port: u16,
        }
        let lines = |text: &str| {
            let (_file, sources) = file(text);
            match load::<Mail>(&sources) {
                Err(LoadError::Invalid(lines)) => lines,
                other => panic!("{other:?}"),
            }
        };
        let both = lines("[smtp]\nhost = 1\nport = 25\n[zeal]\n");
        assert!(
            matches!(&both[..], [host, zeal] if host.starts_with("smtp.host") && zeal.starts_with("zeal")),
            "{both:?}"
        );
        let missed = lines("parallel = -1\n[smtp]\nhost = \"mail\"\n");
        assert!(matches!(&missed[..], [_, smtp] if smtp.starts_with("smtp ") && smtp.contains("port")), "{missed:?}");
    }

    #[test]
    fn keeps_a_secret_of_digits_unchanged() {
        #[derive(Deserialize)]
        struct Mail {
            password: super::super::Secret,
            port: u16,
            ratio: f64,
        }
        for password in ["007", "12345", "1e5", "true", "0.10", "-3"] {
            let sources = Sources::default().set("password", password).set("port", "25").set("ratio", "0.5");
            let mail: Mail = load(&sources).unwrap();
            assert_eq!((mail.password.expose(), mail.port, mail.ratio), (password, 25, 0.5));
        }
    }

    #[test]
    fn a_missing_or_broken_file_is_an_error() {
        let sources = Sources { file: Some("no/such/file.toml".into()), ..Sources::default() };
        assert!(matches!(load::<Config>(&sources), Err(LoadError::File { .. })));
        let (_file, sources) = file("listen = [");
        assert!(matches!(load::<Config>(&sources), Err(LoadError::Invalid(_))));
    }
}
