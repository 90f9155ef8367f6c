//! Claims, documents, comments and history, on the wire, as a view of them shows.
use super::{receipt, view::View, words};
use crate::{
    call::etag_of,
    domain::{
        Assessment, Association, Claim, Comment, Contact, EndReason, Ended, Evidence, Line, LostLine, PartnerAction,
        Party, Refusal, Rejection, Rules, State, Violation, history::SealedEntry,
    },
    intake::Failed,
    wire::timestamp,
};
use cpor_durable::Versioned;
use cpor_proto::claims::v1 as wire;
use cpor_types::{ClaimName, CommentName, EvidenceName, PrimaryRejection, ProductName, ReviewCaseName};

/// A claim as `view` shows it.
///
/// # Errors
/// [`Refusal::RulesMissing`](crate::domain::Refusal::RulesMissing): its violations cannot be told without the policy
/// that it was submitted under.
pub(super) fn claim(claim: Versioned<Claim>, view: View, rules: &Rules) -> Result<wire::Claim, Failed> {
    let Versioned { version, state: claim } = claim;
    let violations = violations(&claim, rules).map_err(Failed::Refused)?;
    let submission = claim.state.submission();
    let count = i32::try_from(claim.evidence.len()).unwrap_or(i32::MAX);
    let own = if view == View::Masked { claim.allowed_commands(Party::Operator) } else { Vec::new() };
    let commands = claim.allowed_commands(Party::Partner).into_iter().chain(own);
    let (content, waiting) = (&claim.content, claim.waiting());
    Ok(wire::Claim {
        name: claim.name.to_string(),
        display_name: content.display_name.clone(),
        mpn_id: content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        customer_domain: content.customer_domain.clone(),
        tenant_id: content.tenant_id.clone(),
        solution_area: words::solution_area(content.solution_area).into(),
        activities: content.activities.iter().map(|activity| words::activity(*activity).into()).collect(),
        program: content.program.clone(),
        lines: content.lines.iter().map(|shown| line(shown, &claim.state)).collect(),
        customer_contact: contact(&content.customer_contact, view),
        customer_technical_contact: contact(&content.customer_technical_contact, view),
        partner_contact: contact(&content.partner_contact, view),
        solution_seller_name: view.personal(&content.solution_seller_name),
        customer_name: content.customer_name.clone(),
        isv_solution_name: content.isv_solution_name.clone(),
        terms_acknowledged: content.terms_acknowledged,
        state: words::state(claim.state.kind()).into(),
        association_state: words::association(&claim.state).into(),
        violations: violations.into_iter().map(violation).collect(),
        allowed_commands: commands.map(|command| words::command(command).into()).collect(),
        partner_action: claim.state.partner_action().map(|action| partner_action(action, view)),
        rejection: rejection(&claim.state, view),
        consent_due_time: consent_due(&claim.state),
        official_time: official_time(&claim.state),
        evidence_count: count,
        review_case: review_case(&claim.state, view),
        policy: submission.map(|submission| submission.policy.to_string()).unwrap_or_default(),
        create_time: Some(timestamp(claim.create_time)),
        update_time: Some(timestamp(claim.update_time)),
        submit_time: submission.map(|submission| timestamp(submission.submit_time)),
        etag: etag_of(version),
        disputes: submission.map_or(0, |submission| count_of(submission.disputes)),
        disputes_left: submission.and_then(|submission| submission.disputes_left()).map(count_of),
        explicit_approval_needed: submission.is_some_and(|submission| submission.needs_explicit_approval()),
        lost_lines: claim.lost_lines.iter().map(|lost| lost_line(lost, &claim.state)).collect(),
        waits_for: words::wait(waiting.wait).into(),
        whose_move: words::party(waiting.mover).into(),
    })
}

