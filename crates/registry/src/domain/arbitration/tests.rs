use cpor_types::{Activity, AssociationKey, ClaimName, DecisionId};
use uuid::Uuid;

use super::{Arbitration, Award};
use crate::domain::association::{Association, AssociationState, EndReason};
use crate::domain::directory::{Subscription, SubscriptionStatus};
use crate::domain::fixtures::{active, at, catalog, claim, hold, line, now, partner, subscription_id, tenant};
use crate::domain::reason::Reason;
use crate::domain::record::{AwardOutcome, AwardRefusal, DecisionOutcome};
use crate::domain::tenant::{AssociationsEnded, Tenant, TenantEvent};

const USAGE: [Activity; 1] = [Activity::Usage];

fn key() -> AssociationKey {
    AssociationKey::Subscription(subscription_id(1))
}

/// Arbitration `n`, which awards [`key`] to `winner`.
fn award_to(n: u128, winner: &ClaimName) -> Arbitration {
    let award = Award {
        key: key(),
        winner: winner.clone(),
        review_case: None,
        activities: USAGE.to_vec(),
        revenue_association_exclusive: false,
    };
    Arbitration { decision_id: DecisionId(Uuid::from_u128(n)), awards: vec![award] }
}

/// The tenant after the arbitration, with the recorded outcome and the events.
fn arbitrate(tenant: &Tenant, arbitration: &Arbitration) -> (Tenant, DecisionOutcome, Vec<TenantEvent>) {
    let (next, events) = tenant.arbitrate(arbitration, now()).unwrap();
    let decision = next.decision(&arbitration.awards[0].winner, arbitration.decision_id).unwrap().clone();
    (next, decision, events)
}

fn place(tenant: &Tenant, claim: &ClaimName, n: u128) -> (Tenant, DecisionOutcome) {
    let hold = hold(claim, n, &USAGE);
    let (next, _) = tenant.place_hold(&hold, Some(&partner()), &catalog(), now()).unwrap();
    let decision = next.decision(claim, hold.decision_id).unwrap().clone();
    (next, decision)
}

/// A tenant whose key is officially held by this claim.
fn officially_held_by(holder: &ClaimName) -> Tenant {
    let (pending, _) = place(&tenant(), holder, 1);
    pending.grant_claim(holder, None, &catalog(), now()).unwrap().0
}

fn awarded(outcome: AwardOutcome) -> DecisionOutcome {
    DecisionOutcome::Awarded(vec![outcome])
}

fn states(tenant: &Tenant, claim: &ClaimName) -> Vec<AssociationState> {
    tenant.associations.values().filter(|found| found.belongs_to(claim)).map(|found| found.state).collect()
}

/// The event about the end of the claim's only line.
fn ended(claim: &ClaimName, was_official: bool) -> TenantEvent {
    let lines = [line(claim, 1).line_id].into();
    TenantEvent::AssociationsEnded(AssociationsEnded {
        claim: claim.clone(),
        reason: EndReason::Superseded,
        lines,
        was_official,
        is_last: true,
        reported_end: None,
    })
}

#[test]
fn r37_a_pending_hold_yields_at_once() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (_, decision, events) = arbitrate(&tenant(), &award_to(9, &litware));
    assert_eq!((decision, events), (awarded(AwardOutcome::Unopposed), vec![]));

    let (pending, _) = place(&tenant(), &contoso, 1);
    let (own, decision, _) = arbitrate(&pending, &award_to(9, &contoso));
    assert_eq!((decision, own.live_associations_of(&contoso).count()), (awarded(AwardOutcome::Unopposed), 1));
    let (free, decision, events) = arbitrate(&pending, &award_to(9, &litware));
    assert_eq!((decision, events), (awarded(AwardOutcome::PendingHoldEnded), vec![ended(&contoso, false)]));
    assert_eq!((free.live_associations_of(&contoso).count(), free.successors.len()), (0, 1));
    let (held, decision) = place(&free, &litware, 2);
    assert_eq!(
        (decision, held.successors.len()),
        (DecisionOutcome::Held, 1),
        "a late grant can make Contoso the holder"
    );
    let (official, _) = held.grant_claim(&litware, None, &catalog(), now()).unwrap();
    assert_eq!((official.successors.len(), official.key_holders().len()), (0, 1));
    let (alone, _) = place(&arbitrate(&tenant(), &award_to(9, &litware)).0, &litware, 2);
    assert_eq!((alone.successors.len(), alone.key_holders().len()), (0, 1), "nobody has yielded");
}

