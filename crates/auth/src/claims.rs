//! The claims (fields) of tokens, and their conversion to a [`Caller`].
use cpor_types::{Actor, Service};
use serde::{Deserialize, Serialize};

use super::Caller;

/// The prefix of the `sub` claim of service tokens. The service's name follows it.
pub(super) const SERVICE_SUBJECT_PREFIX: &str = "services/";

/// The claims of a token: those of RFC 7519, and the private claims `roles`, `partner`, `tenant`
/// and `act`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The issuer, which signed the token.
    pub(super) iss: String,
    /// The subject: the id of a user, or `services/` and the name of a service.
    pub(super) sub: String,
    /// The audience: the systems that the token is for.
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
        let subject = self.sub.clone().into();
        Ok(Caller { subject, roles: Vec::new(), partner: None, tenant: None, service: Some(service), actor })
    }
}

#[cfg(test)]
mod tests {
    use cpor_types::ActorSide;

    use super::*;

    fn claims(sub: &str) -> Claims {
        Claims {
            iss: "cpor".to_owned(),
            sub: sub.to_owned(),
            aud: Audience::One("cpor".to_owned()),
            exp: 0,
            iat: 0,
            roles: Vec::new(),
            partner: None,
            tenant: None,
            act: None,
        }
    }

    #[test]
    fn a_service_acts_for_an_actor_or_itself() {
        let mut token = claims(&service_subject(Service::ClaimIntake));
        assert_eq!(token.to_service().unwrap().actor, Actor::system(Service::ClaimIntake));
        token.act = Some("partner:alice@contoso.example".to_owned());
        let caller = token.to_service().unwrap();
        assert_eq!(
            (caller.service, caller.actor),
            (Some(Service::ClaimIntake), Actor::new(ActorSide::Partner, "alice@contoso.example"))
        );
        token.act = Some("not an actor".to_owned());
        assert!(token.to_service().is_err());
        assert!(claims("services/nonsense").to_service().is_err() && claims("alice").to_service().is_err());
    }
}
