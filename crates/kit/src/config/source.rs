use std::path::PathBuf;

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use serde::de::DeserializeOwned;

/// What every environment variable of the configuration starts with.
const PREFIX: &str = "CPOR_";
/// Variables of the test suite, which are no configuration.
const TEST_PREFIX: &str = "CPOR_TEST_";

/// Where a configuration comes from; later ones win: file, environment, overrides.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A TOML file; it must exist when it is named.
    pub file: Option<PathBuf>,
    /// Names and values of environment variables. `CPOR_LISTEN__GRPC` sets `listen.grpc`; those without the
    /// prefix `CPOR_`, and the test suite's `CPOR_TEST_…`, are passed over.
    pub environment: Vec<(String, String)>,
    /// Dotted keys and values, as flags gave them.
    pub overrides: Vec<(String, String)>,
}

impl Sources {
    /// The given file and the environment of this process.
    #[must_use]
    pub fn process(file: Option<PathBuf>) -> Self {
        Self { file, environment: std::env::vars().collect(), overrides: Vec::new() }
    }

    /// Adds a flag's value for a dotted key.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.overrides.push((key.into(), value.into()));
        self
    }
}

/// A configuration that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The named file does not exist or cannot be read.
    #[error("cannot read the configuration file {path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Keys that nobody knows, or values of the wrong type; one line each, with the source they come from.
    #[error("the configuration cannot be read:{}", .0.iter().map(|line| format!("\n  {line}")).collect::<String>())]
    Invalid(Vec<String>),
}

/// Reads a configuration. `T` should be `#[serde(default, deny_unknown_fields)]` on every level, so that a
/// misspelt key is an error and not a default.
///
/// # Errors
/// An unreadable file; all unknown keys and values of the wrong type at once, by key and source.
pub fn load<T: DeserializeOwned>(sources: &Sources) -> Result<T, LoadError> {
    let mut figment = Figment::new();
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path).map_err(|source| LoadError::File { path: path.clone(), source })?;
        figment = figment.merge(Named { name: format!("file {}", path.display()), data: Toml::string(&text) });
    }
    for (name, value) in &sources.environment {
        if let Some(key) = name.strip_prefix(PREFIX).filter(|_| !name.starts_with(TEST_PREFIX)) {
            let key = key.to_ascii_lowercase().replace("__", ".");
            figment = figment.merge(Single { name: format!("environment variable {name}"), key, value: value.clone() });
        }
    }
    for (key, value) in &sources.overrides {
        figment = figment.merge(Single { name: format!("flag for {key}"), key: key.clone(), value: value.clone() });
    }
    figment.extract().map_err(|first| LoadError::Invalid(every_fault::<T>(&figment, first)))
}

/// A reading ends at its first fault. Each is noted and taken out, and the rest is read again, until it can be.
fn every_fault<T: DeserializeOwned>(figment: &Figment, first: figment::Error) -> Vec<String> {
    let Ok(mut rest) = figment.find_value("") else {
        return first.into_iter().map(|error| explain(figment, &error)).collect();
    };
    let (mut lines, mut out, mut next) = (Vec::new(), Vec::new(), Some(first));
    while let Some(error) = next {
        if !lacks(&error, &out) {
            lines.push(explain(figment, &error));
        }
        let path = path(&error);
        next = if take_out(&mut rest, &path) { rest.deserialize::<T>().err() } else { None };
        out.push(path);
    }
    lines
}

/// Whether it misses only what has been taken out for a fault of its own.
fn lacks(error: &figment::Error, out: &[Vec<String>]) -> bool {
    let Kind::MissingField(field) = &error.kind else { return false };
    out.iter().any(|path| path.split_last().is_some_and(|(last, section)| last == field && section == error.path))
}

/// Removes what lies at `path`: of a list, the whole; of a section that misses a key, the section. Answers whether
/// anything was there.
fn take_out(value: &mut Value, path: &[String]) -> bool {
    let (Value::Dict(_, dict), Some((key, rest))) = (value, path.split_first()) else { return false };
    dict.get_mut(key).is_some_and(|inner| take_out(inner, rest)) || dict.remove(key).is_some()
}

