//! The claims (fields) of tokens, and their conversion to a [`Caller`].
use cpor_types::{Actor, ActorSide, PartnerId, Role, Service, TenantId};
use serde::{Deserialize, Serialize};

use super::Caller;

/// The prefix of the `sub` claim of service tokens. The service's name follows it.
const SERVICE_SUBJECT_PREFIX: &str = "services/";

/// The claims of a token: those of RFC 7519, and the private claims `roles`, `partner`, `tenant`
/// and `act`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The issuer.
    pub(super) iss: String,
    /// The subject: the id of a user, or `services/` and the name of a service.
    pub(super) sub: String,
    /// The audience.
    pub(super) aud: Audience,
    /// The expiry time, in seconds since 1970.
    pub(super) exp: u64,
    /// The time of issue, in seconds since 1970.
    #[serde(default)]
    pub(super) iat: u64,
    /// The names of a user's roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<String>,
    /// The id of the partner that a user belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partner: Option<String>,
    /// The id of the tenant that a customer's administrator belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    /// The actor on whose behalf a service calls, for example `partner:alice@contoso.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<String>,
}

/// The `aud` claim: one audience or a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// Returns the `sub` claim of a service's token.
pub(super) fn service_subject(service: Service) -> String {
    format!("{SERVICE_SUBJECT_PREFIX}{service}")
}

impl Claims {
    /// Converts the claims of a user's token. Unknown roles are ignored, because they may belong to
    /// other systems.
    ///
    /// # Errors
    /// Returns a description of what is wrong with the claims.
    pub(super) fn to_user(&self) -> Result<Caller, &'static str> {
        if self.sub.is_empty() || self.sub.starts_with(SERVICE_SUBJECT_PREFIX) {
            return Err("the subject is empty or that of a service");
        }
        let roles: Vec<Role> = self.roles.iter().filter_map(|role| role.parse().ok()).collect();
        let side = side_of_roles(&roles)?;
        let partner =
            self.partner.as_deref().map(str::parse::<PartnerId>).transpose().map_err(|_| "the partner is malformed")?;
        let tenant =
            self.tenant.as_deref().map(str::parse::<TenantId>).transpose().map_err(|_| "the tenant is malformed")?;
        if side == ActorSide::Partner && partner.is_none() {
            return Err("a partner role needs the claim `partner`");
        }
        if side == ActorSide::Customer && tenant.is_none() {
            return Err("a customer role needs the claim `tenant`");
        }
        let actor = Actor::new(side, self.sub.clone());
        Ok(Caller { subject: self.sub.clone(), roles, partner, tenant, service: None, actor })
    }

    /// Converts the claims of a service's token.
    ///
    /// # Errors
    /// Returns a description of what is wrong with the claims.
    pub(super) fn to_service(&self) -> Result<Caller, &'static str> {
        let name = self.sub.strip_prefix(SERVICE_SUBJECT_PREFIX).ok_or("the subject is not that of a service")?;
        let service: Service = name.parse().map_err(|_| "the service is unknown")?;
        let actor = match &self.act {
            Some(act) => act.parse().map_err(|_| "the actor is malformed")?,
            None => Actor::system(service),
        };
        let subject = self.sub.clone();
        Ok(Caller { subject, roles: Vec::new(), partner: None, tenant: None, service: Some(service), actor })
    }
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
    use super::*;

    fn claims(sub: &str, roles: &[&str]) -> Claims {
        Claims {
            iss: "cpor".to_owned(),
            sub: sub.to_owned(),
            aud: Audience::One("cpor".to_owned()),
            exp: 0,
            iat: 0,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            partner: None,
            tenant: None,
            act: None,
        }
    }

    #[test]
    fn a_user_has_one_side_and_its_owner_id() {
        assert!(claims("alice", &["incentives_admin"]).to_user().is_err(), "no partner");
        assert!(claims("alice", &["customer_admin"]).to_user().is_err(), "no tenant");
        assert!(claims("services/registry", &["operator"]).to_user().is_err());
        let mut mixed = claims("alice", &["incentives_admin", "operator"]);
        mixed.partner = Some("contoso".to_owned());
        assert!(mixed.to_user().is_err());
        let reviewer = claims("rita", &["operator", "review_lead", "role-of-another-system"]).to_user().unwrap();
        assert_eq!((reviewer.side(), reviewer.roles.len()), (ActorSide::Reviewer, 2));
        assert!(claims("nobody", &[]).to_user().unwrap().roles.is_empty());
    }

    #[test]
    fn a_tenant_in_upper_case_is_the_same_owner() {
        let tenant = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";
        let other = "7f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";
        let mut token = claims("fred", &["customer_admin"]);
        token.tenant = Some(tenant.to_uppercase());
        let caller = token.to_user().unwrap();
        for name in [tenant.to_owned(), tenant.to_uppercase()] {
            assert!(caller.may_access(&format!("tenants/{name}")) && caller.may_access(&format!("tenants/{name}/x/1")));
        }
        for name in [other.to_owned(), other.to_uppercase()] {
            assert!(!caller.may_access(&format!("tenants/{name}")), "{name}");
        }
    }

    #[test]
    fn a_service_acts_for_an_actor_or_itself() {
        let mut token = claims(&service_subject(Service::ClaimIntake), &[]);
        assert_eq!(token.to_service().unwrap().actor, Actor::system(Service::ClaimIntake));
        token.act = Some("partner:alice@contoso.example".to_owned());
        let caller = token.to_service().unwrap();
        assert_eq!(
            (caller.service, caller.actor),
            (Some(Service::ClaimIntake), Actor::new(ActorSide::Partner, "alice@contoso.example"))
        );
        token.act = Some("not an actor".to_owned());
        assert!(token.to_service().is_err());
        assert!(claims("services/nonsense", &[]).to_service().is_err() && claims("alice", &[]).to_service().is_err());
    }
}
