//! Who may call what: generated from what the protos declare, and counted against it.

pub(crate) mod bodies;
mod matrix;
mod services;
mod tokens;

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem};

/// Names of resources, as one caller or another owns them.
#[derive(Clone, Debug)]
pub(crate) struct Names {
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

impl Names {
    /// Of a claim that is official.
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

    /// Of nothing that exists, at a place where these exist.
    fn of_nothing(&self, system: &TestSystem) -> Self {
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

    fn all(&self) -> [&str; 9] {
        // The longest first: a claim's name begins with its partner's.
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

/// Contoso's claim for Fabrikam, Northwind's for Litware, both official, and nothing.
struct Estate {
    own: Names,
    other: Names,
    nothing: Names,
}

impl Estate {
    async fn in_world(system: &TestSystem) -> Self {
        let own = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
        let other = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
        let own = Names::of(&own).await;
        Self { nothing: own.of_nothing(system), own, other: Names::of(&other).await }
    }
}
