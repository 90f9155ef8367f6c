//! One resource of each kind, for two partners with a customer each.

use cpor_acceptance::{CONTOSO, ClaimStage, LITWARE, NORTHWIND, TestClaim, TestSystem, contact, line, rows};
use cpor_proto::{
    claims::v1::Claim,
    consents::v1::GetConsentRequest,
    eligibility::v1::{CreatePayoutRequest, Payout},
    registry::v1::{ImportLegacyAssociationsRequest, LegacyAssociation, directory_row::Row},
    r#type::v1::Activity,
};
use cpor_types::{ActorSide, Role};

/// The end of the quarter in which the official claims earn.
const QUARTER_END: &str = "2026-07-01T00:00:00Z";

/// The names of the resources of one partner and its customer. Each claim is in the state that some
/// methods need.
#[derive(Clone, Debug)]
pub(crate) struct ResourceNames {
    pub(crate) partner: String,
    pub(crate) tenant: String,
    /// The claim with an official association, which has earned and has a payout.
    pub(crate) claim: String,
    pub(crate) evidence: String,
    pub(crate) comment: String,
    /// The claim that is a complete draft, and its document.
    pub(crate) draft: String,
    pub(crate) draft_evidence: String,
    /// The claim for which partner action was requested.
    pub(crate) requested: String,
    pub(crate) rejected: String,
    /// The case under review, with its note, its consent and the last notice to the customer.
    pub(crate) case: String,
    pub(crate) note: String,
    pub(crate) consent: String,
    pub(crate) notice_id: String,
    pub(crate) arbitration: String,
    pub(crate) assessment: String,
    pub(crate) association: String,
    pub(crate) legacy_association: String,
    pub(crate) subscription: String,
    pub(crate) workload: String,
    /// The key of the official claim.
    pub(crate) key: String,
    pub(crate) payout: String,
    pub(crate) mpn_id: String,
}

impl ResourceNames {
    /// The names around one claim that has an association, as if it were in every state. There is
    /// no arbitration, no payout and no notice with the id.
    pub(crate) async fn of(case: &TestClaim<'_>) -> Self {
        let (id, system, tenant) = (case.id(), case.system, format!("tenants/{}", case.tenant));
        let partner = case.name.split("/claims/").next().unwrap();
        let workload = rows::workload(&case.tenant, "intune");
        let workload_name = workload.name.clone();
        system.import_row(Row::Workload(workload)).await;
        let (claim, key) = (case.claim().await, case.key(0).await);
        let (evidence, association) = (case.evidence().await.remove(0).name, case.associations().await.remove(0).name);
        Self {
            partner: partner.to_owned(),
            claim: case.name.clone(),
            draft_evidence: evidence.clone(),
            evidence,
            comment: case.comment(&case.partner, "Please look at page two.").await.expect("a comment").name,
            draft: case.name.clone(),
            requested: case.name.clone(),
            rejected: case.name.clone(),
            case: case.review_name().await,
            note: case.note(&system.reviewer, "For reviewers.").await.expect("a note").name,
            consent: case.consent_name(),
            notice_id: system.next_uuid(),
            arbitration: format!("{tenant}/arbitrations/{id}"),
            assessment: format!("{tenant}/assessments/{id}"),
            legacy_association: association.clone(),
            association,
            subscription: key.clone(),
            workload: workload_name,
            key,
            payout: format!("{partner}/payouts/{id}"),
            mpn_id: claim.mpn_id,
            tenant,
        }
    }

    /// Names of resources that do not exist, below the same partner and tenant.
    fn nonexistent(&self, system: &TestSystem) -> Self {
        let id = system.next_uuid();
        let (claim, of_tenant) =
            (format!("{}/claims/{id}", self.partner), |collection| format!("{}/{collection}/{id}", self.tenant));
        Self {
            partner: "partners/nobody".into(),
            tenant: format!("tenants/{id}"),
            evidence: format!("{claim}/evidence/{id}"),
            comment: format!("{claim}/comments/{id}"),
            draft: claim.clone(),
            draft_evidence: format!("{claim}/evidence/{id}"),
            requested: claim.clone(),
            rejected: claim.clone(),
            claim,
            note: format!("{}/notes/{id}", of_tenant("reviewCases")),
            case: of_tenant("reviewCases"),
            consent: of_tenant("consents"),
            notice_id: id.clone(),
            arbitration: of_tenant("arbitrations"),
            assessment: of_tenant("assessments"),
            association: of_tenant("associations"),
            legacy_association: of_tenant("associations"),
            subscription: of_tenant("subscriptions"),
            workload: of_tenant("workloads"),
            key: format!("tenants/{id}/subscriptions/{id}"),
            payout: format!("{}/payouts/{id}", self.partner),
            mpn_id: self.mpn_id.clone(),
        }
    }

    /// All names. The longest are first, because the name of a claim begins with that of its
    /// partner.
    pub(crate) fn all(&self) -> [&str; 20] {
        [
            &self.evidence,
            &self.draft_evidence,
            &self.comment,
            &self.note,
            &self.arbitration,
            &self.case,
            &self.consent,
            &self.assessment,
            &self.association,
            &self.legacy_association,
            &self.subscription,
            &self.workload,
            &self.claim,
            &self.draft,
            &self.requested,
            &self.rejected,
            &self.payout,
            &self.key,
            &self.tenant,
            &self.partner,
        ]
    }
}

/// Contoso's resources for Fabrikam, Northwind's for Litware, and names of nothing.
#[derive(Clone, Debug)]
pub(crate) struct AccessFixture {
    /// The resources that belong to the partner and the customer of
    /// [`TestSystem::actor_with_role`].
    pub(crate) own: ResourceNames,
    pub(crate) other: ResourceNames,
    pub(crate) nothing: ResourceNames,
}

