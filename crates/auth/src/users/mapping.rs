//! The conversion of the claims of a user's token to a [`Caller`].
use std::{collections::BTreeMap, str::FromStr};

use cpor_types::{Actor, ActorSide, PartnerId, Role, TenantId, is_blank, trim_blanks};
use serde_json::Value;

use super::IssuerConfig;
use crate::{Caller, claims::SERVICE_SUBJECT_PREFIX};

/// The maximum number of characters of the id of a user.
const MAX_ID_CHARS: usize = 200;
/// The prefix of the subjects of people who act by a link in a mail and have no token of an issuer.
const LINK_SUBJECT_PREFIX: &str = "link:";

/// How the claims and roles in an issuer's tokens are read. *Claims* are the fields of a token.
#[derive(Debug)]
pub(super) struct ClaimMapping {
    issuer_name: Option<String>,
    subject_claim: String,
    roles_claim: String,
    /// The issuer's names of roles, each with the role that it grants. If the map is empty, the
    /// issuer uses the names of the roles themselves.
    roles: BTreeMap<String, Role>,
    partner_claim: String,
    tenant_claim: String,
    /// The partner that all users of the issuer belong to, if there is such a partner.
    partner: Option<PartnerId>,
    /// The tenant that all users of the issuer administer, if there is such a tenant.
    tenant: Option<TenantId>,
}

impl ClaimMapping {
    pub(super) fn new(config: &IssuerConfig) -> Self {
        Self {
            issuer_name: config.name.clone(),
            subject_claim: config.subject_claim.clone(),
            roles_claim: config.roles_claim.clone(),
            roles: config.roles.clone(),
            partner_claim: config.partner_claim.clone(),
            tenant_claim: config.tenant_claim.clone(),
            partner: config.partner.clone(),
            tenant: config.tenant,
        }
    }

    /// Converts the claims. Roles that the mapping does not know are ignored, because they may
    /// belong to other systems.
    ///
    /// # Errors
    /// Returns a description of what is wrong with the claims.
    pub(super) fn caller(&self, claims: &Value) -> Result<Caller, &'static str> {
        let subject = find_claim(claims, &self.subject_claim).and_then(Value::as_str).unwrap_or_default();
        let subject = qualified_subject(self.issuer_name.as_deref(), subject)?;
        let roles = self.roles(claims)?;
        let side = side_of_roles(&roles)?;
        let (partner, tenant) = match (&self.partner, self.tenant) {
            (Some(partner), _) if side == ActorSide::Partner => (Some(partner.clone()), None),
            (_, Some(tenant)) if side == ActorSide::Customer => (None, Some(tenant)),
            (None, None) => (parse_id(claims, &self.partner_claim)?, parse_id(claims, &self.tenant_claim)?),
            // Every method refuses a caller without roles, with a message that says why.
            _ if roles.is_empty() => (None, None),
            _ => return Err("the issuer must not grant roles of this side"),
        };
        if side == ActorSide::Partner && partner.is_none() {
            return Err("a partner role needs the claim with the partner");
        }
        if side == ActorSide::Customer && tenant.is_none() {
            return Err("a customer role needs the claim with the tenant");
        }
        let actor = Actor::new(side, subject.clone());
        Ok(Caller { subject: subject.into(), roles, partner, tenant, service: None, actor })
    }

    fn roles(&self, claims: &Value) -> Result<Vec<Role>, &'static str> {
        let names = match find_claim(claims, &self.roles_claim) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(names)) => names.as_slice(),
            Some(name) => std::slice::from_ref(name),
        };
        let mut roles = Vec::new();
        for name in names {
            let name = name.as_str().ok_or("the roles are not texts")?;
            let role = if self.roles.is_empty() { name.parse().ok() } else { self.roles.get(name).copied() };
            roles.extend(role);
        }
        Ok(roles)
    }
}

