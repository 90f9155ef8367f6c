//! Single cases of holds.
use cpor_types::{Activity, CaseId};
use uuid::Uuid;

use super::{USAGE_AND_PRE_SALES, place, refused};
use crate::domain::association::{AssociationState, EndReason};
use crate::domain::fixtures::{active, at, catalog, claim, company, hold, id, line, now, subscription_id, tenant};
use crate::domain::hold::HoldRequest;
use crate::domain::reason::Reason;
use crate::domain::record::{DecisionOutcome, LineRefusal};
use crate::domain::tenant::{AssociationsEnded, Tenant, TenantEvent};

/// The tenant after the request, with the recorded outcome.
fn placed(tenant: &Tenant, hold: &HoldRequest) -> (Tenant, DecisionOutcome) {
    let (next, events) = place(tenant, hold).unwrap();
    assert_eq!(events, []);
    let decision = next.decision(&hold.claim, hold.decision_id).unwrap().clone();
    (next, decision)
}

#[test]
fn each_line_and_activity_gets_a_pending_association() {
    let contoso = claim("contoso", 1);
    let (tenant, decision) = placed(&tenant(), &hold(&contoso, 1, &USAGE_AND_PRE_SALES));
    assert_eq!(decision, DecisionOutcome::Held);
    let states: Vec<_> =
        tenant.live_associations_of(&contoso).map(|(_, found)| (found.activity, found.state)).collect();
    assert_eq!(states.len(), 2);
    assert!(states.iter().all(|(_, state)| *state == AssociationState::Pending), "{states:?}");
}

#[test]
fn a_pending_hold_excludes_other_companies_only() {
    let (tenant, _) = placed(&tenant(), &hold(&claim("contoso", 1), 1, &[Activity::Usage]));
    let rival = claim("litware", 2);
    let (_, decision) = placed(&tenant, &hold(&rival, 2, &[Activity::PreSales]));
    assert_eq!(decision, refused(Some(line(&rival, 1).line_id), Reason::KeyHeld));
    let (tenant, decision) = placed(&tenant, &hold(&claim("contoso", 3), 3, &[Activity::PreSales]));
    assert_eq!((decision, tenant.associations.len()), (DecisionOutcome::Held, 2));
}

#[test]
fn one_held_line_refuses_the_whole_claim() {
    let (mut tenant, _) = placed(&tenant(), &hold(&claim("contoso", 1), 1, &[Activity::Usage]));
    tenant.directory.subscriptions.insert(subscription_id(2), active("power-bi"));
    let rival = claim("litware", 2);
    let mut both = hold(&rival, 2, &[Activity::Usage]);
    both.lines.push(line(&rival, 2));
    let (tenant, decision) = placed(&tenant, &both);
    assert_eq!(decision, refused(Some(line(&rival, 1).line_id), Reason::KeyHeld));
    assert_eq!(tenant.live_associations_of(&rival).count(), 0);
}

#[test]
fn r34_revenue_association_is_exclusive_if_the_profile_says_so() {
    let exclusive = |partner, n, activity| HoldRequest {
        revenue_association_exclusive: true,
        ..hold(&claim(partner, n), n, &[activity])
    };
    let (tenant, _) = placed(&tenant(), &exclusive("contoso", 1, Activity::RevenueAssociation));
    for (n, activity) in [(2, Activity::RevenueAssociation), (3, Activity::Usage)] {
        let (_, decision) = placed(&tenant, &exclusive("proseware", n, activity));
        assert!(matches!(decision, DecisionOutcome::Refused(_)), "{activity}");
    }
}

#[test]
fn revenue_association_is_not_exclusive() {
    let revenue = [Activity::RevenueAssociation];
    let (tenant, _) = placed(&tenant(), &hold(&claim("contoso", 1), 1, &revenue));
    assert!(tenant.key_holders().is_empty());
    let (tenant, decision) = placed(&tenant, &hold(&claim("litware", 2), 2, &[Activity::Usage]));
    assert_eq!(decision, DecisionOutcome::Held);
    let (_, decision) = placed(&tenant, &hold(&claim("proseware", 3), 3, &revenue));
    assert_eq!(decision, DecisionOutcome::Held);
}

#[test]
fn a_repeated_decision_gets_the_recorded_outcome() {
    let (contoso, rival) = (claim("contoso", 1), claim("litware", 2));
    let (tenant, _) = placed(&tenant(), &hold(&contoso, 1, &[Activity::Usage]));
    let (tenant, no) = placed(&tenant, &hold(&rival, 2, &[Activity::Usage]));
    let (tenant, _) = tenant.close_claim(&contoso, None, EndReason::Withdrawn, now()).unwrap();
    for (first, answer) in
        [(hold(&contoso, 1, &[Activity::Usage]), DecisionOutcome::Held), (hold(&rival, 2, &[Activity::Usage]), no)]
    {
        assert_eq!(place(&tenant, &first), None);
        assert_eq!(tenant.decision(&first.claim, first.decision_id), Some(&answer));
    }
    let (_, decision) = placed(&tenant, &hold(&rival, 3, &[Activity::Usage]));
    assert_eq!(decision, DecisionOutcome::Held, "a new decision is made from the current state");
}

#[test]
fn a_closed_claim_cannot_be_held() {
    let contoso = claim("contoso", 1);
    let (tenant, events) = tenant().close_claim(&contoso, None, EndReason::Declined, now()).unwrap();
    assert_eq!(events, []);
    let (tenant, decision) = placed(&tenant, &hold(&contoso, 1, &[Activity::Usage]));
    assert_eq!(decision, refused(None, Reason::ClaimClosed));
    assert_eq!(tenant.close_claim(&contoso, None, EndReason::Declined, now()), None);
}

