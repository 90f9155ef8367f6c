//! Taking a claim to where a test needs it, through the API alone.

use chrono::TimeDelta;
use cpor_proto::claims::v1::{AssociationState, Claim, ClaimState, WithdrawReason};

use crate::{Case, World};

/// A point on the way of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A complete draft.
    Editing,
    /// Submitted.
    Submitted,
    /// The reviewer works on it.
    UnderReview,
    /// The reviewer has asked for something.
    PartnerActionRequired,
    /// Approved, the association pending, the consent window open.
    Approved,
    /// Approved, the association official, assessed.
    Official,
    /// Rejected by the reviewer.
    Rejected,
    /// Withdrawn by the partner.
    Withdrawn,
    /// Declined by the customer after approval.
    Declined,
    /// Rejected by the reviewer and disputed by the partner.
    Disputed,
}

impl Stage {
    /// Every one.
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

    /// The claim's state there.
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

    /// The association's state there.
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

impl<'w> Case<'w> {
    /// A claim of this content, taken to a stage.
    pub async fn at(world: &'w World, claim: Claim, stage: Stage) -> Self {
        let case = Self::complete(world, claim).await;
        case.walk_to(stage).await;
        case
    }

    /// Takes a complete draft to a stage.
    ///
    /// # Panics
    /// When it does not get there.
    pub async fn walk_to(&self, stage: Stage) {
        match stage {
            Stage::Editing => {}
            Stage::Submitted => {
                self.submit().await.expect("a submission");
            }
            Stage::UnderReview => self.go_under_review().await,
            Stage::PartnerActionRequired => {
                self.go_under_review().await;
                self.request_action(&self.world.reviewer).await.expect("a request");
            }
            Stage::Approved => self.go_approved().await,
            Stage::Official => {
                self.go_approved().await;
                self.world.advance(TimeDelta::days(8)).await;
            }
            Stage::Rejected => self.go_rejected().await,
            Stage::Withdrawn => {
                self.submit().await.expect("a submission");
                self.world.settle().await;
                self.withdraw(WithdrawReason::WrongActivity, "").await.expect("a withdrawal");
            }
            Stage::Declined => {
                self.go_approved().await;
                self.decline_consent("We did this ourselves.").await.expect("a decline");
            }
            Stage::Disputed => {
                self.go_rejected().await;
                self.dispute("The signature is on page two.").await.expect("a dispute");
            }
        }
        self.world.settle().await;
        let claim = self.claim().await;
        assert_eq!((claim.state(), claim.association_state()), (stage.state(), stage.association()), "{claim:#?}");
    }

    async fn go_under_review(&self) {
        self.submit().await.expect("a submission");
        self.world.settle().await;
        self.review_starts().await;
    }

    async fn go_rejected(&self) {
        self.go_under_review().await;
        self.reject(&self.world.reviewer).await.expect("a rejection");
        self.world.settle().await;
    }

    async fn go_approved(&self) {
        self.go_under_review().await;
        self.approve(&self.world.reviewer).await.expect("an approval");
        self.world.settle().await;
    }

    /// The reviewer takes the case, if nobody has it, and starts.
    pub async fn review_starts(&self) {
        let reviewer = &self.world.reviewer;
        if self.review(reviewer).await.expect("the review case").reviewer.is_empty() {
            self.take(reviewer).await.expect("to take the case");
        }
        self.start_review(reviewer).await.expect("to start the review");
        self.world.settle().await;
    }
}
