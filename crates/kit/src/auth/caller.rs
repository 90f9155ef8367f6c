use cpor_types::{Actor, ActorSide, PartnerId, Role, Service, TenantId};

/// Who sent the request, as its token proves. In the request's extensions once the auth layer let it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's `sub`. Opaque; may be a person's e-mail address, so it is personal data.
    pub subject: String,
    /// What a user is; empty for a service.
    pub roles: Vec<Role>,
    /// The partner that a partner's user belongs to.
    pub partner: Option<PartnerId>,
    /// The tenant that a customer's administrator belongs to.
    pub tenant: Option<TenantId>,
    /// Set when the caller is a service.
    pub service: Option<Service>,
    /// Who is behind the request: the user; for a service, whoever it acts for, or itself.
    pub actor: Actor,
}

impl Caller {
    /// The side that the caller acts for.
    #[must_use]
    pub fn side(&self) -> ActorSide {
        self.actor.side
    }

    /// Whether the token carries this role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The identity under which request ids are remembered: a user's subject within its issuer, or a service's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.subject
    }

    /// Whether a resource may be this caller's, going by the owner in its name: a partner's names must begin with
    /// `partners/{its own}` (or with another collection, where the method narrows its answer itself), a customer's
    /// with `tenants/{its own}`. The vendor's staff and services pass. `partners/-` is no partner's own.
    #[must_use]
    pub fn may_touch(&self, resource: &str) -> bool {
        let mut segments = resource.split('/');
        let (collection, owner) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        if self.service.is_some() {
            return true;
        }
        match self.side() {
            ActorSide::Partner => match collection {
                "partners" => self.partner.as_ref().is_some_and(|own| own.to_string() == owner),
                "tenants" => !owner.is_empty(),
                _ => false,
            },
            ActorSide::Customer => {
                collection == "tenants" && self.tenant.is_some_and(|own| own.to_string() == owner.to_ascii_lowercase())
            }
            ActorSide::Reviewer | ActorSide::Vendor => true,
            // No user's side: nobody is let in with it.
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
            subject: "alice".to_owned(),
            roles: Vec::new(),
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: tenant.map(|id| id.parse().unwrap()),
            service: None,
            actor: Actor::new(side, "alice"),
        }
    }

    #[test]
    fn partners_touch_their_own() {
        let contoso = caller(ActorSide::Partner, Some("contoso"), None);
        assert!(contoso.may_touch("partners/contoso") && contoso.may_touch("partners/contoso/claims/1"));
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
            assert!(!contoso.may_touch(foreign), "{foreign}");
        }
    }

    #[test]
    fn customers_touch_their_own() {
        let customer = caller(ActorSide::Customer, None, Some(TENANT));
        assert!(customer.may_touch(&format!("tenants/{TENANT}/workloads/teams")));
        for foreign in ["tenants/-", "tenants/", "partners/contoso", "", "tenants/0a1b2c3d-0000-4000-8000-000000000002"]
        {
            assert!(!customer.may_touch(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_side_without_its_owner_touches_nothing() {
        assert!(!caller(ActorSide::Partner, None, None).may_touch("partners/contoso"));
        assert!(!caller(ActorSide::Customer, None, None).may_touch("tenants/-"));
        assert!(!caller(ActorSide::System, None, None).may_touch("partners/contoso"));
    }

    #[test]
    fn vendor_staff_and_services_pass() {
        assert!(caller(ActorSide::Reviewer, None, None).may_touch("partners/-"));
        let mut service = caller(ActorSide::Partner, None, None);
        service.service = Some(Service::ClaimIntake);
        assert!(service.may_touch("partners/contoso"), "whoever it acts for");
    }
}
