//! Takes a claim to the stage that a test needs, with calls of the API only. An *association* puts
//! the partner on record for the customer's workloads or subscriptions that the claim names.

use std::slice;

use chrono::TimeDelta;
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    r#type::v1::AssociationState,
};

use crate::{TestClaim, TestSystem};

/// A situation of a claim that tests start from: its state, with the state of its association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimStage {
    /// The claim is a complete draft.
    Editing,
    /// The claim is submitted.
    Submitted,
    /// The reviewer has started the review.
    UnderReview,
    /// The reviewer has requested partner action.
    PartnerActionRequired,
    /// The claim is approved, the association is pending and the consent window is open.
    Approved,
    /// The claim is approved, the association is official and assessed.
    Official,
    /// The reviewer has rejected the claim.
    Rejected,
    /// The partner has withdrawn the claim.
    Withdrawn,
    /// The customer has declined the approved claim.
    Declined,
    /// The partner has disputed the reviewer's rejection.
    Disputed,
}

impl ClaimStage {
    /// All stages.
    pub const ALL: [Self; 10] = [
        Self::Editing,
        Self::Submitted,
        Self::UnderReview,
        Self::PartnerActionRequired,
        Self::Approved,
        Self::Official,
        Self::Rejected,
        Self::Withdrawn,
        Self::Declined,
        Self::Disputed,
    ];

    /// Returns the state of a claim at this stage.
    #[must_use]
    pub fn state(self) -> ClaimState {
        match self {
            Self::Editing => ClaimState::Editing,
            Self::Submitted => ClaimState::Submitted,
            Self::UnderReview => ClaimState::UnderReview,
            Self::PartnerActionRequired => ClaimState::PartnerActionRequired,
            Self::Approved | Self::Official => ClaimState::Approved,
            Self::Rejected | Self::Withdrawn | Self::Declined => ClaimState::Rejected,
            Self::Disputed => ClaimState::Disputed,
        }
    }

    /// Returns the state of the claim's association at this stage.
    #[must_use]
    pub fn association(self) -> AssociationState {
        match self {
            Self::Approved => AssociationState::Pending,
            Self::Official => AssociationState::Official,
            Self::Declined => AssociationState::Ended,
            Self::Editing
            | Self::Submitted
            | Self::UnderReview
            | Self::PartnerActionRequired
            | Self::Rejected
            | Self::Withdrawn
            | Self::Disputed => AssociationState::Unspecified,
        }
    }
}

impl<'s> TestClaim<'s> {
    /// Creates a claim and takes it to a stage.
    pub async fn at_stage(system: &'s TestSystem, claim: Claim, stage: ClaimStage) -> Self {
        let test_claim = Self::create_with_evidence(system, claim).await;
        test_claim.move_to_stage(stage).await;
        test_claim
    }

    /// Takes a complete draft to a stage.
    ///
    /// # Panics
    /// Panics if the claim does not reach the stage.
    pub async fn move_to_stage(&self, stage: ClaimStage) {
        Self::move_to_stage_together(self.system, slice::from_ref(self), stage).await;
    }

    /// Creates `count` pre-sales claims and takes them to a stage together.
    pub async fn several_at_stage(system: &'s TestSystem, stage: ClaimStage, count: usize) -> Vec<Self> {
        let mut test_claims = Vec::with_capacity(count);
        for _ in 0..count {
            test_claims.push(Self::create_with_evidence(system, system.presales().await).await);
        }
        Self::move_to_stage_together(system, &test_claims, stage).await;
        test_claims
    }

    /// Takes complete drafts to a stage. Each step is taken for all claims before the next step.
    async fn move_to_stage_together(system: &TestSystem, test_claims: &[Self], stage: ClaimStage) {
        system.wait_until_idle().await;
        for step in stage.steps() {
            for test_claim in test_claims {
                test_claim.take_step(*step).await;
            }
            system.wait_until_idle().await;
        }
        if stage == ClaimStage::Official {
            system.advance_by(TimeDelta::days(8)).await;
        }
        for test_claim in test_claims {
            let claim = test_claim.claim().await;
            assert_eq!((claim.state(), claim.association_state()), (stage.state(), stage.association()), "{claim:#?}");
        }
    }

    async fn take_step(&self, step: Step) {
        let reviewer = &self.system.reviewer;
        match step {
            Step::Submit => drop(self.submit().await.expect("a submission")),
            Step::StartReview => self.take_and_start().await,
            Step::RequestAction => drop(self.request_action(reviewer).await.expect("a request")),
            Step::Approve => drop(self.approve(reviewer).await.expect("an approval")),
            Step::Reject => drop(self.reject(reviewer).await.expect("a rejection")),
            Step::Withdraw => drop(self.withdraw(WithdrawReason::WrongActivity, "").await.expect("a withdrawal")),
            Step::Decline => drop(self.decline_consent("We did this ourselves.").await.expect("a decline")),
            Step::Dispute => drop(self.dispute("The signature is on page two.").await.expect("a dispute")),
        }
    }

    /// Starts the review, after the reviewer has taken the case if it has no reviewer.
    async fn take_and_start(&self) {
        let reviewer = &self.system.reviewer;
        if self.review(reviewer).await.expect("the review case").reviewer.is_empty() {
            self.take(reviewer).await.expect("to take the case");
        }
        self.start_review(reviewer).await.expect("to start the review");
    }

    /// Starts the review as [`Self::take_and_start`] does, and waits until the system is idle.
    pub async fn take_and_start_review(&self) {
        self.take_and_start().await;
        self.system.wait_until_idle().await;
    }
}

/// A call that takes a claim from one stage to another.
#[derive(Clone, Copy)]
enum Step {
    Submit,
    StartReview,
    RequestAction,
    Approve,
    Reject,
    Withdraw,
    Decline,
    Dispute,
}

impl ClaimStage {
    /// Returns the steps from a complete draft to this stage.
    const fn steps(self) -> &'static [Step] {
        use Step::{Approve, Decline, Dispute, Reject, RequestAction, StartReview, Submit, Withdraw};
        match self {
            Self::Editing => &[],
            Self::Submitted => &[Submit],
            Self::UnderReview => &[Submit, StartReview],
            Self::PartnerActionRequired => &[Submit, StartReview, RequestAction],
            Self::Approved | Self::Official => &[Submit, StartReview, Approve],
            Self::Rejected => &[Submit, StartReview, Reject],
            Self::Withdrawn => &[Submit, Withdraw],
            Self::Declined => &[Submit, StartReview, Approve, Decline],
            Self::Disputed => &[Submit, StartReview, Reject, Dispute],
        }
    }
}
