//! The `tls` section of the configuration.
use std::path::{Path, PathBuf};

use rustls::{
    Error, InconsistentKeys, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    sign::CertifiedKey,
};
use serde::{Deserialize, Serialize};

use cpor_process::config::ValidationErrors;

/// The TLS files of the gRPC listener. Either both are set or, for a listener without TLS, neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The PEM file with the server's certificate, followed by its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// The PEM file with the private key of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The PEM file with the certificate authorities of the services' client certificates. If it is
    /// set, a service can call only over a connection with a certificate of its own. Users need no
    /// certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
    /// The SPIFFE trust domain of the services, for example `cpor.example`. A client certificate
    /// names its service by a URI such as `spiffe://cpor.example/ns/cpor/sa/registry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
}

impl TlsConfig {
    /// Checks that the certificate and its key are set together, that a client authority has both
    /// of them and a trust domain, that the files can be parsed, and that the key belongs to the
    /// certificate.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        validate_identity(errors, "tls", self.certificate_file.as_deref(), self.key_file.as_deref());
        if self.client_ca_file.is_some() {
            errors.require(self.enabled(), "client_ca_file", "requires tls.certificate_file");
        }
        let are_set_together = self.client_ca_file.is_some() == self.trust_domain.is_some();
        errors.require(are_set_together, "trust_domain", "must be set if and only if tls.client_ca_file is set");
        if let Some(domain) = &self.trust_domain {
            let is_valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
            let is_domain = (1..=255).contains(&domain.len()) && domain.chars().all(is_valid);
            errors.require(is_domain, "trust_domain", "must be a SPIFFE trust domain, for example cpor.example");
        }
        validate_authorities(errors, "client_ca_file", self.client_ca_file.as_deref());
    }

    /// Returns true if TLS is configured.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.certificate_file.is_some() && self.key_file.is_some()
    }
}

/// Checks that a certificate and its key in `section` are set together, that both files can be
/// parsed, and that the key belongs to the certificate.
pub(super) fn validate_identity(
    errors: &mut ValidationErrors,
    section: &str,
    certificate_file: Option<&Path>,
    key_file: Option<&Path>,
) {
    if certificate_file.is_some() != key_file.is_some() {
        errors.add("certificate_file", format!("must be set if and only if {section}.key_file is set"));
    }
    let chain = read_pem(errors, "certificate_file", certificate_file, certificates);
    let key = read_pem(errors, "key_file", key_file, PrivateKeyDer::from_pem_file);
    if let (Some(chain), Some(key)) = (chain, key) {
        require_matching_key(errors, section, chain, key);
    }
}

/// Checks that a file has certificates of authorities, and that each of them can be used.
pub(super) fn validate_authorities(errors: &mut ValidationErrors, key: &str, file: Option<&Path>) {
    let Some(authorities) = read_pem(errors, key, file, certificates) else { return };
    if let Err(error) = authorities.into_iter().try_for_each(|authority| RootCertStore::empty().add(authority)) {
        errors.add(key, format!("contains an authority that cannot be used: {error}"));
    }
}

/// Parses a PEM file, if a path is given. Adds an error and returns `None` if that fails.
fn read_pem<'a, T>(
    errors: &mut ValidationErrors,
    key: &str,
    path: Option<&'a Path>,
    parse: impl FnOnce(&'a Path) -> Result<T, pem::Error>,
) -> Option<T> {
    let path = path?;
    let problem = match parse(path) {
        Ok(parsed) => return Some(parsed),
        Err(pem::Error::Io(error)) => error.to_string(),
        Err(pem::Error::NoItemsFound) => "contains no PEM block of the expected kind".to_owned(),
        Err(error) => format!("is not valid PEM: {error}"),
    };
    errors.add(key, format!("{}: {problem}", path.display()));
    None
}

/// Reads the certificates in a PEM file, of which there must be at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    let chain = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) }
}