/// Returns the id of a user. The subjects of two issuers never lead to the same id:
///
/// - `corp/alice` is `alice` of the issuer `corp`.
/// - `alice@contoso.example` is that subject of the issuer without a name.
/// - `/a/b` is `a/b` of the issuer without a name. The first slash keeps its subjects apart from
///   those of other issuers and from the users of links (`link:...`).
///
/// # Errors
/// Returns an error if the subject is that of a service, or cannot be shown as it is.
fn qualified_subject(issuer_name: Option<&str>, subject: &str) -> Result<String, &'static str> {
    if issuer_name.is_none() && subject.starts_with(SERVICE_SUBJECT_PREFIX) {
        return Err("the subject is that of a service");
    }
    let id = match issuer_name {
        Some(name) => format!("{name}/{subject}"),
        None if subject.contains('/') || subject.starts_with(LINK_SUBJECT_PREFIX) => format!("/{subject}"),
        None => subject.to_owned(),
    };
    // Ids are shown in histories and compared, so nothing in them may be invisible.
    let is_invisible = |character: char| character != ' ' && is_blank(character.encode_utf8(&mut [0; 4]));
    if is_blank(subject) || trim_blanks(subject) != subject || subject.chars().any(is_invisible) {
        return Err("the subject is empty, or has blanks at its ends or invisible characters");
    }
    if id.chars().count() > MAX_ID_CHARS { Err("the subject is too long") } else { Ok(id) }
}

/// Returns the value of a claim. A name that begins with `/` is a JSON Pointer (RFC 6901).
fn find_claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) }
}

/// Parses the claim with the id of a partner or tenant: a text, or a list with one text.
fn parse_id<T: FromStr>(claims: &Value, name: &str) -> Result<Option<T>, &'static str> {
    let text = match find_claim(claims, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => match items.as_slice() {
            [] => return Ok(None),
            [only] => only.as_str(),
            _ => None,
        },
        Some(value) => value.as_str(),
    };
    text.and_then(|text| text.parse().ok()).map(Some).ok_or("the partner or tenant is malformed")
}

