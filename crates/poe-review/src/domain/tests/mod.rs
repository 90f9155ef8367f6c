//! Tests of the domain: the rules one by one, and the clocks under random sequences of commands.
mod approval;
mod clock_proptest;
mod clocks;
mod competition;
mod rules;
mod transition_table;

use super::*;
use cpor_types::{
    Activity, Actor, ActorSide, AssociationKey, Calendar, Calendars, CaseId, DecisionId, FurtherRejectionReason,
    LegacyHolderId, Length, LineId, PartnerActionReason, PolicyProfiles, PrimaryRejectionReason, ReviewLengths,
    SolutionArea, TenantId, Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use uuid::Uuid;

pub(crate) fn calendar() -> Calendar {
    static CALENDAR: LazyLock<Calendar> =
        LazyLock::new(|| Calendars::shipped().unwrap().get("vendor-us").unwrap().clone());
    CALENDAR.clone()
}

pub(crate) fn parse_time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn person(subject: &str) -> Reviewer {
    Reviewer { subject: subject.into(), is_lead: false }
}

pub(crate) fn amy() -> Reviewer {
    person("amy")
}

pub(crate) fn lead() -> Reviewer {
    Reviewer { subject: "lea".into(), is_lead: true }
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
            legacy_holder: None,
        }],
        policy: "2021@1".parse().unwrap(),
        submit_time: parse_time(SUBMITTED),
        evidence: Vec::new(),
        customer_contact: CustomerContact::default(),
    }
}

/// The claim of [`snapshot`] with a second line.
pub(crate) fn with_two_lines() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.lines.push(Line { id: LineId(Uuid::from_u128(12)), key: key("intune"), ..snapshot.lines[0].clone() });
    snapshot
}

pub(crate) fn key(workload: &str) -> AssociationKey {
    AssociationKey::Workload(workload.parse().unwrap())
}

/// The holder of a legacy association.
pub(crate) fn legacy_holder(name: &str) -> LegacyHolderId {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).into()
}

/// The time of the submission: a Monday morning in the vendor's zone (UTC-5), without a holiday in
/// the following two weeks.
pub(crate) const SUBMITTED: &str = "2026-03-02T15:00:00Z";

pub(crate) fn waiting_case() -> ReviewCase {
    open_case(new_case())
}

pub(crate) fn open_case(new_case: NewCase) -> ReviewCase {
    ReviewCase::open(new_case, parse_time(SUBMITTED), &calendar()).next
}

pub(crate) fn new_case() -> NewCase {
    NewCase {
        id: CaseId(Uuid::from_u128(7)),
        tenant: TenantId(Uuid::from_u128(3)),
        kind: CaseKind::Submission,
        snapshot: snapshot(),
        clock_lengths: clock_lengths("2021@1"),
        remind_before: Length::BusinessDays(1),
        competition_terms: CompetitionTerms::default(),
    }
}

pub(crate) fn clock_lengths(profile: &str) -> ReviewLengths {
    PolicyProfiles::shipped().unwrap().get(&profile.parse().unwrap()).unwrap().review
}

pub(crate) fn dispute_kind() -> CaseKind {
    CaseKind::Dispute(Dispute {
        previous: CaseId(Uuid::from_u128(6)),
        number: 1,
        justification: "It is all there.".into(),
        customer_declined: false,
    })
}

/// Returns the case with a rival that competes for its line.
pub(crate) fn with_rivals(case: &ReviewCase) -> ReviewCase {
    case.update_rivals(checked(rivals()), 1, parse_time("2026-03-03T15:00:00Z"), &calendar()).unwrap().next
}

/// Returns the result of a check that found these rivals, and no winners.
pub(crate) fn checked(rivals: Rivals) -> CheckedRivals {
    CheckedRivals { rivals, winners: Rivals::new() }
}

pub(crate) fn rivals() -> Rivals {
    Rivals::from([(CaseId(Uuid::from_u128(8)), BTreeSet::from([key("teams")]))])
}

/// Returns the case after a command that must be allowed and must change the case.
pub(crate) fn next_case(result: CommandResult) -> ReviewCase {
    result.unwrap().unwrap().next
}

pub(crate) fn approval(decision: u128) -> Approval {
    Approval {
        decision_id: DecisionId(Uuid::from_u128(decision)),
        comment: "fine".into(),
        actor: Actor::new(ActorSide::Reviewer, "amy"),
    }
}

pub(crate) fn partner_action() -> PartnerAction {
    PartnerAction {
        reasons: vec![PartnerActionReason::DatesMissingOrOld],
        comment: "Which year?".into(),
        remove_lines: Vec::new(),
    }
}

pub(crate) fn rejection() -> Rejection {
    Rejection {
        primary_reason: PrimaryRejectionReason::InsufficientPoe,
        further_reasons: vec![FurtherRejectionReason::ProductsMissing],
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

fn execute(case: &ReviewCase, command: CommandKind, person: &Reviewer, now: Timestamp) -> CommandResult {
    let calendar = calendar();
    match command {
        CommandKind::Assign => case.assign(person, "zoe", now),
        CommandKind::Take => case.take(person, now),
        CommandKind::Release => case.release(person, now),
        CommandKind::Start => case.start(person, now, &calendar),
        CommandKind::RequestPartnerAction => case.request_partner_action(person, partner_action(), now, &calendar),
        CommandKind::Approve => case.approve(person, approval(1), now, &calendar),
        CommandKind::ConfirmContact => case.confirm_contact(person, now),
        CommandKind::Reject => case.reject(person, rejection(), now, &calendar),
        CommandKind::RequestStatement => case.request_statement(person, "Do you work there?", now),
    }
}

/// Returns a case of the reviewer amy in the given phase. It is reached by commands and events.
pub(crate) fn case_in_phase(phase: Phase) -> ReviewCase {
    let (now, calendar) = (parse_time("2026-03-03T15:00:00Z"), calendar());
    let taken = || next_case(waiting_case().take(&amy(), now));
    let started = || next_case(taken().start(&amy(), now, &calendar));
    let approving = || next_case(started().approve(&amy(), approval(1), now, &calendar));
    match phase {
        Phase::Waiting => taken(),
        Phase::UnderReview => started(),
        Phase::PartnerActionRequired => {
            next_case(started().request_partner_action(&amy(), partner_action(), now, &calendar))
        }
        Phase::Approving => approving(),
        Phase::Approved => approving().complete_approval(approval(1).decision_id, now, &calendar).unwrap().next,
        Phase::Rejected => next_case(started().reject(&amy(), rejection(), now, &calendar)),
        Phase::Closed => taken().close(PrimaryRejectionReason::PartnerRequest, now, &calendar).unwrap().next,
    }
}
