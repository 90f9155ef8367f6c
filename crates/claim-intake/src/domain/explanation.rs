//! The sentence that explains what a claim waits for (R60). It contains no name of a person or of a
//! competing company, and no text that a person wrote. A *line* is the part of a claim that is
//! about one workload or subscription of the customer. It is *contested* while another company
//! claims or holds the same. A review lead then awards it to one of them.
use super::{Association, Claim, Line, NotDisputableReason, Rejection, Remedy, Submission, Violation, Wait};
use cpor_types::{FurtherRejectionReason, PrimaryRejectionReason, Timestamp, rfc3339};

impl Claim {
    /// Returns the explanation as of `now`. Apply the deadlines that have passed before calling
    /// this function.
    #[must_use]
    pub fn explanation(&self, now: Timestamp) -> String {
        let waiting = self.waiting();
        let since = rfc3339(self.wait_start_time);
        let until = waiting.due.map(|due| format_due(due, now)).unwrap_or_default();
        match waiting.wait {
            Wait::Submission => format!("Since {since} the draft waits for its partner to complete and submit it."),
            Wait::ReviewStart if self.state.submission().is_some_and(|submission| submission.reviewer.is_some()) => {
                format!("Since {since} the claim waits for its reviewer to start{until}.")
            }
            Wait::ReviewStart => {
                format!("Since {since} the claim waits for a reviewer to be assigned and to start the review{until}.")
            }
            Wait::ReviewDecision => format!("Since {since} the claim waits for its reviewer's decision{until}."),
            Wait::Arbitration if self.state.association().is_some() => format!(
                "The association is official. Since {since} another company claims lines of this claim: a review lead has to decide which \
                 company gets them. Until then the partner may defend them with CreateComment and UploadEvidence."
            ),
            Wait::Supersession => format!(
                "The association is official. Since {since} a competing claim has been awarded lines of this claim: their association ends \
                 when the one of that claim becomes official. If it never does, nothing changes. The partner does not have to do anything."
            ),
            Wait::Arbitration => {
                let clocks_run = self
                    .state
                    .submission()
                    .is_some_and(|submission| submission.policy_values.review_clocks_run_while_competing);
                let deadlines = match waiting.due {
                    Some(due) => format!("run meanwhile, and the first one is due at {}", rfc3339(due)),
                    None if clocks_run => "run meanwhile".to_owned(),
                    None => "are stopped until then".to_owned(),
                };
                format!(
                    "Since {since} another company's claim or association competes with this claim. A review lead has to decide which \
                     company gets the contested lines; the review deadlines {deadlines}."
                )
            }
            Wait::PartnerResponse => format!(
                "Since {since} the claim waits for its partner to answer the reviewer{until}; without an answer it is rejected."
            ),
            Wait::Statement => format!(
                "Since {since} the claim waits for its partner to answer the reviewer's question about the contested lines{until}; \
                 CreateComment or UploadEvidence answers it, and silence decides nothing."
            ),
            Wait::NoticeDelivery if self.state.submission().is_some_and(|submission| submission.is_notice_bounced) => {
                format!(
                    "The claim was approved, but the notice to the customer bounced: since {since} it waits for a notice that is accepted, \
                     which opens the consent window. The partner may correct the customer contacts or withdraw, and reviewers and operators \
                     may send the notice again{until}; after that the claim is rejected, because the customer was not reached."
                )
            }
            Wait::NoticeDelivery => format!(
                "The claim was approved; since {since} it waits for the customer's mail system to accept the notice, which opens the \
                 consent window{until}; after that the claim is rejected, because the customer was not reached."
            ),
            Wait::ConsentWindow if !self.is_contact_authorized() => format!(
                "Since {since} the customer may decline{until}. Silence is not enough, because the address of the customer contact is not \
                 at one of the customer's domains: a reviewer has to confirm the contact, or an administrator of the customer has to \
                 approve."
            ),
            Wait::ContactConfirmation => format!(
                "The customer contact approved or did not decline, but its address is not at one of the customer's domains: since {since} \
                 the claim waits for a reviewer to confirm the contact, or for an administrator of the customer to approve."
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
            Wait::LateDecision => format!(
                "The association ended. Since {since} the claim waits for the service customer-consent to report that no decision of the \
                 customer from before that is on its way. Until then no personal data of the claim can be erased."
            ),
            Wait::DisputeWindow => {
                format!(
                    "Since {since} the claim is rejected; its partner may dispute the rejection{until}, and after that it is final."
                )
            }
            Wait::Nothing => self.explain_end(&since),
        }
    }

    /// Returns sentences that say why the claim is where it is: that its violations keep it from
    /// being submitted, that a reviewer will have to confirm the customer contact, the reason of
    /// its rejection, what a decline of the customer means, and what competing claims mean.
    #[must_use]
    pub fn reasons(&self, violations: &[Violation]) -> Vec<String> {
        let violations = match violations.len() {
            0 => None,
            1 => Some("A violation keeps the claim from being submitted until it is corrected.".to_owned()),
            count => Some(format!("{count} violations keep the claim from being submitted until all are corrected.")),
        };
        let unconfirmed = self.is_draft_with_unauthorized_contact().then(|| {
            "The address of the customer contact is not at one of the customer's domains. After the submission, silence and \
             an approval by link count only when a reviewer has confirmed the contact; an administrator of the customer can \
             approve without that."
                .to_owned()
        });
        let rejection = self.state.rejection().map(rejection_reason);
        let competition = self.reasons_of_competition();
        let decline = self.reason_of_decline();
        violations.into_iter().chain(unconfirmed).chain(rejection).chain(decline).chain(competition).collect()
    }

    /// Returns what competing claims mean for an approved claim: since when its lines are
    /// contested, what the partner may do, and which lines a competing claim has been awarded (R37,
    /// R37a).
    fn reasons_of_competition(&self) -> Vec<String> {
        if self.state.association().is_none() {
            return Vec::new();
        }
        let statement = self.state.submission().and_then(Submission::open_statement).map(|statement| {
            let due = rfc3339(statement.window.deadline.due);
            format!(" It can answer the request for a statement until {due}.")
        });
        let statement = statement.unwrap_or_default();
        let contest = |line: &Line| {
            let since = rfc3339(line.contested_since?);
            Some(format!(
                "Since {since} another company claims {line}; until a review lead decides (ArbitrateLines), the partner may defend it with \
                 CreateComment and UploadEvidence.{statement}"
            ))
        };
        let award = |line: &Line| {
            let since = rfc3339(line.awarded_to_rival?);
            Some(format!(
                "Since {since} {line} is awarded to a competing claim. The association with it ends when the association of that claim \
                 becomes official; if it never does, nothing changes."
            ))
        };
        let lines = &self.content.lines;
        lines.iter().filter_map(contest).chain(lines.iter().filter_map(award)).collect()
    }

    /// Returns what an earlier decline of the customer means for a claim that can still become
    /// official (R28).
    #[must_use]
    pub fn reason_of_decline(&self) -> Option<String> {
        let is_declined = self.state.submission().is_some_and(|submission| submission.needs_explicit_approval());
        let (association, rejection) = (self.state.association(), self.state.rejection());
        let is_decided = association.is_some_and(|association| *association != Association::Pending)
            || rejection.is_some_and(|rejection| rejection.dispute_window().is_none());
        (is_declined && !is_decided).then(|| {
            let dispute = if rejection.is_some() { "a dispute (DisputeClaim), " } else { "" };
            format!(
                "The customer declined: only an explicit approval by the customer helps. The claim becomes official after {dispute}an \
                 approval by a reviewer and the customer's approval (ApproveConsent, or the link in the notice); silence rejects it."
            )
        })
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

/// Returns the reason of a rejection, with its further reasons and what the partner can do about
/// it.
fn rejection_reason(rejection: &Rejection) -> String {
    let has_no_response = rejection.further_reasons.contains(&FurtherRejectionReason::NoPartnerResponse);
    let cause = match rejection.primary_reason {
        PrimaryRejectionReason::PartnerRequest => "The partner withdrew the claim",
        PrimaryRejectionReason::CustomerDeclined
            if rejection.remedy == Remedy::NotDisputable(NotDisputableReason::NoExplicitApproval) =>
        {
            "The customer had declined and did not approve explicitly after the dispute"
        }
        PrimaryRejectionReason::CustomerDeclined => "The customer declined the claim",
        PrimaryRejectionReason::InsufficientPoe if has_no_response => {
            "The partner did not answer the reviewer's request in time"
        }
        PrimaryRejectionReason::InsufficientPoe => "A reviewer found the proof of execution insufficient",
        PrimaryRejectionReason::LostToCompetingClaim => "All lines were awarded to a competing claim",
        PrimaryRejectionReason::CustomerNotReached => {
            "The customer's mail system accepted no notice in time after the approval, so the customer was not reached"
        }
    };
    let further =
        rejection.further_reasons.iter().filter(|reason| **reason != FurtherRejectionReason::NoPartnerResponse);
    let further: Vec<_> = further.map(|reason| reason.as_str().replace('_', " ")).collect();
    let further = if further.is_empty() { String::new() } else { format!(" ({})", further.join(", ")) };
    let remedy = match &rejection.remedy {
        Remedy::Dispute(window) => format!("the partner can dispute this until {}", rfc3339(window.deadline.due)),
        Remedy::WindowPassed(due) => {
            format!("it was not disputed by {}; only a new claim helps (CreateClaim)", rfc3339(*due))
        }
        Remedy::NotDisputable(_) => "this is final; only a new claim helps (CreateClaim)".to_owned(),
    };
    format!("{cause}{further}: {remedy}.")
}

/// Returns the part of the sentence that states the due time.
fn format_due(due: Timestamp, now: Timestamp) -> String {
    let time = rfc3339(due);
    if now < due { format!(" until {time}") } else { format!(", which is overdue since {time}") }
}
