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
    let competing = waiting_case().update_rivals(checked(rivals()), 1, now(), &calendar()).unwrap();
    let event = CaseEvent::RivalsChecked { requested_count: 1 };
    assert_eq!(
        competing.events,
        [event.clone(), CaseEvent::CompetitionChanged { lines: vec![line()], awarded: Vec::new() }]
    );
    assert_eq!(competing.next.update_rivals(checked(rivals()), 1, now(), &calendar()), None, "nothing is new");
    let ended = competing.next.update_rivals(checked(Rivals::new()), 1, now(), &calendar()).unwrap();
    assert_eq!(ended.events, [event, CaseEvent::CompetitionChanged { lines: Vec::new(), awarded: Vec::new() }]);
}

#[test]
fn r37_removing_a_contested_line_ends_the_competition() {
    let two = waiting_case().apply_edit(with_two_lines(), now(), &calendar()).unwrap().next;
    let mut without = with_two_lines();
    without.lines.remove(0);
    let edited = with_rivals(&two).apply_edit(without, now(), &calendar()).unwrap();
    assert_eq!(
        edited.events,
        [CaseEvent::Edited, CaseEvent::CompetitionChanged { lines: Vec::new(), awarded: Vec::new() }]
    );
    assert!(!edited.next.clocks.running_deadlines().is_empty(), "the clocks run again");
}

#[test]
fn r58_a_legacy_holder_contests_a_line_at_once() {
    let mut new_case = new_case();
    new_case.snapshot.lines[0].legacy_holder = Some(legacy_holder("teams"));
    let opened = ReviewCase::open(new_case, parse_time(SUBMITTED), &calendar());
    let contested = CaseEvent::CompetitionChanged { lines: vec![line()], awarded: Vec::new() };
    let holders = BTreeMap::from([(key("teams"), legacy_holder("teams"))]);
    assert_eq!(opened.events, [CaseEvent::Opened, contested, CaseEvent::LegacyHoldersContested { holders }]);
    assert!(opened.next.clocks.running_deadlines().is_empty());
}

#[test]
fn r37_a_closed_case_has_no_contested_lines() {
    for phase in [Phase::Rejected, Phase::Closed] {
        let next = with_rivals(&case_in_phase(phase));
        assert_eq!(next.contested_lines(), [], "{phase:?}");
    }
}

const AWARD: u128 = 99;

/// An arbitration that awards Teams, with this verdict for the case.
fn apply(case: &ReviewCase, verdict: &arbitration::Verdict) -> cpor_durable::Transition<ReviewCase> {
    let arbitration = arbitration::Arbitration {
        tenant: case.tenant,
        id: DecisionId(Uuid::from_u128(AWARD)),
        awards: vec![arbitration::Award { key: key("teams"), winner: case.id }],
        comment: "The newer proof convinces.".into(),
        actor: Actor::new(ActorSide::Reviewer, "lea"),
        state: arbitration::ArbitrationState::Begun,
        create_time: now(),
    };
    case.apply_award(&arbitration, verdict, &BTreeSet::new(), now(), &calendar()).unwrap()
}

/// The claim gives up its line after the award was planned and before it is applied to the case.
#[test]
fn r37_a_dropped_key_is_not_awarded() {
    let mut without_teams = with_two_lines();
    without_teams.lines.remove(0);
    let dropped = waiting_case().apply_edit(without_teams, now(), &calendar()).unwrap().next;
    let won = arbitration::Verdict { won: [key("teams")].into(), ..Default::default() };
    let applied = apply(&dropped, &won);
    let released = CaseEvent::AwardReleased { key: key("teams"), decision_id: DecisionId(Uuid::from_u128(AWARD)) };
    assert!(applied.events.contains(&released), "{:?}", applied.events);
    assert!(applied.next.competition.awards.is_empty());
    let kept = apply(&waiting_case(), &won);
    assert_eq!(kept.next.competition.awards.len(), 1);
    assert!(!kept.events.contains(&released), "{:?}", kept.events);
}

/// The claim gives up a key that it was awarded, before or after the award is applied to the case,
/// and contains the key again later.
#[test]
fn r37_a_key_that_was_given_up_is_contested_again() {
    let edit = |case: &ReviewCase, claim| case.apply_edit(claim, now(), &calendar()).unwrap().next;
    let mut without_teams = with_two_lines();
    without_teams.lines.remove(0);
    let won = arbitration::Verdict { won: [key("teams")].into(), settled: rivals(), ..Default::default() };
    let two = edit(&waiting_case(), with_two_lines());
    let awarded = apply(&two, &won).next;
    assert_eq!(with_rivals(&awarded).contested_lines(), []);
    for given_up in [apply(&edit(&two, without_teams.clone()), &won).next, edit(&awarded, without_teams)] {
        assert!(given_up.competition.awards.is_empty());
        let again = edit(&given_up, with_two_lines());
        assert_eq!(with_rivals(&again).contested_lines(), [line()]);
        let mut held = with_two_lines();
        held.lines[0].legacy_holder = Some(legacy_holder("teams"));
        assert_eq!(edit(&given_up, held).contested_lines(), [line()], "a legacy association holds the key");
    }
}

