//! R29a, R31, R41a, R41b: a customer who is not reached, and notices that bounce later.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, TestClaim, TestSystem, assert_not_allowed, assert_refused, both_databases, contact, from_timestamp,
    timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, ExplainClaimRequest, Party, WaitsFor, WithdrawReason},
    consents::v1::{Consent, ConsentState, RecordBounceRequest},
    r#type::v1::{AssociationEndReason, AssociationState, NoticeState, PrimaryRejectionReason},
};
use tonic::Code;

both_databases![
    r29a_contacts_are_locked_once_a_notice_is_accepted,
    r41b_operators_record_a_late_bounce,
    r41b_a_bounce_of_a_repeated_notice_keeps_the_window,
    r41b_a_bounce_after_the_window_is_told_to_reviewers,
    r41b_a_delivery_report_stops_the_window,
];
both_databases![
    with with_mail_server:
    r41b_refusals_of_the_recipient_are_bounces,
    r41a_the_partner_is_told_and_corrects_the_contact,
    r41a_a_claim_with_an_unreached_customer_is_rejected,
    r41a_the_partner_may_withdraw,
    r29a_a_corrected_technical_contact_repeats_the_notice,
    r48_partners_are_reminded_to_reach_the_customer,
];

const ADDRESS: &str = "jana@fabrikam-mail.example";
const ERIK: &str = "erik.weber@contoso.example";
const RITA: &str = "rita@vendor.example";

/// The text without line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A claim whose customer contact has this address.
async fn presales(system: &TestSystem, address: &str) -> Claim {
    Claim { customer_contact: contact("Jana Dvořáková", "CIO", address), ..system.presales().await }
}

/// An approved claim whose notices were all refused.
async fn unreached(system: &TestSystem) -> TestClaim<'_> {
    system.mail_server().refuse(ADDRESS);
    let case = TestClaim::at_stage(system, presales(system, ADDRESS).await, ClaimStage::UnderReview).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// Asserts that the approved claim waits for a notice that is accepted.
async fn assert_waits_for_delivery(case: &TestClaim<'_>, due: &str) {
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(claim.consent_due_time, None);
    let request = ExplainClaimRequest { name: case.name.clone() };
    let explained = case.partner.claims().explain_claim(request).await.unwrap().into_inner();
    assert_eq!((explained.waits_for(), explained.acting_party()), (WaitsFor::NoticeDelivery, Party::Partner));
    assert_eq!(explained.due_time, Some(timestamp(due)), "{}", explained.explanation);
    let own = explained.parties.iter().find(|party| party.party() == Party::Partner).unwrap();
    for method in ["ClaimService/UpdateClaim", "ClaimService/WithdrawClaim"] {
        assert!(own.commands.iter().any(|command| command.method.ends_with(method) && command.caller_allowed));
    }
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.waiting_for_delivery), (ConsentState::AwaitingDelivery, true));
    assert_eq!((consent.due_time, consent.delivery_due_time), (None, Some(timestamp(due))));
}

/// The end of the 30th day after the approval, in Prague.
const DUE: &str = "2026-04-15T22:00:00Z";

async fn r41b_refusals_of_the_recipient_are_bounces(system: &TestSystem) {
    let replies =
        ["501 5.1.3 bad address", "504 5.5.2 no", "521 5.3.2 no mail here", "553 no", "556 no", "500 5.1.2 no"];
    for (number, reply) in replies.into_iter().enumerate() {
        let address = format!("jana{number}@fabrikam.example");
        system.mail_server().refuse_with(&address, reply);
        let case = TestClaim::at_stage(system, presales(system, &address).await, ClaimStage::UnderReview).await;
        case.approve(&system.reviewer).await.unwrap();
        system.wait_until_idle().await;
        let notices = case.consent().await.unwrap().notices;
        assert!(notices.len() == 2 && notices.iter().all(|notice| notice.state() == NoticeState::Bounced), "{reply}");
        assert_waits_for_delivery(&case, DUE).await;
        let reason = case.entry("notice_reported").await.reason;
        assert!(reason.contains(&format!("SMTP {}", &reply[..3])) && !reason.contains('@'), "{reason}");
    }
}

