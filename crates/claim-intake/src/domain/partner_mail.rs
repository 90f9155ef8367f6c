//! Selects the events of a claim about which its partner gets a mail (R48, R57).
use super::{Association, Claim, Event, EventKind, FactKind, string_enum};
use cpor_types::PrimaryRejectionReason;

string_enum! {
    /// The subject matter of a mail to the partner.
    pub enum PartnerMailKind, "a kind of mail to partners" {
        /// A reviewer requested partner action (R20).
        PartnerAction = "partner_action",
        /// A reviewer asked the partner of an approved claim for a statement about a line that
        /// another company also claims (R37a).
        StatementRequest = "statement_request",
        /// The deadline for the statement is near (R48).
        StatementReminder = "statement_reminder",
        /// The response deadline is near (R48).
        ResponseReminder = "response_reminder",
        /// The claim was rejected.
        Rejection = "rejection",
        /// The dispute window ends soon (R48).
        DisputeReminder = "dispute_reminder",
        /// The customer declined a claim that was already rejected (R28).
        CustomerDeclined = "customer_declined",
        /// The partner withdrew an approved claim, which ended its association.
        Withdrawal = "withdrawal",
        /// A mail to the customer about the approved claim bounced, and the customer is not reached
        /// (R41a).
        NoticeBounced = "notice_bounced",
        /// The claim will soon be rejected, because the customer is not reached (R48).
        DeliveryReminder = "delivery_reminder",
        /// The claim was approved.
        Approval = "approval",
        /// The association became official: the partner is on record for the claimed workloads or
        /// subscriptions.
        Official = "official",
        /// Another company claims or holds the same workload or subscription (R37).
        Competition = "competition",
        /// A review lead awarded lines (claimed workloads or subscriptions) to another company; the
        /// claim continues with its other lines (R37).
        LinesLost = "lines_lost",
        /// Associations of lines ended; the claim stays approved (R37, R39).
        AssociationEnded = "association_ended",
    }
}

impl Event {
    /// Returns the kind of mail that the partner gets about this event; `None` when there is no
    /// mail. `claim` is the claim after the event.
    #[must_use]
    pub fn partner_mail(&self, claim: &Claim) -> Option<PartnerMailKind> {
        match &self.kind {
            EventKind::FactApplied(fact) => self.mail_for_fact(*fact, claim),
            EventKind::NoticeBounced { is_first, .. } => is_first.then_some(PartnerMailKind::NoticeBounced),
            EventKind::Approved { .. } => Some(PartnerMailKind::Approval),
            EventKind::LinesLost => Some(PartnerMailKind::LinesLost),
            EventKind::LinesEnded { .. } => Some(PartnerMailKind::AssociationEnded),
            EventKind::LinesReinstated { .. } => Some(PartnerMailKind::Official),
            EventKind::Closed(closure) => match closure.primary_reason {
                // A withdrawal is the partner's own act, so a mail is sent only if it ended an
                // association.
                PrimaryRejectionReason::PartnerRequest => {
                    claim.lost_association().then_some(PartnerMailKind::Withdrawal)
                }
                PrimaryRejectionReason::CustomerDeclined
                | PrimaryRejectionReason::InsufficientPoe
                | PrimaryRejectionReason::LostToCompetingClaim
                | PrimaryRejectionReason::CustomerNotReached => Some(PartnerMailKind::Rejection),
            },
            EventKind::Created
            | EventKind::Updated
            | EventKind::Edited { .. }
            | EventKind::Deleted
            | EventKind::Commented
            | EventKind::Submitted
            | EventKind::Resubmitted
            | EventKind::Disputed { .. }
            | EventKind::EvidenceAdded(_)
            | EventKind::EvidenceRemoved(_)
            | EventKind::ContactConfirmed
            | EventKind::Granted { .. }
            | EventKind::PaymentDeclined { .. }
            | EventKind::PersonalDataErased(_)
            | EventKind::FactOvertaken(_) => None,
        }
    }

    /// Returns the kind of mail about a fact (a report of another service, or a passed deadline);
    /// `None` when there is no mail.
    fn mail_for_fact(&self, fact: FactKind, claim: &Claim) -> Option<PartnerMailKind> {
        match fact {
            FactKind::PartnerActionRequested => Some(PartnerMailKind::PartnerAction),
            FactKind::ResponseReminded => Some(PartnerMailKind::ResponseReminder),
            FactKind::StatementRequested => Some(PartnerMailKind::StatementRequest),
            FactKind::StatementReminded => Some(PartnerMailKind::StatementReminder),
            FactKind::DisputeReminded => Some(PartnerMailKind::DisputeReminder),
            FactKind::DeliveryReminded => Some(PartnerMailKind::DeliveryReminder),
            // R41b: a notice bounced after it was accepted. The bounce is reported before the
            // consent window stops. Only when the window stops does the customer count as not
            // reached.
            FactKind::ConsentWindowStopped => {
                (claim.state.association() == Some(&Association::Pending)).then_some(PartnerMailKind::NoticeBounced)
            }
            FactKind::AssociationOfficial => Some(PartnerMailKind::Official),
            // The event has a comment to the partner when a competition begins and when it ends.
            // The partner gets a mail only when it begins.
            FactKind::CompetitionChanged => {
                let has_begun = self.comment.is_some() && claim.content.lines.iter().any(|line| line.contested);
                has_begun.then_some(PartnerMailKind::Competition)
            }
            FactKind::CustomerDeclined => claim.state.rejection().map(|_| PartnerMailKind::CustomerDeclined),
            FactKind::ReviewAssigned
            | FactKind::StatementDeadlinePassed
            | FactKind::ReviewOpened
            | FactKind::ReviewNoted
            | FactKind::ContactConfirmed
            | FactKind::ReviewStarted
            | FactKind::ResponseDeadlinePassed
            | FactKind::DisputeWindowPassed
            | FactKind::ReviewApproved
            | FactKind::ReviewRejected
            | FactKind::ApprovalBegun
            | FactKind::ApprovalRefused
            | FactKind::ReviewReminded
            | FactKind::ReviewOverdue
            | FactKind::LinesAwarded
            | FactKind::NoticeResent
            | FactKind::NoticeReported
            | FactKind::ConsentWindowOpened
            | FactKind::CustomerNotReached
            | FactKind::ConsentWindowPassed
            | FactKind::CustomerApproved
            | FactKind::ConsentEnded
            | FactKind::AssociationEnded
            | FactKind::Assessed => None,
        }
    }
}

impl Claim {
    /// Returns whether the rejection ended an association that had not ended before.
    fn lost_association(&self) -> bool {
        match self.state.rejection().and_then(|rejection| rejection.ended_association.as_ref()) {
            Some(Association::Pending | Association::Granted { .. } | Association::Official { .. }) => true,
            Some(Association::Ended { .. }) | None => false,
        }
    }
}
