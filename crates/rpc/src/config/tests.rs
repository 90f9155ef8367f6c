//! Tests of the validation of the sections.
use super::*;
use cpor_process::config::ValidationErrors;

fn keys(check: impl FnOnce(&mut ValidationErrors)) -> Vec<String> {
    let mut errors = ValidationErrors::default();
    check(&mut errors);
    errors.errors().iter().map(|error| error.key.clone()).collect()
}

#[test]
fn defaults_are_valid() {
    let all = keys(|errors| {
        TlsConfig::default().validate(errors);
        Limits::default().validate(errors);
        PeersConfig::default().validate(errors);
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn reports_all_errors_at_once() {
    let tls = TlsConfig { certificate_file: Some("no/such.pem".into()), key_file: None, ..TlsConfig::default() };
    assert_eq!(keys(|errors| tls.validate(errors)), ["certificate_file", "certificate_file"]);
    let limits = Limits { max_request_bytes: 100 << 20, ..Limits::default() };
    assert_eq!(keys(|errors| limits.validate(errors)), ["max_request_bytes"]);
    let no_uploads = Limits { max_message_bytes: 1 << 20, max_request_bytes: 79 << 20, ..Limits::default() };
    assert_eq!(keys(|errors| no_uploads.validate(errors)), ["max_request_bytes"]);
    let peers = PeersConfig {
        registry: Some("registry:1".to_owned()),
        eligibility: Some("https://e:1".to_owned()),
        ..PeersConfig::default()
    };
    assert_eq!(keys(|errors| peers.validate(errors)), ["eligibility", "registry"]);
}

#[test]
fn a_client_certificate_requires_https_and_authorities() {
    let keys_with = |address: &str, ca_file: Option<&str>| {
        let peers = PeersConfig {
            registry: Some(address.to_owned()),
            ca_file: ca_file.map(Into::into),
            certificate_file: Some("no/such.crt".into()),
            key_file: Some("no/such.key".into()),
            ..PeersConfig::default()
        };
        keys(|errors| peers.validate(errors))
    };
    // The files do not exist, so each of them is an error, too.
    assert_eq!(keys_with("https://r:1", Some("no/ca.crt")), ["ca_file", "certificate_file", "key_file"]);
    for address in ["http://r:1", "https://r:1, http://r:2"] {
        assert_eq!(
            keys_with(address, Some("no/ca.crt")),
            ["registry", "ca_file", "certificate_file", "key_file"],
            "{address}"
        );
    }
    assert_eq!(keys_with("https://r:1", None), ["registry", "ca_file", "certificate_file", "key_file"]);
}
