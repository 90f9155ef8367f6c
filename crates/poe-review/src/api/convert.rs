//! Domain to wire and back.
use super::error;
use crate::{
    domain::{
        CaseKind, Clock, ClockKind, CommandKind, Evidence, Line, LineRefusal, Note, Phase, ReviewCase, Standing,
        arbitration::{Arbitration, ArbitrationState, Award, Outcome},
    },
    wire::timestamp,
};
use cpor_durable::Versioned;
use cpor_proto::reviews::v1 as wire;
use cpor_types::{
    FurtherRejection, LineId, Malformed, PartnerActionReason, PrimaryRejection, ReviewCaseName, Timestamp,
};
use tonic::Status;

/// A case as one caller sees it; `standing` is `None` for those who give no commands.
pub(super) fn case(
    Versioned { version, state: case }: &Versioned<ReviewCase>,
    standing: Option<Standing>,
) -> wire::ReviewCase {
    let name = ReviewCaseName { tenant: case.tenant, case: case.id };
    let snapshot = &case.snapshot;
    wire::ReviewCase {
        name: name.to_string(),
        claim: snapshot.claim.to_string(),
        state: state(case.phase()).into(),
        reviewer: case.reviewer.clone().unwrap_or_default(),
        partner_display_name: snapshot.partner_display_name.clone(),
        customer_display_name: snapshot.customer_display_name.clone(),
        claim_display_name: snapshot.claim_display_name.clone(),
        solution_area: snapshot.solution_area.to_string(),
        activities: snapshot.activities.iter().map(ToString::to_string).collect(),
        lines: lines(case),
        deadlines: deadlines(case),
        allowed_commands: standing.map(|standing| allowed(case, standing)).unwrap_or_default(),
        round: i32::try_from(case.round).unwrap_or(i32::MAX),
        approval_refusals: case.approval_refusals.iter().map(refusal).collect(),
        create_time: Some(timestamp(case.create_time)),
        update_time: Some(timestamp(case.update_time)),
        close_time: case.close_time.map(timestamp),
        etag: etag(*version),
        dispute: dispute(case),
        evidence: snapshot.evidence.iter().map(evidence).collect(),
        overdue: case.clocks.overdue(),
    }
}

fn lines(case: &ReviewCase) -> Vec<wire::ReviewLine> {
    let contested = case.contested_lines();
    case.snapshot.lines.iter().map(|of| line(of, contested.contains(&of.id))).collect()
}

fn line(line: &Line, contested: bool) -> wire::ReviewLine {
    wire::ReviewLine {
        line_id: line.id.to_string(),
        product: format!("products/{}", line.product),
        product_display_name: line.product_display_name.clone(),
        key: line.key.to_string(),
        contested,
        held_by_legacy: line.held_by_legacy,
    }
}

pub(super) fn evidence(document: &Evidence) -> wire::ReviewEvidence {
    wire::ReviewEvidence {
        name: document.name.to_string(),
        file_name: document.file_name.clone(),
        kind: document.kind.clone(),
        size_bytes: document.size_bytes,
        sha256: document.sha256.clone(),
        create_time: Some(timestamp(document.create_time)),
        signature_time: document.signature_time.map(timestamp),
    }
}

fn dispute(case: &ReviewCase) -> Option<wire::Dispute> {
    match &case.kind {
        CaseKind::Submission => None,
        CaseKind::Dispute(dispute) => Some(wire::Dispute {
            previous_review_case: ReviewCaseName { tenant: case.tenant, case: dispute.previous }.to_string(),
            number: i32::try_from(dispute.number).unwrap_or(i32::MAX),
            justification: dispute.justification.clone(),
            customer_declined: dispute.customer_declined,
        }),
    }
}