#[test]
fn the_directory_is_checked_again() {
    let mut invalid = hold(&claim("contoso", 1), 1, &[Activity::Usage]);
    // R2a: the claim keeps the location that it was submitted with.
    invalid.mpn_id = id("999");
    invalid.lines.push(line(&invalid.claim, 5));
    let (_, decision) = placed(&tenant(), &invalid);
    let expected =
        vec![LineRefusal { line_id: Some(line(&invalid.claim, 5).line_id), reason: Reason::SubscriptionNotOnTenant }];
    assert_eq!(decision, DecisionOutcome::Refused(expected));
}

#[test]
fn a_grant_makes_pending_holds_official() {
    let contoso = claim("contoso", 1);
    let (tenant, _) = placed(&tenant(), &hold(&contoso, 1, &USAGE_AND_PRE_SALES));
    let due = at("2026-03-09T23:00:00Z");
    let (tenant, events) = tenant.grant_claim(&contoso, Some(&company()), &catalog(), due).unwrap();
    assert!(tenant.live_associations_of(&contoso).all(|(_, found)| found.official_time() == Some(due)));
    let [TenantEvent::AssociationsGranted(granted)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((granted.tenant_region.as_str(), granted.associations.len()), ("emea", 2));
    assert!(granted.associations.iter().all(|line| line.incentivized && line.subscription == Some(active("power-bi"))));
    assert_eq!(tenant.grant_claim(&contoso, None, &catalog(), due), None, "a claim is granted once");
}

#[test]
fn closing_a_claim_ends_its_associations() {
    let (contoso, due, end) = (claim("contoso", 1), at("2026-03-09T23:00:00Z"), at("2026-03-20T10:00:00Z"));
    let (pending, _) = placed(&tenant(), &hold(&contoso, 1, &[Activity::Usage]));
    let (official, _) = pending.grant_claim(&contoso, None, &catalog(), due).unwrap();

    let (over, events) = official.close_claim(&contoso, None, EndReason::Declined, end).unwrap();
    let ended_event = |reason, was_official| {
        let lines = [line(&contoso, 1).line_id].into();
        TenantEvent::AssociationsEnded(AssociationsEnded {
            claim: contoso.clone(),
            reason,
            lines,
            was_official,
            is_last: true,
            reported_end: None,
        })
    };
    assert_eq!(events, [ended_event(EndReason::Declined, true)]);
    let ended = AssociationState::Ended { official_time: Some(due), end_time: end, reason: EndReason::Declined };
    assert_eq!(over.associations.values().map(|found| found.state).collect::<Vec<_>>(), [ended]);

    let (over, events) = pending.close_claim(&contoso, None, EndReason::Withdrawn, end).unwrap();
    assert_eq!((events, over.key_holders().len()), (vec![ended_event(EndReason::Withdrawn, false)], 0));
    assert_eq!(over.grant_claim(&contoso, None, &catalog(), due), None, "a late grant has no effect");
}

#[test]
fn a_changed_subscription_causes_an_event_per_claim() {
    let contoso = claim("contoso", 1);
    let (pending, _) = placed(&tenant(), &hold(&contoso, 1, &USAGE_AND_PRE_SALES));
    let (official, _) = pending.grant_claim(&contoso, None, &catalog(), now()).unwrap();
    let (id, renewed) = (
        subscription_id(1),
        crate::domain::directory::Subscription { end_time: Some(at("2027-01-01T00:00:00Z")), ..active("power-bi") },
    );
    assert_eq!(official.import_subscription(id, active("power-bi"), now()), None);
    assert_eq!(pending.import_subscription(id, renewed.clone(), now()).unwrap().1, []);
    let (_, events) = official.import_subscription(id, renewed.clone(), now()).unwrap();
    assert_eq!(events, [TenantEvent::SubscriptionChanged { claim: contoso, id, subscription: renewed }]);
}

#[test]
fn a_later_case_can_hold_after_an_earlier_one_closed() {
    let contoso = claim("contoso", 1);
    let [first, second] = [1, 2].map(|n| CaseId(Uuid::from_u128(n)));
    let in_case = |n, review_case| HoldRequest { review_case, ..hold(&contoso, n, &[Activity::Usage]) };
    let (held, _) = placed(&tenant(), &in_case(1, Some(first)));
    let (over, _) = held.close_claim(&contoso, Some(first), EndReason::Rejected, now()).unwrap();
    for (review_case, answer) in [
        (Some(first), refused(None, Reason::ClaimClosed)),
        (None, refused(None, Reason::ClaimClosed)),
        (Some(second), DecisionOutcome::Held),
    ] {
        assert_eq!(placed(&over, &in_case(2, review_case)).1, answer, "{review_case:?}");
    }

    // The hold of the second case arrives before the event that closes the first one.
    let (both, _) = placed(&held, &in_case(2, Some(second)));
    let (kept, _) = both.close_claim(&contoso, Some(first), EndReason::Rejected, now()).unwrap();
    let cases: Vec<_> =
        kept.live_associations_of(&contoso).map(|(_, found)| found.claimed_line().unwrap().review_case).collect();
    assert_eq!(cases, [Some(second)]);
    let (gone, _) = kept.close_claim(&contoso, None, EndReason::Withdrawn, now()).unwrap();
    assert_eq!(placed(&gone, &in_case(3, Some(second))).1, refused(None, Reason::ClaimClosed), "closed as a whole");
}
