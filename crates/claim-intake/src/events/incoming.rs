//! Receives events of the other services and applies them to claims as facts.
//!
//! Each event becomes one command on its claim. A fact is never refused: a fact that the claim's
//! state no longer allows is recorded as *overtaken* and changes nothing. An event that cannot be
//! converted *parks* its stream: no later event of the stream is applied until an operator acts. A
//! *line* is the part of a claim that is about one workload or subscription.
use crate::{
    domain::{AssociationEnd, Awards, Comment, ConsentFact, Fact, LineVerdict, Refusal, ReviewFact},
    service::ClaimIntake,
};
use cpor_durable::{AggregateKey, EventReceiver, IncomingEvent, ReceiveError};
use cpor_proto::WireEnum;
use cpor_proto::events::v1::{
    ApprovalRefused, AssociationEnded, ClaimAssessed, CompetitionChanged, LinesAwarded, PartnerActionRequested,
    ReviewRejected, event::Payload,
};
use cpor_proto::wire_time::from_wire_time;
use cpor_types::{
    AssociationName, CaseId, ClaimName, CommentId, ConsentChannel, Entropy, LineId, NoticeKind, NoticeState,
    PrimaryRejectionReason, ReviewClock, Timestamp,
};
use std::{fmt::Display, str::FromStr};

#[async_trait::async_trait]
impl EventReceiver for ClaimIntake {
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        let (claim, fact) = fact_from_event(&incoming, &*self.entropy)?;
        let key = AggregateKey::new(claim.partner.as_str(), claim.claim.uuid());
        let command = incoming.command(fact.kind().as_str(), key);
        let (rules, time) = (self.rules.clone(), incoming.effective_time);
        let result = self.writer.execute(command, move |claim, now| {
            claim.ok_or(Refusal::NotFound)?.apply(&fact, time, &rules, now).map(Some)
        });
        result.await?;
        Ok(())
    }
}

