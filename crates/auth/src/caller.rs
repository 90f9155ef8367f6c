//! The authenticated caller of a request.
use cpor_types::{Actor, ActorSide, PartnerId, Personal, Role, Service, TenantId};

/// The user or service that sent a request, as its token proves. The authorization middleware puts
/// the caller into the extensions of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The id of the caller. For a user it is the subject of the token, qualified by the name of
    /// its issuer (`corp/alice`) if the issuer has one. It may contain a person's e-mail address,
    /// so it is personal data.
    pub subject: Personal,
    /// The roles of a user. A service has none.
    pub roles: Vec<Role>,
    /// The partner that the user belongs to, for users of a partner.
    pub partner: Option<PartnerId>,
    /// The tenant that the user administers, for administrators of a customer.
    pub tenant: Option<TenantId>,
    /// The calling service, or `None` if the caller is a user.
    pub service: Option<Service>,
    /// The actor that the history records for changes by this caller. For a user it is that user.
    /// For a service it is the person on whose behalf the service calls or, without one, the
    /// service itself.
    pub actor: Actor,
}

impl Caller {
    /// Returns the side for which the caller acts, for example the partner's.
    #[must_use]
    pub fn side(&self) -> ActorSide {
        self.actor.side
    }

    /// Returns true if the token contains the role.
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Returns the id under which the caller's request ids are stored.
    #[must_use]
    pub fn id(&self) -> &str {
        self.subject.expose()
    }

    /// Returns true if the caller may access the resource with this name. Checks only the owner in
    /// the name, a partner or a tenant.
    ///
    /// Partners may access `partners/{their id}/...`, but not `partners/-`. They may also access
    /// names that begin with a tenant, because methods with such names restrict their results
    /// themselves. Customers may access `tenants/{their id}/...`. Vendor users and services may
    /// access everything.
    #[must_use]
    pub fn may_access(&self, resource: &str) -> bool {
        let mut segments = resource.split('/');
        let (collection, owner) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        if self.service.is_some() {
            return true;
        }
        match self.side() {
            ActorSide::Partner => match collection {
                "partners" => self.partner.as_ref().is_some_and(|partner| partner.to_string() == owner),
                "tenants" => !owner.is_empty(),
                _ => false,
            },
            ActorSide::Customer => {
                collection == "tenants"
                    && self.tenant.is_some_and(|tenant| tenant.to_string() == owner.to_ascii_lowercase())
            }
            ActorSide::Reviewer | ActorSide::Vendor => true,
            // No token of a user has one of these sides.
            ActorSide::Time | ActorSide::System => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0a1b2c3d-0000-4000-8000-000000000001";

    fn caller(side: ActorSide, partner: Option<&str>, tenant: Option<&str>) -> Caller {
        Caller {
            subject: "alice".into(),
            roles: Vec::new(),
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: tenant.map(|id| id.parse().unwrap()),
            service: None,
            actor: Actor::new(side, "alice"),
        }
    }

    #[test]
    fn partners_access_their_own_resources() {
        let contoso = caller(ActorSide::Partner, Some("contoso"), None);
        assert!(contoso.may_access("partners/contoso") && contoso.may_access("partners/contoso/claims/1"));
        for foreign in [
            "partners/contoso-2/claims/1",
            "partners/-",
            "partners/",
            "partners",
            "partner/contoso",
            "",
            "/partners/contoso",
            "claims/partners/contoso",
        ] {
            assert!(!contoso.may_access(foreign), "{foreign}");
        }
    }

    #[test]
    fn customers_access_their_own_resources() {
        let customer = caller(ActorSide::Customer, None, Some(TENANT));
        assert!(customer.may_access(&format!("tenants/{TENANT}/workloads/teams")));
        for foreign in ["tenants/-", "tenants/", "partners/contoso", "", "tenants/0a1b2c3d-0000-4000-8000-000000000002"]
        {
            assert!(!customer.may_access(foreign), "{foreign}");
        }
    }

    #[test]
    fn without_an_owner_id_nothing_is_accessible() {
        assert!(!caller(ActorSide::Partner, None, None).may_access("partners/contoso"));
        assert!(!caller(ActorSide::Customer, None, None).may_access("tenants/-"));
        assert!(!caller(ActorSide::System, None, None).may_access("partners/contoso"));
    }

    #[test]
    fn vendor_users_and_services_access_everything() {
        assert!(caller(ActorSide::Reviewer, None, None).may_access("partners/-"));
        let mut service = caller(ActorSide::Partner, None, None);
        service.service = Some(Service::ClaimIntake);
        assert!(service.may_access("partners/contoso"), "regardless of the actor");
    }
}
