//! The sections check themselves, and say everything at once.
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
    let database = DatabaseConfig {
        url: Some(SecretUrl::new("mysql://x")),
        schema: Some("No Good".to_owned()),
        connections: 0,
        ..DatabaseConfig::default()
    };
    assert_eq!(keys(|faults| database.validate(faults)), ["url", "schema", "connections"]);
    let tls = TlsConfig { certificate_file: Some("no/such.pem".into()), key_file: None };
    assert_eq!(keys(|faults| tls.validate(faults)), ["certificate_file", "certificate_file"]);
    let peers = PeersConfig {
        registry: Some("registry:1".to_owned()),
        eligibility: Some("https://e:1".to_owned()),
        ..PeersConfig::default()
    };
    assert_eq!(keys(|faults| peers.validate(faults)), ["eligibility", "registry"]);
    let telemetry = TelemetryConfig {
        sample_ratio: 2.0,
        otlp_endpoint: Some("nowhere".to_owned()),
        log_filter: "a=b=c".to_owned(),
        ..TelemetryConfig::default()
    };
    assert_eq!(keys(|faults| telemetry.validate(faults)), ["sample_ratio", "otlp_endpoint", "log_filter"]);
    let auth = AuthConfig {
        issuer: crate::auth::SERVICE_ISSUER.to_owned(),
        jwks_file: Some("no/such.json".into()),
        ..AuthConfig::default()
    };
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
