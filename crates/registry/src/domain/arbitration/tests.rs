use cpor_types::{Activity, AssociationKey, ClaimName, DecisionId};
use uuid::Uuid;

use super::{Arbitration, Award};
use crate::domain::association::{AssociationState, EndReason};
use crate::domain::examples::{at, catalog, claim, hold, line, now, partner, subscription_id, tenant};
use crate::domain::reason::Reason;
use crate::domain::record::{AwardOutcome, AwardRefusal, Decision};
use crate::domain::tenant::{Ended, Tenant, TenantEvent};

const USAGE: [Activity; 1] = [Activity::Usage];

fn key() -> AssociationKey {
    AssociationKey::Subscription(subscription_id(1))
}

fn awarded(n: u128, winner: &ClaimName) -> Arbitration {
    let award = Award { key: key(), winner: winner.clone(), review_case: None, activities: USAGE.to_vec() };
    Arbitration { decision_id: DecisionId(Uuid::from_u128(n)), awards: vec![award] }
}

/// The tenant after the award, the answer, and what is told.
fn arbitrate(tenant: &Tenant, arbitration: &Arbitration) -> (Tenant, Decision, Vec<TenantEvent>) {
    let (next, events) = tenant.arbitrate(arbitration, now()).unwrap();
    let decision = next.decision(&arbitration.awards[0].winner, arbitration.decision_id).unwrap().clone();
    (next, decision, events)
}

fn place(tenant: &Tenant, claim: &ClaimName, n: u128) -> (Tenant, Decision) {
    let hold = hold(claim, n, &USAGE);
    let (next, _) = tenant.place(&hold, Some(&partner()), &catalog(), now()).unwrap();
    let decision = next.decision(claim, hold.decision_id).unwrap().clone();
    (next, decision)
}

/// Contoso is on record.
fn held_by(incumbent: &ClaimName) -> Tenant {
    let (pending, _) = place(&tenant(), incumbent, 1);
    pending.grant(incumbent, None, &catalog(), now()).unwrap().0
}

fn outcome(outcome: AwardOutcome) -> Decision {
    Decision::Awarded(vec![outcome])
}

fn states(tenant: &Tenant, claim: &ClaimName) -> Vec<AssociationState> {
    tenant.associations.values().filter(|found| found.is_of(claim)).map(|found| found.state).collect()
}

fn ended(claim: &ClaimName, official: bool) -> TenantEvent {
    let lines = [line(claim, 1).line_id].into();
    TenantEvent::Ended(Ended { claim: claim.clone(), reason: EndReason::Superseded, lines, official, all: true })
}

#[test]
fn r37_a_free_key_is_cleared_and_a_pending_hold_yields_at_once() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (_, decision, events) = arbitrate(&tenant(), &awarded(9, &litware));
    assert_eq!((decision, events), (outcome(AwardOutcome::Cleared), vec![]));

    let (pending, _) = place(&tenant(), &contoso, 1);
    let (own, decision, _) = arbitrate(&pending, &awarded(9, &contoso));
    assert_eq!((decision, own.live_of(&contoso).count()), (outcome(AwardOutcome::Cleared), 1));
    let (free, decision, events) = arbitrate(&pending, &awarded(9, &litware));
    assert_eq!((decision, events), (outcome(AwardOutcome::Yielded), vec![ended(&contoso, false)]));
    assert_eq!((free.live_of(&contoso).count(), free.successors.len()), (0, 0));
    assert_eq!(place(&free, &litware, 2).1, Decision::Held);
}

#[test]
fn r37_an_official_holder_and_its_successor_change_in_one_instant() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (promised, decision, events) = arbitrate(&held_by(&contoso), &awarded(9, &litware));
    assert_eq!((decision, events), (outcome(AwardOutcome::Successor), vec![]));
    let third = place(&promised, &claim("proseware", 3), 3).1;
    assert!(matches!(third, Decision::Refused(_)), "the key is its successor's alone");

    let (both, decision) = place(&promised, &litware, 2);
    assert_eq!(decision, Decision::Held);
    assert_eq!((both.live_of(&contoso).count(), both.holders().len()), (1, 1));
    let due = at("2026-03-09T23:00:00Z");
    let (after, events) = both.grant(&litware, None, &catalog(), due).unwrap();
    let end = AssociationState::Ended { official_time: Some(now()), end_time: due, reason: EndReason::Superseded };
    assert_eq!(states(&after, &contoso), [end]);
    assert_eq!(states(&after, &litware), [AssociationState::Official { official_time: due }]);
    assert_eq!(events[0], ended(&contoso, true));
    assert!(matches!(events[1..], [TenantEvent::Granted(_)]));
    assert!(after.successors.is_empty());
}

