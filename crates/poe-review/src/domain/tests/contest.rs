//! Competition (R37): who competes, and what follows.
use super::*;

fn now() -> Timestamp {
    at("2026-03-04T15:00:00Z")
}

/// Northwind's case for the same line.
fn other() -> ReviewCase {
    let claim = "partners/northwind/claims/0192f0c1-0000-7000-8000-000000000002".parse().unwrap();
    let snapshot = Snapshot { claim, ..snapshot() };
    opened(Opening { id: CaseId(Uuid::from_u128(8)), snapshot, ..opening() })
}

fn line() -> LineId {
    snapshot().lines[0].id
}

#[test]
fn r37_live_cases_of_different_companies_compete_for_a_key_in_common() {
    assert_eq!(waiting().rivals_among([&other()]), rivals());
    let same_company = ReviewCase { snapshot: snapshot(), ..other() };
    assert_eq!(waiting().rivals_among([&same_company]), Rivals::new());
    let mut elsewhere = other();
    elsewhere.snapshot.lines[0].key = key("intune");
    assert_eq!(waiting().rivals_among([&elsewhere]), Rivals::new());
    let mut recognition = other();
    recognition.snapshot.activities = vec![Activity::RevenueAssociation];
    assert_eq!(waiting().rivals_among([&recognition]), Rivals::new(), "R34");
}

#[test]
fn r37_an_approved_case_competes_with_open_ones_until_its_lines_are_over() {
    let approved = in_phase(Phase::Approved);
    assert_eq!(other().rivals_among([&approved]).len(), 1);
    let both_approved = ReviewCase { state: approved.state.clone(), ..other() };
    assert_eq!(both_approved.rivals_among([&approved]), Rivals::new());
    let ended = approved.lines_ended(&[line()], now(), &calendar()).unwrap();
    assert_eq!(ended.events, [CaseEvent::LinesEnded { lines: vec![line()] }]);
    assert_eq!(ended.next.close_time, approved.close_time);
    assert_eq!(other().rivals_among([&ended.next]), Rivals::new());
    assert_eq!(ended.next.lines_ended(&[line()], now(), &calendar()), None);
}

#[test]
fn r37_each_side_is_told_when_it_begins_and_when_it_is_over() {
    let begun = waiting().competing(rivals(), now(), &calendar()).unwrap();
    assert_eq!(begun.events, [CaseEvent::CompetitionChanged { lines: vec![line()] }]);
    assert_eq!(begun.next.competing(rivals(), now(), &calendar()), None, "nothing is new");
    let over = begun.next.competing(Rivals::new(), now(), &calendar()).unwrap();
    assert_eq!(over.events, [CaseEvent::CompetitionChanged { lines: Vec::new() }]);
}

#[test]
fn r37_a_line_that_goes_takes_its_contest_along() {
    let two = waiting().edited(with_two_lines(), now(), &calendar()).unwrap().next;
    let mut without = with_two_lines();
    without.lines.remove(0);
    let edited = contested(&two).edited(without, now(), &calendar()).unwrap();
    assert_eq!(edited.events, [CaseEvent::Edited, CaseEvent::CompetitionChanged { lines: Vec::new() }]);
    assert!(!edited.next.clocks.running().is_empty(), "and its clocks run on");
}

#[test]
fn r58_a_line_that_is_held_from_before_claims_is_contested_from_the_start() {
    let mut opening = opening();
    opening.snapshot.lines[0].held_by_legacy = true;
    let opened = ReviewCase::open(opening, at(SUBMITTED), &calendar());
    assert_eq!(opened.events, [CaseEvent::Opened, CaseEvent::CompetitionChanged { lines: vec![line()] }]);
    assert!(opened.next.clocks.running().is_empty());
}

#[test]
fn r37_a_case_that_is_over_is_told_nothing_more() {
    for phase in [Phase::Rejected, Phase::Closed] {
        let next = contested(&in_phase(phase));
        assert_eq!(next.contested_lines(), [], "{phase:?}");
    }
}
