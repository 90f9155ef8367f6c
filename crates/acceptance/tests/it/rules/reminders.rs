//! R48: partners and reviewers are reminded before their own deadlines.

use chrono::{DateTime, TimeDelta, Utc};
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases};

both_databases![
    r48_partners_are_reminded_before_a_response_is_due,
    r48_partners_are_reminded_of_the_dispute_window,
    r48_no_reminder_after_a_response_or_dispute,
    r48_reviewers_are_reminded_before_a_decision_is_due,
    r48_no_reminder_while_the_clocks_are_stopped,
];

/// The number of reminders to this address.
async fn reminders(system: &TestSystem, address: &str) -> usize {
    system.wait_until_idle().await;
    let subjects = system.mails_to(address).into_iter().map(|mail| mail.subject);
    subjects.filter(|subject| subject.starts_with("Reminder:") || subject.starts_with("Soon due:")).count()
}

const ERIK: &str = "erik.weber@contoso.example";
const RITA: &str = "rita@vendor.example";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Asserts that the first reminder is sent at this time, and no second one.
async fn assert_reminded_once_at(system: &TestSystem, address: &str, due: &str) {
    system.advance_to(time(due) - TimeDelta::microseconds(1)).await;
    assert_eq!(reminders(system, address).await, 0, "too early");
    system.advance_to(time(due)).await;
    assert_eq!(reminders(system, address).await, 1);
    system.advance_by(TimeDelta::days(60)).await;
    assert_eq!(reminders(system, address).await, 1, "reminded twice");
}

async fn r48_partners_are_reminded_before_a_response_is_due(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    // The response is due at the end of Monday 23 in Berlin. One business day before is the end of
    // Friday.
    system.advance_to(time("2026-03-20T22:59:59.999999Z")).await;
    assert_eq!(reminders(system, ERIK).await, 0, "too early");
    system.advance_to(time("2026-03-20T23:00:00Z")).await;
    assert_eq!(reminders(system, ERIK).await, 1);
    let mail = system.mail_to(ERIK);
    assert_eq!(mail.subject, "Reminder: answer by 23 March 2026: Fabrikam sales rollout");
    assert!(mail.text.contains("you have not answered yet") && mail.text.contains("The signature page is missing."));
    assert_eq!(
        case.entry("response_reminded").await.effective_time,
        Some(cpor_acceptance::timestamp("2026-03-20T23:00:00Z"))
    );
}

async fn r48_partners_are_reminded_of_the_dispute_window(system: &TestSystem) {
    TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    // The dispute window ends at the end of Wednesday 15 April in Berlin.
    assert_reminded_once_at(system, ERIK, "2026-04-14T22:00:00Z").await;
    let subjects: Vec<_> = system.mails_to(ERIK).into_iter().map(|mail| mail.subject).collect();
    assert!(
        subjects.contains(&"Reminder: dispute by 15 April 2026: Fabrikam sales rollout".to_owned()),
        "{subjects:?}"
    );
}

async fn r48_no_reminder_after_a_response_or_dispute(system: &TestSystem) {
    let resubmitted = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    resubmitted.resubmit("Here it is.").await.unwrap();
    let disputed = TestClaim::at_stage(system, system.usage().await, ClaimStage::Rejected).await;
    disputed.dispute("The signature is on page two.").await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(60)).await;
    assert_eq!(reminders(system, ERIK).await, 0);
}

async fn r48_reviewers_are_reminded_before_a_decision_is_due(system: &TestSystem) {
    TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    // The decision is due at the end of Monday 23 in Los Angeles, the overall deadline a week
    // later.
    system.advance_to(time("2026-03-21T06:59:59.999999Z")).await;
    assert_eq!(reminders(system, RITA).await, 0, "too early");
    system.advance_to(time("2026-03-21T07:00:00Z")).await;
    assert_eq!(reminders(system, RITA).await, 1);
    assert_eq!(system.mail_to(RITA).subject, "Soon due: decision of Fabrikam sales rollout");
    system.advance_by(TimeDelta::days(60)).await;
    assert_eq!(reminders(system, RITA).await, 2, "the overall clock has its own");
}

async fn r48_no_reminder_while_the_clocks_are_stopped(system: &TestSystem) {
    let claim = system.presales().await;
    TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let requested = TestClaim::at_stage(system, system.usage().await, ClaimStage::PartnerActionRequired).await;
    // Clocks are stopped while claims compete and while a partner has to act.
    system.advance_to(time("2026-03-23T22:00:00Z")).await;
    assert_eq!(reminders(system, RITA).await, 0);
    requested.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(14)).await;
    assert!(reminders(system, RITA).await > 0, "the clocks of the resubmitted claim run again");
}
