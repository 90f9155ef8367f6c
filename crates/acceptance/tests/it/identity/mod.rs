//! Who may call which method: generated from the access that the protos declare.

mod database_roles;
mod events;
mod issuers;
pub(crate) mod requests;
pub(crate) mod roles;
mod rotation;
mod services;
mod stolen_keys;
mod tokens;

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, rows};
use cpor_proto::registry::v1::directory_row::Row;
use cpor_types::{ActorSide, Role};

/// The names of a claim and of the resources around it.
#[derive(Clone, Debug)]
pub(crate) struct ResourceNames {
    pub(crate) partner: String,
    pub(crate) tenant: String,
    pub(crate) claim: String,
    pub(crate) evidence: String,
    pub(crate) comment: String,
    pub(crate) case: String,
    pub(crate) note: String,
    pub(crate) arbitration: String,
    pub(crate) consent: String,
    pub(crate) assessment: String,
    pub(crate) association: String,
    pub(crate) subscription: String,
    pub(crate) workload: String,
    pub(crate) key: String,
    pub(crate) payout: String,
}

impl ResourceNames {
    /// The names around a claim that has an association. There is no arbitration and no payout.
    pub(crate) async fn of(case: &TestClaim<'_>) -> Self {
        let (id, system) = (case.id().to_owned(), case.system);
        let subscription = rows::subscription(&case.tenant, &system.next_uuid(), "power-apps");
        let workload = rows::workload(&case.tenant, "intune");
        let (subscription_name, workload_name) = (subscription.name.clone(), workload.name.clone());
        system.import_row(Row::Subscription(subscription)).await;
        system.import_row(Row::Workload(workload)).await;
        Self {
            partner: case.name.split("/claims/").next().unwrap().to_owned(),
            tenant: format!("tenants/{}", case.tenant),
            claim: case.name.clone(),
            evidence: case.evidence().await.remove(0).name,
            comment: case.comment(&case.partner, "Please look at page two.").await.expect("a comment").name,
            case: case.review_name().await,
            note: case.note(&system.reviewer, "For reviewers.").await.expect("a note").name,
            arbitration: format!("tenants/{}/arbitrations/{id}", case.tenant),
            consent: case.consent_name(),
            assessment: format!("tenants/{}/assessments/{id}", case.tenant),
            association: case.associations().await.remove(0).name,
            subscription: subscription_name,
            workload: workload_name,
            key: case.key(0).await,
            payout: format!("{}/payouts/{id}", case.name.split("/claims/").next().unwrap()),
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
            comment: format!("{}/claims/{id}/comments/{id}", self.partner),
            note: format!("{}/reviewCases/{id}/notes/{id}", self.tenant),
            arbitration: format!("{}/arbitrations/{id}", self.tenant),
            subscription: format!("{}/subscriptions/{id}", self.tenant),
            workload: format!("{}/workloads/{id}", self.tenant),
            case: format!("{}/reviewCases/{id}", self.tenant),
            consent: format!("{}/consents/{id}", self.tenant),
            assessment: format!("{}/assessments/{id}", self.tenant),
            association: format!("{}/associations/{id}", self.tenant),
            key: format!("tenants/{id}/subscriptions/{id}"),
            payout: format!("{}/payouts/{id}", self.partner),
        }
    }

    /// All names. The longest are first, because the name of a claim begins with that of its
    /// partner.
    fn all(&self) -> [&str; 15] {
        [
            &self.evidence,
            &self.comment,
            &self.note,
            &self.arbitration,
            &self.case,
            &self.consent,
            &self.assessment,
            &self.association,
            &self.subscription,
            &self.workload,
            &self.claim,
            &self.payout,
            &self.key,
            &self.tenant,
            &self.partner,
        ]
    }
}

/// Contoso's claim for Fabrikam, Northwind's claim for Litware, and names of nothing. Only vendor
/// staff can see arbitrations, so one is enough.
pub(crate) struct AccessFixture {
    /// The resources that belong to the partner and the customer of
    /// [`TestSystem::actor_with_role`].
    pub(crate) own: ResourceNames,
    pub(crate) other: ResourceNames,
    pub(crate) nothing: ResourceNames,
}

impl AccessFixture {
    /// The same resources as a caller with this role names them: a customer watches the claims of
    /// its tenant, and a partner its own.
    fn for_role(&self, role: Role) -> Self {
        let names = |names: &ResourceNames| match role.side() {
            ActorSide::Customer => ResourceNames { partner: names.tenant.clone(), ..names.clone() },
            ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => {
                names.clone()
            }
        };
        Self { own: names(&self.own), other: names(&self.other), nothing: names(&self.nothing) }
    }

    pub(crate) async fn create(system: &TestSystem) -> Self {
        let claim = system.presales().await;
        let own = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
        TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
        let arbitration = own.award(&system.lead, &[&own.key(0).await]).await.expect("an arbitration").name;
        let other = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
        let own = ResourceNames { arbitration: arbitration.clone(), ..ResourceNames::of(&own).await };
        let other = ResourceNames { arbitration, ..ResourceNames::of(&other).await };
        Self { nothing: own.nonexistent(system), own, other }
    }
}