/// An approved case that lost its line shows it while the winner still competes.
#[test]
fn r37_an_award_to_a_rival_ends_with_the_rival() {
    let holder = with_rivals(&case_in_phase(Phase::Approved));
    let lost = arbitration::Verdict { lost: rivals(), ..Default::default() };
    let applied = apply(&holder, &lost);
    let changed = |awarded| CaseEvent::CompetitionChanged { lines: Vec::new(), awarded };
    assert!(applied.events.contains(&changed(vec![line()])), "{:?}", applied.events);
    let both_approved = CheckedRivals { rivals: Rivals::new(), winners: rivals() };
    let kept = applied.next.update_rivals(both_approved, 2, now(), &calendar()).unwrap();
    assert_eq!(kept.next.lines_awarded_to_rivals(), [line()]);
    let gone = kept.next.update_rivals(CheckedRivals::default(), 3, now(), &calendar()).unwrap();
    assert_eq!(gone.events, [CaseEvent::RivalsChecked { requested_count: 3 }, changed(Vec::new())]);
    // The winner claims the key again, which it had given up.
    let again = with_rivals(&gone.next);
    assert_eq!((again.contested_lines(), again.lines_awarded_to_rivals()), (vec![line()], Vec::new()));
}

/// The association of a line that was awarded to a rival turns out to be on record.
#[test]
fn r47_a_reinstated_line_competes_again() {
    let holder = with_rivals(&case_in_phase(Phase::Approved));
    let lost = arbitration::Verdict { lost: rivals(), ..Default::default() };
    let awarded = apply(&holder, &lost).next;
    let ended = awarded.end_lines(&[line()], now(), &calendar()).unwrap().next;
    let gone = ended.update_rivals(CheckedRivals::default(), 2, now(), &calendar()).unwrap().next;
    assert_eq!((gone.competing_keys().len(), gone.lines_awarded_to_rivals().len()), (0, 0));
    let reinstated = gone.reinstate_lines(&[line()], now(), &calendar()).unwrap();
    let changed = CaseEvent::CompetitionChanged { lines: Vec::new(), awarded: vec![line()] };
    assert_eq!(reinstated.events, [CaseEvent::LinesReinstated { lines: vec![line()] }, changed]);
    assert_eq!(reinstated.next.competing_keys(), [key("teams")].into());
    assert_eq!(reinstated.next.reinstate_lines(&[line()], now(), &calendar()), None);
    // The award reaches the case only after that.
    let late = holder.end_lines(&[line()], now(), &calendar()).unwrap().next;
    let late = late.reinstate_lines(&[line()], now(), &calendar()).unwrap().next;
    assert_eq!(apply(&late, &lost).next.lines_awarded_to_rivals(), [line()]);
}

/// A legacy holder is gone while a line of the approved case has ended.
#[test]
fn r47_an_ended_line_outlasts_a_legacy_holder() {
    let mut snapshot = with_two_lines();
    snapshot.lines[1].legacy_holder = Some(legacy_holder("intune"));
    let approved = ReviewCase { snapshot, ..case_in_phase(Phase::Approved) };
    let ended = approved.end_lines(&[line()], now(), &calendar()).unwrap().next;
    let gone = ended.end_legacy_holder(&key("intune"), Some(legacy_holder("intune")), now(), &calendar()).unwrap().next;
    let reinstated = gone.reinstate_lines(&[line()], now(), &calendar()).unwrap().next;
    assert_eq!(reinstated.competing_keys(), [key("teams"), key("intune")].into());
}

/// The holder of a legacy association with the key of a workload.
fn sender(workload: &str, holder: &str) -> StatementSender {
    StatementSender { key: key(workload), holder: Some(legacy_holder(holder)) }
}