#[test]
fn r37_nothing_changes_for_the_holder_if_the_winner_never_gets_there() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let before = held_by(&contoso);
    let (promised, ..) = arbitrate(&before, &awarded(9, &litware));
    for tenant in [place(&promised, &litware, 2).0, promised] {
        let (after, _) = tenant.close(&litware, None, EndReason::Declined, now()).unwrap();
        assert_eq!((states(&after, &contoso), after.successors.len()), (states(&before, &contoso), 0));
        assert_eq!(arbitrate(&after, &awarded(10, &claim("proseware", 3))).1, outcome(AwardOutcome::Successor));
    }
}

#[test]
fn r37_where_the_holder_ends_first_its_successor_holds_as_anybody_does() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (promised, ..) = arbitrate(&held_by(&contoso), &awarded(9, &litware));
    let (both, _) = place(&promised, &litware, 2);
    let (after, _) = both.close(&contoso, None, EndReason::Withdrawn, now()).unwrap();
    let holders: Vec<_> =
        after.holders().into_iter().map(|holder| (holder.partner.clone(), holder.successor)).collect();
    assert_eq!(holders, [(litware.partner.clone(), None)]);
    assert!(matches!(place(&after, &claim("proseware", 3), 3).1, Decision::Refused(_)));

    let (early, _) = promised.close(&contoso, None, EndReason::Withdrawn, now()).unwrap();
    assert_eq!((early.successors.len(), early.holders().len()), (0, 0), "not placed yet: the key is free");
}

#[test]
fn r37_a_key_has_one_successor_and_a_line_that_was_taken_off_succeeds_nobody() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (promised, ..) = arbitrate(&held_by(&contoso), &awarded(9, &litware));
    let refused = |reason| Decision::NotAwarded(vec![AwardRefusal { key: key(), reason }]);
    for rival in [claim("proseware", 3), claim("contoso", 4), claim("litware", 5)] {
        assert_eq!(arbitrate(&promised, &awarded(10, &rival)).1, refused(Reason::SuccessorExists), "{rival}");
    }
    assert_eq!(arbitrate(&promised, &awarded(10, &litware)).1, outcome(AwardOutcome::Successor), "the same again");

    let mut elsewhere = hold(&litware, 2, &USAGE);
    let second = line(&litware, 2);
    let mut tenant = promised.clone();
    tenant.directory.subscriptions.insert(subscription_id(2), crate::domain::examples::active("power-bi"));
    elsewhere.lines = vec![second];
    let (after, _) = tenant.place(&elsewhere, Some(&partner()), &catalog(), now()).unwrap();
    assert!(after.successors.is_empty());
}

#[test]
fn an_award_is_whole_or_not_at_all_and_answered_once() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let mut arbitration = awarded(9, &litware);
    let unknown = AssociationKey::Subscription(subscription_id(5));
    arbitration.awards.push(Award { key: unknown.clone(), ..arbitration.awards[0].clone() });
    let (after, decision, events) = arbitrate(&pending, &arbitration);
    let refusal = AwardRefusal { key: unknown, reason: Reason::KeyUnknown };
    assert_eq!((decision, events), (Decision::NotAwarded(vec![refusal]), vec![]));
    assert_eq!(after.live_of(&contoso).count(), 1);
    assert_eq!(after.arbitrate(&arbitration, now()), None);

    let (over, _) = pending.close(&litware, None, EndReason::Withdrawn, now()).unwrap();
    let refusal = AwardRefusal { key: key(), reason: Reason::ClaimClosed };
    assert_eq!(arbitrate(&over, &awarded(10, &litware)).1, Decision::NotAwarded(vec![refusal]));
}

#[test]
fn what_is_not_exclusive_takes_nothing_from_anybody() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let mut arbitration = awarded(9, &litware);
    arbitration.awards[0].activities = vec![Activity::RevenueAssociation];
    let (after, decision, _) = arbitrate(&pending, &arbitration);
    assert_eq!((decision, after.live_of(&contoso).count()), (outcome(AwardOutcome::Cleared), 1));
}
