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

use super::Faults;

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
    /// Both files are named, hold what they should, and belong together; or neither is named.
    pub fn validate(&self, faults: &mut Faults) {
        if self.certificate_file.is_some() != self.key_file.is_some() {
            faults.add("certificate_file", "needs key_file beside it, and key_file needs certificate_file");
        }
        let chain = read(faults, "certificate_file", self.certificate_file.as_deref(), certificates);
        let key = read(faults, "key_file", self.key_file.as_deref(), PrivateKeyDer::from_pem_file);
        if let (Some(chain), Some(key)) = (chain, key) {
            belong_together(faults, chain, key);
        }
    }

    /// Whether TLS is on.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.certificate_file.is_some() && self.key_file.is_some()
    }
}

/// What a named file holds, unless that is a fault.
fn read<'a, T>(
    faults: &mut Faults,
    key: &str,
    path: Option<&'a Path>,
    parse: impl FnOnce(&'a Path) -> Result<T, pem::Error>,
) -> Option<T> {
    let path = path?;
    let problem = match parse(path) {
        Ok(parsed) => return Some(parsed),
        Err(pem::Error::Io(error)) => error.to_string(),
        Err(pem::Error::NoItemsFound) => "holds nothing of the kind in PEM".to_owned(),
        Err(error) => format!("is no PEM: {error}"),
    };
    faults.add(key, format!("{}: {problem}", path.display()));
    None
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    let chain = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) }
}

fn belong_together(faults: &mut Faults, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) {
    let signing = match default_provider().key_provider.load_private_key(key) {
        Ok(signing) => signing,
        Err(error) => return faults.add("key_file", format!("is no key that TLS can use: {error}")),
    };
    let Err(error) = CertifiedKey::new(chain, signing).keys_match() else { return };
    if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
        faults.add("key_file", "is not the key of the first certificate in certificate_file");
    } else if error != Error::InconsistentKeys(InconsistentKeys::Unknown) {
        faults.add("certificate_file", format!("its first certificate cannot be used: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and its key, in PEM.
    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn faults(certificate: &str, key: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        let tls = TlsConfig { certificate_file: file("tls.crt", certificate), key_file: file("tls.key", key) };
        let mut faults = Faults::default();
        tls.validate(&mut faults);
        faults.found().iter().map(|fault| format!("{}: {}", fault.key, fault.problem)).collect()
    }

    #[test]
    fn a_certificate_and_its_key_are_sound() {
        let ((certificate, key), (issuer, _)) = (pair(), pair());
        assert_eq!(faults(&certificate, &key), [""; 0]);
        assert_eq!(faults(&format!("{certificate}{issuer}"), &key), [""; 0], "only the first is the server's own");
    }

    #[test]
    fn the_key_of_another_certificate_is_a_fault() {
        let ((certificate, _), (_, other)) = (pair(), pair());
        assert_eq!(
            faults(&certificate, &other),
            ["key_file: is not the key of the first certificate in certificate_file"]
        );
    }

    #[test]
    fn what_is_no_certificate_and_what_is_no_key_are_named_at_once() {
        let (certificate, key) = pair();
        let swapped = faults(&key, &certificate);
        assert!(swapped[0].starts_with("certificate_file: ") && swapped[0].contains("tls.crt: holds"), "{swapped:?}");
        assert!(swapped[1].starts_with("key_file: ") && swapped[1].contains("tls.key: holds"), "{swapped:?}");

        // PEM as it should be, around bytes that are nothing.
        let hollow = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let odd = faults(&certificate, &hollow("PRIVATE KEY"));
        assert!(matches!(&odd[..], [only] if only.starts_with("key_file: is no key")), "{odd:?}");
        let odd = faults(&hollow("CERTIFICATE"), &key);
        assert!(matches!(&odd[..], [only] if only.starts_with("certificate_file: its first")), "{odd:?}");
    }
}
