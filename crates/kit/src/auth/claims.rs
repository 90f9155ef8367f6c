use cpor_types::{Actor, ActorSide, PartnerId, Role, Service, TenantId};
use serde::{Deserialize, Serialize};

use super::Caller;

/// What stands before a service's name in its tokens' `sub`.
const SERVICE_SUBJECT: &str = "services/";

/// A token's claims (RFC 7519), and ours: `roles`, `partner`, `tenant`, `act`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    /// Seconds since 1970.
    pub(super) exp: u64,
    #[serde(default)]
    pub(super) iat: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    /// For a service's token: on whose behalf, `partner:alice@contoso.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<String>,
}

/// One audience or several.
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

/// The `sub` of a service's token.
pub(super) fn service_subject(service: Service) -> String {
    format!("{SERVICE_SUBJECT}{service}")
}

impl Claims {
    /// The user that the claims describe, or what is wrong with them. Roles of other systems are passed over.
    pub(super) fn user(&self) -> Result<Caller, &'static str> {
        if self.sub.is_empty() || self.sub.starts_with(SERVICE_SUBJECT) {
            return Err("the subject is empty or a service's");
        }
        let roles: Vec<Role> = self.roles.iter().filter_map(|role| role.parse().ok()).collect();
        let side = side(&roles)?;
        let partner =
            self.partner.as_deref().map(str::parse::<PartnerId>).transpose().map_err(|_| "the partner is malformed")?;
        let tenant =
            self.tenant.as_deref().map(str::parse::<TenantId>).transpose().map_err(|_| "the tenant is malformed")?;
        if side == ActorSide::Partner && partner.is_none() {
            return Err("a partner's role comes without a partner");
        }
        if side == ActorSide::Customer && tenant.is_none() {
            return Err("a customer's role comes without a tenant");
        }
        let actor = Actor::new(side, self.sub.clone());
        Ok(Caller { subject: self.sub.clone(), roles, partner, tenant, service: None, actor })
    }

    /// The service that the claims describe, or what is wrong with them.
    pub(super) fn service(&self) -> Result<Caller, &'static str> {
        let name = self.sub.strip_prefix(SERVICE_SUBJECT).ok_or("the subject is no service's")?;
        let service: Service = name.parse().map_err(|_| "the service is unknown")?;
        let actor = match &self.act {
            Some(act) => act.parse().map_err(|_| "the actor is malformed")?,
            None => Actor::system(service),
        };
        let subject = self.sub.clone();
        Ok(Caller { subject, roles: Vec::new(), partner: None, tenant: None, service: Some(service), actor })
    }
}

/// Partners and customers are nothing else besides: a token that mixes sides would make it doubtful whose resources
/// its bearer sees. Without any role nobody is let in, whatever the side.
fn side(roles: &[Role]) -> Result<ActorSide, &'static str> {
    let any = |side| roles.iter().any(|role| role.side() == side);
    let all = |side| roles.iter().all(|role| role.side() == side);
    for exclusive in [ActorSide::Partner, ActorSide::Customer] {
        if any(exclusive) {
            return if all(exclusive) { Ok(exclusive) } else { Err("the roles are of different sides") };
        }
    }
    Ok(if any(ActorSide::Reviewer) { ActorSide::Reviewer } else { ActorSide::Vendor })
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
    fn a_user_has_one_side_and_its_owner() {
        assert!(claims("alice", &["incentives_admin"]).user().is_err(), "no partner");
        assert!(claims("alice", &["customer_admin"]).user().is_err(), "no tenant");
        assert!(claims("services/registry", &["operator"]).user().is_err());
        let mut mixed = claims("alice", &["incentives_admin", "operator"]);
        mixed.partner = Some("contoso".to_owned());
        assert!(mixed.user().is_err());
        let reviewer = claims("rita", &["operator", "review_lead", "role-of-another-system"]).user().unwrap();
        assert_eq!((reviewer.side(), reviewer.roles.len()), (ActorSide::Reviewer, 2));
        assert!(claims("nobody", &[]).user().unwrap().roles.is_empty());
    }

    #[test]
    fn a_service_acts_for_somebody_or_itself() {
        let mut token = claims(&service_subject(Service::ClaimIntake), &[]);
        assert_eq!(token.service().unwrap().actor, Actor::system(Service::ClaimIntake));
        token.act = Some("partner:alice@contoso.example".to_owned());
        let caller = token.service().unwrap();
        assert_eq!(
            (caller.service, caller.actor),
            (Some(Service::ClaimIntake), Actor::new(ActorSide::Partner, "alice@contoso.example"))
        );
        token.act = Some("nobody at all".to_owned());
        assert!(token.service().is_err());
        assert!(claims("services/nonsense", &[]).service().is_err() && claims("alice", &[]).service().is_err());
    }
}