/// A lead's decision.
pub(super) fn arbitration(arbitration: &Arbitration) -> wire::Arbitration {
    let outcomes = match &arbitration.state {
        ArbitrationState::Done { outcomes } => outcomes.as_slice(),
        ArbitrationState::Begun | ArbitrationState::Planned { .. } | ArbitrationState::Refused { .. } => &[],
    };
    let outcomes = outcomes.iter().copied().map(outcome).chain(std::iter::repeat(wire::AwardOutcome::Unspecified));
    let award = |(award, outcome): (&Award, wire::AwardOutcome)| wire::Award {
        key: award.key.to_string(),
        winner: ReviewCaseName { tenant: arbitration.tenant, case: award.winner }.to_string(),
        outcome: outcome.into(),
    };
    wire::Arbitration {
        name: format!("tenants/{}/arbitrations/{}", arbitration.tenant, arbitration.id),
        awards: arbitration.awards.iter().zip(outcomes).map(award).collect(),
        comment: arbitration.comment.clone(),
        author: arbitration.by.subject.clone(),
        create_time: Some(timestamp(arbitration.create_time)),
    }
}

fn outcome(outcome: Outcome) -> wire::AwardOutcome {
    match outcome {
        Outcome::Cleared => wire::AwardOutcome::Cleared,
        Outcome::Yielded => wire::AwardOutcome::Yielded,
        Outcome::Successor => wire::AwardOutcome::Successor,
    }
}

/// A note on a case.
pub(super) fn note(case: &ReviewCaseName, Note { id, author, text, time }: Note) -> wire::ReviewNote {
    wire::ReviewNote {
        name: format!("{case}/notes/{}", id.as_hyphenated()),
        author,
        // None is written without a text.
        erased: text.is_empty(),
        text,
        create_time: Some(timestamp(time)),
    }
}

fn refusal(LineRefusal { line_id, reason, description }: &LineRefusal) -> wire::LineRefusal {
    let line_id = line_id.map(|line| line.to_string()).unwrap_or_default();
    wire::LineRefusal { line_id, reason: reason.clone(), description: description.clone() }
}

fn allowed(case: &ReviewCase, standing: Standing) -> Vec<i32> {
    case.allowed_commands(standing).into_iter().map(|kind| command(kind).into()).collect()
}

/// By due time; those that stand still come last.
fn deadlines(case: &ReviewCase) -> Vec<wire::ReviewDeadline> {
    let mut shown: Vec<_> =
        case.clocks.all().filter_map(|(kind, clock)| Some((clock.due(), deadline(kind, clock)?))).collect();
    shown.sort_by_key(|(due, _)| due.unwrap_or(Timestamp::MAX_UTC));
    shown.into_iter().map(|(_, deadline)| deadline).collect()
}

fn deadline(kind: ClockKind, clock: &Clock) -> Option<wire::ReviewDeadline> {
    let (rule, overdue, left) = match clock {
        Clock::Running { rule, .. } => (rule.clone(), false, 0),
        Clock::Passed { rule, .. } => (rule.clone(), true, 0),
        Clock::Still { left } => (left.to_string(), false, left.days()),
        Clock::Cancelled => return None,
    };
    let business_days_left = i32::try_from(left).unwrap_or(i32::MAX);
    Some(wire::ReviewDeadline {
        clock: clock_kind(kind).into(),
        due_time: clock.due().map(timestamp),
        rule,
        overdue,
        business_days_left,
    })
}

fn clock_kind(kind: ClockKind) -> wire::ReviewClock {
    match kind {
        ClockKind::Start => wire::ReviewClock::Start,
        ClockKind::Decision => wire::ReviewClock::Decision,
        ClockKind::Overall => wire::ReviewClock::Overall,
        ClockKind::DisputeDecision => wire::ReviewClock::DisputeDecision,
    }
}

fn state(phase: Phase) -> wire::ReviewCaseState {
    match phase {
        Phase::Waiting => wire::ReviewCaseState::Waiting,
        Phase::UnderReview => wire::ReviewCaseState::UnderReview,
        Phase::PartnerActionRequired => wire::ReviewCaseState::PartnerActionRequired,
        Phase::Approving => wire::ReviewCaseState::Approving,
        Phase::Approved => wire::ReviewCaseState::Approved,
        Phase::Rejected => wire::ReviewCaseState::Rejected,
        Phase::Closed => wire::ReviewCaseState::Closed,
    }
}

