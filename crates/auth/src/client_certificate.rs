//! The certificate that the client of a connection has presented (mTLS).
use std::sync::Arc;

use cpor_types::Service;

/// The services that the client certificate of a connection names, by SPIFFE ids. Empty if the
/// client has no certificate. Each request of a connection has it as an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCertificate(Arc<[Service]>);

impl ClientCertificate {
    /// Reads the services from the URIs of a verified certificate. Only ids of the trust domain
    /// count: `spiffe://{trust_domain}/{path}`, where the last segment of the path is the name of a
    /// service, for example `spiffe://cpor.example/ns/cpor/sa/registry`.
    #[must_use]
    pub fn from_uris<'a>(uris: impl IntoIterator<Item = &'a str>, trust_domain: &str) -> Self {
        let service = |uri: &str| {
            let path = uri.strip_prefix("spiffe://")?.strip_prefix(trust_domain)?.strip_prefix('/')?;
            path.rsplit('/').next()?.parse().ok()
        };
        Self(uris.into_iter().filter_map(service).collect())
    }

    /// Returns true if the certificate is one of this service.
    #[must_use]
    pub fn names(&self, service: Service) -> bool {
        self.0.contains(&service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_names_services_of_the_trust_domain() {
        let names = |uri: &str| ClientCertificate::from_uris([uri], "cpor.example").names(Service::Registry);
        assert!(names("spiffe://cpor.example/registry"));
        assert!(names("spiffe://cpor.example/ns/cpor/sa/registry"));
        for foreign in [
            "spiffe://cpor.example/ns/cpor/sa/poe-review",
            "spiffe://cpor.example/registry/",
            "spiffe://cpor.example/registry?x",
            "spiffe://cpor.example/registry/other",
            "spiffe://cpor.example.evil.example/registry",
            "spiffe://evil.example/cpor.example/registry",
            "spiffe://cpor.example",
            "https://cpor.example/registry",
            "registry",
            "",
        ] {
            assert!(!names(foreign), "{foreign}");
        }
        let both = ["spiffe://cpor.example/registry", "spiffe://cpor.example/poe-review"];
        let both = ClientCertificate::from_uris(both, "cpor.example");
        assert!(both.names(Service::Registry) && both.names(Service::PoeReview));
        assert!(!ClientCertificate::default().names(Service::Registry));
    }
}
