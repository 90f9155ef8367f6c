//! R29a: corrections of the contacts of an approved claim that cross a decision of the customer.
//! claim-intake and customer-consent agree in the end, whichever event arrives first.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_not_allowed, both_databases, contact, from_timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, ExplainClaimRequest},
    consents::v1::{Consent, ConsentState},
    r#type::v1::{AssociationState, NoticeState, PrimaryRejectionReason},
};
use cpor_types::Service;

both_databases![
    r29a_an_approval_before_the_correction_counts,
    r29a_after_the_correction_the_new_contact_approves,
    r41b_a_bounce_of_a_former_contact_changes_nothing,
];
both_databases![
    with five_processes:
    r29a_a_crossing_approval_by_link_lapses,
    r29a_a_crossing_approval_of_the_tenant_counts,
    r29a_crossing_silence_does_not_count,
    r29a_crossing_silence_is_no_decline,
    r41a_a_crossing_correction_keeps_the_claim,
    r47_a_correction_after_the_delivery_period_is_too_late,
];

const NEW_ADDRESS: &str = "jana@fabrikam.example";
const ERIK: &str = "erik.weber@contoso.example";
const RITA: &str = "rita@vendor.example";

/// An approved claim whose notice has bounced, so that its contacts can be corrected.
async fn unreached(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    lose_notice(&case).await;
    case
}

/// Lets the accepted notice about the approval bounce after all.
async fn lose_notice(case: &TestClaim<'_>) {
    let system = case.system;
    let notices = case.consent().await.unwrap().notices;
    let accepted = notices.iter().rev().find(|notice| notice.state() == NoticeState::Accepted).unwrap();
    case.record_bounce(&system.operator, &accepted.notice_id).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::AwaitingDelivery);
}

async fn correct(case: &TestClaim<'_>) -> cpor_acceptance::ApiResult<Claim> {
    let customer_contact = contact("Jana Nová", "CIO", NEW_ADDRESS);
    case.update(Claim { customer_contact, ..Claim::default() }, &["customer_contact"]).await
}

/// Lets the customer act while claim-intake is stopped, and the partner correct the contact while
/// customer-consent is stopped. So neither service knows of the other's event when it decides.
async fn cross(case: &TestClaim<'_>, act: impl AsyncFn(), while_stopped: impl AsyncFn()) {
    let system = case.system;
    let process = |service| system.process_hosting(service);
    system.nodes()[process(Service::ClaimIntake)].stop().await;
    act().await;
    system.nodes()[process(Service::CustomerConsent)].stop().await;
    system.start(process(Service::ClaimIntake)).await;
    eventually(async || correct(case).await.is_ok()).await;
    while_stopped().await;
    system.start(process(Service::CustomerConsent)).await;
    system.wait_until_idle().await;
}

/// Repeats an attempt until it succeeds, like a client that retries.
pub(super) async fn eventually(attempt: impl AsyncFn() -> bool) {
    let retries = async { while !attempt().await {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), retries).await.expect("success in 20 seconds");
}

/// Sends the notice again, and waits until it has opened a window.
async fn open_window(case: &TestClaim<'_>) {
    case.resend_notice(&case.system.operator).await.unwrap();
    eventually(async || case.consent().await.unwrap().due_time.is_some()).await;
}

/// Asserts that both services wait for the decision of the new contact, in a full window.
async fn assert_new_contact_is_asked(case: &TestClaim<'_>) -> Consent {
    let system = case.system;
    let (claim, consent) = (case.claim().await, case.consent().await.unwrap());
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(consent.state(), ConsentState::WindowOpen);
    assert_eq!(claim.consent_due_time, consent.due_time);
    let days = from_timestamp(consent.due_time) - system.now().await;
    assert!(days > TimeDelta::days(7), "a full window: {days}");
    let notice = system.mail_to(NEW_ADDRESS);
    assert!(notice.text.contains("/consent/"), "{}", notice.text);
    consent
}

async fn r29a_an_approval_before_the_correction_counts(system: &TestSystem) {
    let case = unreached(system).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    assert!(system.browser.approve(&link).await.status.is_success());
    system.wait_until_idle().await;
    assert_not_allowed(correct(&case).await, "update", "approved");
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r29a_after_the_correction_the_new_contact_approves(system: &TestSystem) {
    let case = unreached(system).await;
    let link = system.mail_to(&case.contact().await).link().to_owned();
    correct(&case).await.unwrap();
    system.wait_until_idle().await;
    assert_new_contact_is_asked(&case).await;
    assert!(!system.browser.approve(&link).await.status.is_success(), "earlier links can only decline");
    let link = system.mail_to(NEW_ADDRESS).link().to_owned();
    assert!(system.browser.approve(&link).await.status.is_success());
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::Granted);
}

async fn r29a_a_crossing_approval_by_link_lapses(system: &TestSystem) {
    for is_window_open in [false, true] {
        let case = unreached(system).await;
        let link = system.mail_to(&case.contact().await).link().to_owned();
        let act = async || {
            if is_window_open {
                open_window(&case).await;
            }
            assert!(system.browser.approve(&link).await.status.is_success());
        };
        cross(&case, act, async || {}).await;
        let consent = assert_new_contact_is_asked(&case).await;
        assert!(case.entry("customer_approved").await.overtaken);
        assert!(!system.browser.approve(&link).await.status.is_success(), "earlier links can only decline");
        system.advance_by(TimeDelta::days(8)).await;
        let claim = case.claim().await;
        assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, consent.due_time));
        assert_eq!(case.consent().await.unwrap().state(), ConsentState::Granted);
    }
}