/// What a submission would refuse, while the partner can do something about it; as of the last change.
fn violations(claim: &Claim, rules: &Rules) -> Result<Vec<Violation>, Refusal> {
    match claim.state {
        State::Editing | State::PartnerActionRequired(..) => Ok(claim.violations(rules.of(claim, claim.update_time)?)),
        State::Deleted
        | State::Submitted(_)
        | State::UnderReview(_)
        | State::Approved(..)
        | State::Rejected(..)
        | State::Disputed(_) => Ok(Vec::new()),
    }
}

fn violation(violation: Violation) -> wire::Violation {
    let Violation { field, reason, description } = violation;
    wire::Violation { field, reason, description }
}

fn count_of(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn line(line: &Line, state: &State) -> wire::ClaimLine {
    let ended = line.ended.clone().or_else(|| ended_with_claim(state));
    let since = ended.as_ref().map_or_else(|| official_time(state), |ended| ended.since.map(timestamp));
    let association_state = match ended {
        Some(_) => wire::AssociationState::Ended,
        None => words::association(state),
    };
    let end_reason =
        ended.as_ref().map_or(wire::AssociationEndReason::Unspecified, |ended| words::end_reason(ended.reason));
    let display_name = line.known.as_ref().map(|known| known.product_display_name.clone());
    wire::ClaimLine {
        line_id: line.id.to_string(),
        product: ProductName { product: line.product.clone() }.to_string(),
        subscription_id: line.subscription(),
        product_display_name: display_name.unwrap_or_default(),
        key: line.key().map(ToString::to_string).unwrap_or_default(),
        assessments: line.assessments.iter().map(assessment).collect(),
        contested: line.contested,
        association_state: association_state.into(),
        association_start_time: since,
        association_end_time: ended.as_ref().map(|ended| timestamp(ended.until)),
        association_end_reason: end_reason.into(),
    }
}

/// How the associations ended that the claim had when it was rejected.
fn ended_with_claim(state: &State) -> Option<Ended> {
    let rejection = state.rejection()?;
    let reason = match rejection.primary {
        PrimaryRejection::PartnerRequest => EndReason::Withdrawn,
        PrimaryRejection::CustomerDeclined => EndReason::Declined,
        PrimaryRejection::InsufficientPoe | PrimaryRejection::LostToCompetingClaim => EndReason::Rejected,
    };
    Some(Ended { reason, since: rejection.ended.as_ref()?.official_time(), until: rejection.time })
}

fn lost_line(lost: &LostLine, state: &State) -> wire::LostLine {
    wire::LostLine { line: Some(line(&lost.line, state)), lose_time: Some(timestamp(lost.time)) }
}

fn assessment(assessment: &Assessment) -> wire::LineAssessment {
    wire::LineAssessment {
        activity: words::activity(assessment.activity).into(),
        verdict: words::verdict(assessment.verdict).into(),
        month: assessment.month.to_string(),
        failed_conditions: assessment.failed_conditions.clone(),
    }
}

/// `None` when nothing of the contact is known.
fn contact(contact: &Contact, view: View) -> Option<wire::Contact> {
    let Contact { name, title, email } = contact;
    let shown =
        || wire::Contact { name: view.personal(name), title: view.personal(title), email: view.personal(email) };
    (*contact != Contact::default()).then(shown)
}

fn partner_action(action: &PartnerAction, view: View) -> wire::PartnerAction {
    wire::PartnerAction {
        reasons: action.reasons.iter().map(|reason| words::action_reason(*reason).into()).collect(),
        comment: view.personal(&action.comment),
        request_time: Some(timestamp(action.request_time)),
        due_time: Some(timestamp(action.response.deadline.due)),
        due_rule: action.response.deadline.rule.clone(),
        remove_line_ids: action.remove_lines.iter().map(ToString::to_string).collect(),
    }
}

fn rejection(state: &State, view: View) -> Option<wire::Rejection> {
    let rejection = state.rejection()?;
    let Rejection { primary, further, comment, time, remedy: _, ended: _ } = rejection;
    let window = rejection.dispute_window();
    Some(wire::Rejection {
        primary_reason: words::primary(*primary).into(),
        further_reasons: further.iter().map(|reason| words::further(*reason).into()).collect(),
        comment: view.personal(comment),
        reject_time: Some(timestamp(*time)),
        r#final: window.is_none(),
        dispute_due_time: window.map(|window| timestamp(window.due)),
        dispute_due_rule: window.map(|window| window.rule.clone()).unwrap_or_default(),
    })
}

/// While the customer's silence still decides something.
fn consent_due(state: &State) -> Option<prost_types::Timestamp> {
    let due = state.submission()?.consent_due.map(timestamp);
    match state.association() {
        Some(Association::Granted { .. } | Association::Official { .. } | Association::Ended { .. }) => None,
        Some(Association::Pending) => due,
        None => due.filter(|_| state.rejection().is_none()),
    }
}

/// Since when the association is, or until the claim ended was, on record.
fn official_time(state: &State) -> Option<prost_types::Timestamp> {
    let association = match state {
        State::Rejected(_, rejection) => rejection.ended.as_ref(),
        State::Editing
        | State::Deleted
        | State::Submitted(_)
        | State::UnderReview(_)
        | State::PartnerActionRequired(..)
        | State::Approved(..)
        | State::Disputed(_) => state.association(),
    };
    association?.official_time().map(timestamp)
}

fn review_case(state: &State, view: View) -> String {
    match (view, state.submission()) {
        (View::Partner, _) | (View::Vendor | View::Masked, None) => String::new(),
        (View::Vendor | View::Masked, Some(submission)) => {
            ReviewCaseName { tenant: submission.tenant, case: submission.review_case }.to_string()
        }
    }
}

/// A document.
pub(super) fn evidence(claim: &ClaimName, evidence: Evidence) -> wire::Evidence {
    let ClaimName { partner, claim } = claim.clone();
    wire::Evidence {
        name: EvidenceName { partner, claim, evidence: evidence.id }.to_string(),
        file_name: evidence.file_name,
        kind: words::evidence_kind(evidence.kind).into(),
        size_bytes: i64::try_from(evidence.size_bytes).unwrap_or(i64::MAX),
        sha256: evidence.sha256,
        create_time: Some(timestamp(evidence.create_time)),
        signature_time: evidence.signature_time.map(timestamp),
    }
}

/// A comment; of its author the side alone.
pub(super) fn comment(claim: &ClaimName, comment: Comment) -> wire::Comment {
    let ClaimName { partner, claim } = claim.clone();
    let about = |evidence| EvidenceName { partner: partner.clone(), claim, evidence }.to_string();
    wire::Comment {
        evidence: comment.evidence.map(about).unwrap_or_default(),
        line_id: comment.line.map(|line| line.to_string()).unwrap_or_default(),
        name: CommentName { partner, claim, comment: comment.id }.to_string(),
        side: words::side(comment.side).into(),
        create_time: Some(timestamp(comment.time)),
        // None is written without a text.
        erased: comment.text.is_empty(),
        text: comment.text,
    }
}

/// An entry of the history. Every view has every position; what may not be seen is left out of the entry, which says so. To operators, from
/// whom personal data is withheld, it shows where there was some.
pub(super) fn history_entry(entry: SealedEntry, view: View) -> wire::HistoryEntry {
    if view != View::Masked {
        return receipt::told(&view.of_entry(entry));
    }
    let shown = receipt::told(&entry);
    let masked = |change: wire::FieldChange| {
        let (from, to) = (view.personal(&change.from), view.personal(&change.to));
        wire::FieldChange { from, to, ..change }
    };
    wire::HistoryEntry {
        subject: view.personal(&shown.subject),
        reason: view.personal(&shown.reason),
        changes: shown.changes.into_iter().map(masked).collect(),
        withheld: receipt::told(&view.of_entry(entry)).withheld,
        ..shown
    }
}