async fn r41a_the_partner_is_told_and_corrects_the_contact(system: &TestSystem) {
    let case = unreached(system).await;
    assert_waits_for_delivery(&case, DUE).await;
    let told = |address: &str| {
        let mails = system.mails_to(address);
        mails.into_iter().filter(|mail| mail.subject.contains("customer was not reached")).collect::<Vec<_>>()
    };
    assert_eq!(told(ERIK).len(), 1);
    let mail = told(ERIK).remove(0);
    for text in ["UpdateClaim", "WithdrawClaim", "15 April 2026"] {
        assert!(words(&mail.text).contains(text) && mail.html.contains(text), "{text}: {}", mail.text);
    }
    assert_eq!(told(RITA).len(), 1, "the reviewer sees the bounce");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(told(ERIK).len(), 2, "the customer was asked again");

    let other = Claim { display_name: "Other".into(), mpn_id: "1002".into(), ..case.claim().await };
    assert_refused(case.update(other, &["display_name", "mpn_id"]).await, Code::FailedPrecondition, "FIELD_LOCKED");
    let corrected = Claim {
        customer_contact: contact("Jana Dvořáková", "CIO", "jana@fabrikam.example"),
        customer_technical_contact: contact("Petr Malý", "IT", "petr@fabrikam.example"),
        ..case.claim().await
    };
    case.update(corrected, &["customer_contact", "customer_technical_contact"]).await.unwrap();
    system.wait_until_idle().await;
    let notices = system.mails_to("jana@fabrikam.example");
    assert_eq!(notices.len(), 1, "the customer is notified anew");
    assert!(notices[0].subject.contains("pokud neodmítnete"), "{}", notices[0].subject);
    let consent = case.consent().await.unwrap();
    let due = Some(timestamp("2026-03-23T23:00:00Z"));
    assert_eq!((consent.state(), consent.due_time), (ConsentState::WindowOpen, due));
    system.advance_by(TimeDelta::days(8)).await;
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, due));
}

async fn r29a_contacts_are_locked_once_a_notice_is_accepted(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let corrected = presales(system, "jana@fabrikam.example").await;
    assert_not_allowed(case.update(corrected, &["customer_contact"]).await, "update", "approved");
    assert_eq!(case.contact().await, "jana.dvorakova@fabrikam.example");
}

async fn r29a_a_corrected_technical_contact_repeats_the_notice(system: &TestSystem) {
    let case = unreached(system).await;
    system.mail_server().admit(ADDRESS);
    let customer_technical_contact = contact("Petr Malý", "IT", "petr@fabrikam.example");
    let corrected = Claim { customer_technical_contact, ..Claim::default() };
    case.update(corrected, &["customer_technical_contact"]).await.unwrap();
    system.wait_until_idle().await;
    let notices = system.mails_to(ADDRESS);
    assert_eq!(notices.len(), 1, "the customer is notified anew");
    let consent = case.consent().await.unwrap();
    let due = Some(timestamp("2026-03-23T23:00:00Z"));
    assert_eq!((consent.state(), consent.due_time), (ConsentState::WindowOpen, due));
    assert!(system.browser.approve(notices[0].link()).await.status.is_success());
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r41a_a_claim_with_an_unreached_customer_is_rejected(system: &TestSystem) {
    let case = unreached(system).await;
    system.advance_to(from_timestamp(Some(timestamp(DUE))) - TimeDelta::microseconds(1)).await;
    assert_waits_for_delivery(&case, DUE).await;
    system.advance_to(from_timestamp(Some(timestamp(DUE)))).await;
    let claim = case.claim().await;
    let rejection = claim.rejection.clone().unwrap();
    assert_eq!(claim.state(), ClaimState::Rejected);
    assert_eq!(rejection.primary_reason(), PrimaryRejectionReason::CustomerNotReached);
    assert_eq!(case.entry("customer_not_reached").await.effective_time, Some(timestamp(DUE)));
    let ended = case.associations().await.remove(0);
    assert_eq!((ended.state(), ended.end_reason()), (AssociationState::Ended, AssociationEndReason::Rejected));
    let mail = system.mail_to(ERIK);
    for text in ["the customer was not reached", "DisputeClaim"] {
        assert!(words(&mail.text).contains(text), "{text}: {}", mail.text);
    }
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.due_time), (ConsentState::Closed, rejection.dispute_due_time));
    // The key is free again.
    let rival = system.rival_of(&case.claim().await);
    let rival = Claim { customer_contact: contact("Jana", "CIO", "jana@fabrikam.example"), ..rival };
    TestClaim::at_stage(system, rival, ClaimStage::Approved).await;
    // The rejection can be disputed like others.
    assert_eq!(case.dispute("The mail system was down.").await.unwrap().state(), ClaimState::Disputed);
    system.wait_until_idle().await;
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::Requested);
}

async fn r41a_the_partner_may_withdraw(system: &TestSystem) {
    let case = unreached(system).await;
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    system.advance_by(TimeDelta::days(60)).await;
    assert_eq!(case.claim().await.rejection.unwrap().primary_reason(), PrimaryRejectionReason::PartnerRequest);
    assert!(case.history().await.iter().all(|entry| entry.action != "customer_not_reached"));
}

async fn r48_partners_are_reminded_to_reach_the_customer(system: &TestSystem) {
    unreached(system).await;
    let reminders = || {
        let mails = system.mails_to(ERIK).into_iter();
        mails.filter(|mail| mail.subject.starts_with("Reminder: reach the customer by")).count()
    };
    let remind = from_timestamp(Some(timestamp("2026-04-14T22:00:00Z")));
    system.advance_to(remind - TimeDelta::microseconds(1)).await;
    assert_eq!(reminders(), 0, "too early");
    system.advance_to(remind).await;
    system.wait_until_idle().await;
    assert_eq!(reminders(), 1);
    system.advance_by(TimeDelta::days(20)).await;
    assert_eq!(reminders(), 1, "reminded twice");
}