/// Adds an error if the key is not that of the first certificate.
fn require_matching_key(
    errors: &mut ValidationErrors,
    section: &str,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) {
    let signing_key = match default_provider().key_provider.load_private_key(key) {
        Ok(signing_key) => signing_key,
        Err(error) => return errors.add("key_file", format!("is not a usable TLS key: {error}")),
    };
    let Err(error) = CertifiedKey::new(chain, signing_key).keys_match() else { return };
    if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
        let problem = format!("must be the key of the first certificate in {section}.certificate_file");
        errors.add("key_file", problem);
    } else if error != Error::InconsistentKeys(InconsistentKeys::Unknown) {
        errors.add("certificate_file", format!("the first certificate cannot be used: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Generates a certificate and its key, in PEM.
    fn certificate_and_key() -> (String, String) {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (certified.cert.pem(), certified.signing_key.serialize_pem())
    }

    fn errors(certificate: &str, key: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        let (certificate_file, key_file) = (file("tls.crt", certificate), file("tls.key", key));
        let tls = TlsConfig { certificate_file, key_file, ..TlsConfig::default() };
        let mut errors = ValidationErrors::default();
        tls.validate(&mut errors);
        errors.errors().iter().map(|error| format!("{}: {}", error.key, error.problem)).collect()
    }

    #[test]
    fn accepts_a_certificate_and_its_key() {
        let ((certificate, key), (issuer, _)) = (certificate_and_key(), certificate_and_key());
        assert_eq!(errors(&certificate, &key), [""; 0]);
        assert_eq!(
            errors(&format!("{certificate}{issuer}"), &key),
            [""; 0],
            "only the first certificate is the server's"
        );
    }

    #[test]
    fn rejects_the_key_of_another_certificate() {
        let ((certificate, _), (_, other)) = (certificate_and_key(), certificate_and_key());
        assert_eq!(
            errors(&certificate, &other),
            ["key_file: must be the key of the first certificate in tls.certificate_file"]
        );
    }

    #[test]
    fn rejects_files_of_another_kind() {
        let (certificate, key) = certificate_and_key();
        let swapped = errors(&key, &certificate);
        assert!(
            swapped[0].starts_with("certificate_file: ") && swapped[0].contains("tls.crt: contains"),
            "{swapped:?}"
        );
        assert!(swapped[1].starts_with("key_file: ") && swapped[1].contains("tls.key: contains"), "{swapped:?}");

        // Valid PEM with meaningless content.
        let meaningless = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let found = errors(&certificate, &meaningless("PRIVATE KEY"));
        assert!(matches!(&found[..], [only] if only.starts_with("key_file: is not a usable")), "{found:?}");
        let found = errors(&meaningless("CERTIFICATE"), &key);
        assert!(matches!(&found[..], [only] if only.starts_with("certificate_file: the first")), "{found:?}");
    }

    #[test]
    fn client_certificates_require_an_authority_and_a_trust_domain() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        let (certificate, key) = certificate_and_key();
        let server = TlsConfig {
            certificate_file: file("tls.crt", &certificate),
            key_file: file("tls.key", &key),
            ..TlsConfig::default()
        };
        let (authority, domain) = (file("ca.crt", &certificate), Some("cpor.example".to_owned()));
        let meaningless = file("bad.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let keys = |tls: &TlsConfig| {
            let mut errors = ValidationErrors::default();
            tls.validate(&mut errors);
            errors.errors().iter().map(|error| error.key.clone()).collect::<Vec<_>>().join(" ")
        };
        let with = |client_ca_file: &Option<PathBuf>, trust_domain: Option<&str>, tls: &TlsConfig| {
            let (client_ca_file, trust_domain) = (client_ca_file.clone(), trust_domain.map(str::to_owned));
            keys(&TlsConfig { client_ca_file, trust_domain, ..tls.clone() })
        };
        assert_eq!(with(&authority, domain.as_deref(), &server), "");
        assert_eq!(with(&authority, None, &server), "trust_domain");
        assert_eq!(with(&None, domain.as_deref(), &server), "trust_domain");
        assert_eq!(with(&authority, Some("spiffe://cpor.example/"), &server), "trust_domain");
        assert_eq!(with(&authority, domain.as_deref(), &TlsConfig::default()), "client_ca_file");
        assert_eq!(with(&server.key_file, domain.as_deref(), &server), "client_ca_file");
        assert_eq!(with(&meaningless, domain.as_deref(), &server), "client_ca_file");
    }
}