#[test]
fn r39_a_reservation_ends_with_the_winners_own_hold() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (awarded, ..) = arbitrate(&officially_held_by(&contoso), &award_to(9, &litware));
    let (mut both, decision) = place(&awarded, &litware, 2);
    assert_eq!((decision, both.successors.len()), (DecisionOutcome::Held, 1));
    both.end_associations(EndReason::Expired, now(), |_| true);
    assert_eq!((both.successors.len(), both.key_holders().len()), (0, 0), "the key is free");
}

#[test]
fn r37_an_awarded_key_is_reserved_for_the_winner() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (reserved, ..) = arbitrate(&tenant(), &award_to(9, &litware));
    assert_eq!(reserved.key_holders().len(), 1);
    assert!(matches!(place(&reserved, &contoso, 1).1, DecisionOutcome::Refused(_)));
    let (awarded_anew, decision, _) = arbitrate(&reserved, &award_to(10, &contoso));
    assert_eq!(decision, awarded(AwardOutcome::Unopposed), "an award replaces an earlier one without a hold");
    assert!(matches!(place(&awarded_anew, &litware, 2).1, DecisionOutcome::Refused(_)));

    let (closed, _) = reserved.close_claim(&litware, None, EndReason::Withdrawn, now()).unwrap();
    let (released, _) = reserved.release_award(&key(), DecisionId(Uuid::from_u128(9))).unwrap();
    for free in [closed, released] {
        assert_eq!((free.key_holders().len(), place(&free, &contoso, 1).1), (0, DecisionOutcome::Held));
    }
    assert_eq!(awarded_anew.release_award(&key(), DecisionId(Uuid::from_u128(9))), None, "an earlier decision");
}

#[test]
fn r37_holder_and_successor_change_in_one_instant() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (with_successor, decision, events) = arbitrate(&officially_held_by(&contoso), &award_to(9, &litware));
    assert_eq!((decision, events), (awarded(AwardOutcome::SucceedsHolder), vec![]));
    let third = place(&with_successor, &claim("proseware", 3), 3).1;
    assert!(matches!(third, DecisionOutcome::Refused(_)), "only the successor may hold the key");

    let (both, decision) = place(&with_successor, &litware, 2);
    assert_eq!(decision, DecisionOutcome::Held);
    assert_eq!((both.live_associations_of(&contoso).count(), both.key_holders().len()), (1, 1));
    let due = at("2026-03-09T23:00:00Z");
    let (after, events) = both.grant_claim(&litware, None, &catalog(), due).unwrap();
    let end = AssociationState::Ended { official_time: Some(now()), end_time: due, reason: EndReason::Superseded };
    assert_eq!(states(&after, &contoso), [end]);
    assert_eq!(states(&after, &litware), [AssociationState::Official { official_time: due }]);
    assert_eq!(events[0], ended(&contoso, true));
    assert!(matches!(events[1..], [TenantEvent::AssociationsGranted(_)]));
    assert!(after.successors.is_empty());
}

#[test]
fn r37_the_holder_stays_if_the_winner_is_declined() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let before = officially_held_by(&contoso);
    let (with_successor, ..) = arbitrate(&before, &award_to(9, &litware));
    for tenant in [place(&with_successor, &litware, 2).0, with_successor] {
        let (after, _) = tenant.close_claim(&litware, None, EndReason::Declined, now()).unwrap();
        assert_eq!((states(&after, &contoso), after.successors.len()), (states(&before, &contoso), 0));
        assert_eq!(arbitrate(&after, &award_to(10, &claim("proseware", 3))).1, awarded(AwardOutcome::SucceedsHolder));
    }
}

