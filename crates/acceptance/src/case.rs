//! A claim and what the parties do to it, each a call. A call answers as the API does; what must succeed is unwrapped by the test.

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

use crate::{Actor, CONTOSO, NORTHWIND, PDF, World};

/// What the API answers.
pub type Answer<T> = Result<T, Status>;

/// A claim.
#[derive(Clone, Debug)]
pub struct Case<'w> {
    /// The world that it lives in.
    pub world: &'w World,
    /// Who acts for its partner.
    pub partner: Actor,
    /// `partners/{partner}/claims/{claim}`.
    pub name: String,
    /// The customer's id.
    pub tenant: String,
}

impl<'w> Case<'w> {
    /// A draft of this content, without proof. It belongs to Northwind when its location does, else to Contoso.
    ///
    /// # Errors
    /// As the API's.
    pub async fn draft(world: &'w World, claim: Claim) -> Answer<Self> {
        let (partner, parent) =
            if claim.mpn_id.starts_with('2') { (&world.northwind, NORTHWIND) } else { (&world.contoso, CONTOSO) };
        let tenant = claim.tenant_id.clone();
        let request = CreateClaimRequest { parent: parent.into(), claim: Some(claim), ..CreateClaimRequest::default() };
        let name = partner.claims().create_claim(request).await?.into_inner().name;
        Ok(Self { world, partner: partner.clone(), name, tenant })
    }

    /// A complete draft: with one document.
    pub async fn complete(world: &'w World, claim: Claim) -> Self {
        let case = Self::draft(world, claim).await.expect("a draft");
        case.upload("proof.pdf", PDF).await.expect("a document");
        case
    }

    /// A case that exists.
    #[must_use]
    pub fn of(world: &'w World, partner: &Actor, claim: &Claim) -> Self {
        Self { world, partner: partner.clone(), name: claim.name.clone(), tenant: claim.tenant_id.clone() }
    }

    /// The claim as its partner sees it.
    pub async fn claim(&self) -> Claim {
        self.seen_by(&self.partner).await.expect("the claim")
    }

    /// The claim as somebody sees it.
    ///
    /// # Errors
    /// As the API's.
    pub async fn seen_by(&self, actor: &Actor) -> Answer<Claim> {
        Ok(actor.claims().get_claim(GetClaimRequest { name: self.name.clone() }).await?.into_inner())
    }

    /// The claim's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// The key of a line, as the registry names it: `tenants/{tenant}/subscriptions/{subscription}`.
    pub async fn key(&self, line: usize) -> String {
        format!("tenants/{}/{}", self.tenant, self.claim().await.lines[line].key)
    }

    /// The whole history, as a lead sees it; its positions must have no gap.
    pub async fn history(&self) -> Vec<HistoryEntry> {
        let request =
            ListHistoryRequest { parent: self.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
        let entries = self.world.lead.claims().list_history(request).await.expect("the history").into_inner().entries;
        assert!(entries.iter().zip(1..).all(|(entry, position)| entry.position == position), "gaps: {entries:#?}");
        entries
    }

    /// The newest entry of the history with this action.
    ///
    /// # Panics
    /// When there is none.
    pub async fn entry(&self, action: &str) -> HistoryEntry {
        let history = self.history().await;
        let found = history.iter().rev().find(|entry| entry.action == action).cloned();
        found.unwrap_or_else(|| {
            panic!("no {action} in {:?}", history.iter().map(|entry| &entry.action).collect::<Vec<_>>())
        })
    }

    /// Its associations in the registry, the ended ones too.
    pub async fn associations(&self) -> Vec<Association> {
        let request = ListAssociationsRequest {
            parent: format!("tenants/{}", self.tenant),
            claim: self.name.clone(),
            ..ListAssociationsRequest::default()
        };
        self.world.lead.registry().list_associations(request).await.expect("associations").into_inner().associations
    }

    /// Its assessment, as its partner sees it.
    ///
    /// # Errors
    /// As the API's.
    pub async fn assessment(&self) -> Answer<Assessment> {
        let name = format!("tenants/{}/assessments/{}", self.tenant, self.id());
        let request = GetAssessmentRequest { name, ..GetAssessmentRequest::default() };
        Ok(self.partner.eligibility().get_assessment(request).await?.into_inner())
    }

    /// The one message that uploads a small document.
    #[must_use]
    pub fn upload_message(&self, file_name: &str, bytes: &[u8]) -> UploadEvidenceRequest {
        let metadata =
            EvidenceMetadata { parent: self.name.clone(), file_name: file_name.into(), ..EvidenceMetadata::default() };
        UploadEvidenceRequest { metadata: Some(metadata), data: bytes.to_vec() }
    }
}
