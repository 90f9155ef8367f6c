//! The approval of a case and the answers of the registry (R23, R36).
use super::*;

fn now() -> Timestamp {
    parse_time("2026-03-04T15:00:00Z")
}

#[test]
fn r23_an_approval_waits_for_the_registry() {
    let begun = case_in_phase(Phase::UnderReview).approve(&amy(), approval(5), now(), &calendar()).unwrap().unwrap();
    assert_eq!(begun.next.pending_approval(), Some(&approval(5)));
    assert_eq!(begun.events, [CaseEvent::ApprovalBegun { decision_id: approval(5).decision_id }]);
    assert!(begun.next.clocks.running_deadlines().is_empty(), "review clocks stop while lines are being held");
}

#[test]
fn r23_approving_again_keeps_the_pending_approval() {
    let approving = case_in_phase(Phase::Approving);
    let other = Approval { comment: "another comment".into(), ..approval(2) };
    assert_eq!(approving.approve(&lead(), other, now(), &calendar()), Ok(None));
}

#[test]
fn r23_held_lines_approve_the_case() {
    let held = case_in_phase(Phase::Approving).complete_approval(approval(1).decision_id, now(), &calendar()).unwrap();
    assert_eq!((held.next.phase(), held.next.close_time), (Phase::Approved, Some(now())));
    assert_eq!(held.events, [CaseEvent::Approved(approval(1))]);
}

#[test]
fn r36_a_refused_hold_returns_the_case_to_review() {
    let case = case_in_phase(Phase::Approving);
    let refused = case.cancel_approval(approval(1).decision_id, vec![refused_line()], now(), &calendar()).unwrap();
    assert_eq!((refused.next.phase(), refused.next.close_time), (Phase::UnderReview, None));
    assert_eq!(refused.next.approval_refusals, [refused_line()]);
    let refusals = vec![refused_line()];
    assert_eq!(refused.events, [CaseEvent::ApprovalRefused { decision_id: approval(1).decision_id, refusals }]);
}

#[test]
fn r36_the_next_approval_clears_the_last_refusal() {
    let case = case_in_phase(Phase::Approving);
    let reopened =
        case.cancel_approval(approval(1).decision_id, vec![refused_line()], now(), &calendar()).unwrap().next;
    assert!(next_case(reopened.approve(&amy(), approval(2), now(), &calendar())).approval_refusals.is_empty());
}

#[test]
fn r36_an_answer_to_another_decision_changes_nothing() {
    let stale = approval(9).decision_id;
    assert_eq!(case_in_phase(Phase::Approving).complete_approval(stale, now(), &calendar()), None);
    assert_eq!(case_in_phase(Phase::Approving).cancel_approval(stale, vec![refused_line()], now(), &calendar()), None);
}

#[test]
fn r25_a_case_closed_while_approving_stays_closed() {
    let closed =
        case_in_phase(Phase::Approving).close(PrimaryRejectionReason::PartnerRequest, now(), &calendar()).unwrap().next;
    assert_eq!(closed.complete_approval(approval(1).decision_id, now(), &calendar()), None);
    assert_eq!(closed.cancel_approval(approval(1).decision_id, vec![refused_line()], now(), &calendar()), None);
}