#[test]
fn r37_the_successor_holds_if_the_holder_ends_first() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (with_successor, ..) = arbitrate(&officially_held_by(&contoso), &award_to(9, &litware));
    let (both, _) = place(&with_successor, &litware, 2);
    let (after, _) = both.close_claim(&contoso, None, EndReason::Withdrawn, now()).unwrap();
    let holders: Vec<_> =
        after.key_holders().into_iter().map(|holder| (holder.partner.clone(), holder.successor)).collect();
    assert_eq!(holders, [(litware.partner.clone(), None)]);
    assert!(matches!(place(&after, &claim("proseware", 3), 3).1, DecisionOutcome::Refused(_)));

    let (early, _) = with_successor.close_claim(&contoso, None, EndReason::Withdrawn, now()).unwrap();
    assert_eq!(
        (early.successors.len(), early.key_holders().len()),
        (1, 1),
        "the successor has no hold yet, so the key is reserved"
    );
}

#[test]
fn r37_a_key_has_at_most_one_successor() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (with_successor, ..) = arbitrate(&officially_held_by(&contoso), &award_to(9, &litware));
    let refused = |reason| DecisionOutcome::NotAwarded(vec![AwardRefusal { key: key(), reason }]);
    for rival in [claim("proseware", 3), claim("contoso", 4), claim("litware", 5)] {
        assert_eq!(arbitrate(&with_successor, &award_to(10, &rival)).1, refused(Reason::KeyHasSuccessor), "{rival}");
    }
    assert_eq!(
        arbitrate(&with_successor, &award_to(10, &litware)).1,
        awarded(AwardOutcome::SucceedsHolder),
        "awarding the key to its successor again is accepted"
    );

    let mut other_line = hold(&litware, 2, &USAGE);
    let second = line(&litware, 2);
    let mut tenant = with_successor.clone();
    tenant.directory.subscriptions.insert(subscription_id(2), active("power-bi"));
    other_line.lines = vec![second];
    let (after, _) = tenant.place_hold(&other_line, Some(&partner()), &catalog(), now()).unwrap();
    assert!(after.successors.is_empty());
}

#[test]
fn all_keys_are_awarded_or_none_and_only_once() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let mut arbitration = award_to(9, &litware);
    let unknown = AssociationKey::Subscription(subscription_id(5));
    arbitration.awards.push(Award { key: unknown.clone(), ..arbitration.awards[0].clone() });
    let (after, decision, events) = arbitrate(&pending, &arbitration);
    let refusal = AwardRefusal { key: unknown, reason: Reason::KeyUnknown };
    assert_eq!((decision, events), (DecisionOutcome::NotAwarded(vec![refusal]), vec![]));
    assert_eq!(after.live_associations_of(&contoso).count(), 1);
    assert_eq!(after.arbitrate(&arbitration, now()), None);

    let (over, _) = pending.close_claim(&litware, None, EndReason::Withdrawn, now()).unwrap();
    let refusal = AwardRefusal { key: key(), reason: Reason::ClaimClosed };
    assert_eq!(arbitrate(&over, &award_to(10, &litware)).1, DecisionOutcome::NotAwarded(vec![refusal]));
}

#[test]
fn a_non_exclusive_award_does_not_end_holds() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let mut arbitration = award_to(9, &litware);
    arbitration.awards[0].activities = vec![Activity::RevenueAssociation];
    let (after, decision, _) = arbitrate(&pending, &arbitration);
    assert_eq!((decision, after.live_associations_of(&contoso).count()), (awarded(AwardOutcome::Unopposed), 1));
}

