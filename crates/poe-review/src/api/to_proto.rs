//! Converts domain types to the messages of responses.
//!
//! A line of a claim is *contested* while other companies claim or hold its key (a workload or
//! subscription). It is *held by legacy* if a company holds the key by an association that was
//! recorded before claims existed.
use crate::domain::{
    CaseKind, CaseRole, Clock, ClockKind, CommandKind, CustomerContact, Evidence, LegacyStatement, Line, LineRefusal,
    Note, Phase, ReviewCase, StatementRequest, StatementStatus,
    arbitration::{Arbitration, ArbitrationState, Award, AwardOutcome},
};
use cpor_durable::{Etag, Versioned};
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{WireEnum as _, reviews::v1 as proto, r#type::v1::Contact};
use cpor_registry_client::{CheckedClaim, Violation};
use cpor_types::{
    Activity, ArbitrationName, NoteId, ReviewCaseName, ReviewClock, ReviewNoteName, TenantId, TenantKey, Timestamp,
};

/// Converts a case for a caller with the given role. `role` is `None` for callers who may not give
/// commands.
pub(super) fn review_case(
    Versioned { version, state: case }: &Versioned<ReviewCase>,
    role: Option<CaseRole>,
) -> proto::ReviewCase {
    let name = ReviewCaseName { tenant: case.tenant, case: case.id };
    let snapshot = &case.snapshot;
    proto::ReviewCase {
        name: name.to_string(),
        claim: snapshot.claim.to_string(),
        state: state(case.phase()).into(),
        reviewer: case.reviewer.clone().unwrap_or_default(),
        partner_display_name: snapshot.partner_display_name.clone(),
        customer_display_name: snapshot.customer_display_name.clone(),
        claim_display_name: snapshot.claim_display_name.clone(),
        solution_area: snapshot.solution_area.to_number(),
        activities: Activity::to_numbers(&snapshot.activities),
        lines: lines(case),
        deadlines: deadlines(case),
        allowed_commands: role.map(|role| allowed_commands(case, role)).unwrap_or_default(),
        round: i32::try_from(case.round).unwrap_or(i32::MAX),
        approval_refusals: case.approval_refusals.iter().map(line_refusal).collect(),
        create_time: Some(to_wire_time(case.create_time)),
        update_time: Some(to_wire_time(case.update_time)),
        close_time: case.close_time.map(to_wire_time),
        etag: Etag::new(*version).to_string(),
        dispute: dispute(case),
        evidence: snapshot.evidence.iter().map(evidence).collect(),
        overdue: case.clocks.is_overdue(),
        statement: case.statement.as_ref().map(statement),
        legacy_statements: case.legacy_statements.iter().map(legacy_statement).collect(),
        customer_contact: role.and_then(|_| contact(&snapshot.customer_contact)),
        customer_contact_authorized: snapshot.customer_contact.authorized,
        directory_comparison: None,
    }
}

/// Converts the customer contact. Returns `None` if it was erased.
fn contact(contact: &CustomerContact) -> Option<Contact> {
    let CustomerContact { name, title, email, authorized: _ } = contact.clone();
    (!email.is_empty()).then(|| Contact {
        name: name.into_exposed(),
        title: title.into_exposed(),
        email: email.into_exposed(),
    })
}

/// Converts the registry's check of a submitted claim. Everything that the check reports has
/// changed in the registry since the submission.
pub(super) fn directory_comparison(checked: CheckedClaim) -> proto::DirectoryComparison {
    let change = |violation: Violation| proto::DirectoryChange {
        field: violation.field,
        reason: violation.reason.as_str().to_owned(),
        description: violation.description,
    };
    proto::DirectoryComparison { changes: checked.changes.into_iter().chain(checked.violations).map(change).collect() }
}

fn lines(case: &ReviewCase) -> Vec<proto::ReviewLine> {
    let contested = case.contested_lines();
    case.snapshot.lines.iter().map(|item| line(case.tenant, item, contested.contains(&item.id))).collect()
}

fn line(tenant: TenantId, line: &Line, contested: bool) -> proto::ReviewLine {
    proto::ReviewLine {
        line_id: line.id.to_string(),
        product: format!("products/{}", line.product),
        product_display_name: line.product_display_name.clone(),
        key: TenantKey { tenant, key: line.key.clone() }.to_string(),
        contested,
        held_by_legacy: line.legacy_holder.is_some(),
    }
}

fn evidence(document: &Evidence) -> proto::ReviewEvidence {
    proto::ReviewEvidence {
        name: document.name.to_string(),
        file_name: document.file_name.clone(),
        kind: document.kind.to_number(),
        size_bytes: document.size_bytes,
        sha256: document.sha256.clone(),
        create_time: Some(to_wire_time(document.create_time)),
        signature_time: document.signature_time.map(to_wire_time),
    }
}

fn statement(
    StatementRequest { request_time, due_time, status, update_time, .. }: &StatementRequest,
) -> proto::Statement {
    let status = match status {
        StatementStatus::Open => proto::statement::Status::Open,
        StatementStatus::Given => proto::statement::Status::Given,
        StatementStatus::NotGiven => proto::statement::Status::NotGiven,
        StatementStatus::Lapsed => proto::statement::Status::Lapsed,
        StatementStatus::NoContact => proto::statement::Status::NoContact,
    };
    proto::Statement {
        request_time: Some(to_wire_time(*request_time)),
        due_time: due_time.map(to_wire_time),
        status: status.into(),
        update_time: Some(to_wire_time(*update_time)),
    }
}

fn legacy_statement(LegacyStatement { text, time, .. }: &LegacyStatement) -> proto::LegacyStatement {
    proto::LegacyStatement { text: text.clone(), create_time: Some(to_wire_time(*time)) }
}

fn dispute(case: &ReviewCase) -> Option<proto::Dispute> {
    match &case.kind {
        CaseKind::Submission => None,
        CaseKind::Dispute(dispute) => Some(proto::Dispute {
            previous_review_case: ReviewCaseName { tenant: case.tenant, case: dispute.previous }.to_string(),
            number: i32::try_from(dispute.number).unwrap_or(i32::MAX),
            justification: dispute.justification.clone(),
            customer_declined: dispute.customer_declined,
        }),
    }
}

/// Converts an arbitration (a decision between competing cases). The outcomes of its awards are
/// unspecified until the arbitration is done.
pub(super) fn arbitration(arbitration: &Arbitration) -> proto::Arbitration {
    let outcomes = match &arbitration.state {
        ArbitrationState::Done { outcomes } => outcomes.as_slice(),
        ArbitrationState::Begun | ArbitrationState::Planned { .. } | ArbitrationState::Refused { .. } => &[],
    };
    let unspecified = std::iter::repeat(proto::AwardOutcome::Unspecified);
    let outcomes = outcomes.iter().copied().map(award_outcome).chain(unspecified);
    let award = |(award, outcome): (&Award, proto::AwardOutcome)| proto::Award {
        key: TenantKey { tenant: arbitration.tenant, key: award.key.clone() }.to_string(),
        winner: ReviewCaseName { tenant: arbitration.tenant, case: award.winner }.to_string(),
        outcome: outcome.into(),
    };
    proto::Arbitration {
        name: ArbitrationName { tenant: arbitration.tenant, arbitration: arbitration.id }.to_string(),
        awards: arbitration.awards.iter().zip(outcomes).map(award).collect(),
        comment: arbitration.comment.clone(),
        author: arbitration.actor.subject.expose().to_owned(),
        create_time: Some(to_wire_time(arbitration.create_time)),
    }
}

fn award_outcome(outcome: AwardOutcome) -> proto::AwardOutcome {
    match outcome {
        AwardOutcome::Unopposed => proto::AwardOutcome::Unopposed,
        AwardOutcome::PendingHoldEnded => proto::AwardOutcome::PendingHoldEnded,
        AwardOutcome::SucceedsHolder => proto::AwardOutcome::SucceedsHolder,
    }
}

/// Converts a note of a case.
pub(super) fn note(case: &ReviewCaseName, Note { id, author, text, time }: Note) -> proto::ReviewNote {
    let ReviewCaseName { tenant, case } = *case;
    proto::ReviewNote {
        name: ReviewNoteName { tenant, case, note: NoteId(id) }.to_string(),
        author,
        // A note is never created without a text, so an empty text was erased.
        erased: text.is_empty(),
        text,
        create_time: Some(to_wire_time(time)),
    }
}

fn line_refusal(LineRefusal { line_id, reason, description }: &LineRefusal) -> proto::LineRefusal {
    let line_id = line_id.map(|line| line.to_string()).unwrap_or_default();
    proto::LineRefusal { line_id, reason: reason.clone(), description: description.clone() }
}

fn allowed_commands(case: &ReviewCase, role: CaseRole) -> Vec<i32> {
    case.allowed_commands(role).into_iter().map(|kind| command(kind).into()).collect()
}

/// Converts the clocks (deadlines that can stop and continue), sorted by due time. Stopped clocks
/// come last.
fn deadlines(case: &ReviewCase) -> Vec<proto::ReviewDeadline> {
    let mut deadlines: Vec<_> =
        case.clocks.iter().filter_map(|(kind, clock)| Some((clock.due(), deadline(kind, clock)?))).collect();
    deadlines.sort_by_key(|(due, _)| due.unwrap_or(Timestamp::MAX_UTC));
    deadlines.into_iter().map(|(_, deadline)| deadline).collect()
}

fn deadline(kind: ClockKind, clock: &Clock) -> Option<proto::ReviewDeadline> {
    let (rule, overdue, days_left) = match clock {
        Clock::Running { rule, .. } => (rule.clone(), false, 0),
        Clock::Overdue { rule, .. } => (rule.clone(), true, 0),
        Clock::Stopped { remaining } => (remaining.to_string(), false, remaining.days()),
        Clock::Cancelled => return None,
    };
    let business_days_left = i32::try_from(days_left).unwrap_or(i32::MAX);
    Some(proto::ReviewDeadline {
        clock: ReviewClock::from(kind).to_number(),
        due_time: clock.due().map(to_wire_time),
        rule,
        overdue,
        business_days_left,
    })
}

fn state(phase: Phase) -> proto::ReviewCaseState {
    match phase {
        Phase::Waiting => proto::ReviewCaseState::Waiting,
        Phase::UnderReview => proto::ReviewCaseState::UnderReview,
        Phase::PartnerActionRequired => proto::ReviewCaseState::PartnerActionRequired,
        Phase::Approving => proto::ReviewCaseState::Approving,
        Phase::Approved => proto::ReviewCaseState::Approved,
        Phase::Rejected => proto::ReviewCaseState::Rejected,
        Phase::Closed => proto::ReviewCaseState::Closed,
    }
}

fn command(kind: CommandKind) -> proto::ReviewCommand {
    match kind {
        CommandKind::Assign => proto::ReviewCommand::Assign,
        CommandKind::Take => proto::ReviewCommand::Take,
        CommandKind::Release => proto::ReviewCommand::Release,
        CommandKind::Start => proto::ReviewCommand::Start,
        CommandKind::RequestPartnerAction => proto::ReviewCommand::RequestPartnerAction,
        CommandKind::Approve => proto::ReviewCommand::Approve,
        CommandKind::Reject => proto::ReviewCommand::Reject,
        CommandKind::RequestStatement => proto::ReviewCommand::RequestStatement,
        CommandKind::ConfirmContact => proto::ReviewCommand::ConfirmCustomerContact,
    }
}
