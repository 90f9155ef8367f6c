//! Which events of a claim are mailed to its partner (R48, R57).
use super::{Association, Claim, Event, FactKind, What, string_enum};
use cpor_types::PrimaryRejection;

string_enum! {
    /// The subject matter of a mail to the partner.
    NoticeKind {
        /// A reviewer requested partner action (R20).
        PartnerAction = "partner_action",
        /// The response deadline is about to pass (R48).
        ResponseReminder = "response_reminder",
        /// The claim was rejected.
        Rejection = "rejection",
        /// The dispute window is about to pass (R48).
        DisputeReminder = "dispute_reminder",
        /// The customer declined a claim that was already rejected (R28).
        CustomerDeclined = "customer_declined",
        /// The partner withdrew an approved claim, so that its association ended.
        Withdrawal = "withdrawal",
        /// The claim was approved.
        Approval = "approval",
        /// The association is on record.
        Official = "official",
        /// Another company competes for a line (R37).
        Competition = "competition",
        /// Lines were awarded to another company; the claim continues with the others (R37).
        LinesLost = "lines_lost",
        /// Associations of lines ended; the claim stays approved (R37, R39).
        AssociationEnded = "association_ended",
    }
}

impl Event {
    /// Returns the kind of mail that the partner gets about this event; `None` when there is no
    /// mail. `claim` is the claim after the event.
    #[must_use]
    pub fn notice(&self, claim: &Claim) -> Option<NoticeKind> {
        match &self.what {
            What::Reported(fact) => self.mail_for_fact(*fact, claim),
            What::Approved { .. } => Some(NoticeKind::Approval),
            What::LinesLost => Some(NoticeKind::LinesLost),
            What::LinesEnded { .. } => Some(NoticeKind::AssociationEnded),
            What::Closed(closure) => match closure.primary {
                // The partner knows that it withdrew the claim. A mail is sent only if an
                // association ended.
                PrimaryRejection::PartnerRequest => claim.lost_association().then_some(NoticeKind::Withdrawal),
                PrimaryRejection::CustomerDeclined
                | PrimaryRejection::InsufficientPoe
                | PrimaryRejection::LostToCompetingClaim => Some(NoticeKind::Rejection),
            },
            What::Created
            | What::Updated
            | What::Edited { .. }
            | What::Deleted
            | What::Commented
            | What::Submitted
            | What::Resubmitted
            | What::Disputed { .. }
            | What::EvidenceAdded(_)
            | What::EvidenceRemoved(_)
            | What::Granted { .. }
            | What::PersonalDataErased(_)
            | What::Overtaken(_) => None,
        }
    }

    fn mail_for_fact(&self, fact: FactKind, claim: &Claim) -> Option<NoticeKind> {
        match fact {
            FactKind::PartnerActionRequested => Some(NoticeKind::PartnerAction),
            FactKind::ResponseReminded => Some(NoticeKind::ResponseReminder),
            FactKind::DisputeReminded => Some(NoticeKind::DisputeReminder),
            FactKind::AssociationOfficial => Some(NoticeKind::Official),
            // A comment informs the partner when a competition begins and when it ends. Only the
            // beginning is mailed too.
            FactKind::CompetitionChanged => {
                let has_begun = self.comment.is_some() && claim.content.lines.iter().any(|line| line.contested);
                has_begun.then_some(NoticeKind::Competition)
            }
            FactKind::CustomerDeclined => claim.state.rejection().map(|_| NoticeKind::CustomerDeclined),
            FactKind::ReviewAssigned
            | FactKind::ReviewOpened
            | FactKind::ReviewNoted
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
            | FactKind::NoticeSettled
            | FactKind::ConsentWindowOpened
            | FactKind::ConsentWindowPassed
            | FactKind::CustomerApproved
            | FactKind::AssociationEnded
            | FactKind::Assessed => None,
        }
    }
}

impl Claim {
    /// Returns whether the rejection ended an association that was still live.
    fn lost_association(&self) -> bool {
        match self.state.rejection().and_then(|rejection| rejection.ended.as_ref()) {
            Some(Association::Pending | Association::Granted { .. } | Association::Official { .. }) => true,
            Some(Association::Ended { .. }) | None => false,
        }
    }
}
