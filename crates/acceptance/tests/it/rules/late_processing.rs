//! R47: late processing of deadlines never changes an outcome.

use super::contact_corrections::eventually;
use chrono::{DateTime, TimeDelta, Utc};
use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, NORTHWIND, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused,
    assert_violations, both_databases, from_timestamp, rows, to_timestamp,
};
use cpor_proto::{
    claims::v1::{ClaimState, ExplainClaimRequest, WaitsFor, WithdrawReason},
    consents::v1::ConsentState,
    registry::v1::{Subscription, directory_row::Row, import_result::Outcome},
    reviews::v1::{ArbitrateLinesRequest, Award, AwardOutcome},
    r#type::v1::{
        AssociationEndReason, AssociationState, FurtherRejectionReason, PrimaryRejectionReason, ReviewClock,
        SubscriptionStatus,
    },
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    r47_a_passed_response_deadline_applies_first,
    r47_a_passed_consent_window_applies_first,
    r47_a_read_shows_a_passed_window,
    r47_all_due_deadlines_apply_after_an_outage,
    r47_consent_before_the_expiry_counts,
    r47_deadlines_take_effect_at_their_due_time,
];
both_databases![
    with five_processes:
    r47_a_consent_before_an_award_counts,
    r47_an_approval_before_an_award_counts,
    r47_a_successor_counts_before_the_expiry,
    r47_a_decline_before_the_expiry_counts,
    r38_a_claim_gets_its_line_back,
    r47_an_early_end_counts_for_a_late_consent,
];

async fn r47_a_passed_response_deadline_applies_first(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let action = case.claim().await.partner_action.unwrap();
    system.set_clock_only(from_timestamp(action.due_time)).await;
    // The deadline is applied first, whether the system has processed it already or not.
    assert_not_allowed(case.resubmit("At the very moment.").await, "resubmit", "rejected");
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.rejection.as_ref().unwrap().reject_time), (ClaimState::Rejected, action.due_time));
    assert_eq!(
        claim.rejection.unwrap().further_reasons().collect::<Vec<_>>(),
        [FurtherRejectionReason::NoPartnerResponse]
    );

    let case = TestClaim::at_stage(system, system.usage().await, ClaimStage::PartnerActionRequired).await;
    let due = from_timestamp(case.claim().await.partner_action.unwrap().due_time);
    system.set_clock_only(due - TimeDelta::microseconds(1)).await;
    case.upload("signed.pdf", PDF).await.unwrap();
    assert_eq!(case.resubmit("").await.unwrap().state(), ClaimState::Submitted);

    let case = TestClaim::at_stage(system, system.revenue_association().await, ClaimStage::PartnerActionRequired).await;
    let due = from_timestamp(case.claim().await.partner_action.unwrap().due_time);
    system.set_clock_only(due + TimeDelta::days(100)).await;
    assert_not_allowed(case.withdraw(WithdrawReason::WrongMpnId, "").await, "withdraw", "rejected");
    assert_not_allowed(case.upload("late.pdf", PDF).await, "add_evidence", "rejected");
    system.wait_until_idle().await;
    let passed = case.history().await.into_iter().filter(|entry| entry.action == "response_deadline_passed").count();
    assert_eq!(passed, 1, "the deadline is applied once");
}

async fn r47_a_passed_consent_window_applies_first(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let due = case.claim().await.consent_due_time;
    system.set_clock_only(from_timestamp(due) - TimeDelta::microseconds(1)).await;
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::WindowOpen);
    system.set_clock_only(from_timestamp(due)).await;
    assert_refused(case.decline_consent("Too late.").await, Code::FailedPrecondition, "WINDOW_PASSED");
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, due));

    let case = TestClaim::at_stage(system, system.usage().await, ClaimStage::Approved).await;
    let due = from_timestamp(case.claim().await.consent_due_time);
    system.set_clock_only(due - TimeDelta::microseconds(1)).await;
    case.decline_consent("Just in time.").await.unwrap();
    system.set_clock_only(due + TimeDelta::days(1)).await;
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
}

async fn r47_a_read_shows_a_passed_window(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let due = from_timestamp(case.claim().await.consent_due_time);
    system.set_clock_only(due).await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.allowed_commands.len()), (ConsentState::Granted, 0));
}