/// A case for two keys that legacy associations hold; only one of the holders has a contact.
#[test]
fn r58a_each_legacy_holder_answers_for_itself() {
    let mut claim = with_two_lines();
    claim.lines[0].legacy_holder = Some(legacy_holder("teams"));
    claim.lines[1].legacy_holder = Some(legacy_holder("intune"));
    let case = open_case(NewCase { snapshot: claim.clone(), ..new_case() });
    let asked = next_case(case.request_statement(&amy(), "Do you still work there?", now()));
    let status = |case: &ReviewCase| case.statement.as_ref().map(|statement| statement.status);
    let report = |case: &ReviewCase, name, status| {
        case.report_legacy_statement(&sender(name, name), status, None, now()).map(|reported| reported.next)
    };
    let one = report(&asked, "teams", StatementStatus::NoContact).unwrap();
    assert_eq!(status(&one), Some(StatementStatus::Open), "the other holder can answer");
    assert_eq!(report(&one, "teams", StatementStatus::NotGiven), None, "the request to this holder is settled");
    let given = one.add_legacy_statement(&sender("intune", "intune"), "Every day.".into(), now()).next;
    assert_eq!((status(&given), given.legacy_statements.len()), (Some(StatementStatus::Given), 1));
    let missed = report(&one, "intune", StatementStatus::NotGiven).unwrap();
    assert_eq!(status(&missed), Some(StatementStatus::NotGiven));

    // The holders end one after the other.
    let first = asked.end_legacy_holder(&key("teams"), Some(legacy_holder("teams")), now(), &calendar()).unwrap().next;
    assert_eq!((status(&first), first.contested_lines().len()), (Some(StatementStatus::Open), 1));
    let both = first.end_legacy_holder(&key("intune"), None, now(), &calendar()).unwrap();
    assert_eq!((status(&both.next), both.next.is_contested()), (Some(StatementStatus::Lapsed), false));
    let over = CaseEvent::CompetitionChanged { lines: Vec::new(), awarded: Vec::new() };
    assert_eq!(both.events, [CaseEvent::LegacyAssociationEnded, over]);
    let again = both.next.request_statement(&amy(), "And now?", now());
    assert_eq!(again, Err(Refusal::StatementNotPossible));
    // A snapshot from before the end does not bring the holder back.
    let mut claim = Snapshot { version: 2, ..claim };
    let resent = both.next.apply_edit(claim.clone(), now(), &calendar()).unwrap().next;
    assert!(!resent.is_contested());
    // Later another company gets a legacy association with one of the keys.
    claim.lines[0].legacy_holder = Some(legacy_holder("another"));
    let edited = resent.apply_edit(claim, now(), &calendar()).unwrap();
    let holders = BTreeMap::from([(key("teams"), legacy_holder("another"))]);
    assert!(edited.events.contains(&CaseEvent::LegacyHoldersContested { holders }), "{:?}", edited.events);
    assert_eq!(edited.next.contested_lines(), [line()]);
}

/// Two companies hold the key one after the other. Both give a statement.
#[test]
fn r56_a_later_holder_keeps_its_statement() {
    let mut claim = with_two_lines();
    claim.lines[0].legacy_holder = Some(legacy_holder("first"));
    let case = open_case(NewCase { snapshot: claim.clone(), ..new_case() });
    let (first, second) = (sender("teams", "first"), sender("teams", "second"));
    let unnamed = StatementSender { holder: None, ..first.clone() };
    let asked = next_case(case.request_statement(&amy(), "Do you still work there?", now()));
    let status = |case: &ReviewCase| case.statement.as_ref().map(|statement| statement.status);

    // The request to the first holder ends when the second one competes in its place.
    claim.lines[0].legacy_holder = Some(legacy_holder("second"));
    let edited = asked.apply_edit(Snapshot { version: 2, ..claim }, now(), &calendar()).unwrap().next;
    assert_eq!(status(&edited), Some(StatementStatus::Lapsed));
    let asked = next_case(edited.request_statement(&amy(), "Do you still work there?", now()));
    let late = asked.add_legacy_statement(&first, "First.".into(), now()).next;
    assert_eq!(status(&late), Some(StatementStatus::Open), "the second holder has not answered");
    let both = late.add_legacy_statement(&second, "Second.".into(), now()).next;
    assert_eq!(status(&both), Some(StatementStatus::Given));

    let texts_after = |erased: &StatementSender| {
        let case = both.erase_legacy_statements(erased, now()).unwrap().next;
        case.legacy_statements.into_iter().map(|statement| statement.text).collect::<Vec<_>>()
    };
    assert_eq!(texts_after(&first), ["", "Second."]);
    assert_eq!(texts_after(&second), ["First.", ""]);
    assert_eq!(texts_after(&unnamed), ["", ""], "an event that names no holder");
    assert_eq!(both.erase_legacy_statements(&sender("intune", "first"), now()), None);
}
