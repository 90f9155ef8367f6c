//! The rules, one by one, and their arithmetic under random sequences.
mod approving;
mod clocks;
mod contest;
mod rules;
mod sequences;
mod table;

use super::*;
use cpor_types::{
    Activity, Actor, ActorSide, AssociationKey, Calendar, Calendars, CaseId, DecisionId, FurtherRejection, Length,
    LineId, PartnerActionReason, PolicyProfiles, PrimaryRejection, ReviewLengths, SolutionArea, TenantId, Timestamp,
};
use std::{collections::BTreeSet, sync::LazyLock};
use uuid::Uuid;

pub(crate) fn calendar() -> Calendar {
    static CALENDAR: LazyLock<Calendar> =
        LazyLock::new(|| Calendars::shipped().unwrap().get("vendor-us").unwrap().clone());
    CALENDAR.clone()
}

pub(crate) fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

pub(crate) fn person(subject: &str) -> Reviewer {
    Reviewer { subject: subject.into(), lead: false }
}

pub(crate) fn amy() -> Reviewer {
    person("amy")
}

pub(crate) fn lead() -> Reviewer {
    Reviewer { subject: "lea".into(), lead: true }
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        claim: "partners/contoso/claims/0192f0c1-0000-7000-8000-000000000001".parse().unwrap(),
        version: 1,
        partner_display_name: "Contoso".into(),
        mpn_id: "1234567".parse().unwrap(),
        customer_display_name: "Fabrikam".into(),
        customer_domain: "fabrikam.example".into(),
        claim_display_name: "Fabrikam Teams".into(),
        solution_area: SolutionArea::Microsoft365,
        activities: vec![Activity::Usage],
        lines: vec![Line {
            id: LineId(Uuid::from_u128(11)),
            product: "teams".parse().unwrap(),
            product_display_name: "Teams".into(),
            key: AssociationKey::Workload("teams".parse().unwrap()),
            held_by_legacy: false,
        }],
        policy: "2021@1".parse().unwrap(),
        submit_time: at(SUBMITTED),
        evidence: Vec::new(),
    }
}

/// The same claim with a second line.
pub(crate) fn with_two_lines() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.lines.push(Line { id: LineId(Uuid::from_u128(12)), key: key("intune"), ..snapshot.lines[0].clone() });
    snapshot
}

pub(crate) fn key(workload: &str) -> AssociationKey {
    AssociationKey::Workload(workload.parse().unwrap())
}

/// A Monday morning in the vendor's zone (UTC-5 then): no holiday in the two weeks after.
pub(crate) const SUBMITTED: &str = "2026-03-02T15:00:00Z";

pub(crate) fn waiting() -> ReviewCase {
    opened(opening())
}

pub(crate) fn opened(opening: Opening) -> ReviewCase {
    ReviewCase::open(opening, at(SUBMITTED), &calendar()).next
}

pub(crate) fn opening() -> Opening {
    Opening {
        id: CaseId(Uuid::from_u128(7)),
        tenant: TenantId(Uuid::from_u128(3)),
        kind: CaseKind::Submission,
        snapshot: snapshot(),
        lengths: lengths("2021@1"),
        remind_before: Length::BusinessDays(1),
    }
}

pub(crate) fn lengths(profile: &str) -> ReviewLengths {
    PolicyProfiles::shipped().unwrap().get(&profile.parse().unwrap()).unwrap().review
}

pub(crate) fn dispute() -> CaseKind {
    CaseKind::Dispute(Dispute {
        previous: CaseId(Uuid::from_u128(6)),
        number: 1,
        justification: "It is all there.".into(),
        customer_declined: false,
    })
}

/// The case of amy's that competes with another for its line.
pub(crate) fn contested(case: &ReviewCase) -> ReviewCase {
    case.competing(rivals(), at("2026-03-03T15:00:00Z"), &calendar()).unwrap().next
}

pub(crate) fn rivals() -> Rivals {
    Rivals::from([(CaseId(Uuid::from_u128(8)), BTreeSet::from([key("teams")]))])
}

/// The case after a command that must be let through and change something.
pub(crate) fn done(decision: Decision) -> ReviewCase {
    decision.unwrap().unwrap().next
}

pub(crate) fn approval(decision: u128) -> Approval {
    Approval {
        decision_id: DecisionId(Uuid::from_u128(decision)),
        comment: "fine".into(),
        by: Actor::new(ActorSide::Reviewer, "amy"),
    }
}

pub(crate) fn action() -> PartnerAction {
    PartnerAction {
        reasons: vec![PartnerActionReason::DatesMissingOrOld],
        comment: "Which year?".into(),
        remove_lines: Vec::new(),
    }
}

pub(crate) fn rejection() -> Rejection {
    Rejection {
        primary_reason: PrimaryRejection::InsufficientPoe,
        further_reasons: vec![FurtherRejection::ProductsMissing],
        comment: "No proof of Teams.".into(),
    }
}

pub(crate) fn refused_line() -> LineRefusal {
    LineRefusal {
        line_id: Some(LineId(Uuid::from_u128(11))),
        reason: "KEY_HELD".into(),
        description: "held by another partner".into(),
    }
}

fn give(case: &ReviewCase, command: CommandKind, by: &Reviewer, now: Timestamp) -> Decision {
    let calendar = calendar();
    match command {
        CommandKind::Assign => case.assign(by, "zoe", now),
        CommandKind::Take => case.take(by, now),
        CommandKind::Release => case.release(by, now),
        CommandKind::Start => case.start(by, now, &calendar),
        CommandKind::RequestPartnerAction => case.request_partner_action(by, action(), now, &calendar),
        CommandKind::Approve => case.approve(by, approval(1), now, &calendar),
        CommandKind::Reject => case.reject(by, rejection(), now, &calendar),
    }
}

/// A case of amy's in each state, all reached by commands and facts.
fn in_phase(phase: Phase) -> ReviewCase {
    let (now, calendar) = (at("2026-03-03T15:00:00Z"), calendar());
    let taken = || done(waiting().take(&amy(), now));
    let started = || done(taken().start(&amy(), now, &calendar));
    let approving = || done(started().approve(&amy(), approval(1), now, &calendar));
    match phase {
        Phase::Waiting => taken(),
        Phase::UnderReview => started(),
        Phase::PartnerActionRequired => done(started().request_partner_action(&amy(), action(), now, &calendar)),
        Phase::Approving => approving(),
        Phase::Approved => approving().held(approval(1).decision_id, now, &calendar).unwrap().next,
        Phase::Rejected => done(started().reject(&amy(), rejection(), now, &calendar)),
        Phase::Closed => taken().closed(PrimaryRejection::PartnerRequest, now, &calendar).unwrap().next,
    }
}
