//! Tests of the validation of the sections.
use super::*;

fn keys(check: impl FnOnce(&mut ValidationErrors)) -> Vec<String> {
    let mut errors = ValidationErrors::default();
    check(&mut errors);
    errors.errors().iter().map(|error| error.key.clone()).collect()
}

#[test]
fn defaults_are_valid() {
    let all = keys(|errors| {
        ListenConfig::default().validate(errors);
        TlsConfig::default().validate(errors);
        DatabaseConfig::default().validate(errors);
        AuthConfig::default().validate(errors);
        TelemetryConfig::default().validate(errors);
        Limits::default().validate(errors);
        PeersConfig::default().validate(errors);
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn reports_all_errors_at_once() {
    let database = DatabaseConfig {
        url: Some(SecretUrl::new("mysql://x")),
        schema: Some("No Good".to_owned()),
        connections: 0,
        ..DatabaseConfig::default()
    };
    assert_eq!(keys(|errors| database.validate(errors)), ["url", "schema", "connections"]);
    let tls = TlsConfig { certificate_file: Some("no/such.pem".into()), key_file: None };
    assert_eq!(keys(|errors| tls.validate(errors)), ["certificate_file", "certificate_file"]);
    let peers = PeersConfig {
        registry: Some("registry:1".to_owned()),
        eligibility: Some("https://e:1".to_owned()),
        ..PeersConfig::default()
    };
    assert_eq!(keys(|errors| peers.validate(errors)), ["eligibility", "registry"]);
    let telemetry = TelemetryConfig {
        sample_ratio: 2.0,
        otlp_endpoint: Some("nowhere".to_owned()),
        log_filter: "a=b=c".to_owned(),
        ..TelemetryConfig::default()
    };
    assert_eq!(keys(|errors| telemetry.validate(errors)), ["sample_ratio", "otlp_endpoint", "log_filter"]);
    let auth = AuthConfig {
        issuer: crate::auth::SERVICE_ISSUER.to_owned(),
        jwks_file: Some("no/such.json".into()),
        ..AuthConfig::default()
    };
    assert_eq!(keys(|errors| auth.validate(errors)), ["issuer", "jwks_file"]);
}

#[test]
fn listeners_need_different_addresses() {
    let mut listen = ListenConfig::default();
    listen.web = listen.grpc;
    assert_eq!(keys(|errors| listen.validate(errors)), ["web"]);
    listen.web.set_port(0);
    listen.admin.set_port(0);
    assert_eq!(keys(|errors| listen.validate(errors)), Vec::<String>::new());
}
