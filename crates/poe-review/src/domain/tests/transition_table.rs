//! Tests every combination of phase, command and person against expectations written by hand.
use super::*;
use CommandKind::{
    Approve, Assign, ConfirmContact, Reject, Release, RequestPartnerAction, RequestStatement, Start, Take,
};

/// The commands that the assigned reviewer, a lead and another reviewer may give, in this order.
fn expected(case: &ReviewCase) -> [&'static [CommandKind]; 3] {
    match (case.phase(), case.reviewer().is_some()) {
        (Phase::Waiting, true) => [&[Release, Start, ConfirmContact], &[Assign, Release, Start, ConfirmContact], &[]],
        (Phase::Waiting, false) => [&[], &[Assign, Take, Start, ConfirmContact], &[Take]],
        (Phase::UnderReview, _) => {
            let all: &[CommandKind] = &[RequestPartnerAction, Approve, Reject, ConfirmContact];
            [all, all, &[]]
        }
        (Phase::Approving, _) => [&[Approve], &[Approve], &[]],
        // R37a: the partner of a contested case can be asked for a statement.
        (Phase::Approved, _) if case.is_contested() => {
            let own: &[CommandKind] = &[RequestStatement, ConfirmContact];
            [own, own, &[RequestStatement]]
        }
        (Phase::PartnerActionRequired | Phase::Approved, _) => [&[ConfirmContact], &[ConfirmContact], &[]],
        (Phase::Rejected | Phase::Closed, _) => [&[], &[], &[]],
    }
}

fn refusal(case: &ReviewCase, command: CommandKind, standing: CaseRole) -> Refusal {
    let is_allowed_for_some = expected(case).iter().any(|allowed| allowed.contains(&command));
    match (case.phase(), command, is_allowed_for_some) {
        (
            Phase::Waiting | Phase::UnderReview | Phase::PartnerActionRequired | Phase::Approved,
            RequestStatement,
            false,
        ) => Refusal::StatementNotPossible,
        (Phase::Waiting, Take, _) => Refusal::AlreadyAssigned,
        (Phase::Waiting, Release, false) if standing == CaseRole::OtherReviewer => Refusal::NotCaseReviewer,
        (_, _, true) => Refusal::NotCaseReviewer,
        (phase, _, false) => Refusal::CommandNotAllowed { phase, command, allowed: case.allowed_commands(standing) },
    }
}

fn cases() -> Vec<ReviewCase> {
    let uncontested: Vec<_> = Phase::ALL.into_iter().map(case_in_phase).chain([waiting_case()]).collect();
    let contested: Vec<_> = uncontested.iter().map(with_rivals).collect();
    let disputed = open_case(NewCase { kind: dispute_kind(), ..new_case() });
    uncontested.into_iter().chain(contested).chain([disputed]).collect()
}

#[test]
fn r15_only_commands_with_a_row_are_allowed() {
    let now = parse_time("2026-03-03T15:00:00Z");
    for case in cases() {
        for (by, allowed) in [amy(), lead(), person("bob")].iter().zip(expected(&case)) {
            let standing = case.role_of(by);
            // In an unassigned case, every reviewer is another reviewer.
            let allowed = if standing == CaseRole::OtherReviewer { expected(&case)[2] } else { allowed };
            for command in CommandKind::ALL {
                let (phase, answer) = (case.phase(), execute(&case, command, by, now));
                match answer {
                    Ok(_) => assert!(allowed.contains(&command), "{by:?} could {command:?} in {phase:?}"),
                    Err(answer) => {
                        assert!(!allowed.contains(&command), "{by:?} could not {command:?} in {phase:?}: {answer:?}");
                        assert_eq!(answer, refusal(&case, command, standing), "{by:?} {command:?} in {phase:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn allowed_commands_are_those_that_succeed() {
    for case in cases() {
        for by in [amy(), lead(), person("bob")] {
            let standing = case.role_of(&by);
            let done =
                |command: &CommandKind| execute(&case, *command, &by, parse_time("2026-03-03T15:00:00Z")).is_ok();
            let done: Vec<CommandKind> = CommandKind::ALL.into_iter().filter(done).collect();
            assert_eq!(case.allowed_commands(standing), done, "{by:?} in {:?}", case.phase());
        }
    }
}

#[test]
fn every_row_leads_to_its_phase() {
    for row in TRANSITION_TABLE {
        let case = if row.guard == AssigneeGuard::Unassigned { waiting_case() } else { case_in_phase(row.from) };
        let mut case = if row.command == RequestStatement { with_rivals(&case) } else { case };
        // R58a: while the case is open, the holder of a legacy association is asked.
        let is_contested_by_legacy_holder = row.command == RequestStatement && case.phase().is_open();
        case.snapshot.lines[0].legacy_holder = is_contested_by_legacy_holder.then(|| legacy_holder("teams"));
        let next = execute(&case, row.command, &lead(), parse_time("2026-03-03T15:00:00Z"))
            .unwrap()
            .map_or(case, |transition| transition.next);
        assert_eq!(next.phase(), row.to, "{row:?}");
    }
}
