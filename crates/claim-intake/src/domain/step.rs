//! The steps of a claim: the commands that parties execute, and the facts that other services
//! report or that follow from the passing of time.
//!
//! A *line* is the part of a claim that is about one workload or subscription. The registry service
//! *holds* a line when it reserves that workload or subscription for the claim's partner. A line is
//! *contested* while another company claims or holds the same; a review lead then awards it to one
//! of them. A *review clock* is a deadline of the review that can stop and continue. A *notice* is
//! a mail to the customer contact about the claim. The *consent window* is the time in which
//! silence of the customer counts as consent. A *statement* is the partner's answer to a reviewer's
//! question about a line that another company also claims; it decides nothing. An *association*
//! puts the partner on record for the workload or subscription of a line.
use super::string_enum;

string_enum! {
    /// A command on a claim. Most commands belong to the partner; reviewers can also comment, and
    /// only an operator can erase personal data.
    pub enum Command, "a command" {
        /// Changes the content of the claim.
        Update = "UPDATE",
        /// Deletes the draft.
        Delete = "DELETE",
        /// Submits the draft for review.
        Submit = "SUBMIT",
        /// Answers the reviewer's request for partner action.
        Resubmit = "RESUBMIT",
        /// Withdraws the claim for good.
        Withdraw = "WITHDRAW",
        /// Objects to the rejection of the claim, which is then reviewed again.
        Dispute = "DISPUTE",
        /// Declines payment for the claim.
        DeclinePayment = "DECLINE_PAYMENT",
        /// Adds a document to the claim.
        AddEvidence = "ADD_EVIDENCE",
        /// Removes a document from the draft.
        RemoveEvidence = "REMOVE_EVIDENCE",
        /// Adds a comment to the claim.
        Comment = "COMMENT",
        /// Erases personal data of the claim.
        ErasePersonalData = "ERASE_PERSONAL_DATA",
    }
}

impl Command {
    /// Returns whether the command is refused while the claim has violations (R11), although the
    /// state allows it. A dispute is checked too, but a rejected claim shows no violations.
    #[must_use]
    pub const fn needs_complete_claim(self) -> bool {
        matches!(self, Self::Submit | Self::Resubmit)
    }
}

string_enum! {
    /// The kinds of facts that other services, or the passing of time, report about a claim.
    pub enum FactKind, "a kind of fact" {
        /// A reviewer was assigned to the review case, or the assigned reviewer was removed.
        ReviewAssigned = "review_assigned",
        /// The review case is open and no reviewer has started it yet.
        ReviewOpened = "review_opened",
        /// A reviewer started the review.
        ReviewStarted = "review_started",
        /// The reviewer requested partner action.
        PartnerActionRequested = "partner_action_requested",
        /// The partner was reminded of the response deadline.
        ResponseReminded = "response_reminded",
        /// The partner was reminded that the dispute window ends soon.
        DisputeReminded = "dispute_reminded",
        /// A reviewer asked the holder of a contested line for a statement.
        StatementRequested = "statement_requested",
        /// The partner was reminded of the deadline for the statement.
        StatementReminded = "statement_reminded",
        /// The deadline for the statement passed without an answer.
        StatementDeadlinePassed = "statement_deadline_passed",
        /// The partner's response deadline passed.
        ResponseDeadlinePassed = "response_deadline_passed",
        /// The dispute window ended.
        DisputeWindowPassed = "dispute_window_passed",
        /// The reviewer's approval is complete: the registry holds every line.
        ReviewApproved = "review_approved",
        /// The reviewer rejected the claim.
        ReviewRejected = "review_rejected",
        /// The reviewer approved, and the registry was asked to reserve the lines for the claim.
        /// The approval is complete when the registry has done so.
        ApprovalBegun = "approval_begun",
        /// The registry refused to reserve the lines, for example because another company holds
        /// one, so the reviewer's approval failed.
        ApprovalRefused = "approval_refused",
        /// A reviewer was reminded that the deadline of a review clock is near.
        ReviewReminded = "review_reminded",
        /// The deadline of a review clock passed.
        ReviewOverdue = "review_overdue",
        /// A reviewer wrote a note that only reviewers can read.
        ReviewNoted = "review_noted",
        /// A reviewer confirmed the customer contact.
        ContactConfirmed = "customer_contact_confirmed",
        /// A review lead awarded contested lines to this claim or to others.
        LinesAwarded = "lines_awarded",
        /// The set of contested lines, or of lines that were awarded to others and are still held,
        /// changed.
        CompetitionChanged = "competition_changed",
        /// A notice to the customer was requested again.
        NoticeResent = "notice_resent",
        /// The delivery of a notice ended: the customer's mail system accepted it, or it bounced.
        NoticeReported = "notice_reported",
        /// The consent window opened.
        ConsentWindowOpened = "consent_window_opened",
        /// The consent window stopped, because the notice that opened it has bounced after all.
        ConsentWindowStopped = "consent_window_stopped",
        /// The partner was reminded that the customer must be reached soon.
        DeliveryReminded = "delivery_reminded",
        /// No notice to the customer was accepted in time after the approval.
        CustomerNotReached = "customer_not_reached",
        /// The consent window ended.
        ConsentWindowPassed = "consent_window_passed",
        /// The customer approved explicitly.
        CustomerApproved = "customer_approved",
        /// The customer declined.
        CustomerDeclined = "customer_declined",
        /// customer-consent learned that all associations have ended. No decision of the customer
        /// from before is on its way.
        ConsentEnded = "consent_ended",
        /// The registry has put the association on record.
        AssociationOfficial = "association_official",
        /// The registry has ended associations of the claim.
        AssociationEnded = "association_ended",
        /// The lines were assessed for eligibility.
        Assessed = "assessed",
    }
}

/// A step of an existing claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command. It is refused when the state does not allow it.
    Command(Command),
    /// A fact: a report of another service, or a passed deadline. When the state does not allow the
    /// fact, it is recorded as overtaken and changes nothing.
    Fact(FactKind),
}

impl Step {
    /// Returns the command, or `None` when the step is a fact.
    #[must_use]
    pub const fn command(self) -> Option<Command> {
        match self {
            Self::Command(command) => Some(command),
            Self::Fact(_) => None,
        }
    }
}
