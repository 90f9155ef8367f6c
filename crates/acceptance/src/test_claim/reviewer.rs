//! The reviewers' calls. They are about the review case of the claim: the reviewers' record of the
//! claim. A *key* is a workload or subscription of the customer that the claim names.

use cpor_proto::{
    reviews::v1::{
        ApproveReviewCaseRequest, ArbitrateLinesRequest, Arbitration, AssignReviewCaseRequest, Award, Competition,
        ConfirmCustomerContactRequest, CreateReviewNoteRequest, GetCompetitionRequest, GetReviewCaseRequest,
        ListReviewNotesRequest, RejectReviewCaseRequest, ReleaseReviewCaseRequest, RequestPartnerActionRequest,
        RequestStatementRequest, ReviewCase, ReviewNote, StartReviewRequest, TakeReviewCaseRequest,
    },
    r#type::v1::{FurtherRejectionReason, PartnerActionReason, PrimaryRejectionReason},
};

use super::{ApiResult, TestClaim};
use crate::Actor;

impl TestClaim<'_> {
    /// Returns the resource name of the review case: `tenants/{tenant}/reviewCases/{case}`.
    pub async fn review_name(&self) -> String {
        self.claim_as(&self.system.lead).await.expect("the claim").review_case
    }

    /// Gets the review case as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn review(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request = GetReviewCaseRequest { name: self.review_name().await };
        Ok(actor.reviews().get_review_case(request).await?.into_inner())
    }

    /// Assigns the case to `reviewer`, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn assign(&self, actor: &Actor, reviewer: &Actor) -> ApiResult<ReviewCase> {
        let reviewer = reviewer.subject.clone();
        let request =
            AssignReviewCaseRequest { name: self.review_name().await, reviewer, ..AssignReviewCaseRequest::default() };
        Ok(actor.reviews().assign_review_case(request).await?.into_inner())
    }

    /// Takes the case as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn take(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request = TakeReviewCaseRequest { name: self.review_name().await, ..TakeReviewCaseRequest::default() };
        Ok(actor.reviews().take_review_case(request).await?.into_inner())
    }

    /// Confirms the customer contact as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn confirm_contact(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let name = self.review_name().await;
        let request = ConfirmCustomerContactRequest { name, ..ConfirmCustomerContactRequest::default() };
        Ok(actor.reviews().confirm_customer_contact(request).await?.into_inner())
    }

    /// Releases the case as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn release(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request =
            ReleaseReviewCaseRequest { name: self.review_name().await, ..ReleaseReviewCaseRequest::default() };
        Ok(actor.reviews().release_review_case(request).await?.into_inner())
    }

    /// Starts the review as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn start_review(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request = StartReviewRequest { name: self.review_name().await, ..StartReviewRequest::default() };
        Ok(actor.reviews().start_review(request).await?.into_inner())
    }

    /// Requests a signature from the partner, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn request_action(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request = RequestPartnerActionRequest {
            name: self.review_name().await,
            reasons: vec![PartnerActionReason::CustomerAcknowledgementMissing.into()],
            comment: "The signature page is missing.".into(),
            ..RequestPartnerActionRequest::default()
        };
        Ok(actor.reviews().request_partner_action(request).await?.into_inner())
    }

    /// Asks the partner of the approved, contested claim for a statement, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn request_statement(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request = RequestStatementRequest {
            name: self.review_name().await,
            comment: "Do you still work there?".into(),
            ..RequestStatementRequest::default()
        };
        Ok(actor.reviews().request_statement(request).await?.into_inner())
    }

    /// Approves the case as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn approve(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request =
            ApproveReviewCaseRequest { name: self.review_name().await, ..ApproveReviewCaseRequest::default() };
        Ok(actor.reviews().approve_review_case(request).await?.into_inner())
    }

    /// Rejects the case for insufficient PoE, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn reject(&self, actor: &Actor) -> ApiResult<ReviewCase> {
        let request = RejectReviewCaseRequest {
            name: self.review_name().await,
            primary_reason: PrimaryRejectionReason::InsufficientPoe.into(),
            further_reasons: vec![FurtherRejectionReason::CustomerConsentMissing.into()],
            comment: "The proof does not show your work.".into(),
            ..RejectReviewCaseRequest::default()
        };
        Ok(actor.reviews().reject_review_case(request).await?.into_inner())
    }

    /// Creates a reviewer-only note as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn note(&self, actor: &Actor, text: &str) -> ApiResult<ReviewNote> {
        let note = Some(ReviewNote { text: text.into(), ..ReviewNote::default() });
        let request =
            CreateReviewNoteRequest { parent: self.review_name().await, note, ..CreateReviewNoteRequest::default() };
        Ok(actor.reviews().create_review_note(request).await?.into_inner())
    }

    /// Lists the notes on the case as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn notes(&self, actor: &Actor) -> ApiResult<Vec<ReviewNote>> {
        let request = ListReviewNotesRequest { parent: self.review_name().await, ..ListReviewNotesRequest::default() };
        Ok(actor.reviews().list_review_notes(request).await?.into_inner().notes)
    }

    /// Gets the claims that compete with the claim of the case, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn competition(&self, actor: &Actor) -> ApiResult<Competition> {
        let request = GetCompetitionRequest { name: self.review_name().await };
        Ok(actor.reviews().get_competition(request).await?.into_inner())
    }

    /// Awards these keys to the claim, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn award(&self, actor: &Actor, keys: &[&str]) -> ApiResult<Arbitration> {
        let winner = self.review_name().await;
        let award = |key: &&str| Award { key: (*key).to_owned(), winner: winner.clone(), ..Award::default() };
        let request = ArbitrateLinesRequest {
            parent: format!("tenants/{}", self.tenant),
            awards: keys.iter().map(award).collect(),
            comment: "The newer proof convinces.".into(),
            ..ArbitrateLinesRequest::default()
        };
        Ok(actor.reviews().arbitrate_lines(request).await?.into_inner())
    }
}
