//! Builds the events for claim-intake, the service that owns the claims, and for the registry, from
//! the domain events of a case. Events about a running review contain the earliest due time of the
//! case's deadlines (R60). Edits, closures, ended lines, bounces and erasures are not sent, because
//! claim-intake caused them. Neither are found rivals, reported statements and the end of legacy
//! holders, because claim-intake does not need them. A note is sent for the claim's history, where
//! only reviewers see it (R55, R56).
//!
//! A review lead *awards* a workload or subscription (its *key*) that several companies claim to
//! one of them. A *legacy association* was recorded before claims existed.
use crate::domain::{CaseEvent, LineRefusal, PartnerAction, ReviewCase};
use cpor_durable::{Change, OutgoingEvent, RecordedEvent};
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{WireEnum as _, events::v1 as proto};
use cpor_types::{
    AssociationKey, DecisionId, FurtherRejectionReason, LegacyHolderId, PartnerActionReason, ReviewClock, Service,
};
use proto::event::Payload;

/// Builds the events for one change of a case, in the order of its domain events.
pub(crate) fn outgoing_events(change: &Change<ReviewCase>) -> Vec<OutgoingEvent> {
    let case = &change.after.state;
    let to_outgoing = |recorded: &RecordedEvent<CaseEvent>| {
        let to_registry = registry_payloads(case, &recorded.event).into_iter();
        let to_registry = to_registry.map(|payload| (Service::Registry, payload));
        let to_claim_intake = payload(case, &recorded.event).map(|payload| (Service::ClaimIntake, payload));
        let outgoing = to_registry.chain(to_claim_intake);
        outgoing
            .map(|(destination, payload)| OutgoingEvent::from_recorded(recorded, destination, payload))
            .collect::<Vec<_>>()
    };
    change.events.iter().flat_map(to_outgoing).collect()
}

/// Builds the payloads for the registry: released awards (R37), and the competition of which it
/// tells the holders of legacy associations (R58a).
fn registry_payloads(case: &ReviewCase, event: &CaseEvent) -> Vec<Payload> {
    let contested = |(key, holder): (&AssociationKey, &LegacyHolderId), comment: Option<&String>| {
        Payload::LegacyHolderContested(proto::LegacyHolderContested {
            tenant: format!("tenants/{}", case.tenant),
            key: key.to_string(),
            review_case_id: case.id.to_string(),
            statement_requested: comment.is_some(),
            comment: comment.cloned().unwrap_or_default(),
            legacy_holder_id: holder.to_string(),
        })
    };
    if let CaseEvent::AwardReleased { key, decision_id } = event {
        vec![Payload::AwardReleased(award_released(case, key, *decision_id))]
    } else if let CaseEvent::LegacyStatementRequested { holders, comment } = event {
        holders.iter().map(|holder| contested(holder, Some(comment))).collect()
    } else if let CaseEvent::LegacyHoldersContested { holders } = event {
        holders.iter().map(|holder| contested(holder, None)).collect()
    } else {
        Vec::new()
    }
}

fn award_released(case: &ReviewCase, key: &AssociationKey, decision_id: DecisionId) -> proto::AwardReleased {
    proto::AwardReleased {
        claim: case.snapshot.claim.to_string(),
        tenant: format!("tenants/{}", case.tenant),
        key: key.to_string(),
        decision_id: decision_id.to_string(),
    }
}