impl AccessFixture {
    pub(crate) async fn create(system: &TestSystem) -> Self {
        let official = [presales(system, CONTOSO).await, presales(system, NORTHWIND).await];
        let mut cases = Vec::new();
        for claim in official {
            cases.push(TestClaim::at_stage(system, claim, ClaimStage::Approved).await);
        }
        system.advance_to(timestamp_of("2026-05-02T00:00:00Z")).await;
        for case in &cases {
            system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
        }
        system.advance_to(timestamp_of(QUARTER_END)).await;
        let arbitration = arbitrate(system).await;
        let other = resources_around(&cases.remove(1), arbitration.clone()).await;
        let own = resources_around(&cases.remove(0), arbitration).await;
        system.wait_until_idle().await;
        Self { nothing: own.nonexistent(system), own, other }
    }

    /// The same resources as a caller with this role names them: a customer watches the claims of
    /// its tenant, and a partner its own.
    pub(crate) fn for_role(&self, role: Role) -> Self {
        let names = |names: &ResourceNames| match role.side() {
            ActorSide::Customer => ResourceNames { partner: names.tenant.clone(), ..names.clone() },
            ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => {
                names.clone()
            }
        };
        Self { own: names(&self.own), other: names(&self.other), nothing: names(&self.nothing) }
    }
}

fn timestamp_of(time: &str) -> chrono::DateTime<chrono::Utc> {
    time.parse().unwrap()
}

/// A pre-sales claim: of Contoso for Fabrikam, or of Northwind for Litware.
async fn presales(system: &TestSystem, partner: &str) -> Claim {
    let claim = system.presales().await;
    if partner == CONTOSO {
        return claim;
    }
    let id = system.import_subscription(rows::subscription(LITWARE, &system.next_uuid(), "dynamics-365-sales")).await;
    Claim {
        display_name: "Litware sales rollout".into(),
        mpn_id: "2001".into(),
        tenant_id: LITWARE.into(),
        customer_domain: "litware.example".into(),
        lines: vec![line("dynamics-365-sales", &id)],
        customer_contact: contact("Maria Rossi", "CIO", "maria.rossi@litware.example"),
        customer_technical_contact: contact("Max Rossi", "IT Manager", "max.rossi@litware.example"),
        partner_contact: contact("Nora Novak", "", "nora.novak@northwind.example"),
        ..claim
    }
}

/// Decides between two claims for a key. Only vendor staff can see arbitrations, so one is enough.
async fn arbitrate(system: &TestSystem) -> String {
    let claim = system.presales().await;
    let winner = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    winner.award(&system.lead, &[&winner.key(0).await]).await.expect("an arbitration").name
}

/// Creates the other resources of the partner and the customer of an official claim.
async fn resources_around(official: &TestClaim<'_>, arbitration: String) -> ResourceNames {
    let system = official.system;
    let names = ResourceNames::of(official).await;
    let claim = || presales(system, &names.partner);
    let draft = TestClaim::create_with_evidence(system, claim().await).await;
    let requested = TestClaim::at_stage(system, claim().await, ClaimStage::PartnerActionRequired).await;
    let rejected = TestClaim::at_stage(system, claim().await, ClaimStage::Rejected).await;
    let review = TestClaim::at_stage(system, claim().await, ClaimStage::Submitted).await;
    let reviewer = system.actor_with_role(Role::PoeReviewer);
    review.take(&reviewer).await.expect("to take the case");
    review.start_review(&reviewer).await.expect("to start the review");
    system.wait_until_idle().await;
    let consent = GetConsentRequest { name: review.consent_name() };
    let consent = system.operator.consents().get_consent(consent).await.expect("the consent").into_inner();
    ResourceNames {
        draft_evidence: draft.evidence().await.remove(0).name,
        draft: draft.name,
        requested: requested.name,
        rejected: rejected.name,
        case: review.review_name().await,
        note: review.note(&reviewer, "For reviewers.").await.expect("a note").name,
        consent: consent.name,
        notice_id: consent.notices[0].notice_id.clone(),
        arbitration,
        legacy_association: import_legacy_association(&names, system).await,
        payout: create_payout(&names, system).await,
        ..names
    }
}

/// Imports a legacy association on a new subscription, and returns its name.
async fn import_legacy_association(names: &ResourceNames, system: &TestSystem) -> String {
    let tenant = names.tenant.trim_start_matches("tenants/");
    let id = system.import_subscription(rows::subscription(tenant, &system.next_uuid(), "dynamics-365-sales")).await;
    let key = format!("tenants/{tenant}/subscriptions/{id}");
    let row = LegacyAssociation {
        key: key.clone(),
        partner: names.partner.clone(),
        mpn_id: names.mpn_id.clone(),
        activities: vec![Activity::Usage.into()],
        ..LegacyAssociation::default()
    };
    let request = ImportLegacyAssociationsRequest { rows: vec![row], ..ImportLegacyAssociationsRequest::default() };
    system.directory.registry().import_legacy_associations(request).await.expect("the import");
    system.associations_of_key(&key, None).await.remove(0).name
}

async fn create_payout(names: &ResourceNames, system: &TestSystem) -> String {
    let payout = Payout {
        mpn_id: names.mpn_id.clone(),
        currency: "USD".into(),
        payout_period: "2026-Q2".into(),
        estimated_date: "2026-07-31".into(),
        ..Payout::default()
    };
    let parent = names.partner.clone();
    let request = CreatePayoutRequest { parent, payout: Some(payout), ..CreatePayoutRequest::default() };
    system.manager.eligibility().create_payout(request).await.expect("a payout").into_inner().name
}
