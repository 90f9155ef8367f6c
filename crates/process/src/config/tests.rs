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
        TelemetryConfig::default().validate(errors);
    });
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn reports_all_errors_at_once() {
    let telemetry = TelemetryConfig {
        sample_ratio: 2.0,
        otlp_endpoint: Some("nowhere".to_owned()),
        log_filter: "a=b=c".to_owned(),
        ..TelemetryConfig::default()
    };
    assert_eq!(keys(|errors| telemetry.validate(errors)), ["sample_ratio", "otlp_endpoint", "log_filter"]);
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