async fn r47_all_due_deadlines_apply_after_an_outage(system: &TestSystem) {
    let unanswered = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let silent = TestClaim::at_stage(system, system.usage().await, ClaimStage::Approved).await;
    let waiting = TestClaim::at_stage(system, system.workloads(), ClaimStage::Submitted).await;
    let response = unanswered.claim().await.partner_action.unwrap().due_time;
    let window = silent.claim().await.consent_due_time;

    system.stop_all().await;
    system.set_clock_only("2026-06-01T00:00:00Z".parse().unwrap()).await;
    system.start_all().await;
    system.wait_until_idle().await;

    let rejected = unanswered.claim().await;
    assert_eq!((rejected.state(), rejected.rejection.unwrap().reject_time), (ClaimState::Rejected, response));
    let official = silent.claim().await;
    assert_eq!((official.association_state(), official.official_time), (AssociationState::Official, window));
    assert_eq!(silent.assessment().await.unwrap().month, "2026-06", "assessed for the current month");
    let review = waiting.review(&system.lead).await.unwrap();
    let overdue: Vec<_> =
        review.deadlines.iter().filter(|deadline| deadline.overdue).map(|deadline| deadline.clock()).collect();
    assert!(overdue.contains(&ReviewClock::Start) && overdue.contains(&ReviewClock::Overall), "{overdue:?}");
    assert_eq!(waiting.history().await.into_iter().filter(|entry| entry.action == "review_overdue").count(), 2);
}

/// After the outage the window and the subscription have passed. Whichever service is faster, the
/// association was official in between.
async fn r47_consent_before_the_expiry_counts(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let window = from_timestamp(case.claim().await.consent_due_time);
    let expiry = window + TimeDelta::hours(1);
    let line = case.claim().await.lines.remove(0);
    let mut subscription = rows::subscription(FABRIKAM, &line.subscription_id, "dynamics-365-sales");
    let end = expiry - TimeDelta::days(30);
    subscription.end_time = Some(to_timestamp(end));
    system.import_subscription(subscription).await;
    system.stop_all().await;
    system.set_clock_only(expiry + TimeDelta::days(1)).await;
    system.start_all().await;
    system.wait_until_idle().await;
    let association = case.associations().await.remove(0);
    assert_eq!(
        (association.state(), association.end_reason()),
        (AssociationState::Ended, AssociationEndReason::Expired)
    );
    let (official, ended) = (from_timestamp(association.official_time), from_timestamp(association.end_time));
    assert_eq!((official, ended), (window, expiry));
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), from_timestamp(claim.official_time)), (AssociationState::Ended, window));
    let on_record = system.associations_of_key(&case.key(0).await, Some(to_timestamp(window))).await;
    assert_eq!(on_record.len(), 1);
}

/// A change of the directory: the registry applies the deadlines of the tenant that have passed.
async fn let_registry_expire(system: &TestSystem) {
    system.create_subscription("power-bi").await;
}

/// Lets the subscription of the claim's only line end with its grace period at this time.
async fn set_expiry(case: &TestClaim<'_>, expiry: DateTime<Utc>) {
    let line = case.claim().await.lines.remove(0);
    let mut subscription = rows::subscription(FABRIKAM, &line.subscription_id, "dynamics-365-sales");
    subscription.end_time = Some(to_timestamp(expiry - TimeDelta::days(30)));
    case.system.import_subscription(subscription).await;
    case.system.wait_until_idle().await;
}

/// The end of the claim's only association: its reason, and the times from which and until which it
/// was official.
async fn ended(case: &TestClaim<'_>) -> (AssociationEndReason, Option<DateTime<Utc>>, DateTime<Utc>) {
    let association = case.associations().await.remove(0);
    assert_eq!(association.state(), AssociationState::Ended, "{association:#?}");
    let official = association.official_time.map(|time| from_timestamp(Some(time)));
    (association.end_reason(), official, from_timestamp(association.end_time))
}

/// Asserts that the holder is on record since this time, that its line is awarded to the rival, and
/// that its customer can decide as if the registry had learned of the consent in time.
async fn assert_reinstated(holder: &TestClaim<'_>, since: DateTime<Utc>, consent: ConsentState) {
    let claim = holder.claim().await;
    assert_eq!((claim.association_state(), from_timestamp(claim.official_time)), (AssociationState::Official, since));
    let association = holder.associations().await.remove(0);
    let official = from_timestamp(association.official_time);
    assert_eq!((association.state(), official, association.end_time), (AssociationState::Official, since, None));
    assert_eq!(holder.consent().await.unwrap().state(), consent);
    let request = ExplainClaimRequest { name: holder.name.clone() };
    let explanation = holder.partner.claims().explain_claim(request).await.unwrap().into_inner();
    assert_eq!(explanation.waits_for(), WaitsFor::Supersession, "{explanation:#?}");
    let entry = holder.entry("association_official").await;
    let change = entry.changes.iter().find(|change| change.field == "lines[0].association_state").unwrap();
    assert_eq!((change.old_value.as_str(), change.new_value.as_str()), ("ended", "official"));
}

