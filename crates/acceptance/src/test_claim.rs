//! A claim of a test, with a method for each call that the parties make. The methods return the
//! result of the API; a test unwraps it where the call must succeed. A *line* of a claim is about
//! one workload or subscription of the customer, which is its *key*.

mod customer;
mod partner;
mod reviewer;

use cpor_proto::{
    claims::v1::{
        Claim, CreateClaimRequest, EvidenceMetadata, GetClaimRequest, HistoryEntry, ListHistoryRequest,
        UploadEvidenceRequest,
    },
    eligibility::v1::{Assessment, GetAssessmentRequest},
    registry::v1::{Association, ListAssociationsRequest},
};
use tonic::Status;

use crate::{Actor, CONTOSO, NORTHWIND, PDF, TestSystem};

/// The result of a call of the API.
pub type ApiResult<T> = Result<T, Status>;

/// A claim of a test.
#[derive(Clone, Debug)]
pub struct TestClaim<'s> {
    /// The system that contains the claim.
    pub system: &'s TestSystem,
    /// The actor of the claim's partner.
    pub partner: Actor,
    /// The resource name: `partners/{partner}/claims/{claim}`.
    pub name: String,
    /// The id of the tenant.
    pub tenant: String,
}

impl<'s> TestClaim<'s> {
    /// Creates a draft without evidence. It belongs to Northwind if its MPN id begins with 2,
    /// otherwise to Contoso.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn create_draft(system: &'s TestSystem, claim: Claim) -> ApiResult<Self> {
        let (partner, parent) =
            if claim.mpn_id.starts_with('2') { (&system.northwind, NORTHWIND) } else { (&system.contoso, CONTOSO) };
        let tenant = claim.tenant_id.clone();
        let request = CreateClaimRequest { parent: parent.into(), claim: Some(claim), ..CreateClaimRequest::default() };
        let name = partner.claims().create_claim(request).await?.into_inner().name;
        Ok(Self { system, partner: partner.clone(), name, tenant })
    }

    /// Creates a draft and uploads a document.
    pub async fn create_with_evidence(system: &'s TestSystem, claim: Claim) -> Self {
        let test_claim = Self::create_draft(system, claim).await.expect("a draft");
        test_claim.upload("proof.pdf", PDF).await.expect("a document");
        test_claim
    }

    /// Wraps a claim that exists already.
    #[must_use]
    pub fn existing(system: &'s TestSystem, partner: &Actor, claim: &Claim) -> Self {
        Self { system, partner: partner.clone(), name: claim.name.clone(), tenant: claim.tenant_id.clone() }
    }

    /// Gets the claim as its partner.
    pub async fn claim(&self) -> Claim {
        self.claim_as(&self.partner).await.expect("the claim")
    }

    /// Gets the claim as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn claim_as(&self, actor: &Actor) -> ApiResult<Claim> {
        Ok(actor.claims().get_claim(GetClaimRequest { name: self.name.clone() }).await?.into_inner())
    }

    /// Returns the id of the claim.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the resource name of the key of a line, for example
    /// `tenants/{tenant}/subscriptions/{subscription}`.
    pub async fn key(&self, line: usize) -> String {
        self.claim().await.lines[line].key.clone()
    }

    /// Lists the whole history as a review lead, and asserts that the positions have no gap.
    pub async fn history(&self) -> Vec<HistoryEntry> {
        let request =
            ListHistoryRequest { parent: self.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
        let entries = self.system.lead.claims().list_history(request).await.expect("the history").into_inner().entries;
        assert!(entries.iter().zip(1..).all(|(entry, position)| entry.position == position), "gaps: {entries:#?}");
        entries
    }

    /// Returns the newest history entry with this action.
    ///
    /// # Panics
    /// Panics if the history has no such entry.
    pub async fn entry(&self, action: &str) -> HistoryEntry {
        let history = self.history().await;
        let found = history.iter().rev().find(|entry| entry.action == action).cloned();
        found.unwrap_or_else(|| {
            panic!("no {action} in {:?}", history.iter().map(|entry| &entry.action).collect::<Vec<_>>())
        })
    }

    /// Lists the claim's associations, including ended ones, as a review lead.
    pub async fn associations(&self) -> Vec<Association> {
        let request = ListAssociationsRequest {
            parent: format!("tenants/{}", self.tenant),
            filter: format!("claim = {}", self.name),
            ..ListAssociationsRequest::default()
        };
        self.system.lead.registry().list_associations(request).await.expect("associations").into_inner().associations
    }

    /// Gets the assessment of the claim as its partner.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn assessment(&self) -> ApiResult<Assessment> {
        let name = format!("tenants/{}/assessments/{}", self.tenant, self.id());
        let request = GetAssessmentRequest { name, ..GetAssessmentRequest::default() };
        Ok(self.partner.eligibility().get_assessment(request).await?.into_inner())
    }

    /// Returns the message that uploads a small document in one part.
    #[must_use]
    pub fn upload_message(&self, file_name: &str, bytes: &[u8]) -> UploadEvidenceRequest {
        let metadata =
            EvidenceMetadata { parent: self.name.clone(), file_name: file_name.into(), ..EvidenceMetadata::default() };
        UploadEvidenceRequest { metadata: Some(metadata), data: bytes.to_vec() }
    }
}
