//! R56: what the entries of a history say: who, from what to what, and why, whichever service it happened in.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases, contact, to_timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, HistoryEntry},
    events::v1::{Actor, CustomerApproved, Event, event::Payload},
    r#type::v1::ActorSide,
};

use crate::api::delivery::deliver;

both_databases![
    r56_a_reviewers_steps_say_who_and_from_what_to_what,
    r56_clocks_that_stop_and_a_reviewer_who_goes_are_told,
    r56_the_customers_words_say_from_what_to_what,
    r56_an_award_says_who_keeps_what_until_when,
    r56_a_comment_says_what_it_is_about,
    r56_time_leaves_entries_too,
    r29_an_approval_of_what_was_before_an_edit_has_lapsed,
];
both_databases![
    with with_mail_server:
    r56_a_notice_says_why_it_bounced_and_who_sent_it_again,
];

/// What changed, from what to what.
fn changes(entry: &HistoryEntry) -> Vec<(&str, &str, &str)> {
    entry.changes.iter().map(|change| (&*change.field, &*change.old_value, &*change.new_value)).collect()
}

fn says(entry: &HistoryEntry, change: (&str, &str, &str)) {
    assert!(changes(entry).contains(&change), "{change:?} is not in {entry:#?}");
}

async fn r56_a_reviewers_steps_say_who_and_from_what_to_what(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    says(&case.entry("submitted").await, ("policy", "", "2021@1"));
    let rita = system.reviewer.subject.as_str();
    case.take(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(changes(&case.entry("review_assigned").await), [("reviewer", "", rita)]);
    case.start_review(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let started = case.entry("review_started").await;
    assert_eq!((started.from_state(), started.to_state()), (ClaimState::Submitted, ClaimState::UnderReview));
    let opened = case.entry("review_opened").await;
    let [(_, _, until)] = changes(&opened)[..] else { panic!("{opened:#?}") };
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let begun = case.entry("approval_begun").await;
    assert_eq!(
        (begun.side(), begun.subject.as_str(), begun.to_state()),
        (ActorSide::Reviewer, rita, ClaimState::UnderReview)
    );
    assert_eq!(changes(&begun), [("review_due_time", until, "")], "the clocks stand still");
    let approved = case.entry("review_approved").await;
    assert_eq!((approved.from_state(), approved.to_state()), (ClaimState::UnderReview, ClaimState::Approved));
    assert_eq!(changes(&approved), [("association_state", "", "pending")]);
}

async fn r56_clocks_that_stop_and_a_reviewer_who_goes_are_told(system: &TestSystem) {
    let rita = system.reviewer.subject.as_str();
    let asked = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    stops(&asked, "review_opened", "partner_action_requested").await;
    let rejected = TestClaim::at_stage(system, system.presales().await, ClaimStage::Disputed).await;
    stops(&rejected, "review_opened", "review_rejected").await;
    let disputed = rejected.entry("disputed").await;
    says(&disputed, ("reviewer", rita, ""));
    assert!(changes(&disputed).iter().all(|(field, ..)| *field != "review_due_time"), "it stood: {disputed:#?}");
}

/// The clock that this entry set is stopped by that one.
async fn stops(case: &TestClaim<'_>, set: &str, stopped: &str) {
    let set = case.entry(set).await;
    let until = set.changes.iter().find(|change| change.field == "review_due_time").expect("a clock");
    says(&case.entry(stopped).await, ("review_due_time", &until.new_value, ""));
}

async fn r56_the_customers_words_say_from_what_to_what(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let approved = case.entry("customer_approved").await;
    assert_eq!((approved.side(), approved.subject.as_str()), (ActorSide::Customer, case.customer().subject.as_str()));
    assert_eq!(changes(&approved), [("consent_channel", "", "signed_in"), ("consent", "requested", "approved")]);
    assert_eq!(changes(&case.entry("association_granted").await), [("association_state", "pending", "granted")]);
    says(&case.entry("association_official").await, ("association_state", "granted", "official"));
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    let declined = case.entry("customer_declined").await;
    assert_eq!((declined.from_state(), declined.to_state()), (ClaimState::Approved, ClaimState::Rejected));
    assert_eq!(declined.reason, "On second thoughts.", "nothing but what the customer wrote");
    for change in [
        ("consent", "approved", "declined"),
        ("consent_channel", "", "signed_in"),
        ("association_state", "official", "ended"),
        ("rejection.primary_reason", "", "customer_declined"),
    ] {
        says(&declined, change);
    }
}

async fn r56_an_award_says_who_keeps_what_until_when(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    says(&rival.entry("competition_changed").await, ("lines[0].contested", "false", "true"));
    let key = rival.claim().await.lines[0].key.clone();
    rival.award(&system.lead, &[key.as_str()]).await.unwrap();
    system.wait_until_idle().await;
    for (case, until) in [
        (&rival, "awarded to this claim, once its association is official; until then another keeps it on record"),
        (
            &holder,
            "awarded to another claim, once the association of that one is official; until then this claim keeps it",
        ),
    ] {
        let awarded = case.entry("lines_awarded").await;
        assert_eq!((awarded.side(), awarded.subject.as_str()), (ActorSide::Reviewer, system.lead.subject.as_str()));
        assert_eq!((awarded.from_state(), awarded.reason.as_str()), (awarded.to_state(), "The newer proof convinces."));
        assert_eq!(awarded.changes[0].new_value, until);
    }
    assert_eq!(holder.claim().await.state(), ClaimState::Approved);
    let told = holder.comments().await;
    assert!(told.iter().all(|comment| !comment.text.contains("Nobody competes")), "it is to be superseded: {told:#?}");
}

async fn r56_a_comment_says_what_it_is_about(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let (evidence, claim) = (case.evidence().await.remove(0), case.claim().await);
    case.comment_on(&system.reviewer, &evidence.name, &claim.lines[0].line_id).await.unwrap();
    let commented = case.entry("commented").await;
    let fields: Vec<_> = commented.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["comment.evidence", "comment.line"]);
    assert!(commented.changes[0].new_value.contains(&evidence.file_name), "{commented:#?}");
    let line = format!("dynamics-365-sales on {}", claim.lines[0].subscription_id);
    assert_eq!(commented.changes[1].new_value, line);
}

async fn r56_time_leaves_entries_too(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    system.advance_by(TimeDelta::days(10)).await;
    for (action, clock) in [("review_reminded", "review_decision"), ("review_overdue", "review_decision")] {
        let history = case.history().await;
        let entry = history.iter().find(|entry| entry.action == action && entry.reason == clock).expect(action);
        assert_eq!((entry.side(), entry.to_state()), (ActorSide::Time, ClaimState::UnderReview), "{entry:#?}");
    }
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.approve_consent().await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    let passed = case.entry("consent_window_passed").await;
    assert_eq!(changes(&passed), [("consent_window", "open", "passed")], "the customer can decline no more");
    assert!(!passed.overtaken && passed.side() == ActorSide::Time, "{passed:#?}");
}

async fn r56_a_notice_says_why_it_bounced_and_who_sent_it_again(system: &TestSystem) {
    system.mail_server().refuse("jana@bounce.example");
    let jana = contact("Jana Dvořáková", "CIO", "jana@bounce.example");
    let case =
        TestClaim::at_stage(system, Claim { customer_contact: jana, ..system.presales().await }, ClaimStage::Submitted)
            .await;
    let bounced = case.entry("notice_settled").await;
    assert_eq!(changes(&bounced), [("notices.submission", "queued", "bounced")]);
    assert!(bounced.reason.starts_with("submission notice bounced: SMTP 55"), "{}", bounced.reason);
    system.mail_server().admit("jana@bounce.example");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let resent = case.entry("notice_resent").await;
    assert_eq!((resent.side(), resent.subject.as_str()), (ActorSide::Vendor, system.operator.subject.as_str()));
    assert_eq!(changes(&resent), [("notices.submission", "bounced", "queued")]);
    assert_eq!(changes(&case.entry("notice_settled").await), [("notices.submission", "queued", "accepted")]);
}

/// The customer's approval of the claim as it was when they had been asked anew `consent_request_number` times.
async fn approves(case: &TestClaim<'_>, consent_request_number: u32) -> HistoryEntry {
    let approved = CustomerApproved {
        claim: case.name.clone(),
        channel: cpor_proto::r#type::v1::ConsentChannel::Link.into(),
        consent_request_number,
    };
    let event = Event {
        sequence: 1,
        effective_time: Some(to_timestamp(case.system.now().await)),
        actor: Some(Actor { side: ActorSide::Customer.into(), subject: "jana".into() }),
        traceparent: String::new(),
        payload: Some(Payload::CustomerApproved(approved)),
    };
    let result = deliver(case.system, &case.system.next_uuid(), vec![event]).await;
    assert_eq!(result.failure, None);
    case.entry("customer_approved").await
}

/// The customer's service may hear of an edit after the customer has approved what was before it.
async fn r29_an_approval_of_what_was_before_an_edit_has_lapsed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let bea = contact("Bea", "CIO", "bea@fabrikam.example");
    case.update(Claim { customer_contact: bea, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    system.wait_until_idle().await;
    assert!(approves(&case, 0).await.overtaken, "it was given after the edit, and not to it");
    assert!(!approves(&case, 1).await.overtaken);
    // What was approved lapses with the next edit, and the history says so.
    let jana = contact("Jana", "CIO", "jana@fabrikam.example");
    case.update(Claim { customer_contact: jana, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    says(&case.entry("updated").await, ("consent", "approved", "requested"));
    system.wait_until_idle().await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    assert!(!case.entry("customer_approved").await.overtaken, "the customer's service tells which asking it was");
}
