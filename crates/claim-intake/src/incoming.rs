//! What the other services report: events on the wire → facts.
//!
//! Each event is one command on its claim. A fact is never refused: one that the claim no longer admits is recorded as
//! overtaken. An event that makes no sense here parks its stream.
use crate::{
    domain::{Awards, Comment, ConsentFact, EndReason, Fact, LineVerdict, Refusal, ReviewFact, Verdict},
    intake::Intake,
    wire::timestamp_from,
};
use cpor_durable::{Incoming, Key, ReceiveError, Receiver};
use cpor_proto::events::v1::{
    AssociationEnded, ClaimAssessed, LinesAwarded, PartnerActionRequested, ReviewRejected, event::Payload,
};
use cpor_types::{CaseId, ClaimName, CommentId, Entropy, LineId};
use std::{fmt::Display, str::FromStr};

#[async_trait::async_trait]
impl Receiver for Intake {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        let (claim, fact) = read(&incoming, &*self.entropy)?;
        let key = Key::new(claim.partner.as_str(), claim.claim.uuid());
        let command = incoming.command(fact.kind().as_str(), key);
        let (rules, time) = (self.rules.clone(), incoming.effective_time);
        let applied = self.writer.execute(command, move |claim, now| {
            claim.ok_or(Refusal::NotFound)?.apply(&fact, time, &rules, now).map(Some)
        });
        applied.await?;
        Ok(())
    }
}

/// The claim and the fact that an event tells of.
fn read(incoming: &Incoming, entropy: &dyn Entropy) -> Result<(ClaimName, Fact), ReceiveError> {
    let said = |text: &str| Comment {
        id: CommentId(entropy.uuid()),
        side: incoming.actor.side,
        text: text.to_owned(),
        time: incoming.effective_time,
        evidence: None,
        line: None,
    };
    let said = |text: &str| (!text.is_empty()).then(|| said(text));
    let due = |time: Option<prost_types::Timestamp>| time.and_then(timestamp_from);
    let (claim, fact) = match &incoming.payload {
        Payload::ReviewAssigned(event) => {
            let reviewer = (!event.reviewer.is_empty()).then(|| event.reviewer.clone());
            (&event.claim, review(&event.review_case_id, ReviewFact::Assigned(reviewer))?)
        }
        Payload::ReviewOpened(event) => {
            (&event.claim, review(&event.review_case_id, ReviewFact::Opened(due(event.due_time)))?)
        }
        Payload::ReviewStarted(event) => (
            &event.claim,
            review(&event.review_case_id, ReviewFact::Started(event.reviewer.clone(), due(event.due_time)))?,
        ),
        Payload::PartnerActionRequested(event) => (&event.claim, action_requested(event, said(&event.comment))?),
        Payload::ReviewApproved(event) => {
            (&event.claim, review(&event.review_case_id, ReviewFact::Approved(said(&event.comment)))?)
        }
        Payload::ReviewRejected(event) => (&event.claim, rejected(event, said(&event.comment))?),
        Payload::ApprovalBegun(event) => (&event.claim, review(&event.review_case_id, ReviewFact::ApprovalBegun)?),
        Payload::ReviewOverdue(event) => {
            (&event.claim, review(&event.review_case_id, ReviewFact::Overdue(event.clock.clone()))?)
        }
        Payload::ReviewReminded(event) => {
            (&event.claim, review(&event.review_case_id, ReviewFact::Reminded(event.clock.clone()))?)
        }
        Payload::ReviewNoted(event) => {
            (&event.claim, review(&event.review_case_id, ReviewFact::Noted(event.text.clone()))?)
        }
        Payload::ApprovalRefused(event) => {
            let refusals = event.refusals.iter().map(|refused| {
                let line = (!refused.line_id.is_empty()).then(|| parsed::<LineId>(&refused.line_id)).transpose()?;
                Ok((line, refused.reason.clone()))
            });
            let refusals = refusals.collect::<Result<_, ReceiveError>>()?;
            (&event.claim, review(&event.review_case_id, ReviewFact::ApprovalRefused(refusals, due(event.due_time)))?)
        }
        Payload::LinesAwarded(event) => (&event.claim, awarded(event, said(&event.comment))?),
        Payload::CompetitionChanged(event) => {
            let (contested, notice) = (lines(&event.contested_line_ids)?, CommentId(entropy.uuid()));
            let fact = ReviewFact::CompetitionChanged { contested, notice, due: due(event.due_time) };
            (&event.claim, review(&event.review_case_id, fact)?)
        }
        Payload::NoticeResent(event) => {
            let (notice, previous) = (event.notice.clone(), event.previous.clone());
            (&event.claim, Fact::Consent(ConsentFact::NoticeResent { notice, previous }))
        }
        Payload::NoticeSettled(event) => {
            let (notice, bounced) = (event.notice.clone(), (!event.accepted).then(|| event.bounce_reason.clone()));
            (&event.claim, Fact::Consent(ConsentFact::NoticeSettled { notice, bounced }))
        }
        Payload::ConsentWindowOpened(event) => {
            let due = event.due_time.and_then(timestamp_from).ok_or_else(|| ReceiveError::park("no due_time"))?;
            (&event.claim, Fact::Consent(ConsentFact::WindowOpened { due, rule: event.rule.clone() }))
        }
        Payload::ConsentWindowPassed(event) => (&event.claim, Fact::Consent(ConsentFact::WindowPassed)),
        Payload::CustomerApproved(event) => {
            let (channel, askings) = (event.channel.clone(), event.askings);
            (&event.claim, Fact::Consent(ConsentFact::Approved { channel, askings }))
        }
        Payload::CustomerDeclined(event) => {
            let (channel, comment) = (event.channel.clone(), event.comment.clone());
            (&event.claim, Fact::Consent(ConsentFact::Declined { channel, comment }))
        }
        Payload::AssociationBecameOfficial(event) => {
            let since = event.official_time.and_then(timestamp_from);
            let since = since.ok_or_else(|| ReceiveError::park("no official_time"))?;
            (&event.claim, Fact::AssociationOfficial { since })
        }
        Payload::AssociationEnded(event) => (&event.claim, association_ended(event)?),
        Payload::ClaimAssessed(event) => (&event.claim, assessed(event)?),
        Payload::ClaimSubmitted(_)
        | Payload::ClaimResubmitted(_)
        | Payload::ClaimApproved(_)
        | Payload::AssociationGranted(_)
        | Payload::ClaimClosed(_)
        | Payload::ClaimDisputed(_)
        | Payload::ClaimEdited(_)
        | Payload::LinesEnded(_)
        | Payload::PersonalDataErased(_)
        | Payload::SubscriptionChanged(_)
        | Payload::PartnerChanged(_) => return Err(ReceiveError::park("the event is not for claim-intake")),
    };
    Ok((parsed(claim)?, fact))
}

