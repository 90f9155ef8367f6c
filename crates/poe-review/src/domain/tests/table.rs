//! Every state × command × person, against expectations written out by hand.
use super::*;
use CommandKind::{Approve, Assign, Reject, Release, RequestPartnerAction, Start, Take};

/// What (own reviewer, lead, other reviewer) can do.
fn expected(case: &ReviewCase) -> [&'static [CommandKind]; 3] {
    match (case.phase(), case.reviewer().is_some()) {
        (Phase::Waiting, true) => [&[Release, Start], &[Assign, Release, Start], &[]],
        (Phase::Waiting, false) => [&[], &[Assign, Take, Start], &[Take]],
        (Phase::UnderReview, _) => {
            let all: &[CommandKind] = &[RequestPartnerAction, Approve, Reject];
            [all, all, &[]]
        }
        (Phase::Approving, _) => [&[Approve], &[Approve], &[]],
        (Phase::PartnerActionRequired | Phase::Approved | Phase::Rejected | Phase::Closed, _) => [&[], &[], &[]],
    }
}

fn refusal(case: &ReviewCase, command: CommandKind, standing: Standing) -> Refusal {
    let somebody_can = expected(case).iter().any(|allowed| allowed.contains(&command));
    match (case.phase(), command, somebody_can) {
        (Phase::Waiting, Take, _) => Refusal::AlreadyAssigned,
        (Phase::Waiting, Release, false) if standing == Standing::Other => Refusal::NotCaseReviewer,
        (_, _, true) => Refusal::NotCaseReviewer,
        (phase, _, false) => Refusal::CommandNotAllowed { phase, command, allowed: case.allowed_commands(standing) },
    }
}

fn cases() -> Vec<ReviewCase> {
    let alone: Vec<_> = Phase::ALL.into_iter().map(in_phase).chain([waiting()]).collect();
    let contested: Vec<_> = alone.iter().map(contested).collect();
    let disputed = opened(Opening { kind: dispute(), ..opening() });
    alone.into_iter().chain(contested).chain([disputed]).collect()
}

#[test]
fn r15_what_has_no_row_is_refused_and_what_has_one_is_done() {
    let now = at("2026-03-03T15:00:00Z");
    for case in cases() {
        for (by, allowed) in [amy(), lead(), person("bob")].iter().zip(expected(&case)) {
            let standing = case.standing(by);
            // Without a reviewer nobody's case is one's own.
            let allowed = if standing == Standing::Other { expected(&case)[2] } else { allowed };
            for command in CommandKind::ALL {
                let (phase, answer) = (case.phase(), give(&case, command, by, now));
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
fn allowed_commands_are_those_that_are_done() {
    for case in cases() {
        for by in [amy(), lead(), person("bob")] {
            let standing = case.standing(&by);
            let done = |command: &CommandKind| give(&case, *command, &by, at("2026-03-03T15:00:00Z")).is_ok();
            let done: Vec<CommandKind> = CommandKind::ALL.into_iter().filter(done).collect();
            assert_eq!(case.allowed_commands(standing), done, "{by:?} in {:?}", case.phase());
        }
    }
}

#[test]
fn every_row_leads_where_it_says() {
    for row in TABLE {
        let case = if row.needs == Needs::NoReviewer { waiting() } else { in_phase(row.from) };
        let next = give(&case, row.command, &lead(), at("2026-03-03T15:00:00Z"))
            .unwrap()
            .map_or(case, |transition| transition.next);
        assert_eq!(next.phase(), row.to, "{row:?}");
    }
}
