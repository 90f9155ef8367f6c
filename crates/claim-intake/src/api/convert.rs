//! Converts claims, documents, comments and history entries to their API messages. The [`View`] of
//! the caller determines what is left out or masked. A *line* of a claim is about one workload or
//! subscription of the customer. An *association* puts the partner on record for it: it is pending
//! from the approval of the claim, and official when the customer has consented. A *policy profile*
//! is a versioned set of values that the business rules leave open (R61).
use super::{enums, view::View};
use crate::{
    domain::{
        Assessment, Association, AssociationEnd, Claim, Comment, Contact, EndReason, Evidence, Line, LostLine,
        PartnerAction, Party, Refusal, Rejection, Rules, State, StatementStatus, Violation,
    },
    error::CallError,
};
use cpor_durable::{Etag, Versioned};
use cpor_history::{SealedEntry, receipt};
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{WireEnum as _, claims::v1 as wire, r#type::v1 as types};
use cpor_types::{
    Activity, AssessmentName, AssociationId, AssociationName, ClaimName, CommentName, ConsentName, EvidenceName,
    FurtherRejectionReason, PartnerActionReason, Personal, PrimaryRejectionReason, ProductName, ReviewCaseName,
    SolutionArea, TenantId, TenantKey,
};

/// Converts a claim as `view` shows it.
///
/// # Errors
/// Returns [`Refusal::RulesMissing`] if the policy profile that the claim was submitted under is
/// not configured. Without the profile, the claim's violations cannot be determined.
pub(super) fn claim_to_wire(claim: Versioned<Claim>, view: View, rules: &Rules) -> Result<wire::Claim, CallError> {
    let Versioned { version, state: claim } = claim;
    let violations = violations(&claim, rules).map_err(CallError::Refused)?;
    let submission = claim.state.submission();
    let evidence_count = i32::try_from(claim.evidence.len()).unwrap_or(i32::MAX);
    let operator_commands = if view == View::Masked { claim.allowed_commands(Party::Operator) } else { Vec::new() };
    let mut partner_commands = claim.allowed_commands(Party::Partner);
    partner_commands.retain(|command| violations.is_empty() || !command.needs_complete_claim());
    let commands = partner_commands.into_iter().chain(operator_commands);
    let (content, waiting) = (&claim.content, claim.waiting());
    let tenant = content.tenant_id.parse().ok();
    Ok(wire::Claim {
        name: claim.name.to_string(),
        display_name: content.display_name.clone(),
        mpn_id: content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        customer_domain: content.customer_domain.clone(),
        tenant_id: content.tenant_id.clone(),
        solution_area: content.solution_area.map_or(0, SolutionArea::to_number),
        activities: Activity::to_numbers(&content.activities),
        program: content.program.clone(),
        lines: content.lines.iter().map(|line| line_to_wire(line, tenant, &claim.state)).collect(),
        customer_contact: contact_to_wire(&content.customer_contact, view),
        customer_technical_contact: contact_to_wire(&content.customer_technical_contact, view),
        partner_contact: contact_to_wire(&content.partner_contact, view),
        solution_seller_name: view.mask(&content.solution_seller_name),
        customer_name: content.customer_name.clone(),
        isv_solution_name: content.isv_solution_name.clone(),
        terms_acknowledged: content.terms_acknowledged,
        state: receipt::claim_state_to_wire(claim.state.kind()).into(),
        association_state: enums::association_state_to_wire(&claim.state).into(),
        violations: violations.into_iter().map(violation_to_wire).collect(),
        allowed_commands: commands.map(|command| enums::command_to_wire(command).into()).collect(),
        partner_action: claim.state.partner_action().map(|action| partner_action_to_wire(action, view)),
        statement_request: statement_request_to_wire(&claim.state, view),
        rejection: rejection_to_wire(&claim.state, view),
        consent_due_time: consent_due_time(&claim.state),
        official_time: official_time(&claim.state),
        evidence_count,
        review_case: review_case_name(&claim.state, view),
        policy: submission.map(|submission| submission.policy.to_string()).unwrap_or_default(),
        create_time: Some(to_wire_time(claim.create_time)),
        update_time: Some(to_wire_time(claim.update_time)),
        submit_time: submission.map(|submission| to_wire_time(submission.submit_time)),
        etag: Etag::new(version).to_string(),
        disputes: submission.map_or(0, |submission| saturating_count(submission.disputes)),
        disputes_left: submission.and_then(|submission| submission.disputes_left()).map(saturating_count),
        explicit_approval_needed: submission.is_some_and(|submission| submission.needs_explicit_approval()),
        lost_lines: claim.lost_lines.iter().map(|lost| lost_line_to_wire(lost, tenant, &claim.state)).collect(),
        waits_for: enums::waits_for_to_wire(waiting.wait).into(),
        acting_party: enums::party_to_wire(waiting.acting_party).into(),
        consent: consent_name(&claim),
        assessment: assessment_name(&claim),
        payment_decline_time: submission.and_then(|submission| submission.payment_declined).map(to_wire_time),
    })
}

/// Returns the violations for which a submission would have been refused at the claim's last
/// change. Returns none in states in which the partner cannot submit or resubmit.
pub(super) fn violations(claim: &Claim, rules: &Rules) -> Result<Vec<Violation>, Refusal> {
    match claim.state {
        State::Editing | State::PartnerActionRequired(..) => {
            Ok(claim.violations(rules.profile_of(claim, claim.update_time)?))
        }
        State::Deleted
        | State::Submitted(_)
        | State::UnderReview(_)
        | State::Approved(..)
        | State::Rejected(..)
        | State::Disputed(_) => Ok(Vec::new()),
    }
}

pub(super) fn violation_to_wire(violation: Violation) -> wire::Violation {
    let Violation { field, reason, description } = violation;
    wire::Violation { field, reason, description }
}

/// Converts a count to the API's integer type, limited to its maximum.
fn saturating_count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Converts a line of a claim. `tenant` is the customer, or `None` if the entered tenant id is
/// malformed. The state of its association follows from the state of the claim, unless the
/// association of this line ended separately.
fn line_to_wire(line: &Line, tenant: Option<TenantId>, state: &State) -> wire::ClaimLine {
    let ended = line.association_end.clone().or_else(|| ended_with_claim(state));
    let since = ended.as_ref().map_or_else(|| official_time(state), |ended| ended.since.map(to_wire_time));
    let association_state = match ended {
        Some(_) => types::AssociationState::Ended,
        None => enums::association_state_to_wire(state),
    };
    let end_reason = ended.as_ref().map_or(0, |ended| ended.reason.to_number());
    let key = tenant.zip(line.key().cloned()).map(|(tenant, key)| TenantKey { tenant, key });
    let display_name = line.registry_data.as_ref().map(|data| data.product_display_name.clone());
    wire::ClaimLine {
        line_id: line.id.to_string(),
        product: ProductName { product: line.product.clone() }.to_string(),
        subscription_id: line.subscription(),
        product_display_name: display_name.unwrap_or_default(),
        key: key.map(|key| key.to_string()).unwrap_or_default(),
        assessments: line.assessments.iter().map(assessment_to_wire).collect(),
        contested: line.contested,
        association_state: association_state.into(),
        association_start_time: since,
        association_end_time: ended.as_ref().map(|ended| to_wire_time(ended.until)),
        association_end_reason: end_reason,
        associations: tenant.map(|tenant| association_names(tenant, line)).unwrap_or_default(),
    }
}

fn association_names(tenant: TenantId, line: &Line) -> Vec<String> {
    let name = |id: &AssociationId| AssociationName { tenant, association: *id }.to_string();
    line.associations.iter().map(name).collect()
}

/// Returns how the claim's association ended with the rejection of the claim. `None` if the claim
/// is not rejected or had no association.
fn ended_with_claim(state: &State) -> Option<AssociationEnd> {
    let rejection = state.rejection()?;
    let reason = match rejection.primary_reason {
        PrimaryRejectionReason::PartnerRequest => EndReason::Withdrawn,
        PrimaryRejectionReason::CustomerDeclined => EndReason::Declined,
        PrimaryRejectionReason::InsufficientPoe
        | PrimaryRejectionReason::LostToCompetingClaim
        | PrimaryRejectionReason::CustomerNotReached => EndReason::Rejected,
    };
    Some(AssociationEnd { reason, since: rejection.ended_association.as_ref()?.official_time(), until: rejection.time })
}

fn lost_line_to_wire(lost: &LostLine, tenant: Option<TenantId>, state: &State) -> wire::LostLine {
    wire::LostLine { line: Some(line_to_wire(&lost.line, tenant, state)), lost_time: Some(to_wire_time(lost.time)) }
}

fn assessment_to_wire(assessment: &Assessment) -> wire::LineAssessment {
    wire::LineAssessment {
        activity: assessment.activity.to_number(),
        verdict: assessment.verdict.to_number(),
        month: assessment.month.to_string(),
        failed_conditions: assessment.failed_conditions.clone(),
    }
}

/// Converts a contact; returns `None` if all its fields are empty.
fn contact_to_wire(contact: &Contact, view: View) -> Option<types::Contact> {
    let Contact { name, title, email } = contact;
    let mask = |text: &Personal| view.mask(text.expose());
    let masked = || types::Contact { name: mask(name), title: mask(title), email: mask(email) };
    (*contact != Contact::default()).then(masked)
}

fn partner_action_to_wire(action: &PartnerAction, view: View) -> wire::PartnerAction {
    wire::PartnerAction {
        reasons: PartnerActionReason::to_numbers(&action.reasons),
        comment: view.mask_comment(&action.comment),
        request_time: Some(to_wire_time(action.request_time)),
        due_time: Some(to_wire_time(action.response.deadline.due)),
        due_rule: action.response.deadline.rule.clone(),
        remove_line_ids: action.remove_lines.iter().map(ToString::to_string).collect(),
    }
}

/// Converts the last request for a statement (R37a); `None` if there was none since the approval,
/// or if the claim is not approved.
fn statement_request_to_wire(state: &State, view: View) -> Option<wire::StatementRequest> {
    let statement = state.association().and(state.submission())?.statement.as_ref()?;
    let status = match statement.status {
        StatementStatus::Open => wire::StatementStatus::Open,
        StatementStatus::Given => wire::StatementStatus::Given,
        StatementStatus::NotGiven => wire::StatementStatus::NotGiven,
        StatementStatus::Lapsed => wire::StatementStatus::Lapsed,
    };
    Some(wire::StatementRequest {
        comment: view.mask_comment(&statement.comment),
        request_time: Some(to_wire_time(statement.request_time)),
        due_time: Some(to_wire_time(statement.window.deadline.due)),
        due_rule: statement.window.deadline.rule.clone(),
        status: status.into(),
    })
}

fn rejection_to_wire(state: &State, view: View) -> Option<wire::Rejection> {
    let rejection = state.rejection()?;
    let Rejection { primary_reason, further_reasons, comment, time, remedy: _, ended_association: _ } = rejection;
    let window = rejection.dispute_window();
    Some(wire::Rejection {
        primary_reason: primary_reason.to_number(),
        further_reasons: FurtherRejectionReason::to_numbers(further_reasons),
        comment: view.mask_comment(comment),
        reject_time: Some(to_wire_time(*time)),
        is_final: window.is_none(),
        dispute_due_time: window.map(|window| to_wire_time(window.due)),
        dispute_due_rule: window.map(|window| window.rule.clone()).unwrap_or_default(),
    })
}

/// Returns the end of the consent window, the time in which silence of the customer counts as
/// consent. Returns `None` when the window no longer matters, because the customer has consented,
/// the association has ended, or the claim is rejected.
fn consent_due_time(state: &State) -> Option<prost_types::Timestamp> {
    let due = state.submission()?.consent_due.map(to_wire_time);
    match state.association() {
        Some(Association::Granted { .. } | Association::Official { .. } | Association::Ended { .. }) => None,
        Some(Association::Pending) => due,
        None => due.filter(|_| state.rejection().is_none()),
    }
}

/// Returns when the claim's association became official. For a rejected claim, this is the
/// association that ended with the rejection.
fn official_time(state: &State) -> Option<prost_types::Timestamp> {
    let association = match state {
        State::Rejected(_, rejection) => rejection.ended_association.as_ref(),
        State::Editing
        | State::Deleted
        | State::Submitted(_)
        | State::UnderReview(_)
        | State::PartnerActionRequired(..)
        | State::Approved(..)
        | State::Disputed(_) => state.association(),
    };
    association?.official_time().map(to_wire_time)
}

/// Returns the name of the review case. Partners do not see it.
fn review_case_name(state: &State, view: View) -> String {
    match (view, state.submission()) {
        (View::Partner, _) | (View::Vendor | View::ProgramManager | View::Masked, None) => String::new(),
        (View::Vendor | View::ProgramManager | View::Masked, Some(submission)) => {
            ReviewCaseName { tenant: submission.tenant, case: submission.review_case }.to_string()
        }
    }
}

/// Returns the name of the claim's consent; empty before the first submission, which creates the
/// consent.
fn consent_name(claim: &Claim) -> String {
    let name =
        claim.state.submission().map(|submission| ConsentName { tenant: submission.tenant, claim: claim.name.claim });
    name.map(|name| name.to_string()).unwrap_or_default()
}

/// Returns the name of the claim's assessment. Empty until the eligibility service has reported a
/// result, because that service may not know the claim earlier.
fn assessment_name(claim: &Claim) -> String {
    let is_assessed = claim
        .content
        .lines
        .iter()
        .chain(claim.lost_lines.iter().map(|lost| &lost.line))
        .any(|line| !line.assessments.is_empty());
    let submission = claim.state.submission().filter(|_| is_assessed);
    let name = submission.map(|submission| AssessmentName { tenant: submission.tenant, claim: claim.name.claim });
    name.map(|name| name.to_string()).unwrap_or_default()
}

/// Converts a document of the claim `claim`.
pub(super) fn evidence_to_wire(claim: &ClaimName, evidence: Evidence) -> wire::Evidence {
    let ClaimName { partner, claim } = claim.clone();
    wire::Evidence {
        name: EvidenceName { partner, claim, evidence: evidence.id }.to_string(),
        file_name: evidence.file_name,
        kind: evidence.kind.to_number(),
        size_bytes: i64::try_from(evidence.size_bytes).unwrap_or(i64::MAX),
        sha256: evidence.sha256,
        create_time: Some(to_wire_time(evidence.create_time)),
        signature_time: evidence.signature_time.map(to_wire_time),
    }
}

/// Converts a comment of the claim `claim`. The message shows the author's side and no more.
pub(super) fn comment_to_wire(claim: &ClaimName, comment: Comment) -> wire::Comment {
    let ClaimName { partner, claim } = claim.clone();
    let evidence_name = |evidence| EvidenceName { partner: partner.clone(), claim, evidence }.to_string();
    wire::Comment {
        evidence: comment.evidence.map(evidence_name).unwrap_or_default(),
        line_id: comment.line.map(|line| line.to_string()).unwrap_or_default(),
        name: CommentName { partner, claim, comment: comment.id }.to_string(),
        side: comment.side.to_number(),
        create_time: Some(to_wire_time(comment.time)),
        // A comment without text cannot be written, so an empty text means that it was erased.
        erased: comment.text.is_empty(),
        text: comment.text.into_exposed(),
    }
}

/// Converts a history entry. A view never skips an entry. The parts that the caller may not see are
/// left out and listed in `withheld`. For operators, `[redacted]` marks where personal data was
/// left out.
pub(super) fn history_entry_to_wire(entry: SealedEntry, view: View) -> wire::HistoryEntry {
    if view != View::Masked {
        return receipt::history_entry(&view.restrict(entry));
    }
    let full = receipt::history_entry(&entry);
    let masked = |change: wire::FieldChange| {
        let (old_value, new_value) = (view.mask(&change.old_value), view.mask(&change.new_value));
        wire::FieldChange { old_value, new_value, ..change }
    };
    wire::HistoryEntry {
        subject: view.mask(&full.subject),
        reason: view.mask(&full.reason),
        changes: full.changes.into_iter().map(masked).collect(),
        withheld: receipt::history_entry(&view.restrict(entry)).withheld,
        ..full
    }
}
