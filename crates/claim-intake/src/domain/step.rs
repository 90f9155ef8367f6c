//! What can happen to a claim: commands of its parties, and facts that other services and time report.
use super::string_enum;

string_enum! {
    /// What a partner can do to a claim; a reviewer can comment, and an operator can erase.
    Command {
        /// Changes the content.
        Update = "UPDATE",
        /// Deletes the draft.
        Delete = "DELETE",
        /// Submits it for review.
        Submit = "SUBMIT",
        /// Answers the reviewer's request.
        Resubmit = "RESUBMIT",
        /// Withdraws it for good.
        Withdraw = "WITHDRAW",
        /// Disputes its rejection.
        Dispute = "DISPUTE",
        /// Adds a document.
        AddEvidence = "ADD_EVIDENCE",
        /// Removes a document.
        RemoveEvidence = "REMOVE_EVIDENCE",
        /// Writes a comment.
        Comment = "COMMENT",
        /// Erases personal data.
        ErasePersonalData = "ERASE_PERSONAL_DATA",
    }
}

string_enum! {
    /// What other services and time itself report of a claim.
    FactKind {
        /// The case found its reviewer, or lost it.
        ReviewAssigned = "review_assigned",
        /// The case waits for its start.
        ReviewOpened = "review_opened",
        /// A reviewer began.
        ReviewStarted = "review_started",
        /// The reviewer needs something from the partner.
        PartnerActionRequested = "partner_action_requested",
        /// The partner was reminded that an answer is due.
        ResponseReminded = "response_reminded",
        /// The partner was reminded that the window to dispute a rejection ends.
        DisputeReminded = "dispute_reminded",
        /// The partner's response deadline passed.
        ResponseDeadlinePassed = "response_deadline_passed",
        /// The window to dispute a rejection passed.
        DisputeWindowPassed = "dispute_window_passed",
        /// Every line is held and the case is approved.
        ReviewApproved = "review_approved",
        /// The reviewer rejected.
        ReviewRejected = "review_rejected",
        /// The reviewer approved, and the registry is asked to hold the lines.
        ApprovalBegun = "approval_begun",
        /// An approval could not be given.
        ApprovalRefused = "approval_refused",
        /// A reviewer was reminded that a review clock is about to pass.
        ReviewReminded = "review_reminded",
        /// A review clock passed.
        ReviewOverdue = "review_overdue",
        /// A reviewer wrote a note for reviewers.
        ReviewNoted = "review_noted",
        /// Contested lines were awarded to the claim or to others.
        LinesAwarded = "lines_awarded",
        /// Lines compete with other companies', or no longer do.
        CompetitionChanged = "competition_changed",
        /// Somebody asked for a notice to the customer to be sent again.
        NoticeResent = "notice_resent",
        /// A notice to the customer was accepted or bounced.
        NoticeSettled = "notice_settled",
        /// The consent window opened.
        ConsentWindowOpened = "consent_window_opened",
        /// The consent window passed.
        ConsentWindowPassed = "consent_window_passed",
        /// The customer approved explicitly.
        CustomerApproved = "customer_approved",
        /// The customer declined.
        CustomerDeclined = "customer_declined",
        /// The registry has the association on record.
        AssociationOfficial = "association_official",
        /// Associations are over.
        AssociationEnded = "association_ended",
        /// The lines were assessed.
        Assessed = "assessed",
    }
}

/// Something that can happen to a claim that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command: refused where the state does not admit it.
    Command(Command),
    /// A fact: recorded as overtaken where the state does not admit it.
    Fact(FactKind),
}

impl Step {
    /// The command, if it is one.
    #[must_use]
    pub const fn command(self) -> Option<Command> {
        match self {
            Self::Command(command) => Some(command),
            Self::Fact(_) => None,
        }
    }
}
