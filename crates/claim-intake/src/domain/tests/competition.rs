//! Lines that are contested, lost or ended (R27a, R37 to R39).
use super::fixtures::*;
use crate::domain::*;
use cpor_types::{ActorSide, LineId, PrimaryRejectionReason, ProductFamily};
use std::collections::BTreeMap;
use uuid::Uuid;

fn second_line_id() -> LineId {
    LineId(Uuid::from_u128(9))
}

/// Returns a submitted claim with two lines.
fn two_line_claim() -> TestClaim {
    let intune = Line::new(second_line_id(), "intune".parse().unwrap(), String::new());
    let content = Content { lines: [content().lines, vec![intune]].concat(), ..content() };
    let update = Update { fields: vec![Field::Lines], content };
    TestClaim::submitted().step(|claim, now| {
        let facts = facts(&claim.content_after(&update), ProductFamily::Microsoft365);
        Ok(claim.update(&update, Some(&facts), &rules(), now)?.unwrap())
    })
}

fn last_comment(test: &TestClaim) -> Option<(ActorSide, &str)> {
    test.last().comment.as_ref().map(|comment| (comment.side, comment.text.expose()))
}

#[test]
fn r37_comments_mark_begin_and_end_of_competition() {
    let test = two_line_claim().fact(&contested(&[second_line_id()]));
    let shown: Vec<_> = test.claim.content.lines.iter().map(|line| line.contested).collect();
    assert_eq!(shown, [false, true]);
    assert!(last_comment(&test).unwrap().1.contains("deadlines are stopped until the competition is decided"));
    assert_eq!(last_comment(&test).unwrap().0, ActorSide::System);
    let more = test.fact(&contested(&[line_id(), second_line_id()]));
    assert_eq!(last_comment(&more), None, "told once");
    let over = more.fact(&contested(&[]));
    assert!(last_comment(&over).unwrap().1.starts_with("Nobody competes"));
    assert!(over.claim.content.lines.iter().all(|line| !line.contested));
    let clocks_run = TestClaim::submitted_under(&rules_of("2023@1")).fact(&contested(&[line_id()]));
    assert!(last_comment(&clocks_run).unwrap().1.contains("review deadlines run meanwhile"));
}

#[test]
fn r37_a_lost_line_leaves_the_claim_and_the_rest_goes_on() {
    let test = two_line_claim().fact(&awarded(&[line_id()], &[second_line_id()]));
    assert_eq!((test.claim.state.kind(), test.last().kind.clone()), (ClaimStateKind::Submitted, EventKind::LinesLost));
    assert_eq!(test.claim.content.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [line_id()]);
    assert_eq!(test.claim.lost_lines.iter().map(|lost| lost.line.id).collect::<Vec<_>>(), [second_line_id()]);
    assert_eq!(test.claim.live_lines().count(), 1);
    assert_eq!(
        test.last().changes.iter().map(|change| change.to.as_str()).collect::<Vec<_>>(),
        ["awarded to this claim", "awarded to another claim"]
    );
}

#[test]
fn r27a_losing_the_last_line_rejects_disputably() {
    let states = [TestClaim::submitted(), TestClaim::under_review(), TestClaim::asked()];
    for test in states {
        let test = test.fact(&awarded(&[], &[line_id()]));
        let rejection = test.claim.state.rejection().unwrap();
        assert_eq!(rejection.primary_reason, PrimaryRejectionReason::LostToCompetingClaim);
        assert!(matches!(rejection.remedy, Remedy::Dispute(_)));
        assert!(matches!(test.last().kind, EventKind::Closed(_)));
        assert_eq!((test.claim.content.lines.len(), test.claim.lost_lines.len()), (0, 1));
        let test = test.disputed_again();
        assert_eq!((test.claim.live_lines().count(), test.claim.lost_lines.len()), (1, 0), "what was lost comes back");
    }
}

#[test]
fn r37_an_award_of_an_approved_claims_line_is_history() {
    let test = TestClaim::approved().fact(&awarded(&[], &[line_id()]));
    assert_eq!(test.last().kind, EventKind::FactApplied(FactKind::LinesAwarded));
    assert_eq!(test.claim.content.lines.len(), 1);
}

#[test]
fn r39_an_association_ends_and_the_claim_stays_approved() {
    let test = TestClaim::official().fact(&ended(EndReason::Expired, &[line_id()]));
    assert_eq!(test.claim.state.association(), Some(&Association::Ended { since: Some(start()) }));
    assert_eq!(test.last().kind, EventKind::LinesEnded { lines: vec![line_id()], all: true });
    let over = test.claim.content.lines[0].association_end.clone().unwrap();
    assert_eq!((over.reason, over.since, over.until), (EndReason::Expired, Some(start()), test.now));
    assert_eq!(test.claim.live_lines().count(), 0, "a renewed subscription can be claimed (R38)");
    assert!(test.clone().fact(&ended(EndReason::Expired, &[line_id()])).last().kind.is_overtaken());
    assert!(test.clone().fact(&declined()).last().kind.is_overtaken(), "there is nothing to decline any more");
    let withdrawn = test.step(|claim, now| claim.withdraw(withdraw(), now));
    assert_eq!(withdrawn.claim.state.kind(), ClaimStateKind::Rejected);
}