/// Converts an event to the claim that it names and the fact that it reports.
///
/// # Errors
/// Returns an error that parks the stream if the event is malformed or not for claim-intake.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of events are unexpected")]
fn fact_from_event(incoming: &IncomingEvent, entropy: &dyn Entropy) -> Result<(ClaimName, Fact), ReceiveError> {
    let new_comment = |text: &str| comment_from_event(incoming, entropy, text);
    let (claim, fact) = match &incoming.payload {
        Payload::ReviewAssigned(event) => {
            let reviewer = (!event.reviewer.is_empty()).then(|| event.reviewer.clone());
            (&event.claim, review_fact(&event.review_case_id, ReviewFact::Assigned(reviewer))?)
        }
        Payload::ReviewOpened(event) => {
            let due = event.due_time.and_then(from_wire_time);
            (&event.claim, review_fact(&event.review_case_id, ReviewFact::Opened(due))?)
        }
        Payload::ReviewStarted(event) => {
            let due = event.due_time.and_then(from_wire_time);
            let fact = ReviewFact::Started(event.reviewer.clone(), due);
            (&event.claim, review_fact(&event.review_case_id, fact)?)
        }
        Payload::PartnerActionRequested(event) => {
            (&event.claim, partner_action_requested(event, new_comment(&event.comment))?)
        }
        Payload::StatementRequested(event) => {
            let fact = ReviewFact::StatementRequested(new_comment(&event.comment));
            (&event.claim, review_fact(&event.review_case_id, fact)?)
        }
        Payload::ReviewApproved(event) => {
            let fact = ReviewFact::Approved(new_comment(&event.comment));
            (&event.claim, review_fact(&event.review_case_id, fact)?)
        }
        Payload::ReviewRejected(event) => (&event.claim, review_rejected(event, new_comment(&event.comment))?),
        Payload::ApprovalBegun(event) => (&event.claim, review_fact(&event.review_case_id, ReviewFact::ApprovalBegun)?),
        Payload::ReviewOverdue(event) => (
            &event.claim,
            review_fact(
                &event.review_case_id,
                ReviewFact::Overdue(enum_value::<ReviewClock>(event.clock)?.to_string()),
            )?,
        ),
        Payload::ReviewReminded(event) => (
            &event.claim,
            review_fact(
                &event.review_case_id,
                ReviewFact::Reminded(enum_value::<ReviewClock>(event.clock)?.to_string()),
            )?,
        ),
        Payload::ReviewNoted(event) => {
            (&event.claim, review_fact(&event.review_case_id, ReviewFact::Noted(event.text.clone()))?)
        }
        Payload::CustomerContactConfirmed(event) => {
            let fact = ReviewFact::ContactConfirmed(event.email.clone());
            (&event.claim, review_fact(&event.review_case_id, fact)?)
        }
        Payload::ApprovalRefused(event) => (&event.claim, approval_refused(event)?),
        Payload::LinesAwarded(event) => (&event.claim, lines_awarded(event, new_comment(&event.comment))?),
        Payload::CompetitionChanged(event) => (&event.claim, competition_changed(event, CommentId(entropy.uuid()))?),
        Payload::NoticeResent(event) => {
            let notice = enum_value::<NoticeKind>(event.notice)?.to_string();
            let previous = enum_value::<NoticeState>(event.previous_state)?.to_string();
            (&event.claim, Fact::Consent(ConsentFact::NoticeResent { notice, previous }))
        }
        Payload::NoticeReported(event) => {
            let notice = enum_value::<NoticeKind>(event.notice)?.to_string();
            let previous = NoticeState::from_number(event.previous_state).unwrap_or(NoticeState::Queued).to_string();
            let bounce_reason = (!event.accepted).then(|| event.bounce_reason.clone());
            let consent_request_number = event.consent_request_number;
            (
                &event.claim,
                Fact::Consent(ConsentFact::NoticeReported { notice, previous, bounce_reason, consent_request_number }),
            )
        }
        Payload::ConsentWindowStopped(event) => {
            let delivery_due = event.delivery_due_time.and_then(from_wire_time);
            (&event.claim, Fact::Consent(ConsentFact::WindowStopped(delivery_due)))
        }
        Payload::DeliveryReminded(event) => (&event.claim, Fact::Consent(ConsentFact::DeliveryReminded)),
        Payload::CustomerNotReached(event) => {
            let consent_request_number = event.consent_request_number;
            (&event.claim, Fact::Consent(ConsentFact::NotReached { consent_request_number }))
        }
        Payload::ConsentWindowOpened(event) => {
            let due = required_time("due_time", event.due_time)?;
            (&event.claim, Fact::Consent(ConsentFact::WindowOpened { due, rule: event.rule.clone() }))
        }
        Payload::ConsentWindowPassed(event) => {
            let passed = ConsentFact::WindowPassed {
                awaits_confirmation: event.awaits_confirmation,
                consent_request_number: event.consent_request_number,
            };
            (&event.claim, Fact::Consent(passed))
        }
        Payload::CustomerApproved(event) => {
            let channel = enum_value::<ConsentChannel>(event.channel)?.to_string();
            let (consent_request_number, awaits_confirmation) =
                (event.consent_request_number, event.awaits_confirmation);
            let approved = ConsentFact::Approved { channel, consent_request_number, awaits_confirmation };
            (&event.claim, Fact::Consent(approved))
        }
        Payload::CustomerDeclined(event) => {
            let channel = enum_value::<ConsentChannel>(event.channel)?.to_string();
            let (comment, consent_request_number) = (event.comment.clone(), event.consent_request_number);
            (&event.claim, Fact::Consent(ConsentFact::Declined { channel, comment, consent_request_number }))
        }
        Payload::ConsentEnded(event) => {
            let consent_request_number = event.consent_request_number;
            (&event.claim, Fact::Consent(ConsentFact::Ended { consent_request_number }))
        }
        Payload::AssociationBecameOfficial(event) => {
            let since = required_time("official_time", event.official_time)?;
            let associations = event.lines.iter().map(|line| {
                let names = line.associations.iter().map(|name| Ok(parse::<AssociationName>(name)?.association));
                Ok((parse(&line.line_id)?, names.collect::<Result<_, ReceiveError>>()?))
            });
            let associations = associations.collect::<Result<_, ReceiveError>>()?;
            let ends = event.lines.iter().filter(|line| line.association_end_time.is_some()).map(|line| {
                let until = required_time("association_end_time", line.association_end_time)?;
                let reason = enum_value(line.association_end_reason)?;
                Ok((parse(&line.line_id)?, AssociationEnd { reason, since: Some(since), until }))
            });
            let ends = ends.collect::<Result<_, ReceiveError>>()?;
            (&event.claim, Fact::AssociationOfficial { since, associations, ends })
        }
        Payload::AssociationEnded(event) => (&event.claim, association_ended(event)?),
        Payload::ClaimAssessed(event) => (&event.claim, claim_assessed(event)?),
        _ => return Err(incoming.unexpected()),
    };
    Ok((parse(claim)?, fact))
}