/// The phase that a request filters by; `None` when it names none.
pub(super) fn phase(state: wire::ReviewCaseState) -> Option<Phase> {
    Some(match state {
        wire::ReviewCaseState::Unspecified => return None,
        wire::ReviewCaseState::Waiting => Phase::Waiting,
        wire::ReviewCaseState::UnderReview => Phase::UnderReview,
        wire::ReviewCaseState::PartnerActionRequired => Phase::PartnerActionRequired,
        wire::ReviewCaseState::Approving => Phase::Approving,
        wire::ReviewCaseState::Approved => Phase::Approved,
        wire::ReviewCaseState::Rejected => Phase::Rejected,
        wire::ReviewCaseState::Closed => Phase::Closed,
    })
}

fn command(kind: CommandKind) -> wire::ReviewCommand {
    match kind {
        CommandKind::Assign => wire::ReviewCommand::Assign,
        CommandKind::Take => wire::ReviewCommand::Take,
        CommandKind::Release => wire::ReviewCommand::Release,
        CommandKind::Start => wire::ReviewCommand::Start,
        CommandKind::RequestPartnerAction => wire::ReviewCommand::RequestPartnerAction,
        CommandKind::Approve => wire::ReviewCommand::Approve,
        CommandKind::Reject => wire::ReviewCommand::Reject,
    }
}

/// R30. Unspecified does not get past validation.
pub(super) fn partner_action_reason(reason: wire::PartnerActionReason) -> Option<PartnerActionReason> {
    Some(match reason {
        wire::PartnerActionReason::Unspecified => return None,
        wire::PartnerActionReason::PoeMissing => PartnerActionReason::PoeMissing,
        wire::PartnerActionReason::CustomerAcknowledgementMissing => {
            PartnerActionReason::CustomerAcknowledgementMissing
        }
        wire::PartnerActionReason::DatesMissingOrOld => PartnerActionReason::DatesMissingOrOld,
        wire::PartnerActionReason::ServiceInsufficientlyDescribed => {
            PartnerActionReason::ServiceInsufficientlyDescribed
        }
        wire::PartnerActionReason::ProductsMissing => PartnerActionReason::ProductsMissing,
    })
}

/// R31. Unspecified does not get past validation.
pub(super) fn primary_reason(reason: wire::PrimaryRejectionReason) -> Option<PrimaryRejection> {
    match reason {
        wire::PrimaryRejectionReason::Unspecified => None,
        wire::PrimaryRejectionReason::InsufficientPoe => Some(PrimaryRejection::InsufficientPoe),
    }
}

/// R32. Unspecified does not get past validation.
pub(super) fn further_reason(reason: wire::FurtherRejectionReason) -> Option<FurtherRejection> {
    Some(match reason {
        wire::FurtherRejectionReason::Unspecified => return None,
        wire::FurtherRejectionReason::CustomerConsentMissing => FurtherRejection::CustomerConsentMissing,
        wire::FurtherRejectionReason::ProductsMissing => FurtherRejection::ProductsMissing,
        wire::FurtherRejectionReason::NoPartnerResponse => FurtherRejection::NoPartnerResponse,
        wire::FurtherRejectionReason::PoeNotAvailable => FurtherRejection::PoeNotAvailable,
    })
}

/// The name of a case; validation admits no other shape.
pub(super) fn case_name(name: &str) -> Result<ReviewCaseName, Status> {
    name.parse().map_err(|malformed: Malformed| error::invalid("name", &malformed.to_string()))
}

/// Lines of a claim, as a request names them.
pub(super) fn line_ids(field: &str, ids: &[String]) -> Result<Vec<LineId>, Status> {
    let parsed = |id: &String| id.parse().map_err(|malformed: Malformed| error::invalid(field, &malformed.to_string()));
    ids.iter().map(parsed).collect()
}

/// The etag of a version.
pub(super) fn etag(version: u64) -> String {
    format!("{version:x}")
}

/// The version that an etag stands for; `None` for the empty one.
pub(super) fn expected_version(etag: &str) -> Result<Option<u64>, Status> {
    match etag {
        "" => Ok(None),
        etag => u64::from_str_radix(etag, 16).map(Some).map_err(|_| error::etag_mismatch()),
    }
}
