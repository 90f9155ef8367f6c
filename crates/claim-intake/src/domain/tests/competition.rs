//! Lines that are contested, lost or over (R27a, R37–R39).
use super::story::*;
use crate::domain::*;
use cpor_types::{ActorSide, LineId, PrimaryRejection, ProductFamily};
use uuid::Uuid;

fn second() -> LineId {
    LineId(Uuid::from_u128(9))
}

/// A submitted claim with two lines.
fn two() -> Life {
    let intune = Line::entered(second(), "intune".parse().unwrap(), String::new());
    let content = Content { lines: [content().lines, vec![intune]].concat(), ..content() };
    let update = Update { fields: vec![Field::Lines], content };
    Life::submitted().step(|claim, now| {
        let facts = facts(&claim.content_after(&update), ProductFamily::Microsoft365);
        Ok(claim.update(&update, Some(&facts), &rules(), now)?.unwrap())
    })
}

fn said(life: &Life) -> Option<(ActorSide, &str)> {
    life.last().comment.as_ref().map(|comment| (comment.side, comment.text.as_str()))
}

#[test]
fn r37_the_partner_is_told_when_competition_begins_and_ends() {
    let life = two().fact(&contested(&[second()]));
    let shown: Vec<_> = life.claim.content.lines.iter().map(|line| line.contested).collect();
    assert_eq!(shown, [false, true]);
    assert!(said(&life).unwrap().1.starts_with("Another company"));
    assert_eq!(said(&life).unwrap().0, ActorSide::System);
    let more = life.fact(&contested(&[line_id(), second()]));
    assert_eq!(said(&more), None, "told once");
    let over = more.fact(&contested(&[]));
    assert!(said(&over).unwrap().1.starts_with("Nobody competes"));
    assert!(over.claim.content.lines.iter().all(|line| !line.contested));
}

#[test]
fn r37_a_lost_line_leaves_the_claim_and_the_rest_goes_on() {
    let life = two().fact(&awarded(&[line_id()], &[second()]));
    assert_eq!((life.claim.state.kind(), life.last().what.clone()), (StateKind::Submitted, What::LinesLost));
    assert_eq!(life.claim.content.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [line_id()]);
    assert_eq!(life.claim.lost_lines.iter().map(|lost| lost.line.id).collect::<Vec<_>>(), [second()]);
    assert_eq!(life.claim.live_lines().count(), 1);
    assert_eq!(
        life.last().changes.iter().map(|change| change.to.as_str()).collect::<Vec<_>>(),
        ["awarded to this claim", "awarded to another claim"]
    );
}

#[test]
fn r27a_with_its_last_line_the_claim_is_lost_and_can_be_disputed() {
    let states = [Life::submitted(), Life::under_review(), Life::asked()];
    for life in states {
        let life = life.fact(&awarded(&[], &[line_id()]));
        let rejection = life.claim.state.rejection().unwrap();
        assert_eq!(rejection.primary, PrimaryRejection::LostToCompetingClaim);
        assert!(matches!(rejection.remedy, Remedy::Dispute(_)));
        assert!(matches!(life.last().what, What::Closed(_)));
        assert_eq!((life.claim.content.lines.len(), life.claim.lost_lines.len()), (0, 1));
        let life = life.disputed_again();
        assert_eq!((life.claim.live_lines().count(), life.claim.lost_lines.len()), (1, 0), "what was lost comes back");
    }
}

#[test]
fn r37_an_award_of_an_approved_claims_line_is_history() {
    let life = Life::approved().fact(&awarded(&[], &[line_id()]));
    assert_eq!(life.last().what, What::Reported(FactKind::LinesAwarded));
    assert_eq!(life.claim.content.lines.len(), 1);
}

#[test]
fn r39_an_association_ends_and_the_claim_stays_approved() {
    let life = Life::official().fact(&ended(EndReason::Expired, &[line_id()]));
    assert_eq!(life.claim.state.association(), Some(&Association::Ended { since: Some(start()) }));
    assert_eq!(life.last().what, What::LinesEnded { lines: vec![line_id()], all: true });
    let over = life.claim.content.lines[0].ended.clone().unwrap();
    assert_eq!((over.reason, over.since, over.until), (EndReason::Expired, Some(start()), life.now));
    assert_eq!(life.claim.live_lines().count(), 0, "a renewed subscription can be claimed (R38)");
    assert!(life.clone().fact(&ended(EndReason::Expired, &[line_id()])).last().what.is_overtaken());
    assert!(life.clone().fact(&declined()).last().what.is_overtaken(), "there is nothing to decline any more");
    let withdrawn = life.step(|claim, now| claim.withdraw(withdraw(), now));
    assert_eq!(withdrawn.claim.state.kind(), StateKind::Rejected);
}

#[test]
fn r39_what_ends_while_it_is_pending_never_becomes_official() {
    let life = Life::approved().fact(&ended(EndReason::Expired, &[line_id()]));
    for late in
        [Fact::Consent(ConsentFact::WindowPassed), customer_approved(), Fact::AssociationOfficial { since: start() }]
    {
        let late = life.clone().fact(&late);
        assert_eq!(late.claim.state.association(), Some(&Association::Ended { since: None }));
    }
}

#[test]
fn r39_some_lines_end_and_the_others_stay_on_record() {
    let life = two().approved_by_reviewer().fact(&Fact::Consent(ConsentFact::WindowPassed));
    let life = life.fact(&Fact::AssociationOfficial { since: start() });
    let life = life.fact(&ended(EndReason::Superseded, &[second()]));
    assert_eq!(life.last().what, What::LinesEnded { lines: vec![second()], all: false });
    assert_eq!(life.claim.state.association(), Some(&Association::Official { since: start() }));
    assert_eq!(life.claim.live_lines().count(), 1);
}

#[test]
fn r44_what_ends_with_the_claim_is_history() {
    let life = Life::approved().fact(&declined()).fact(&ended(EndReason::Declined, &[line_id()]));
    assert_eq!(life.last().what, What::Reported(FactKind::AssociationEnded));
}
