//! The sections that processes share. Each has defaults that suit a laptop and checks itself.
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Faults, SecretUrl};

/// The three listeners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenConfig {
    /// gRPC, for callers and for the other services.
    pub grpc: SocketAddr,
    /// The public consent page.
    pub web: SocketAddr,
    /// Liveness, readiness and metrics; for operators only.
    pub admin: SocketAddr,
}

impl Default for ListenConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { grpc: local(50051), web: local(8080), admin: local(9090) }
    }
}

impl ListenConfig {
    /// Two listeners cannot share an address (port 0 means any free port).
    pub fn validate(&self, faults: &mut Faults) {
        let clash = |left: SocketAddr, right: SocketAddr| left == right && left.port() != 0;
        faults.require(!clash(self.grpc, self.web), "web", "is the same address as listen.grpc");
        faults.require(!clash(self.grpc, self.admin), "admin", "is the same address as listen.grpc");
        faults.require(!clash(self.web, self.admin), "admin", "is the same address as listen.web");
    }
}

/// TLS of the gRPC listener. Both files, or neither for plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM, the server's certificate first, then the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM, the certificate's private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

impl TlsConfig {
    /// Both files are named and there, or neither is named.
    pub fn validate(&self, faults: &mut Faults) {
        if self.certificate_file.is_some() != self.key_file.is_some() {
            faults.add("certificate_file", "needs key_file beside it, and key_file needs certificate_file");
        }
        readable(faults, "certificate_file", self.certificate_file.as_ref());
        readable(faults, "key_file", self.key_file.as_ref());
    }

    /// Whether TLS is on.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.certificate_file.is_some() && self.key_file.is_some()
    }
}

/// Where a service keeps its tables: SQLite files in a directory, or PostgreSQL when `url` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Where the SQLite files lie, one for each service.
    pub directory: PathBuf,
    /// A PostgreSQL URL. `{service}` in it is replaced by the service (`claim_intake`), for one database each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<SecretUrl>,
    /// The schema that becomes the search path; `{service}` is replaced as in `url`, for one schema each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// PostgreSQL connections of each service, for writing and again for reading.
    pub connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("cpor-data"), url: None, schema: None, connections: 8 }
    }
}

impl DatabaseConfig {
    /// The URL is PostgreSQL's, the schema a plain identifier, and there is at least one connection.
    pub fn validate(&self, faults: &mut Faults) {
        if let Some(url) = &self.url {
            let known = ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
            faults.require(known, "url", "must start with postgres://");
        }
        if let Some(schema) = &self.schema {
            let name = schema.replace("{service}", "claim_intake");
            let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            faults.require(plain && name.len() <= 63, "schema", "must be lower case letters, digits and _, at most 63");
            faults.require(self.url.is_some(), "schema", "is for PostgreSQL: set url too");
        }
        faults.require((1..=500).contains(&self.connections), "connections", "must be between 1 and 500");
    }
}

/// Whose tokens are believed, and the key that signs tokens between services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The `iss` that users' tokens must carry.
    pub issuer: String,
    /// JWKS file (RFC 7517) with the issuer's public keys: EdDSA or ES256, each with a `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// PKCS#8 PEM file of the Ed25519 key that signs this process's calls to other services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_key_file: Option<PathBuf>,
    /// JWKS file with the public keys of the services; absent: all share `service_key_file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_jwks_file: Option<PathBuf>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { issuer: "cpor".to_owned(), jwks_file: None, service_key_file: None, service_jwks_file: None }
    }
}

impl AuthConfig {
    /// The named files are there and the issuer is not that of the services.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require(!self.issuer.is_empty(), "issuer", "must not be empty");
        let own = self.issuer == crate::auth::SERVICE_ISSUER;
        faults.require(!own, "issuer", "is the one that services use among themselves");
        readable(faults, "jwks_file", self.jwks_file.as_ref());
        readable(faults, "service_key_file", self.service_key_file.as_ref());
        readable(faults, "service_jwks_file", self.service_jwks_file.as_ref());
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    #[default]
    Pretty,
}

/// Traces and logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Where spans go over OTLP/gRPC, for example `http://collector:4317`; absent: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
    /// The share of traces begun here that is recorded, 0 to 1; a caller's decision is followed.
    pub sample_ratio: f64,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which are written: `level` or `target=level`, separated by commas.
    pub log_filter: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 0.1, log_format: LogFormat::Pretty, log_filter: "info,sqlx=warn".to_owned() }
    }
}

impl TelemetryConfig {
    /// The ratio is a ratio, the endpoint a URL, the filter readable.
    pub fn validate(&self, faults: &mut Faults) {
        faults.require((0.0..=1.0).contains(&self.sample_ratio), "sample_ratio", "must be between 0 and 1");
        if let Some(endpoint) = &self.otlp_endpoint {
            http_url(faults, "otlp_endpoint", endpoint);
        }
        if let Err(error) = self.log_filter.parse::<tracing_subscriber::filter::EnvFilter>() {
            faults.add("log_filter", error.to_string());
        }
    }
}

