//! R56: the entries of a history say who changed what, from which value to which, and why, for
//! changes in every service.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases, contact, to_timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, HistoryEntry},
    events::v1::{Actor, CustomerApproved, Event, event::Payload},
    r#type::v1::ActorSide,
};

use crate::api::delivery::deliver;

both_databases![
    r56_review_entries_name_actor_and_changes,
    r56_entries_record_stopped_clocks_and_reviewers,
    r56_customer_entries_name_the_changes,
    r56_an_award_entry_says_who_holds_the_key,
    r56_a_comment_entry_names_document_and_line,
    r56_deadlines_add_entries,
    r29_an_edit_lapses_an_earlier_approval,
];
both_databases![
    with with_mail_server:
    r56_notice_entries_name_bounce_and_sender,
];

/// The changes of an entry: field, old value and new value.
fn changes(entry: &HistoryEntry) -> Vec<(&str, &str, &str)> {
    entry.changes.iter().map(|change| (&*change.field, &*change.old_value, &*change.new_value)).collect()
}

/// Asserts that an entry contains a change.
#[track_caller]
fn assert_change(entry: &HistoryEntry, change: (&str, &str, &str)) {
    assert!(changes(entry).contains(&change), "{change:?} is not in {entry:#?}");
}

async fn r56_review_entries_name_actor_and_changes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    assert_change(&case.entry("submitted").await, ("policy", "", "2021@1"));
    let reviewer = system.reviewer.subject.as_str();
    case.take(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(changes(&case.entry("review_assigned").await), [("reviewer", "", reviewer)]);
    case.start_review(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let started = case.entry("review_started").await;
    assert_eq!((started.from_state(), started.to_state()), (ClaimState::Submitted, ClaimState::UnderReview));
    let opened = case.entry("review_opened").await;
    let [(_, _, due_time)] = changes(&opened)[..] else { panic!("{opened:#?}") };
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let approval_begun = case.entry("approval_begun").await;
    assert_eq!(
        (approval_begun.side(), approval_begun.subject.as_str(), approval_begun.to_state()),
        (ActorSide::Reviewer, reviewer, ClaimState::UnderReview)
    );
    assert_eq!(changes(&approval_begun), [("review_due_time", due_time, "")], "the clocks are stopped");
    let approved = case.entry("review_approved").await;
    assert_eq!((approved.from_state(), approved.to_state()), (ClaimState::UnderReview, ClaimState::Approved));
    assert_eq!(changes(&approved), [("association_state", "", "pending")]);
}

async fn r56_entries_record_stopped_clocks_and_reviewers(system: &TestSystem) {
    let reviewer = system.reviewer.subject.as_str();
    let requested = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    assert_clock_stopped(&requested, "review_opened", "partner_action_requested").await;
    let rejected = TestClaim::at_stage(system, system.presales().await, ClaimStage::Disputed).await;
    assert_clock_stopped(&rejected, "review_opened", "review_rejected").await;
    let disputed = rejected.entry("disputed").await;
    assert_change(&disputed, ("reviewer", reviewer, ""));
    assert!(
        changes(&disputed).iter().all(|(field, ..)| *field != "review_due_time"),
        "the clock was stopped before: {disputed:#?}"
    );
}

/// Asserts that the second action stopped the review clock that the first one had started.
async fn assert_clock_stopped(case: &TestClaim<'_>, starting: &str, stopping: &str) {
    let started = case.entry(starting).await;
    let clock = started.changes.iter().find(|change| change.field == "review_due_time").expect("a clock");
    assert_change(&case.entry(stopping).await, ("review_due_time", &clock.new_value, ""));
}

async fn r56_customer_entries_name_the_changes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let approved = case.entry("customer_approved").await;
    assert_eq!((approved.side(), approved.subject.as_str()), (ActorSide::Customer, case.customer().subject.as_str()));
    assert_eq!(changes(&approved), [("consent_channel", "", "signed_in"), ("consent", "requested", "approved")]);
    assert_eq!(changes(&case.entry("association_granted").await), [("association_state", "pending", "granted")]);
    assert_change(&case.entry("association_official").await, ("association_state", "granted", "official"));
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    let declined = case.entry("customer_declined").await;
    assert_eq!((declined.from_state(), declined.to_state()), (ClaimState::Approved, ClaimState::Rejected));
    assert_eq!(declined.reason, "On second thoughts.", "only the comment of the customer");
    for change in [
        ("consent", "approved", "declined"),
        ("consent_channel", "", "signed_in"),
        ("association_state", "official", "ended"),
        ("rejection.primary_reason", "", "customer_declined"),
    ] {
        assert_change(&declined, change);
    }
}