#[test]
fn r39_ended_pending_association_never_is_official() {
    let test = TestClaim::approved().fact(&ended(EndReason::Expired, &[line_id()]));
    for late in [
        Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }),
        customer_approved(),
    ] {
        let late = test.clone().fact(&late);
        assert_eq!(late.claim.state.association(), Some(&Association::Ended { since: None }));
    }
    // R47: the registry reports late that the association was official before it ended.
    let official = Fact::AssociationOfficial { since: start(), associations: BTreeMap::new(), ends: BTreeMap::new() };
    let late = test.fact(&official);
    assert_eq!(late.claim.state.association(), Some(&Association::Ended { since: Some(start()) }));
}

/// R56: a decline from before the end of the association may arrive after it. It can be disputed,
/// so the personal data is kept until no decision is on its way.
#[test]
fn r56_a_decline_on_its_way_keeps_the_data() {
    let official = TestClaim::official();
    let decline_time = official.now + hour() / 2;
    let ended = official.fact(&ended(EndReason::Expired, &[line_id()]));
    let needed = Refusal::PersonalDataNeeded { state: ClaimStateKind::Approved, waits_for: Wait::LateDecision };
    assert_eq!(ended.claim.erase(&erase(), ended.now), Err(needed));
    let declined = ended.clone().step(|claim, now| claim.apply(&declined(), decline_time, &rules(), now));
    assert!(declined.claim.state.rejection().unwrap().dispute_window().is_some());
    assert!(declined.claim.erase(&erase(), declined.now).is_err(), "the rejection can be disputed");
    let settled = ended.fact(&consent_ended());
    assert_eq!(settled.last().kind, EventKind::FactApplied(FactKind::ConsentEnded));
    let again = settled.clone().fact(&consent_ended());
    assert!(again.last().kind.is_overtaken(), "a repeated report changes nothing");
    assert!(settled.claim.erase(&erase(), settled.now).unwrap().is_some());
}

/// Both lines were reported as ended in favour of another company. Then the registry learns that
/// the customer had consented before, and that the subscription of the second line has ended.
#[test]
fn r47_a_line_that_did_not_end_is_reinstated() {
    let lines = [line_id(), second_line_id()];
    let consent_ended = Fact::Consent(ConsentFact::Ended { consent_request_number: 1 });
    let test = two_line_claim().approved_by_reviewer().fact(&ended(EndReason::Superseded, &lines));
    assert_eq!(test.claim.state.association(), Some(&Association::Ended { since: None }));
    let test = test.fact(&consent_ended);
    let end = AssociationEnd { reason: EndReason::Expired, since: Some(start()), until: test.now };
    let official = Fact::AssociationOfficial {
        since: start(),
        associations: lines.iter().map(|line| (*line, Vec::new())).collect(),
        ends: [(second_line_id(), end.clone())].into(),
    };
    let test = test.fact(&official);
    assert_eq!(test.last().kind, EventKind::LinesReinstated { lines: vec![line_id()], since: start() });
    assert_eq!(test.last().partner_mail(&test.claim), Some(PartnerMailKind::Official));
    assert_eq!(test.claim.state.association(), Some(&Association::Official { since: start() }));
    let ends: Vec<_> = test.claim.content.lines.iter().map(|line| line.association_end.clone()).collect();
    assert_eq!(ends, [None, Some(end)]);
    // The customer can decide again, so an earlier report of the end does not count any more (R56).
    let test = test.fact(&consent_ended);
    assert!(test.last().kind.is_overtaken());
    let test = test.fact(&ended(EndReason::Superseded, &[line_id()]));
    assert_eq!(test.claim.waiting().wait, Wait::LateDecision);
    assert_eq!(test.fact(&consent_ended).claim.waiting().wait, Wait::Nothing);
}

#[test]
fn r39_some_lines_end_and_the_others_stay_on_record() {
    let test = two_line_claim()
        .approved_by_reviewer()
        .fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }));
    let test =
        test.fact(&Fact::AssociationOfficial { since: start(), associations: BTreeMap::new(), ends: BTreeMap::new() });
    let test = test.fact(&ended(EndReason::Superseded, &[second_line_id()]));
    assert_eq!(test.last().kind, EventKind::LinesEnded { lines: vec![second_line_id()], all: false });
    assert_eq!(test.claim.state.association(), Some(&Association::Official { since: start() }));
    assert_eq!(test.claim.live_lines().count(), 1);
}

#[test]
fn r44_what_ends_with_the_claim_is_history() {
    let test = TestClaim::approved().fact(&declined()).fact(&ended(EndReason::Declined, &[line_id()]));
    assert_eq!(test.last().kind, EventKind::FactApplied(FactKind::AssociationEnded));
}