/// What one process takes on before it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one request message.
    pub max_message_bytes: usize,
    /// Requests in work at once; more are answered RESOURCE_EXHAUSTED.
    pub max_concurrent_requests: usize,
    /// HTTP/2 streams of one connection.
    pub max_streams_per_connection: u32,
    /// Bytes of one request's headers.
    pub max_header_bytes: u32,
    /// Seconds for a unary call whose caller set no deadline.
    pub default_deadline_seconds: u64,
    /// Seconds that no call exceeds, whatever its caller asks for; also for streams without a deadline.
    pub max_deadline_seconds: u64,
    /// Seconds after which a connection is asked to reconnect, so that load spreads over new replicas.
    pub max_connection_age_seconds: u64,
    /// Seconds that running work gets to finish after SIGTERM.
    pub shutdown_grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 4 << 20,
            max_concurrent_requests: 1024,
            max_streams_per_connection: 256,
            max_header_bytes: 16 << 10,
            default_deadline_seconds: 30,
            max_deadline_seconds: 300,
            max_connection_age_seconds: 1800,
            shutdown_grace_seconds: 20,
        }
    }
}

impl Limits {
    /// Every limit is one: none is zero, and the default deadline is not above the greatest.
    pub fn validate(&self, faults: &mut Faults) {
        let message = (64 << 10..=64 << 20).contains(&self.max_message_bytes);
        faults.require(message, "max_message_bytes", "must be between 64 KiB and 64 MiB");
        faults.require(self.max_concurrent_requests > 0, "max_concurrent_requests", "must be at least 1");
        faults.require(self.max_streams_per_connection > 0, "max_streams_per_connection", "must be at least 1");
        faults.require(self.max_header_bytes >= 4096, "max_header_bytes", "must be at least 4096");
        faults.require(self.default_deadline_seconds > 0, "default_deadline_seconds", "must be at least 1");
        let ordered = self.max_deadline_seconds >= self.default_deadline_seconds;
        faults.require(ordered, "max_deadline_seconds", "must not be below default_deadline_seconds");
        faults.require(self.max_connection_age_seconds >= 10, "max_connection_age_seconds", "must be at least 10");
    }

    /// [`Self::shutdown_grace_seconds`].
    #[must_use]
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds)
    }
}

/// Where the other services listen, `http://host:port` or `https://host:port`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeersConfig {
    /// claim-intake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_intake: Option<String>,
    /// poe-review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poe_review: Option<String>,
    /// customer-consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_consent: Option<String>,
    /// eligibility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<String>,
    /// registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// PEM with the authorities that `https` peers' certificates are held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl PeersConfig {
    /// Every address is a URL, and `https` comes with a `ca_file`.
    pub fn validate(&self, faults: &mut Faults) {
        let peers = [
            ("claim_intake", &self.claim_intake),
            ("poe_review", &self.poe_review),
            ("customer_consent", &self.customer_consent),
            ("eligibility", &self.eligibility),
            ("registry", &self.registry),
        ];
        for (key, address) in peers {
            let Some(address) = address else { continue };
            http_url(faults, key, address);
            let trusted = !address.starts_with("https://") || self.ca_file.is_some();
            faults.require(trusted, key, "is https: set peers.ca_file too");
        }
        readable(faults, "ca_file", self.ca_file.as_ref());
    }
}

fn http_url(faults: &mut Faults, key: &str, value: &str) {
    let parsed = value.parse::<http::Uri>().ok();
    let good = parsed.is_some_and(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
    faults.require(good, key, "must be http://host:port or https://host:port");
}

fn readable(faults: &mut Faults, key: &str, path: Option<&PathBuf>) {
    if let Some(path) = path
        && let Err(error) = std::fs::File::open(path)
    {
        faults.add(key, format!("{}: {error}", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(check: impl FnOnce(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::default();
        check(&mut faults);
        faults.found().iter().map(|fault| fault.key.clone()).collect()
    }

    #[test]
    fn defaults_are_sound() {
        let all = keys(|faults| {
            ListenConfig::default().validate(faults);
            TlsConfig::default().validate(faults);
            DatabaseConfig::default().validate(faults);
            AuthConfig::default().validate(faults);
            TelemetryConfig::default().validate(faults);
            Limits::default().validate(faults);
            PeersConfig::default().validate(faults);
        });
        assert_eq!(all, Vec::<String>::new());
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let database = DatabaseConfig { url: Some(SecretUrl::new("mysql://x")), schema: Some("No Good".to_owned()), connections: 0, ..DatabaseConfig::default() };
        assert_eq!(keys(|faults| database.validate(faults)), ["url", "schema", "connections"]);
        let tls = TlsConfig { certificate_file: Some("no/such.pem".into()), key_file: None };
        assert_eq!(keys(|faults| tls.validate(faults)), ["certificate_file", "certificate_file"]);
        let peers = PeersConfig { registry: Some("registry:1".to_owned()), eligibility: Some("https://e:1".to_owned()), ..PeersConfig::default() };
        assert_eq!(keys(|faults| peers.validate(faults)), ["eligibility", "registry"]);
        let telemetry = TelemetryConfig { sample_ratio: 2.0, otlp_endpoint: Some("nowhere".to_owned()), log_filter: "a=b=c".to_owned(), ..TelemetryConfig::default() };
        assert_eq!(keys(|faults| telemetry.validate(faults)), ["sample_ratio", "otlp_endpoint", "log_filter"]);
        let auth = AuthConfig { issuer: crate::auth::SERVICE_ISSUER.to_owned(), jwks_file: Some("no/such.json".into()), ..AuthConfig::default() };
        assert_eq!(keys(|faults| auth.validate(faults)), ["issuer", "jwks_file"]);
    }

    #[test]
    fn listeners_do_not_share_an_address() {
        let mut listen = ListenConfig::default();
        listen.web = listen.grpc;
        assert_eq!(keys(|faults| listen.validate(faults)), ["web"]);
        listen.web.set_port(0);
        listen.admin.set_port(0);
        assert_eq!(keys(|faults| listen.validate(faults)), Vec::<String>::new());
    }
}