async fn r56_an_award_entry_says_who_holds_the_key(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    assert_change(&rival.entry("competition_changed").await, ("lines[0].contested", "false", "true"));
    let key = rival.claim().await.lines[0].key.clone();
    rival.award(&system.lead, &[key.as_str()]).await.unwrap();
    system.wait_until_idle().await;
    for (case, outcome) in [
        (&rival, "awarded to this claim, once its association is official; until then another keeps it on record"),
        (
            &holder,
            "awarded to another claim, once the association of that one is official; until then this claim keeps it",
        ),
    ] {
        let awarded = case.entry("lines_awarded").await;
        assert_eq!((awarded.side(), awarded.subject.as_str()), (ActorSide::Reviewer, system.lead.subject.as_str()));
        assert_eq!((awarded.from_state(), awarded.reason.as_str()), (awarded.to_state(), "The newer proof convinces."));
        assert_eq!(awarded.changes[0].new_value, outcome);
    }
    assert_eq!(holder.claim().await.state(), ClaimState::Approved);
    let comments = holder.comments().await;
    let is_over = comments.iter().any(|comment| comment.text.contains("Nobody competes"));
    assert!(!is_over, "the holder will be superseded: {comments:#?}");
}

async fn r56_a_comment_entry_names_document_and_line(system: &TestSystem) {
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

async fn r56_deadlines_add_entries(system: &TestSystem) {
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
    assert_eq!(changes(&passed), [("consent_window", "open", "passed")], "the customer can no longer decline");
    assert!(!passed.overtaken && passed.side() == ActorSide::Time, "{passed:#?}");
}

async fn r56_notice_entries_name_bounce_and_sender(system: &TestSystem) {
    system.mail_server().refuse("jana@fabrikam-mail.example");
    let customer_contact = contact("Jana Dvořáková", "CIO", "jana@fabrikam-mail.example");
    let case =
        TestClaim::at_stage(system, Claim { customer_contact, ..system.presales().await }, ClaimStage::Submitted).await;
    let bounced = case.entry("notice_reported").await;
    assert_eq!(changes(&bounced), [("notices.submission", "queued", "bounced")]);
    assert!(bounced.reason.starts_with("submission notice bounced: SMTP 55"), "{}", bounced.reason);
    system.mail_server().admit("jana@fabrikam-mail.example");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let resent = case.entry("notice_resent").await;
    assert_eq!((resent.side(), resent.subject.as_str()), (ActorSide::Vendor, system.operator.subject.as_str()));
    assert_eq!(changes(&resent), [("notices.submission", "bounced", "queued")]);
    assert_eq!(changes(&case.entry("notice_reported").await), [("notices.submission", "queued", "accepted")]);
}

/// Delivers an approval of the customer by a link that was sent after `consent_request_number`
/// edits.
async fn deliver_approval(case: &TestClaim<'_>, consent_request_number: u32) -> HistoryEntry {
    let approved = CustomerApproved {
        claim: case.name.clone(),
        channel: cpor_proto::r#type::v1::ConsentChannel::Link.into(),
        consent_request_number,
        awaits_confirmation: false,
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

/// The customer can approve the old content before customer-consent has received the edit.
async fn r29_an_edit_lapses_an_earlier_approval(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let customer_contact = contact("Bea", "CIO", "bea@fabrikam.example");
    case.update(Claim { customer_contact, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    system.wait_until_idle().await;
    assert!(deliver_approval(&case, 0).await.overtaken, "the approval is for the content before the edit");
    assert!(!deliver_approval(&case, 1).await.overtaken);
    // An approval lapses with the next edit, and the history says so.
    let customer_contact = contact("Jana", "CIO", "jana@fabrikam.example");
    case.update(Claim { customer_contact, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    assert_change(&case.entry("updated").await, ("consent", "approved", "requested"));
    system.wait_until_idle().await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    assert!(!case.entry("customer_approved").await.overtaken, "customer-consent counts the edits");
}
