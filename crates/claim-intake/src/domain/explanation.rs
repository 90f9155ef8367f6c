//! The sentence that explains what a claim waits for (R60). It contains no name of a person or of a
//! competing company, and no text that a person wrote.
use super::{Association, Claim, Wait};
use cpor_types::{Timestamp, rfc3339};

impl Claim {
    /// Returns the explanation as of `now`. Apply the deadlines that have passed before calling
    /// this function.
    #[must_use]
    pub fn explanation(&self, now: Timestamp) -> String {
        let waiting = self.waiting();
        let since = rfc3339(self.wait_time);
        let until = waiting.due.map(|due| format_due(due, now)).unwrap_or_default();
        match waiting.wait {
            Wait::Submission => format!("Since {since} the draft waits for its partner to submit it."),
            Wait::ReviewStart if self.state.submission().is_some_and(|submission| submission.reviewer.is_some()) => {
                format!("Since {since} the claim waits for its reviewer to start{until}.")
            }
            Wait::ReviewStart => {
                format!("Since {since} the claim waits for a reviewer to be assigned and to start the review{until}.")
            }
            Wait::ReviewDecision => format!("Since {since} the claim waits for its reviewer's decision{until}."),
            Wait::Arbitration => format!(
                "Since {since} another company's claim or association competes with this claim. A review lead has to decide which \
                 company gets the contested lines; the review deadlines are stopped until then."
            ),
            Wait::PartnerResponse => format!(
                "Since {since} the claim waits for its partner to answer the reviewer{until}; without an answer it is rejected."
            ),
            Wait::NoticeDelivery if self.state.submission().is_some_and(|submission| submission.bounced) => format!(
                "The claim was approved, but the notice to the customer bounced: since {since} it waits for a notice to be sent \
                 again and accepted, which opens the consent window."
            ),
            Wait::NoticeDelivery => format!(
                "The claim was approved; since {since} it waits for the customer's mail system to accept the notice, which opens the \
                 consent window."
            ),
            Wait::ConsentWindow => {
                format!(
                    "Since {since} the customer may decline{until}; if they do not, the association becomes official."
                )
            }
            Wait::ExplicitApproval => format!(
                "The customer declined before: since {since} the claim waits for their explicit approval{until}; without it, it is rejected."
            ),
            Wait::Registry if self.state.association().is_none() => {
                format!(
                    "A reviewer approved the claim. Since {since} it waits for the registry to reserve its lines for the partner."
                )
            }
            Wait::Registry => {
                format!("Since {since} the claim waits for the registry to put the association on record.")
            }
            Wait::DisputeWindow => {
                format!(
                    "Since {since} the claim is rejected; its partner may dispute the rejection{until}, and after that it is final."
                )
            }
            Wait::Nothing => self.explain_end(&since),
        }
    }

    /// Returns the sentence for a claim that waits for nothing.
    fn explain_end(&self, since: &str) -> String {
        match (self.state.association(), self.state.rejection()) {
            (Some(Association::Ended { .. }), _) => {
                format!("The association ended; since {since} the claim waits for nothing.")
            }
            (Some(_), _) => format!("Since {since} the association is official; the claim waits for nothing."),
            (None, Some(_)) => {
                format!("Since {since} the rejection is final; only a new claim with updated proof of execution helps.")
            }
            (None, None) => "The draft was deleted.".to_owned(),
        }
    }
}

/// Returns the part of the sentence that states the due time.
fn format_due(due: Timestamp, now: Timestamp) -> String {
    let time = rfc3339(due);
    if now < due { format!(" until {time}") } else { format!(", which is overdue since {time}") }
}