/// Returns the side that the roles belong to.
///
/// Partner and customer roles must not be combined with roles of another side, because the side
/// determines which resources the caller sees. A caller without roles gets the vendor side, but
/// every method refuses a caller without a role.
fn side_of_roles(roles: &[Role]) -> Result<ActorSide, &'static str> {
    let any_role_on = |side| roles.iter().any(|role| role.side() == side);
    let all_roles_on = |side| roles.iter().all(|role| role.side() == side);
    for exclusive in [ActorSide::Partner, ActorSide::Customer] {
        if any_role_on(exclusive) {
            return if all_roles_on(exclusive) { Ok(exclusive) } else { Err("the roles belong to different sides") };
        }
    }
    Ok(if any_role_on(ActorSide::Reviewer) { ActorSide::Reviewer } else { ActorSide::Vendor })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TENANT: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";

    fn mapping(change: impl FnOnce(&mut IssuerConfig)) -> ClaimMapping {
        let mut config = IssuerConfig::default();
        change(&mut config);
        ClaimMapping::new(&config)
    }

    fn roles_of(mapping: &ClaimMapping, claims: &Value) -> Option<Vec<Role>> {
        mapping.caller(claims).ok().map(|caller| caller.roles)
    }

    #[test]
    fn a_user_has_one_side_and_its_owner_id() {
        let caller = |claims: Value| mapping(|_| ()).caller(&claims);
        assert!(caller(json!({"sub": "alice", "roles": ["incentives_admin"]})).is_err(), "no partner");
        assert!(caller(json!({"sub": "alice", "roles": ["customer_admin"]})).is_err(), "no tenant");
        let mixed = json!({"sub": "alice", "roles": ["incentives_admin", "operator"], "partner": "contoso"});
        assert!(caller(mixed).is_err());
        let reviewer = json!({"sub": "rita", "roles": ["operator", "review_lead", "role-of-another-system"]});
        let reviewer = caller(reviewer).unwrap();
        assert_eq!((reviewer.side(), reviewer.roles.len()), (ActorSide::Reviewer, 2));
        assert!(caller(json!({"sub": "nobody"})).unwrap().roles.is_empty());
    }

    #[test]
    fn roles_are_one_text_or_a_list() {
        let nested = mapping(|config| {
            config.roles_claim = "/resource_access/cpor/roles".to_owned();
            config.roles = [("CPOR Reviewer".to_owned(), Role::PoeReviewer)].into();
        });
        let claims = |roles: Value| json!({"sub": "rita", "resource_access": {"cpor": {"roles": roles}}});
        assert_eq!(roles_of(&nested, &claims(json!("CPOR Reviewer"))), Some(vec![Role::PoeReviewer]));
        assert_eq!(roles_of(&nested, &claims(json!(["x", "CPOR Reviewer"]))), Some(vec![Role::PoeReviewer]));
        assert_eq!(roles_of(&nested, &claims(json!(["operator"]))), Some(vec![]), "only mapped names count");
        assert_eq!(roles_of(&nested, &claims(json!([1]))), None);
        let url = mapping(|config| config.roles_claim = "https://cpor.example/roles".to_owned());
        let claims = json!({"sub": "rita", "https://cpor.example/roles": "poe_reviewer"});
        assert_eq!(roles_of(&url, &claims), Some(vec![Role::PoeReviewer]), "only a leading slash makes a pointer");
    }

    #[test]
    fn an_issuer_can_be_limited_to_one_partner_or_tenant() {
        let contoso = mapping(|config| config.partner = Some("contoso".parse().unwrap()));
        let claims = |role: &str| json!({"sub": "alice", "roles": role, "partner": "fabrikam", "tenant": TENANT});
        let alice = contoso.caller(&claims("incentives_admin")).unwrap();
        assert_eq!((alice.partner, alice.tenant), (Some("contoso".parse().unwrap()), None));
        for role in ["poe_reviewer", "operator", "customer_admin", "directory_sync"] {
            assert!(contoso.caller(&claims(role)).is_err(), "{role}");
        }
        let nobody = contoso.caller(&claims("role-of-another-system")).unwrap();
        assert_eq!((nobody.roles, nobody.partner, nobody.tenant), (vec![], None, None));
        let tenant = mapping(|config| config.tenant = Some(TENANT.parse().unwrap()));
        assert!(tenant.caller(&claims("incentives_admin")).is_err());
        assert_eq!(tenant.caller(&claims("customer_admin")).unwrap().partner, None);
    }

    #[test]
    fn owner_ids_are_texts_or_lists_with_one_text() {
        let caller = |partner: Value| {
            mapping(|_| ()).caller(&json!({"sub": "alice", "roles": "incentives_admin", "partner": partner}))
        };
        assert_eq!(caller(json!(["contoso"])).unwrap().partner, Some("contoso".parse().unwrap()));
        for malformed in [json!(["contoso", "fabrikam"]), json!([]), json!(7), json!(""), json!({"a": "contoso"})] {
            assert!(caller(malformed.clone()).is_err(), "{malformed}");
        }
    }

    #[test]
    fn a_tenant_in_upper_case_is_the_same_owner() {
        let other = "7f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";
        let claims = json!({"sub": "fred", "roles": ["customer_admin"], "tenant": TENANT.to_uppercase()});
        let caller = mapping(|_| ()).caller(&claims).unwrap();
        for name in [TENANT.to_owned(), TENANT.to_uppercase()] {
            assert!(caller.may_access(&format!("tenants/{name}")) && caller.may_access(&format!("tenants/{name}/x/1")));
        }
        for name in [other.to_owned(), other.to_uppercase()] {
            assert!(!caller.may_access(&format!("tenants/{name}")), "{name}");
        }
    }

    #[test]
    fn subjects_of_two_issuers_are_never_the_same() {
        let id = |name: Option<&str>, subject: &str| qualified_subject(name, subject).unwrap();
        assert_eq!(id(None, "alice@contoso.example"), "alice@contoso.example");
        assert_eq!(id(Some("corp"), "alice"), "corp/alice");
        let names = [None, Some("corp"), Some("a"), Some("link")];
        let subjects =
            ["alice", "corp/alice", "/corp/alice", "a/b", "/", "b", "link:7", "/link:7", "/services/registry"];
        let ids: Vec<_> = names.iter().flat_map(|name| subjects.map(|subject| id(*name, subject))).collect();
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), names.len() * subjects.len(), "{ids:?}");
        assert!(ids.iter().all(|id| !id.starts_with("services/") && !id.starts_with("link:")));
    }

    #[test]
    fn a_subject_is_shown_as_it_is() {
        for subject in [
            "services/registry",
            "",
            " ",
            "a\nb",
            "al\u{202e}ice",
            "alice ",
            "\u{200b}alice",
            "a\u{a0}b",
            &"x".repeat(201),
        ] {
            assert!(qualified_subject(None, subject).is_err(), "{subject:?}");
        }
        assert!(qualified_subject(Some("corp"), &"x".repeat(196)).is_err());
        for subject in ["auth0|5f7c8ec7c33c6c004bbafe82", "CN=Alice Lee,OU=Sales"] {
            assert!(qualified_subject(None, subject).is_ok(), "{subject}");
        }
    }
}