/// The consent window of a pending hold has passed, but the registry learns of it only after a
/// review lead has awarded the key to a rival.
async fn r47_a_consent_before_an_award_counts(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let window = from_timestamp(holder.claim().await.consent_due_time);
    let consent = system.process_hosting(Service::CustomerConsent);
    system.nodes()[consent].stop().await;
    system.set_clock_only(window + TimeDelta::hours(1)).await;
    let key = holder.key(0).await;
    let arbitration = rival.award(&system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    assert_eq!(arbitration.awards[0].outcome(), AwardOutcome::PendingHoldEnded);
    system.start(consent).await;
    system.wait_until_idle().await;
    assert_reinstated(&holder, window, ConsentState::Granted).await;
    assert_eq!(holder.assessment().await.unwrap().month, "2026-03", "the time on record is assessed");
    rival.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, CONTOSO, "until the winner is official");
    let official = from_timestamp(rival.claim().await.consent_due_time);
    system.advance_to(official).await;
    let on_record = system.associations_of_key(&key, None).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, NORTHWIND));
    assert_eq!(ended(&holder).await, (AssociationEndReason::Superseded, Some(window), official));
    assert_eq!(holder.claim().await.association_state(), AssociationState::Ended);
}

/// A subscription is reported as expired in its grace period, before the planned end, after a hold
/// has yielded to a rival. It is reported again before and after the planned end. A consent from
/// before that arrives later still.
async fn r47_an_early_end_counts_for_a_late_consent(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let window = from_timestamp(holder.claim().await.consent_due_time);
    let consent = system.process_hosting(Service::CustomerConsent);
    system.nodes()[consent].stop().await;
    system.set_clock_only(window + TimeDelta::hours(1)).await;
    rival.award(&system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    eventually(async || holder.claim().await.association_state() == AssociationState::Ended).await;
    let (cancelled, planned) = (window + TimeDelta::hours(2), window + TimeDelta::hours(4));
    system.set_clock_only(cancelled).await;
    let expired = Subscription {
        status: SubscriptionStatus::Expired.into(),
        purchase_time: Some(to_timestamp(window - TimeDelta::days(365))),
        end_time: Some(to_timestamp(planned - TimeDelta::days(30))),
        ..rows::subscription(FABRIKAM, &claim.lines[0].subscription_id, "dynamics-365-sales")
    };
    assert_eq!(system.import_row(Row::Subscription(expired.clone())).await, Outcome::Updated);
    for report in [planned - TimeDelta::hours(1), planned + TimeDelta::hours(1)] {
        system.set_clock_only(report).await;
        assert_eq!(system.import_row(Row::Subscription(expired.clone())).await, Outcome::Unchanged);
    }
    system.start(consent).await;
    system.wait_until_idle().await;
    assert_eq!(ended(&holder).await, (AssociationEndReason::Expired, Some(window), cancelled));
    assert_eq!(holder.claim().await.association_state(), AssociationState::Ended);
}

/// A company claims a key again after its association has ended. The association turns out to be
/// official, and ends later, while the newer claim is still open.
async fn r38_a_claim_gets_its_line_back(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let window = from_timestamp(holder.claim().await.consent_due_time);
    let consent = system.process_hosting(Service::CustomerConsent);
    system.nodes()[consent].stop().await;
    system.set_clock_only(window + TimeDelta::hours(1)).await;
    rival.award(&system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    eventually(async || holder.claim().await.association_state() == AssociationState::Ended).await;
    let newer = TestClaim::create_with_evidence(system, claim.clone()).await;
    newer.submit().await.unwrap();
    system.start(consent).await;
    system.wait_until_idle().await;
    assert_eq!(holder.claim().await.association_state(), AssociationState::Official);
    let third = TestClaim::create_with_evidence(system, claim).await;
    let assert_claimed = async || {
        assert_violations(third.submit().await, &[("lines[0]", "ALREADY_CLAIMED")]);
    };
    assert_claimed().await;
    rival.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(ended(&holder).await.0, AssociationEndReason::Superseded);
    assert_eq!(newer.claim().await.state(), ClaimState::Submitted);
    assert_claimed().await;
    newer.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
    third.submit().await.unwrap();
}

/// The customer has approved a pending hold, but claim-intake learns of it only after a review lead
/// has awarded the key to a rival. Then the customer declines after all.
async fn r47_an_approval_before_an_award_counts(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let (key, approval) = (holder.key(0).await, system.now().await);
    let award =
        Award { key: rival.claim().await.lines[0].key.clone(), winner: rival.review_name().await, ..Award::default() };
    let intake = system.process_hosting(Service::ClaimIntake);
    system.nodes()[intake].stop().await;
    holder.approve_consent().await.unwrap();
    system.set_clock_only(approval + TimeDelta::hours(1)).await;
    let request = ArbitrateLinesRequest {
        parent: format!("tenants/{}", holder.tenant),
        awards: vec![award],
        comment: "The newer proof convinces.".into(),
        ..ArbitrateLinesRequest::default()
    };
    system.lead.reviews().arbitrate_lines(request).await.unwrap();
    system.start(intake).await;
    system.wait_until_idle().await;
    assert_reinstated(&holder, approval, ConsentState::Granted).await;
    holder.decline_consent("Not them after all.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(holder.claim().await.state(), ClaimState::Rejected);
    let (reason, official, _) = ended(&holder).await;
    assert_eq!((reason, official), (AssociationEndReason::Declined, Some(approval)));
    rival.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, NORTHWIND);
}

/// The consent window of a successor has passed before the subscription expired, but the registry
/// learns of it after the expiry.
async fn r47_a_successor_counts_before_the_expiry(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    rival.award(&system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    rival.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let window = from_timestamp(rival.claim().await.consent_due_time);
    let expiry = window + TimeDelta::hours(2);
    set_expiry(&holder, expiry).await;
    let consent = system.process_hosting(Service::CustomerConsent);
    system.nodes()[consent].stop().await;
    system.set_clock_only(expiry + TimeDelta::hours(1)).await;
    let_registry_expire(system).await;
    assert_eq!(ended(&holder).await.2, expiry);
    system.start(consent).await;
    system.wait_until_idle().await;
    let (reason, _, end) = ended(&holder).await;
    assert_eq!((reason, end), (AssociationEndReason::Superseded, window));
    assert_eq!(ended(&rival).await, (AssociationEndReason::Expired, Some(window), expiry));
    let on_record = system.associations_of_key(&holder.key(0).await, Some(to_timestamp(window))).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, NORTHWIND));
    let entry = holder.entry("association_ended").await;
    assert_eq!((from_timestamp(entry.effective_time), entry.overtaken), (window, false));
}

/// The customer declined before the subscription expired, but the other services learn of it after
/// the expiry.
async fn r47_a_decline_before_the_expiry_counts(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let decline_time = system.now().await;
    let expiry = decline_time + TimeDelta::days(1);
    set_expiry(&case, expiry).await;
    let intake = system.process_hosting(Service::ClaimIntake);
    system.nodes()[intake].stop().await;
    case.decline_consent("Never heard of them.").await.unwrap();
    system.set_clock_only(expiry + TimeDelta::hours(1)).await;
    let_registry_expire(system).await;
    assert_eq!(ended(&case).await, (AssociationEndReason::Expired, None, expiry));
    system.start(intake).await;
    system.wait_until_idle().await;
    assert_eq!(ended(&case).await, (AssociationEndReason::Declined, None, decline_time));
    let claim = case.claim().await;
    assert_eq!(claim.state(), ClaimState::Rejected);
    assert_eq!(claim.rejection.unwrap().primary_reason(), PrimaryRejectionReason::CustomerDeclined);
}

async fn r47_deadlines_take_effect_at_their_due_time(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let due = case.claim().await.partner_action.unwrap().due_time;
    system.advance_by(TimeDelta::days(100)).await;
    let entry = case.entry("response_deadline_passed").await;
    assert_eq!(entry.effective_time, due);
    assert!(from_timestamp(entry.record_time) >= from_timestamp(entry.effective_time));
    // The dispute window ran from the rejection, not from its processing.
    let window = case.entry("dispute_window_passed").await;
    assert_eq!(window.effective_time, Some(cpor_acceptance::timestamp("2026-04-23T22:00:00Z")));
    assert!(case.claim().await.rejection.unwrap().is_final);
}
