//! What claim-intake is told of what happened to a case, and when its first clock passes now (R60). Edited, ended, closed and
//! erased it knows: it told us. A note goes into the claim's history, where no other side sees it (R55, R56).
use crate::{
    domain::{CaseEvent, LineRefusal, PartnerAction, ReviewCase},
    wire::timestamp,
};
use cpor_durable::{Change, Outgoing, Recorded};
use cpor_proto::events::v1 as wire;
use cpor_types::Service;
use wire::event::Payload;

/// The events of one step, in order.
pub(crate) fn of(change: &Change<ReviewCase>) -> Vec<Outgoing> {
    let tell = |recorded: &Recorded<CaseEvent>| {
        Some(Outgoing::of(recorded, Service::ClaimIntake, payload(&change.after.state, &recorded.event)?))
    };
    change.events.iter().filter_map(tell).collect()
}

fn payload(case: &ReviewCase, event: &CaseEvent) -> Option<Payload> {
    let (claim, review_case_id) = (case.snapshot.claim.to_string(), case.id.to_string());
    let due_time = case.clocks.most_urgent(case.phase()).map(timestamp);
    Some(match event.clone() {
        CaseEvent::Awarded { decision_id, won, succeeding, lost, kept, comment }
            if !(won.is_empty() && lost.is_empty() && kept.is_empty()) =>
        {
            Payload::LinesAwarded(wire::LinesAwarded {
                claim,
                review_case_id,
                decision_id: decision_id.to_string(),
                won_line_ids: words(&won),
                lost_line_ids: words(&lost),
                comment,
                succeeding_line_ids: words(&succeeding),
                kept_line_ids: words(&kept),
            })
        }
        CaseEvent::ApprovalBegun { decision_id } => {
            let decision_id = decision_id.to_string();
            Payload::ApprovalBegun(wire::ApprovalBegun { claim, review_case_id, decision_id })
        }
        CaseEvent::Reminded { clock } => {
            Payload::ReviewReminded(wire::ReviewReminded { claim, review_case_id, clock: clock.as_str().to_owned() })
        }
        CaseEvent::Opened | CaseEvent::Resubmitted => {
            Payload::ReviewOpened(wire::ReviewOpened { claim, review_case_id, due_time })
        }
        CaseEvent::Edited
        | CaseEvent::PersonalDataErased { .. }
        | CaseEvent::Closed { .. }
        | CaseEvent::LinesEnded { .. }
        // What was contested is no line of the claim any more.
        | CaseEvent::Awarded { .. } => return None,
        CaseEvent::Assigned { reviewer } => Payload::ReviewAssigned(wire::ReviewAssigned {
            claim,
            review_case_id,
            reviewer: reviewer.unwrap_or_default(),
        }),
        CaseEvent::Started { reviewer } => {
            Payload::ReviewStarted(wire::ReviewStarted { claim, review_case_id, reviewer, due_time })
        }
        CaseEvent::PartnerActionRequested(PartnerAction { reasons, comment, remove_lines }) => {
            Payload::PartnerActionRequested(wire::PartnerActionRequested {
                claim,
                review_case_id,
                reasons: words(&reasons),
                comment,
                remove_line_ids: words(&remove_lines),
            })
        }
        CaseEvent::CompetitionChanged { lines } => Payload::CompetitionChanged(wire::CompetitionChanged {
            claim,
            review_case_id,
            contested_line_ids: words(&lines),
            due_time,
        }),
        CaseEvent::Approved(approval) => {
            let (decision_id, comment) = (approval.decision_id.to_string(), approval.comment);
            Payload::ReviewApproved(wire::ReviewApproved { claim, review_case_id, decision_id, comment })
        }
        CaseEvent::ApprovalRefused { decision_id, refusals } => {
            let (decision_id, refusals) = (decision_id.to_string(), refusals.into_iter().map(refusal).collect());
            Payload::ApprovalRefused(wire::ApprovalRefused { claim, review_case_id, decision_id, refusals, due_time })
        }
        CaseEvent::Rejected(rejection) => {
            let further_reasons = words(&rejection.further_reasons);
            let (primary_reason, comment) = (rejection.primary_reason.to_string(), rejection.comment);
            Payload::ReviewRejected(wire::ReviewRejected {
                claim,
                review_case_id,
                primary_reason,
                further_reasons,
                comment,
            })
        }
        CaseEvent::Noted(note) => Payload::ReviewNoted(wire::ReviewNoted { claim, review_case_id, text: note.text }),
        CaseEvent::Overdue { clock } => {
            Payload::ReviewOverdue(wire::ReviewOverdue { claim, review_case_id, clock: clock.as_str().to_owned() })
        }
    })
}

fn words<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn refusal(LineRefusal { line_id, reason, description: _ }: LineRefusal) -> wire::LineRefusal {
    wire::LineRefusal { line_id: line_id.map(|line| line.to_string()).unwrap_or_default(), reason }
}