async fn r29a_a_crossing_approval_of_the_tenant_counts(system: &TestSystem) {
    for is_window_open in [false, true] {
        let case = unreached(system).await;
        let act = async || {
            if is_window_open {
                open_window(&case).await;
            }
            case.approve_consent().await.unwrap();
        };
        cross(&case, act, async || {}).await;
        let claim = case.claim().await;
        assert_eq!(claim.association_state(), AssociationState::Official);
        let consent = case.consent().await.unwrap();
        assert_eq!((consent.state(), consent.due_time.is_some()), (ConsentState::Granted, true));
        let notice = system.mail_to(NEW_ADDRESS);
        let words = notice.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("is on record as your partner now"), "{words}");
        assert!(system.browser.decline(notice.link(), "Not them.").await.status.is_success());
        system.wait_until_idle().await;
        assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    }
}

/// The customer had declined before, so its silence is a decline (R28). The silence of the former
/// contact crosses the correction.
async fn r29a_crossing_silence_is_no_decline(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.decline_consent("No.").await.unwrap();
    system.wait_until_idle().await;
    case.dispute("Please ask again.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    lose_notice(&case).await;
    let later = system.now().await + TimeDelta::days(9);
    cross(&case, async || open_window(&case).await, async || system.set_clock_only(later).await).await;
    let overtaken = case.history().await.into_iter().filter(|entry| entry.action == "customer_declined");
    assert_eq!(overtaken.map(|entry| entry.overtaken).collect::<Vec<_>>(), [false, true]);
    assert_new_contact_is_asked(&case).await;
    let link = system.mail_to(NEW_ADDRESS).link().to_owned();
    assert!(system.browser.approve(&link).await.status.is_success());
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

/// A notice to the former contact bounces only after the correction.
async fn r41b_a_bounce_of_a_former_contact_changes_nothing(system: &TestSystem) {
    let case = unreached(system).await;
    let notices = case.consent().await.unwrap().notices;
    let former = notices.iter().find(|notice| notice.state() == NoticeState::Accepted).unwrap();
    correct(&case).await.unwrap();
    system.wait_until_idle().await;
    let shown = async || {
        let request = ExplainClaimRequest { name: case.name.clone() };
        let explained = case.partner.claims().explain_claim(request).await.unwrap().into_inner();
        let waits = (explained.waits_for, explained.explanation);
        (waits, case.claim().await.consent_due_time, system.mails_to(ERIK).len(), system.mails_to(RITA).len())
    };
    let before = shown().await;
    case.record_bounce(&system.operator, &former.notice_id).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(shown().await, before);
    let history = case.history().await;
    let entry = history.iter().rev().find(|entry| entry.action == "notice_reported").unwrap();
    assert!(entry.reason.contains("bounced") && !entry.overtaken, "{entry:#?}");
    assert_new_contact_is_asked(&case).await;
}

async fn r29a_crossing_silence_does_not_count(system: &TestSystem) {
    let case = unreached(system).await;
    let later = system.now().await + TimeDelta::days(9);
    cross(&case, async || open_window(&case).await, async || system.set_clock_only(later).await).await;
    assert!(case.entry("consent_window_passed").await.overtaken);
    let consent = assert_new_contact_is_asked(&case).await;
    system.advance_by(TimeDelta::days(8)).await;
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, consent.due_time));
}

/// The end of the time in which a notice must be accepted crosses the correction. A second
/// correction after that time changes nothing about it.
async fn r41a_a_crossing_correction_keeps_the_claim(system: &TestSystem) {
    let case = unreached(system).await;
    let consent = case.consent().await.unwrap();
    let later = from_timestamp(consent.delivery_due_time) + TimeDelta::hours(1);
    let correct_again = async || {
        system.set_clock_only(later).await;
        let customer_contact = contact("Jana Malá", "CIO", NEW_ADDRESS);
        case.update(Claim { customer_contact, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    };
    cross(&case, async || {}, correct_again).await;
    assert!(case.entry("customer_not_reached").await.overtaken);
    let consent = assert_new_contact_is_asked(&case).await;
    system.advance_by(TimeDelta::days(8)).await;
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, consent.due_time));
}

async fn r47_a_correction_after_the_delivery_period_is_too_late(system: &TestSystem) {
    let case = unreached(system).await;
    let due = case.consent().await.unwrap().delivery_due_time;
    system.nodes()[system.process_hosting(Service::CustomerConsent)].stop().await;
    system.set_clock_only(from_timestamp(due) + TimeDelta::hours(1)).await;
    correct(&case).await.unwrap();
    system.start(system.process_hosting(Service::CustomerConsent)).await;
    system.wait_until_idle().await;
    let rejection = case.claim().await.rejection.unwrap();
    assert_eq!((rejection.primary_reason(), rejection.reject_time), (PrimaryRejectionReason::CustomerNotReached, due));
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::Closed);
    assert!(system.mails_to(NEW_ADDRESS).is_empty(), "there is nothing to decide");
}
