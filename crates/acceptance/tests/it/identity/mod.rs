//! Who may call which method: generated from the access that the protos declare.

pub(crate) mod requests;
mod roles;
mod services;
mod tokens;

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem};

/// The names of a claim and of the resources around it.
#[derive(Clone, Debug)]
pub(crate) struct ResourceNames {
    pub(crate) partner: String,
    pub(crate) tenant: String,
    pub(crate) claim: String,
    pub(crate) evidence: String,
    pub(crate) case: String,
    pub(crate) consent: String,
    pub(crate) assessment: String,
    pub(crate) association: String,
    pub(crate) key: String,
}

impl ResourceNames {
    /// The names around a claim that has an association.
    pub(crate) async fn of(case: &TestClaim<'_>) -> Self {
        let id = case.id().to_owned();
        Self {
            partner: case.name.split("/claims/").next().unwrap().to_owned(),
            tenant: format!("tenants/{}", case.tenant),
            claim: case.name.clone(),
            evidence: case.evidence().await.remove(0).name,
            case: case.review_name().await,
            consent: case.consent_name(),
            assessment: format!("tenants/{}/assessments/{id}", case.tenant),
            association: case.associations().await.remove(0).name,
            key: case.key(0).await,
        }
    }

    /// Names of resources that do not exist, below the same partner and tenant.
    fn nonexistent(&self, system: &TestSystem) -> Self {
        let id = system.next_uuid();
        Self {
            partner: "partners/nobody".into(),
            tenant: format!("tenants/{id}"),
            claim: format!("{}/claims/{id}", self.partner),
            evidence: format!("{}/claims/{id}/evidence/{id}", self.partner),
            case: format!("{}/reviewCases/{id}", self.tenant),
            consent: format!("{}/consents/{id}", self.tenant),
            assessment: format!("{}/assessments/{id}", self.tenant),
            association: format!("{}/associations/{id}", self.tenant),
            key: format!("tenants/{id}/subscriptions/{id}"),
        }
    }

    /// All names. The longest are first, because the name of a claim begins with that of its
    /// partner.
    fn all(&self) -> [&str; 9] {
        [
            &self.evidence,
            &self.case,
            &self.consent,
            &self.assessment,
            &self.association,
            &self.claim,
            &self.key,
            &self.tenant,
            &self.partner,
        ]
    }
}

/// Contoso's claim for Fabrikam, Northwind's claim for Litware, and names of nothing.
struct AccessFixture {
    /// The resources that belong to the partner and the customer of
    /// [`TestSystem::actor_with_role`].
    own: ResourceNames,
    other: ResourceNames,
    nothing: ResourceNames,
}

impl AccessFixture {
    async fn create(system: &TestSystem) -> Self {
        let own = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
        let other = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
        let own = ResourceNames::of(&own).await;
        Self { nothing: own.nonexistent(system), own, other: ResourceNames::of(&other).await }
    }
}