/// The successor of Contoso has a pending hold when the subscription ends.
#[test]
fn r47_a_late_grant_replaces_an_expired_holder() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (with_successor, ..) = arbitrate(&officially_held_by(&contoso), &award_to(9, &litware));
    let (mut both, _) = place(&with_successor, &litware, 2);
    let (due, expiry) = (at("2026-03-09T23:00:00Z"), at("2026-03-10T09:00:00Z"));
    both.end_associations(EndReason::Expired, expiry, |_| true);
    let (after, events) = both.grant_claim(&litware, None, &catalog(), due).unwrap();
    let replaced = AssociationState::Ended { official_time: Some(now()), end_time: due, reason: EndReason::Superseded };
    let expired = AssociationState::Ended { official_time: Some(due), end_time: expiry, reason: EndReason::Expired };
    assert_eq!((states(&after, &contoso), states(&after, &litware)), (vec![replaced], vec![expired]));
    assert_eq!(events[0], ended(&contoso, true));
    let TenantEvent::AssociationsEnded(own) = &events[2] else { panic!("{events:?}") };
    assert_eq!((&own.claim, own.reason, own.reported_end), (&litware, EndReason::Expired, Some(expiry)));
    assert_eq!(both.grant_claim(&litware, None, &catalog(), expiry), None, "consent after the expiry grants nothing");
}

/// Contoso's consent window has passed before the award, but the registry learns of it after the
/// award.
#[test]
fn r47_a_late_grant_reinstates_the_holder() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let award_time = at("2026-03-12T09:00:00Z");
    let (yielded, _) = pending.arbitrate(&award_to(9, &litware), award_time).unwrap();
    let due = at("2026-03-09T23:00:00Z");
    let (after, events) = yielded.grant_claim(&contoso, None, &catalog(), due).unwrap();
    assert_eq!(states(&after, &contoso), [AssociationState::Official { official_time: due }]);
    assert_eq!(after.successors, yielded.successors, "the award stays");
    assert!(matches!(events[..], [TenantEvent::AssociationsGranted(_)]), "{events:?}");
    assert_eq!(yielded.grant_claim(&contoso, None, &catalog(), award_time), None, "a later consent grants nothing");

    // Without the award the key went to Proseware, before the registry learned of the consent.
    let (released, _) = yielded.close_claim(&litware, None, EndReason::Withdrawn, award_time).unwrap();
    let (proseware, hold_time) = (claim("proseware", 3), at("2026-03-13T09:00:00Z"));
    let (held, _) = released.place_hold(&hold(&proseware, 3, &USAGE), Some(&partner()), &catalog(), hold_time).unwrap();
    let (after, _) = held.grant_claim(&contoso, None, &catalog(), due).unwrap();
    let end = AssociationState::Ended { official_time: Some(due), end_time: hold_time, reason: EndReason::Superseded };
    assert_eq!((states(&after, &contoso), after.key_holders().len()), (vec![end], 1));
}

/// Contoso claims the same again after its hold has yielded, and before the registry learns of the
/// consent to the first claim.
#[test]
fn r38_a_late_grant_ends_with_a_later_claim() {
    let (contoso, litware, again) = (claim("contoso", 1), claim("litware", 2), claim("contoso", 4));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let (award_time, hold_time) = (at("2026-03-12T09:00:00Z"), at("2026-03-13T09:00:00Z"));
    let (yielded, _) = pending.arbitrate(&award_to(9, &litware), award_time).unwrap();
    let (released, _) = yielded.close_claim(&litware, None, EndReason::Withdrawn, award_time).unwrap();
    let due = at("2026-03-09T23:00:00Z");
    let replaced =
        AssociationState::Ended { official_time: Some(due), end_time: hold_time, reason: EndReason::Superseded };
    for (activity, state) in
        [(Activity::Usage, replaced), (Activity::PreSales, AssociationState::Official { official_time: due })]
    {
        let (held, _) =
            released.place_hold(&hold(&again, 4, &[activity]), Some(&partner()), &catalog(), hold_time).unwrap();
        let (after, _) = held.grant_claim(&contoso, None, &catalog(), due).unwrap();
        assert_eq!((states(&after, &contoso), after.key_holders().len()), (vec![state], 1), "{activity}");
        assert_eq!(states(&after, &again), [AssociationState::Pending], "{activity}");
    }
}