/// The id of the last notice that was accepted.
fn last_accepted(consent: &Consent) -> &str {
    let accepted = consent.notices.iter().rev().find(|notice| notice.state() == NoticeState::Accepted);
    &accepted.expect("an accepted notice").notice_id
}

async fn r41b_operators_record_a_late_bounce(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    system.advance_by(TimeDelta::days(3)).await;
    let consent = case.consent().await.unwrap();
    let notice = last_accepted(&consent);
    for actor in [&case.partner, case.customer(), &system.reviewer, &system.lead] {
        assert_refused(case.record_bounce(actor, notice).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    let unknown = case.record_bounce(&system.operator, &system.next_uuid()).await;
    let status = assert_refused(unknown, Code::InvalidArgument, "INVALID_FIELDS");
    assert!(status.message().contains("notice_id"), "{}", status.message());
    let request = RecordBounceRequest {
        name: case.consent_name(),
        notice_id: notice.to_owned(),
        validate_only: true,
        ..RecordBounceRequest::default()
    };
    let preview = system.operator.consents().record_bounce(request).await.unwrap().into_inner();
    assert_eq!(preview.state(), ConsentState::AwaitingDelivery);
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::WindowOpen, "validate_only changes nothing");

    let stopped = case.record_bounce(&system.operator, notice).await.unwrap();
    assert_eq!((stopped.state(), stopped.due_time), (ConsentState::AwaitingDelivery, None));
    assert_eq!(case.record_bounce(&system.operator, notice).await.unwrap().etag, stopped.etag, "a repeated report");
    system.wait_until_idle().await;
    assert_waits_for_delivery(&case, DUE).await;
    let entry = case.entry("notice_reported").await;
    assert_eq!(entry.reason, "approval notice bounced: recorded by an operator 5.1.1");
    assert!(system.mail_to(ERIK).subject.contains("customer was not reached"));
    // A full window runs from the next notice that is accepted.
    system.advance_by(TimeDelta::days(8)).await;
    assert_waits_for_delivery(&case, DUE).await;
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let due = Some(timestamp("2026-04-03T22:00:00Z"));
    assert_eq!(case.consent().await.unwrap().due_time, due);
    assert_eq!(case.claim().await.consent_due_time, due);
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(case.claim().await.official_time, due);
}

async fn r41b_a_bounce_of_a_repeated_notice_keeps_the_window(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let first = last_accepted(&case.consent().await.unwrap()).to_owned();
    system.advance_by(TimeDelta::days(2)).await;
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let before = case.consent().await.unwrap();
    // The window is counted from the second notice if the first one was not delivered.
    let counted_again = case.record_bounce(&system.operator, &first).await.unwrap();
    let due = Some(timestamp("2026-03-25T23:00:00Z"));
    assert_eq!((counted_again.state(), counted_again.due_time), (ConsentState::WindowOpen, due));
    assert_ne!(before.due_time, due);
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.consent_due_time, due);
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let third = last_accepted(&case.consent().await.unwrap()).to_owned();
    assert_eq!(case.record_bounce(&system.operator, &third).await.unwrap().due_time, due, "another one started it");
}

async fn r41b_a_bounce_after_the_window_is_told_to_reviewers(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let official = case.claim().await.official_time;
    let notice = last_accepted(&case.consent().await.unwrap()).to_owned();
    let consent = case.record_bounce(&system.operator, &notice).await.unwrap();
    assert_eq!(consent.state(), ConsentState::Granted);
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, official));
    let mail = system.mail_to(RITA);
    assert!(mail.subject.starts_with("The customer was not reached"), "{}", mail.subject);
    assert!(words(&mail.text).contains("nothing changes by itself"), "{}", mail.text);
    assert!(system.mails_to(ERIK).iter().all(|mail| !mail.subject.contains("not reached")));
    system.advance_by(TimeDelta::days(60)).await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

/// A report (RFC 3464) about the mail with this return path.
fn delivery_report(return_path: &str, recipient: &str, action: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\r\nTo: <{return_path}>\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
}

async fn r41b_a_delivery_report_stops_the_window(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let address = case.contact().await;
    let notice = system.mail_to(&address);
    assert!(notice.return_path.ends_with("@bounces.vendor.example"), "{}", notice.return_path);
    let deliver = |name: &str, action: &str| {
        let report = delivery_report(&notice.return_path, &address, action);
        std::fs::write(system.store().bounces().join("new").join(name), report).unwrap();
    };
    for action in ["delayed", "delivered", "relayed", "expanded"] {
        deliver(action, action);
        system.wait_until_idle().await;
        assert_eq!(case.consent().await.unwrap().state(), ConsentState::WindowOpen, "{action}");
    }
    deliver("failed", "failed");
    system.advance_by(TimeDelta::days(8)).await;
    assert_waits_for_delivery(&case, DUE).await;
    assert_eq!(case.entry("notice_reported").await.reason, "approval notice bounced: delivery report 5.1.1");
}