fn review(case: &str, fact: ReviewFact) -> Result<Fact, ReceiveError> {
    Ok(Fact::Review { case: parsed::<CaseId>(case)?, fact })
}

fn action_requested(event: &PartnerActionRequested, said: Option<Comment>) -> Result<Fact, ReceiveError> {
    let reasons = event.reasons.iter().map(|reason| parsed(reason)).collect::<Result<_, _>>()?;
    let remove_lines = lines(&event.remove_line_ids)?;
    review(&event.review_case_id, ReviewFact::ActionRequested { reasons, remove_lines, said })
}

fn awarded(event: &LinesAwarded, said: Option<Comment>) -> Result<Fact, ReceiveError> {
    let awards = Awards {
        won: lines(&event.won_line_ids)?,
        succeeding: lines(&event.succeeding_line_ids)?,
        lost: lines(&event.lost_line_ids)?,
        kept: lines(&event.kept_line_ids)?,
    };
    review(&event.review_case_id, ReviewFact::LinesAwarded { awards, said })
}

fn association_ended(event: &AssociationEnded) -> Result<Fact, ReceiveError> {
    let unknown = || ReceiveError::park(format_args!("no association ends `{}`", event.reason));
    let reason = EndReason::parse(&event.reason).ok_or_else(unknown)?;
    Ok(Fact::AssociationEnded { reason, lines: lines(&event.line_ids)? })
}

fn lines(ids: &[String]) -> Result<Vec<LineId>, ReceiveError> {
    ids.iter().map(|id| parsed(id)).collect()
}

fn rejected(event: &ReviewRejected, said: Option<Comment>) -> Result<Fact, ReceiveError> {
    let primary: cpor_types::PrimaryRejection = parsed(&event.primary_reason)?;
    if !primary.is_open_to_reviewers() {
        return Err(ReceiveError::park(format_args!("{primary} is not open to reviewers (R31)")));
    }
    let further = event.further_reasons.iter().map(|reason| parsed(reason)).collect::<Result<_, _>>()?;
    review(&event.review_case_id, ReviewFact::Rejected(further, said))
}

fn assessed(event: &ClaimAssessed) -> Result<Fact, ReceiveError> {
    let verdicts = event.verdicts.iter().map(|line| {
        let unknown = || ReceiveError::park(format_args!("no verdict is called `{}`", line.verdict));
        Ok(LineVerdict {
            line: parsed(&line.line_id)?,
            activity: parsed(&line.activity)?,
            verdict: Verdict::parse(&line.verdict).ok_or_else(unknown)?,
            failed_conditions: line.failed_conditions.clone(),
        })
    });
    Ok(Fact::Assessed { month: parsed(&event.month)?, verdicts: verdicts.collect::<Result<_, ReceiveError>>()? })
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(ReceiveError::park)
}
