//! Tests of commands and incoming events, by rule.
use super::*;

fn now() -> Timestamp {
    parse_time("2026-03-04T15:00:00Z")
}

#[test]
fn r19_a_case_is_taken_released_and_assigned() {
    let taken = next_case(waiting_case().take(&amy(), now()));
    assert_eq!(taken.reviewer(), Some("amy"));
    let released = next_case(taken.release(&amy(), now()));
    assert_eq!(released.reviewer(), None);
    let assigned = taken.assign(&lead(), "zoe", now()).unwrap().unwrap();
    assert_eq!(assigned.next.reviewer(), Some("zoe"));
    assert_eq!(assigned.events, [CaseEvent::Assigned { reviewer: Some("zoe".into()) }]);
}

#[test]
fn r19_assigning_to_the_same_reviewer_changes_nothing() {
    let taken = next_case(waiting_case().take(&amy(), now()));
    assert_eq!(taken.assign(&lead(), "amy", now()), Ok(None));
}

#[test]
fn r19_a_lead_who_starts_becomes_the_reviewer() {
    let started = waiting_case().start(&lead(), now(), &calendar()).unwrap().unwrap();
    assert_eq!(started.next.reviewer(), Some("lea"));
    assert_eq!(started.events, [CaseEvent::Started { reviewer: "lea".into() }]);
}

#[test]
fn r19_a_lead_who_starts_keeps_the_assigned_reviewer() {
    let started = next_case(case_in_phase(Phase::Waiting).start(&lead(), now(), &calendar()));
    assert_eq!(started.reviewer(), Some("amy"));
}

#[test]
fn r20_a_request_needs_a_reason_and_a_comment() {
    let case = case_in_phase(Phase::UnderReview);
    let ask = |action| case.request_partner_action(&amy(), action, now(), &calendar());
    assert_eq!(ask(PartnerAction { reasons: Vec::new(), ..partner_action() }), Err(Refusal::ReasonMissing));
    assert_eq!(ask(PartnerAction { comment: " \n".into(), ..partner_action() }), Err(Refusal::CommentMissing));
    assert_eq!(ask(partner_action()).unwrap().unwrap().events, [CaseEvent::PartnerActionRequested(partner_action())]);
}

#[test]
fn r30_some_but_not_all_lines_may_be_removed() {
    let case = case_in_phase(Phase::UnderReview).apply_edit(with_two_lines(), now(), &calendar()).unwrap().next;
    let ask = |lines: &[u128]| {
        let remove_lines = lines.iter().map(|line| LineId(Uuid::from_u128(*line))).collect();
        case.request_partner_action(&amy(), PartnerAction { remove_lines, ..partner_action() }, now(), &calendar())
    };
    assert!(ask(&[12]).is_ok());
    assert_eq!(ask(&[12, 13]), Err(Refusal::LinesUnknown(vec![LineId(Uuid::from_u128(13))])));
    assert_eq!(ask(&[11, 12]), Err(Refusal::NoLineLeft));
}

#[test]
fn r29_an_open_case_shows_the_edited_claim() {
    for phase in Phase::ALL {
        let edited = case_in_phase(phase).apply_edit(with_two_lines(), now(), &calendar());
        assert_eq!(edited.is_some(), phase.is_open(), "{phase:?}");
        if let Some(edited) = edited {
            assert_eq!((edited.next.phase(), edited.next.snapshot.lines.len()), (phase, 2));
            assert_eq!(edited.next.apply_edit(with_two_lines(), now(), &calendar()), None, "nothing is new");
        }
    }
}

#[test]
fn r28_a_dispute_opens_an_unassigned_case() {
    let case = open_case(NewCase { kind: dispute_kind(), ..new_case() });
    assert_eq!((case.phase(), case.reviewer(), case.round), (Phase::Waiting, None, 1));
    assert!(matches!(case.approve(&lead(), approval(1), now(), &calendar()), Err(Refusal::CommandNotAllowed { .. })));
}

#[test]
fn r55_a_note_needs_a_text_in_every_state() {
    let note = |text: &str| Note { id: Uuid::from_u128(1), author: "bob".into(), text: text.into(), time: now() };
    for phase in Phase::ALL {
        let noted = case_in_phase(phase).add_note(note("Compare with last year's."), now()).unwrap().unwrap();
        assert_eq!(noted.events, [CaseEvent::NoteCreated(note("Compare with last year's."))]);
        assert_eq!(
            ReviewCase { update_time: now(), ..case_in_phase(phase) },
            noted.next,
            "a note changes nothing else"
        );
    }
    assert_eq!(waiting_case().add_note(note(" \n"), now()), Err(Refusal::NoteEmpty));
}

#[test]
fn r21_a_resubmission_begins_the_next_round() {
    let answer = Snapshot { version: 9, claim_display_name: "Fabrikam Teams, again".into(), ..snapshot() };
    let next = case_in_phase(Phase::PartnerActionRequired)
        .apply_resubmission(answer.clone(), now(), &calendar())
        .unwrap()
        .next;
    assert_eq!((next.phase(), next.reviewer(), next.round), (Phase::Waiting, Some("amy"), 2));
    assert_eq!(next.snapshot, answer);
}

#[test]
fn r21_an_unexpected_resubmission_changes_nothing() {
    for phase in Phase::ALL.into_iter().filter(|phase| *phase != Phase::PartnerActionRequired) {
        assert_eq!(case_in_phase(phase).apply_resubmission(snapshot(), now(), &calendar()), None, "{phase:?}");
    }
}

#[test]
fn r24_a_rejection_needs_a_comment() {
    let without_comment = Rejection { comment: String::new(), ..rejection() };
    let answer = case_in_phase(Phase::UnderReview).reject(&amy(), without_comment, now(), &calendar());
    assert_eq!(answer, Err(Refusal::CommentMissing));
}

#[test]
fn r24_a_rejection_closes_the_case() {
    let rejected = next_case(case_in_phase(Phase::UnderReview).reject(&amy(), rejection(), now(), &calendar()));
    assert_eq!((rejected.phase(), rejected.close_time), (Phase::Rejected, Some(now())));
}

#[test]
fn r31_only_insufficient_poe_is_open_to_reviewers() {
    for primary_reason in PrimaryRejectionReason::ALL.iter().copied() {
        let answer = case_in_phase(Phase::UnderReview).reject(
            &amy(),
            Rejection { primary_reason, ..rejection() },
            now(),
            &calendar(),
        );
        assert_eq!(answer.is_ok(), primary_reason == PrimaryRejectionReason::InsufficientPoe, "{primary_reason:?}");
    }
}

#[test]
fn r45_a_closed_claim_closes_an_open_case() {
    for phase in Phase::ALL {
        let primary_reason = PrimaryRejectionReason::CustomerDeclined;
        let closed = case_in_phase(phase).close(primary_reason, now(), &calendar());
        assert_eq!(closed.is_some(), phase.is_open() || phase == Phase::Approved, "{phase:?}");
        if let Some(closed) = closed.filter(|_| phase.is_open()) {
            assert_eq!((closed.next.phase(), closed.next.close_time), (Phase::Closed, Some(now())));
            assert_eq!(closed.events, [CaseEvent::Closed { primary_reason }]);
        }
    }
}