/// Contoso yields to Litware and Litware to Proseware, before the registry learns of the consents
/// to both.
#[test]
fn r47_late_grants_may_arrive_in_any_order() {
    let [contoso, litware, proseware] = [claim("contoso", 1), claim("litware", 2), claim("proseware", 3)];
    let day = |day: u32| at(&format!("2026-03-{day}T09:00:00Z"));
    let hold_for = |tenant: &Tenant, claim: &ClaimName, n, time| {
        tenant.place_hold(&hold(claim, n, &USAGE), Some(&partner()), &catalog(), time).unwrap().0
    };
    let (pending, _) = place(&tenant(), &contoso, 1);
    let (to_litware, _) = pending.arbitrate(&award_to(9, &litware), day(12)).unwrap();
    let (to_proseware, _) =
        hold_for(&to_litware, &litware, 2, day(13)).arbitrate(&award_to(10, &proseware), day(15)).unwrap();
    let held = hold_for(&to_proseware, &proseware, 3, day(16));
    let (replaced, _) = held.grant_claim(&proseware, None, &catalog(), day(20)).unwrap();
    let ended = |official_time, end_time| {
        vec![AssociationState::Ended { official_time: Some(official_time), end_time, reason: EndReason::Superseded }]
    };
    let official = vec![AssociationState::Official { official_time: day(14) }];
    for (before, of_litware) in
        [(&to_proseware, official.clone()), (&held, official), (&replaced, ended(day(14), day(20)))]
    {
        for [first, second] in [[(&contoso, 10), (&litware, 14)], [(&litware, 14), (&contoso, 10)]] {
            let grant = |tenant: &Tenant, (claim, time): (&ClaimName, u32)| {
                tenant.grant_claim(claim, None, &catalog(), day(time)).unwrap().0
            };
            let after = grant(&grant(before, first), second);
            let found = (states(&after, &contoso), states(&after, &litware));
            assert_eq!(found, (ended(day(10), day(14)), of_litware.clone()), "{first:?} came first");
            assert_eq!(after.key_holders().len(), 1);
        }
    }
}

