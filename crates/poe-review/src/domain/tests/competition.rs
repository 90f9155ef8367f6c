//! Tests of competition (R37): which cases compete, and what follows from it.
use super::*;

fn now() -> Timestamp {
    parse_time("2026-03-04T15:00:00Z")
}

/// Returns the case of another company, Northwind, for the same key.
fn rival_case() -> ReviewCase {
    let claim = "partners/northwind/claims/0192f0c1-0000-7000-8000-000000000002".parse().unwrap();
    let snapshot = Snapshot { claim, ..snapshot() };
    open_case(NewCase { id: CaseId(Uuid::from_u128(8)), snapshot, ..new_case() })
}

fn line() -> LineId {
    snapshot().lines[0].id
}

#[test]
fn r37_companies_compete_for_a_key_in_common() {
    assert_eq!(waiting_case().rivals_among([&rival_case()]), rivals());
    let same_company = ReviewCase { snapshot: snapshot(), ..rival_case() };
    assert_eq!(waiting_case().rivals_among([&same_company]), Rivals::new());
    let mut other_key = rival_case();
    other_key.snapshot.lines[0].key = key("intune");
    assert_eq!(waiting_case().rivals_among([&other_key]), Rivals::new());
    let mut recognition = rival_case();
    recognition.snapshot.activities = vec![Activity::RevenueAssociation];
    assert_eq!(waiting_case().rivals_among([&recognition]), Rivals::new(), "R34");
    recognition.competition_terms.revenue_association_exclusive = true;
    assert_eq!(waiting_case().rivals_among([&recognition]), rivals(), "R34: the profile makes it exclusive");
}

#[test]
fn r37_an_approved_case_competes_until_its_lines_end() {
    let approved = case_in_phase(Phase::Approved);
    assert_eq!(rival_case().rivals_among([&approved]).len(), 1);
    let both_approved = ReviewCase { state: approved.state.clone(), ..rival_case() };
    assert_eq!(both_approved.rivals_among([&approved]), Rivals::new());
    let ended = approved.end_lines(&[line()], now(), &calendar()).unwrap();
    assert_eq!(ended.events, [CaseEvent::LinesEnded { lines: vec![line()] }]);
    assert_eq!(ended.next.close_time, approved.close_time);
    assert_eq!(rival_case().rivals_among([&ended.next]), Rivals::new());
    assert_eq!(ended.next.end_lines(&[line()], now(), &calendar()), None);
}

#[test]
fn r37_events_report_begin_and_end_of_competition() {
    let competing = waiting_case().update_rivals(rivals(), 1, now(), &calendar()).unwrap();
    let checked = CaseEvent::RivalsChecked { requests: 1 };
    assert_eq!(competing.events, [checked.clone(), CaseEvent::CompetitionChanged { lines: vec![line()] }]);
    assert_eq!(competing.next.update_rivals(rivals(), 1, now(), &calendar()), None, "nothing is new");
    let ended = competing.next.update_rivals(Rivals::new(), 1, now(), &calendar()).unwrap();
    assert_eq!(ended.events, [checked, CaseEvent::CompetitionChanged { lines: Vec::new() }]);
}

#[test]
fn r37_removing_a_contested_line_ends_the_competition() {
    let two = waiting_case().apply_edit(with_two_lines(), now(), &calendar()).unwrap().next;
    let mut without = with_two_lines();
    without.lines.remove(0);
    let edited = with_rivals(&two).apply_edit(without, now(), &calendar()).unwrap();
    assert_eq!(edited.events, [CaseEvent::Edited, CaseEvent::CompetitionChanged { lines: Vec::new() }]);
    assert!(!edited.next.clocks.running_deadlines().is_empty(), "the clocks run again");
}

#[test]
fn r58_a_legacy_holder_contests_a_line_at_once() {
    let mut new_case = new_case();
    new_case.snapshot.lines[0].held_by_legacy = true;
    let opened = ReviewCase::open(new_case, parse_time(SUBMITTED), &calendar());
    let contested = CaseEvent::CompetitionChanged { lines: vec![line()] };
    let keys = BTreeSet::from([key("teams")]);
    assert_eq!(opened.events, [CaseEvent::Opened, contested, CaseEvent::LegacyHoldersContested { keys }]);
    assert!(opened.next.clocks.running_deadlines().is_empty());
}

#[test]
fn r37_a_closed_case_has_no_contested_lines() {
    for phase in [Phase::Rejected, Phase::Closed] {
        let next = with_rivals(&case_in_phase(phase));
        assert_eq!(next.contested_lines(), [], "{phase:?}");
    }
}
