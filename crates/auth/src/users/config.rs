//! The entries of `auth.issuers` in the configuration.
use std::{collections::BTreeMap, path::PathBuf};

use cpor_process::config::ValidationErrors;
use cpor_types::{PartnerId, Role, TenantId};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use super::fetch::DocumentUrl;

/// The signature algorithms that users' tokens can have.
pub(super) const SUPPORTED_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// The maximum number of characters of the name of an issuer.
const MAX_NAME_CHARS: usize = 32;

/// An issuer of users' tokens: where its keys are, and how its claims map to callers. With neither
/// `jwks_url` nor `jwks_file`, the keys are found by OpenID Connect Discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerConfig {
    /// The short name that qualifies the subjects of this issuer: the user `alice` of the issuer
    /// `corp` is `corp/alice` in histories and wherever callers are compared. It must never change.
    /// One issuer may have no name; its subjects are not qualified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The required `iss` of the tokens, compared character by character.
    pub url: String,
    /// The accepted audiences: the `aud` of a token must contain one of them.
    pub audiences: Vec<String>,
    /// The URL of the JWKS (RFC 7517) with the public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// The file of the JWKS. It is read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    /// The PEM file with the certificate authorities that the issuer's server is verified by.
    /// Without it, the public ones are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The accepted signature algorithms, out of RS256, PS256, ES256 and EdDSA.
    pub algorithms: Vec<Algorithm>,
    /// The claim with the id of the user. Its values must never be given to another person.
    pub subject_claim: String,
    /// The claim with the roles: one text or a list. A name that begins with `/` is a JSON Pointer
    /// (RFC 6901), for example `/realm_access/roles`.
    pub roles_claim: String,
    /// The issuer's names of roles, each with the role that it grants. Other names grant nothing.
    /// If the table is empty, the names of the roles themselves are expected.
    pub roles: BTreeMap<String, Role>,
    /// The claim with the id of the user's partner.
    pub partner_claim: String,
    /// The claim with the id of the tenant that the user administers.
    pub tenant_claim: String,
    /// The partner that all users of this issuer belong to. The issuer can then grant only partner
    /// roles, and `partner_claim` is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// The tenant that all users of this issuer administer. The issuer can then grant only the
    /// role of a customer's administrator, and `tenant_claim` is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The seconds between two regular fetches of the keys.
    pub refresh_seconds: u64,
    /// The seconds after which keys are no longer used unless they were fetched again.
    pub max_key_age_seconds: u64,
}

impl Default for IssuerConfig {
    fn default() -> Self {
        Self {
            name: None,
            url: String::new(),
            audiences: Vec::new(),
            jwks_url: None,
            jwks_file: None,
            ca_file: None,
            algorithms: SUPPORTED_ALGORITHMS.to_vec(),
            subject_claim: "sub".to_owned(),
            roles_claim: "roles".to_owned(),
            roles: BTreeMap::new(),
            partner_claim: "partner".to_owned(),
            tenant_claim: "tenant".to_owned(),
            partner: None,
            tenant: None,
            refresh_seconds: 300,
            max_key_age_seconds: 24 * 3600,
        }
    }
}

/// Checks the entries of `auth.issuers`, together with the issuer `auth.issuer` if it is used.
pub(crate) fn validate(
    issuers: &[IssuerConfig],
    jwks_file_issuer: Option<&IssuerConfig>,
    errors: &mut ValidationErrors,
) {
    for (index, issuer) in issuers.iter().enumerate() {
        let key = |name: &str| format!("issuers.{index}.{name}");
        let mut require = |is_valid: bool, name: &str, problem: &str| errors.require(is_valid, &key(name), problem);
        require(
            issuer.name.as_deref().is_none_or(is_name),
            "name",
            "must have 1 to 32 lower-case letters, digits and hyphens, and must not be `services`",
        );
        let earlier = || issuers.iter().take(index).chain(jwks_file_issuer);
        require(
            earlier().all(|other| other.name != issuer.name),
            "name",
            "must differ from the names of the other issuers; only one issuer may have no name",
        );
        require(!issuer.url.is_empty(), "url", "must not be empty");
        require(issuer.url != crate::SERVICE_ISSUER, "url", "must not be the reserved issuer of the services");
        require(earlier().all(|other| other.url != issuer.url), "url", "must differ from the other issuers");
        let has_audience = issuer.audiences.iter().any(|audience| !audience.is_empty());
        require(has_audience, "audiences", "must name at least one audience");
        require(
            issuer.jwks_url.is_none() || issuer.jwks_file.is_none(),
            "jwks_url",
            "must not be set together with jwks_file",
        );
        let location_problem = "must be an https URL; http is allowed for a loopback address only";
        if let Some(url) = &issuer.jwks_url {
            require(DocumentUrl::parse(url).is_ok(), "jwks_url", location_problem);
        } else if issuer.jwks_file.is_none() {
            require(DocumentUrl::parse(&issuer.url).is_ok(), "url", location_problem);
        }
        let are_supported = issuer.algorithms.iter().all(|algorithm| SUPPORTED_ALGORITHMS.contains(algorithm));
        require(
            are_supported && !issuer.algorithms.is_empty(),
            "algorithms",
            "must be some of RS256, PS256, ES256 and EdDSA",
        );
        require(issuer.partner.is_none() || issuer.tenant.is_none(), "partner", "must not be set together with tenant");
        require(issuer.refresh_seconds >= 5, "refresh_seconds", "must be at least 5");
        require(
            issuer.max_key_age_seconds >= issuer.refresh_seconds.saturating_mul(2),
            "max_key_age_seconds",
            "must be at least twice refresh_seconds",
        );
        errors.require_readable_file(&key("jwks_file"), issuer.jwks_file.as_ref());
        errors.require_readable_file(&key("ca_file"), issuer.ca_file.as_ref());
    }
}

/// Returns true if the text can be the name of an issuer. Service callers have ids that begin with
/// `services/`, so an issuer must not have that name.
fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_CHARS).contains(&name.len()) && name.bytes().all(is_allowed) && name != "services"
}