/// The subscription is reported as expired before the registry learns of the consent of Contoso.
#[test]
fn r39_a_late_grant_ends_with_an_expired_subscription() {
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    let (pending, _) = place(&tenant(), &contoso, 1);
    let (award_time, expiry) = (at("2026-03-12T09:00:00Z"), at("2026-03-14T09:00:00Z"));
    let (yielded, _) = pending.arbitrate(&award_to(9, &litware), award_time).unwrap();
    let hold = hold(&litware, 2, &USAGE);
    let (held, _) = yielded.place_hold(&hold, Some(&partner()), &catalog(), award_time).unwrap();
    let (due, expired) =
        (at("2026-03-09T23:00:00Z"), Subscription { status: SubscriptionStatus::Expired, ..active("power-bi") });
    let grant = |tenant: &Tenant| {
        let (expired, _) = tenant.import_subscription(subscription_id(1), expired.clone(), expiry).unwrap();
        expired.grant_claim(&contoso, None, &catalog(), due).unwrap()
    };
    let end = AssociationState::Ended { official_time: Some(due), end_time: expiry, reason: EndReason::Expired };
    // The hold of Litware has expired with the subscription.
    let (after, events) = grant(&held);
    assert_eq!(states(&after, &contoso), [end]);
    let [TenantEvent::AssociationsGranted(_), TenantEvent::AssociationsEnded(ended)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((ended.reason, ended.is_last, ended.reported_end), (EndReason::Expired, true, Some(expiry)));
    // Without such a hold, the deadline of the expiry ends the association.
    let (reinstated, _) = grant(&yielded);
    let (due_time, (after, _)) = reinstated.expire(expiry).unwrap();
    assert_eq!((due_time, states(&after, &contoso)), (expiry, vec![end]));
}

/// What can follow the consent of Contoso, until the registry learns of the consent.
#[derive(Clone, Copy, Debug)]
enum Step {
    AwardToLitware,
    HoldForLitware,
    GrantLitware,
    DeclineLitware,
    WithdrawLitware,
    ExpireSubscription,
}

fn take_step(tenant: &Tenant, step: Step, time: cpor_types::Timestamp) -> Tenant {
    let litware = claim("litware", 2);
    let (next, _) = match step {
        Step::AwardToLitware => tenant.arbitrate(&award_to(9, &litware), time).unwrap(),
        Step::HoldForLitware => {
            tenant.place_hold(&hold(&litware, 2, &USAGE), Some(&partner()), &catalog(), time).unwrap()
        }
        Step::GrantLitware => tenant.grant_claim(&litware, None, &catalog(), time).unwrap(),
        Step::DeclineLitware => tenant.close_claim(&litware, None, EndReason::Declined, time).unwrap(),
        Step::WithdrawLitware => tenant.close_claim(&litware, None, EndReason::Withdrawn, time).unwrap(),
        Step::ExpireSubscription => {
            let mut next = tenant.clone();
            let events = next.end_associations(EndReason::Expired, time, Association::is_live);
            (next, events)
        }
    };
    next
}

/// The registry learns of Contoso's consent at any point of what follows. The outcome is the same
/// as if it had learned of it in time.
#[test]
fn r47_a_late_grant_has_the_outcome_of_one_in_time() {
    use Step::{AwardToLitware, DeclineLitware, ExpireSubscription, GrantLitware, HoldForLitware, WithdrawLitware};
    let contoso = claim("contoso", 1);
    let (pending, _) = place(&tenant(), &contoso, 1);
    let sequences: [&[Step]; 8] = [
        &[AwardToLitware],
        &[AwardToLitware, HoldForLitware, GrantLitware],
        &[AwardToLitware, HoldForLitware, GrantLitware, WithdrawLitware],
        &[AwardToLitware, HoldForLitware, GrantLitware, ExpireSubscription],
        &[AwardToLitware, HoldForLitware, DeclineLitware],
        &[AwardToLitware, WithdrawLitware],
        &[AwardToLitware, HoldForLitware, ExpireSubscription],
        &[AwardToLitware, ExpireSubscription],
    ];
    let (award_time, mut times) = (at("2026-03-12T09:00:00Z"), Vec::new());
    times.extend((0..4).map(|days| award_time + chrono::TimeDelta::days(days)));
    for steps in sequences {
        let outcome = |arrival: usize| {
            let grant =
                |tenant: &Tenant| tenant.grant_claim(&contoso, None, &catalog(), at("2026-03-09T23:00:00Z")).unwrap().0;
            let mut tenant = pending.clone();
            for (index, (step, time)) in steps.iter().zip(&times).enumerate() {
                if index == arrival {
                    tenant = grant(&tenant);
                }
                tenant = take_step(&tenant, *step, *time);
            }
            if arrival == steps.len() {
                tenant = grant(&tenant);
            }
            // The deadline of the expiry also applies to an association that is reinstated later.
            if let Some(index) = steps.iter().position(|step| matches!(step, ExpireSubscription)) {
                tenant = take_step(&tenant, ExpireSubscription, times[index]);
            }
            let holders: Vec<_> = tenant.key_holders().into_iter().map(|holder| format!("{holder:?}")).collect();
            (tenant.associations.clone(), tenant.successors.clone(), holders)
        };
        for arrival in 1..=steps.len() {
            assert_eq!(outcome(arrival), outcome(0), "{steps:?}, learned after {arrival}");
        }
    }
}

#[test]
fn r47_a_late_decline_counts_from_its_time() {
    let contoso = claim("contoso", 1);
    let mut expired = officially_held_by(&contoso);
    let (decline, expiry) = (at("2026-03-05T09:00:00Z"), at("2026-03-10T09:00:00Z"));
    expired.end_associations(EndReason::Expired, expiry, |_| true);
    let end_after = |time| {
        let (after, events) = expired.close_claim(&contoso, None, EndReason::Declined, time).unwrap();
        (states(&after, &contoso)[0], events.len())
    };
    let ended = |end_time, reason| AssociationState::Ended { official_time: Some(now()), end_time, reason };
    assert_eq!(end_after(decline), (ended(decline, EndReason::Declined), 1));
    assert_eq!(end_after(expiry), (ended(expiry, EndReason::Expired), 0), "the expiry was first");
}