/// Where the fault lies. The error of an unknown key may or may not carry the key itself as the last step.
fn path(error: &figment::Error) -> Vec<String> {
    let mut path = error.path.clone();
    if let Kind::UnknownField(field, _) = &error.kind
        && path.last() != Some(field)
    {
        path.push(field.clone());
    }
    path
}

/// "listen.grcp (file cpor.toml): unknown key; known here: …".
fn explain(figment: &Figment, error: &figment::Error) -> String {
    let problem = if let Kind::UnknownField(_, known) = &error.kind {
        format!("unknown key; known here: {}", known.join(", "))
    } else {
        error.kind.to_string()
    };
    let key = path(error).join(".");
    let source = figment
        .find_metadata(&key)
        .or(error.metadata.as_ref())
        .map_or_else(|| "defaults".to_owned(), |found| found.name.to_string());
    let place = if key.is_empty() { source } else { format!("{key} ({source})") };
    format!("{place}: {}", problem.trim_end())
}

/// A provider under another name.
struct Named<P> {
    name: String,
    data: P,
}

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.data.data()
    }
}

/// One key, named after the variable or flag that set it.
struct Single {
    name: String,
    key: String,
    value: String,
}

impl Provider for Single {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = figment::util::nest(&self.key, typed(&self.value));
        let dict = nested.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// A number, a truth value, a list or a table where the text is one; but never a number that reads otherwise than it
/// was written: `007` may be a password.
fn typed(text: &str) -> Value {
    let Ok(value) = text.parse::<Value>();
    let exact = value.to_num().is_none_or(|_| spelled(&value).is_some_and(|spelled| spelled == text));
    if exact { value } else { Value::from(text) }
}

fn spelled(value: &Value) -> Option<String> {
    let signed = value.to_i128().map(|number| number.to_string());
    let unsigned = || value.to_u128().map(|number| number.to_string());
    signed.or_else(unsigned).or_else(|| value.to_num()?.to_f64().map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde::Deserialize;

    use super::super::{DatabaseConfig, ListenConfig};
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        listen: ListenConfig,
        database: DatabaseConfig,
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
    fn flags_win_over_environment_wins_over_file() {
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
    fn an_unknown_key_is_named_with_its_source() {
        let (_file, sources) = file("[listen]\ngrcp = \"127.0.0.1:1\"\n");
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("listen.grcp (file ") && error.contains("unknown key"), "{error}");

        let sources = Sources { environment: vec![variable("CPOR_LISTEM__GRPC", "x")], ..Sources::default() };
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("listem (environment variable CPOR_LISTEM__GRPC): unknown key"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_its_source() {
        let sources = Sources::default().set("listen.grpc", "nonsense");
        let error = load::<Config>(&sources).unwrap_err().to_string();
        assert!(error.contains("listen.grpc (flag for listen.grpc)"), "{error}");
    }

    #[test]
    fn every_unknown_key_and_every_wrong_type_is_named_at_once() {
        let (_file, mut sources) =
            file("[databse]\nurl = 1\n[listen]\ngrcp = 1\nweb = \"nowhere\"\n[database]\nconnections = \"many\"\n");
        sources.environment = vec![variable("CPOR_DATABASE__CONNECTION", "3")];
        let LoadError::Invalid(lines) = load::<Config>(&sources.set("listen.admin", "[1]")).unwrap_err() else {
            panic!("not what the file is like");
        };
        let keys: Vec<_> = lines.iter().map(|line| line.split_once(" (").unwrap().0).collect();
        let expected =
            ["database.connection", "database.connections", "databse", "listen.admin", "listen.grcp", "listen.web"];
        assert_eq!(keys, expected, "{lines:#?}");
    }

    #[test]
    fn a_key_of_the_wrong_type_is_not_missed_as_well_and_hides_nothing() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Mail {
            smtp: Option<Smtp>,
            parallel: u8,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
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
    fn a_secret_of_digits_stays_as_it_was_written() {
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