/// Creates the comment that comes with an event; returns `None` if the text is empty.
fn comment_from_event(incoming: &IncomingEvent, entropy: &dyn Entropy, text: &str) -> Option<Comment> {
    (!text.is_empty()).then(|| Comment {
        id: CommentId(entropy.uuid()),
        side: incoming.actor.side,
        text: text.into(),
        time: incoming.effective_time,
        evidence: None,
        line: None,
    })
}

fn review_fact(case: &str, fact: ReviewFact) -> Result<Fact, ReceiveError> {
    Ok(Fact::Review { case: parse::<CaseId>(case)?, fact })
}

fn partner_action_requested(event: &PartnerActionRequested, comment: Option<Comment>) -> Result<Fact, ReceiveError> {
    let reasons = event.reasons.iter().map(|reason| enum_value(*reason)).collect::<Result<_, _>>()?;
    let remove_lines = line_ids(&event.remove_line_ids)?;
    review_fact(&event.review_case_id, ReviewFact::ActionRequested { reasons, remove_lines, comment })
}

fn approval_refused(event: &ApprovalRefused) -> Result<Fact, ReceiveError> {
    let refusals = event.refusals.iter().map(|refusal| {
        let line = (!refusal.line_id.is_empty()).then(|| parse::<LineId>(&refusal.line_id)).transpose()?;
        Ok((line, refusal.reason.clone()))
    });
    let refusals = refusals.collect::<Result<_, ReceiveError>>()?;
    let due = event.due_time.and_then(from_wire_time);
    review_fact(&event.review_case_id, ReviewFact::ApprovalRefused(refusals, due))
}

fn lines_awarded(event: &LinesAwarded, comment: Option<Comment>) -> Result<Fact, ReceiveError> {
    let awards = Awards {
        won: line_ids(&event.won_line_ids)?,
        succeeding: line_ids(&event.succeeding_line_ids)?,
        lost: line_ids(&event.lost_line_ids)?,
        kept: line_ids(&event.kept_line_ids)?,
    };
    review_fact(&event.review_case_id, ReviewFact::LinesAwarded { awards, comment })
}

fn competition_changed(event: &CompetitionChanged, comment_id: CommentId) -> Result<Fact, ReceiveError> {
    let (contested, awarded) = (line_ids(&event.contested_line_ids)?, line_ids(&event.awarded_line_ids)?);
    let due = event.due_time.and_then(from_wire_time);
    review_fact(&event.review_case_id, ReviewFact::CompetitionChanged { contested, awarded, comment_id, due })
}

fn association_ended(event: &AssociationEnded) -> Result<Fact, ReceiveError> {
    Ok(Fact::AssociationEnded { reason: enum_value(event.reason)?, lines: line_ids(&event.line_ids)? })
}

fn review_rejected(event: &ReviewRejected, comment: Option<Comment>) -> Result<Fact, ReceiveError> {
    let primary_reason: PrimaryRejectionReason = enum_value(event.primary_reason)?;
    if !primary_reason.is_open_to_reviewers() {
        return Err(ReceiveError::park(format_args!(
            "primary_reason: reviewers may not reject with the reason {primary_reason} (R31)"
        )));
    }
    let further = event.further_reasons.iter().map(|reason| enum_value(*reason)).collect::<Result<_, _>>()?;
    review_fact(&event.review_case_id, ReviewFact::Rejected(further, comment))
}

fn claim_assessed(event: &ClaimAssessed) -> Result<Fact, ReceiveError> {
    let verdicts = event.verdicts.iter().map(|line| {
        Ok(LineVerdict {
            line: parse(&line.line_id)?,
            activity: enum_value(line.activity)?,
            verdict: enum_value(line.verdict)?,
            failed_conditions: line.failed_conditions.clone(),
        })
    });
    Ok(Fact::Assessed { month: parse(&event.month)?, verdicts: verdicts.collect::<Result<_, ReceiveError>>()? })
}

/// Converts the number of an enum value. A number that this service does not know parks the stream.
fn enum_value<T: WireEnum>(number: i32) -> Result<T, ReceiveError> {
    T::from_number(number).map_err(ReceiveError::park)
}

fn line_ids(ids: &[String]) -> Result<Vec<LineId>, ReceiveError> {
    ids.iter().map(|id| parse(id)).collect()
}

/// Converts the time in the event's field `field`. A missing time parks the stream.
fn required_time(field: &str, time: Option<prost_types::Timestamp>) -> Result<Timestamp, ReceiveError> {
    time.and_then(from_wire_time).ok_or_else(|| ReceiveError::park(format_args!("{field}: is required")))
}

/// Parses a value of the event. A malformed value parks the stream.
fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(ReceiveError::park)
}