/// Builds the payload for one domain event. Returns `None` if claim-intake does not receive it.
fn payload(case: &ReviewCase, event: &CaseEvent) -> Option<Payload> {
    let (claim, review_case_id) = (case.snapshot.claim.to_string(), case.id.to_string());
    let due_time = case.clocks.earliest_due(case.phase()).map(to_wire_time);
    Some(match event.clone() {
        CaseEvent::Awarded { decision_id, won_lines, successor_lines, lost_lines, kept_lines, comment }
            if !(won_lines.is_empty() && lost_lines.is_empty() && kept_lines.is_empty()) =>
        {
            Payload::LinesAwarded(proto::LinesAwarded {
                claim,
                review_case_id,
                decision_id: decision_id.to_string(),
                won_line_ids: strings(&won_lines),
                lost_line_ids: strings(&lost_lines),
                comment,
                succeeding_line_ids: strings(&successor_lines),
                kept_line_ids: strings(&kept_lines),
            })
        }
        CaseEvent::ApprovalBegun { decision_id } => {
            let decision_id = decision_id.to_string();
            Payload::ApprovalBegun(proto::ApprovalBegun { claim, review_case_id, decision_id })
        }
        CaseEvent::Reminded { clock } => {
            Payload::ReviewReminded(proto::ReviewReminded { claim, review_case_id, clock: ReviewClock::from(clock).to_number() })
        }
        CaseEvent::Opened | CaseEvent::Resubmitted => {
            Payload::ReviewOpened(proto::ReviewOpened { claim, review_case_id, due_time })
        }
        CaseEvent::Edited
        | CaseEvent::PersonalDataErased { .. }
        | CaseEvent::Closed { .. }
        | CaseEvent::NoticeBounced { .. }
        | CaseEvent::LinesEnded { .. }
        | CaseEvent::LinesReinstated { .. }
        | CaseEvent::RivalsChecked { .. }
        | CaseEvent::LegacyAssociationEnded
        | CaseEvent::StatementReported
        // The registry receives these.
        | CaseEvent::AwardReleased { .. }
        | CaseEvent::LegacyStatementRequested { .. }
        | CaseEvent::LegacyHoldersContested { .. }
        // The claim no longer has lines for the awarded workloads or subscriptions, so the award
        // changes nothing for claim-intake.
        | CaseEvent::Awarded { .. } => return None,
        CaseEvent::Assigned { reviewer } => Payload::ReviewAssigned(proto::ReviewAssigned {
            claim,
            review_case_id,
            reviewer: reviewer.unwrap_or_default(),
        }),
        CaseEvent::Started { reviewer } => {
            Payload::ReviewStarted(proto::ReviewStarted { claim, review_case_id, reviewer, due_time })
        }
        CaseEvent::PartnerActionRequested(PartnerAction { reasons, comment, remove_lines }) => {
            Payload::PartnerActionRequested(proto::PartnerActionRequested {
                claim,
                review_case_id,
                reasons: PartnerActionReason::to_numbers(&reasons),
                comment,
                remove_line_ids: strings(&remove_lines),
            })
        }
        CaseEvent::StatementRequested { comment } => {
            Payload::StatementRequested(proto::StatementRequested { claim, review_case_id, comment })
        }
        CaseEvent::CompetitionChanged { lines, awarded } => Payload::CompetitionChanged(proto::CompetitionChanged {
            claim,
            review_case_id,
            contested_line_ids: strings(&lines),
            due_time,
            awarded_line_ids: strings(&awarded),
        }),
        CaseEvent::Approved(approval) => {
            let (decision_id, comment) = (approval.decision_id.to_string(), approval.comment);
            Payload::ReviewApproved(proto::ReviewApproved { claim, review_case_id, decision_id, comment })
        }
        CaseEvent::ApprovalRefused { decision_id, refusals } => {
            let (decision_id, refusals) = (decision_id.to_string(), refusals.into_iter().map(line_refusal).collect());
            Payload::ApprovalRefused(proto::ApprovalRefused { claim, review_case_id, decision_id, refusals, due_time })
        }
        CaseEvent::Rejected(rejection) => {
            let further_reasons = FurtherRejectionReason::to_numbers(&rejection.further_reasons);
            let (primary_reason, comment) = (rejection.primary_reason.to_number(), rejection.comment);
            Payload::ReviewRejected(proto::ReviewRejected {
                claim,
                review_case_id,
                primary_reason,
                further_reasons,
                comment,
            })
        }
        CaseEvent::ContactConfirmed { email } => {
            let email = email.into_exposed();
            Payload::CustomerContactConfirmed(proto::CustomerContactConfirmed { claim, review_case_id, email })
        }
        CaseEvent::NoteCreated(note) => Payload::ReviewNoted(proto::ReviewNoted { claim, review_case_id, text: note.text }),
        CaseEvent::Overdue { clock } => {
            Payload::ReviewOverdue(proto::ReviewOverdue { claim, review_case_id, clock: ReviewClock::from(clock).to_number() })
        }
    })
}

fn strings<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn line_refusal(LineRefusal { line_id, reason, description: _ }: LineRefusal) -> proto::LineRefusal {
    proto::LineRefusal { line_id: line_id.map(|line| line.to_string()).unwrap_or_default(), reason }
}
