//! The `tls` section of the configuration.
use std::path::{Path, PathBuf};

use rustls::{
    Error, InconsistentKeys,
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
}

impl TlsConfig {
    /// Checks that either both files are set or neither, that they can be parsed, and that the key
    /// belongs to the certificate.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        if self.certificate_file.is_some() != self.key_file.is_some() {
            errors.add("certificate_file", "must be set if and only if tls.key_file is set");
        }
        let chain = read_pem(errors, "certificate_file", self.certificate_file.as_deref(), certificates);
        let key = read_pem(errors, "key_file", self.key_file.as_deref(), PrivateKeyDer::from_pem_file);
        if let (Some(chain), Some(key)) = (chain, key) {
            require_matching_key(errors, chain, key);
        }
    }

    /// Returns true if TLS is configured.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.certificate_file.is_some() && self.key_file.is_some()
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
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) {
    let signing_key = match default_provider().key_provider.load_private_key(key) {
        Ok(signing_key) => signing_key,
        Err(error) => return errors.add("key_file", format!("is not a usable TLS key: {error}")),
    };
    let Err(error) = CertifiedKey::new(chain, signing_key).keys_match() else { return };
    if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
        errors.add("key_file", "must be the key of the first certificate in tls.certificate_file");
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
        let tls = TlsConfig { certificate_file: file("tls.crt", certificate), key_file: file("tls.key", key) };
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
}
