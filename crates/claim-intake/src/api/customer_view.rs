//! What a customer sees of the claims on its tenant (R5): partner, lines, activities, state and
//! deadlines, but no proof of execution, comments or notes, and nothing that depends on competing
//! claims. A *line* is the part of a claim that is about one workload or subscription.
use crate::domain::{EventKind, FactKind};
use cpor_history::SealedEntry;
use cpor_proto::claims::v1 as wire;

/// The facts (events of other services, and passed deadlines) that change what a customer sees
/// without changing the state of the claim.
const SHOWN_FACTS: [FactKind; 8] = [
    FactKind::LinesAwarded,
    FactKind::ConsentWindowOpened,
    FactKind::ConsentWindowStopped,
    FactKind::ConsentWindowPassed,
    FactKind::CustomerApproved,
    FactKind::CustomerDeclined,
    FactKind::AssociationOfficial,
    FactKind::AssociationEnded,
];

/// Returns the claim with only those fields that a customer may see.
pub(super) fn restrict(claim: wire::Claim) -> wire::Claim {
    let line = |line: wire::ClaimLine| wire::ClaimLine { assessments: Vec::new(), contested: false, ..line };
    wire::Claim {
        name: claim.name,
        display_name: claim.display_name,
        customer_domain: claim.customer_domain,
        tenant_id: claim.tenant_id,
        solution_area: claim.solution_area,
        activities: claim.activities,
        program: claim.program,
        lines: claim.lines.into_iter().map(line).collect(),
        state: claim.state,
        association_state: claim.association_state,
        consent_due_time: claim.consent_due_time,
        official_time: claim.official_time,
        submit_time: claim.submit_time,
        explicit_approval_needed: claim.explicit_approval_needed,
        consent: claim.consent,
        ..wire::Claim::default()
    }
}

/// Returns whether a history entry changed something that a customer sees. The entry itself is not
/// shown, because it may reveal a competing claim or a reviewer.
pub(super) fn shows_change(entry: &SealedEntry) -> bool {
    let Ok((_, facts)) = &entry.facts.opened else { return false };
    let changes_state = facts.from != Some(facts.to);
    let is_shown =
        facts.action == EventKind::Updated.action() || SHOWN_FACTS.iter().any(|fact| facts.action == fact.as_str());
    !facts.overtaken && (changes_state || is_shown)
}
