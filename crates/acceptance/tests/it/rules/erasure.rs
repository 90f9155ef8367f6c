//! R56: personal data is erased, and what was proved stays proved.

use super::receipts::{check, json, receipt};
use crate::api::delivery::deliver;
use chrono::TimeDelta;
use cpor::verify::verify;
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, contact, to_timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimReceipt, ErasePersonalDataRequest, HistoryPart, WithdrawReason},
    events::v1::{Actor, CustomerDeclined, Event, event::Payload},
    r#type::v1::{ActorSide, PersonalDataKind},
};
use tonic::Code;

both_databases![
    r56_personal_data_is_erased_and_the_chain_still_verifies,
    r56_only_the_kinds_that_are_named_are_erased,
    r56_erasing_again_changes_nothing_until_something_is_said,
    r56_a_deleted_draft_is_erased_and_so_are_the_addresses_of_mails,
    r56_what_a_lead_and_a_customer_said_is_erased_in_every_service,
    r56_what_was_said_before_and_is_told_later_is_not_kept,
];

const CONTACTS: [&str; 3] = ["jana.dvorakova@fabrikam.example", "erik.weber@contoso.example", "bea@contoso.example"];
const WORDS: [&str; 4] = ["Bea is on leave", "Erik forgot a page", "Ask Jana herself", "Jana did not sign"];

/// A rejected claim of which people were named and wrote something, everywhere where they can.
async fn talked_about(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let partner_contact = contact("Bea Weber", "", CONTACTS[2]);
    case.update(Claim { partner_contact, ..Claim::default() }, &["partner_contact"]).await.unwrap();
    case.comment(&case.partner, WORDS[0]).await.unwrap();
    case.comment(&system.reviewer, WORDS[1]).await.unwrap();
    case.note(&system.reviewer, WORDS[2]).await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.dispute(WORDS[3]).await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// What of all that somebody still sees.
async fn seen(case: &TestClaim<'_>, secrets: &[&str]) -> Vec<String> {
    let lead = &case.system.lead;
    let (claim, theirs) = (case.claim().await, case.claim_as(lead).await.unwrap());
    let shown = format!("{claim:?} {theirs:?} {:?} {:?}", case.comments().await, case.history().await);
    let shown = shown + &format!("{:?} {:?}", receipt(case, &case.partner).await, receipt(case, lead).await);
    secrets.iter().filter(|secret| shown.contains(**secret)).map(|secret| (*secret).to_owned()).collect()
}

async fn r56_personal_data_is_erased_and_the_chain_still_verifies(system: &TestSystem) {
    let case = talked_about(system).await;
    let people = [case.partner.subject.clone(), system.reviewer.subject.clone()];
    let reject = case.claim().await.rejection.unwrap().comment;
    let mut secrets = [&CONTACTS[..], &WORDS[..], &[&reject]].concat();
    secrets.extend(people.iter().map(String::as_str));
    assert_eq!(seen(&case, &secrets).await, secrets, "all of it is seen before");
    let before = receipt(&case, &case.partner).await;
    assert_refused(case.erase(&system.operator, &[]).await, Code::FailedPrecondition, "PERSONAL_DATA_NEEDED");
    system.advance_by(TimeDelta::days(90)).await;
    let stored = system.columns_with_texts(&secrets).await;
    for place in ["claim-intake.history.", "poe-review.review_note.text", "customer-consent.mail.recipient"] {
        assert!(stored.iter().any(|found| found.starts_with(place)), "and lies in {place}: {stored:?}");
    }

    let claim = case.erase(&system.operator, &[]).await.unwrap();
    assert!(claim.customer_contact.is_none() && claim.partner_contact.is_none());
    system.wait_until_idle().await;
    assert_eq!(seen(&case, &secrets).await, Vec::<String>::new());
    assert_eq!(system.columns_with_texts(&secrets).await, Vec::<String>::new());
    let comments = case.comments().await;
    assert!(comments.len() > 2 && comments.iter().all(|comment| comment.text.is_empty() && comment.erased));
    assert!(case.notes(&system.reviewer).await.unwrap().iter().all(|note| note.text.is_empty() && note.erased));

    let record = case.entry("personal_data_erased").await;
    assert_eq!((record.side(), record.subject.as_str()), (ActorSide::Vendor, system.operator.subject.as_str()));
    assert_eq!(
        (record.reason.as_str(), record.changes[0].old_value.as_str()),
        ("Request 7", "contacts, subjects, free_text")
    );
    let noted = case.entry("review_noted").await;
    assert_eq!(noted.erased().collect::<Vec<_>>(), [HistoryPart::Subject, HistoryPart::Reason]);
    for actor in [&case.partner, &system.reviewer, &system.operator] {
        let after = receipt(&case, actor).await;
        let summary = check(system, &after).unwrap().summary;
        assert!(summary.erased > 5 && summary.entries > before.entries.len(), "{}: {summary:?}", actor.subject);
        let report = verify(&json(&after), Some(&system.signer().jwks()), Some(&json(&before))).unwrap();
        assert_eq!(report.extends, Some(before.entries.len()));
        if actor.subject == case.partner.subject {
            let withheld = |receipt: &ClaimReceipt| -> Vec<_> {
                receipt.entries.iter().map(|entry| entry.entry.clone().unwrap().withheld).collect()
            };
            assert_eq!(withheld(&after)[..before.entries.len()], withheld(&before), "it is shown no more than before");
        }
        assert!(report.to_string().contains("personal data was erased"), "{report}");
    }
    // What was handed out before verifies still, with all that it says.
    check(system, &before).unwrap();
}

async fn r56_only_the_kinds_that_are_named_are_erased(system: &TestSystem) {
    let (case, other) = (talked_about(system).await, talked_about(system).await);
    system.advance_by(TimeDelta::days(90)).await;
    case.erase(&system.operator, &[PersonalDataKind::Contacts]).await.unwrap();
    assert_eq!(seen(&case, &CONTACTS).await, Vec::<String>::new());
    assert_eq!(seen(&case, &WORDS).await, WORDS);
    case.erase(&system.operator, &[PersonalDataKind::Subjects]).await.unwrap();
    assert_eq!(seen(&case, &[case.partner.subject.as_str(), system.reviewer.subject.as_str()]).await.len(), 0);
    assert_eq!(seen(&case, &WORDS).await, WORDS);
    check(system, &receipt(&case, &system.lead).await).unwrap();
    // Another claim of the same people is not touched.
    assert_eq!(seen(&other, &[CONTACTS, [WORDS[0], WORDS[1], WORDS[2]]].concat()).await.len(), 6);
    assert_eq!(check(system, &receipt(&other, &system.lead).await).unwrap().summary.erased, 0);
}

async fn r56_erasing_again_changes_nothing_until_something_is_said(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let request = |validate_only| ErasePersonalDataRequest {
        name: case.name.clone(),
        reason: "Request 8".into(),
        request_id: "once".into(),
        validate_only,
        ..ErasePersonalDataRequest::default()
    };
    let length = case.history().await.len();
    let judged = system.operator.claims().erase_personal_data(request(true)).await.unwrap().into_inner();
    assert!(judged.customer_contact.is_none());
    assert_eq!((case.history().await.len(), case.claim().await.customer_contact.is_some()), (length, true));
    let first = system.operator.claims().erase_personal_data(request(false)).await.unwrap().into_inner();
    let replayed = system.operator.claims().erase_personal_data(request(false)).await.unwrap().into_inner();
    let again = case.erase(&system.operator, &[]).await.unwrap();
    assert_eq!([&replayed.etag, &again.etag], [&first.etag, &first.etag]);
    assert_eq!(case.history().await.len(), length + 1);
    case.comment(&case.partner, WORDS[0]).await.unwrap();
    case.erase(&system.operator, &[]).await.unwrap();
    assert_eq!(seen(&case, &[WORDS[0], case.partner.subject.as_str()]).await, Vec::<String>::new());
    assert_eq!(case.history().await.len(), length + 3);
    check(system, &receipt(&case, &system.lead).await).unwrap();
}

async fn r56_a_deleted_draft_is_erased_and_so_are_the_addresses_of_mails(system: &TestSystem) {
    let draft = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    draft.delete().await.unwrap();
    let judge = ErasePersonalDataRequest {
        name: draft.name.clone(),
        reason: "Request 9".into(),
        validate_only: true,
        ..ErasePersonalDataRequest::default()
    };
    system.operator.claims().erase_personal_data(judge).await.unwrap();
    draft.erase(&system.operator, &[]).await.unwrap();
    check(system, &receipt(&draft, &system.lead).await).unwrap();
    // Of a claim that is withdrawn once it was approved, the partner is told: to whom the mail went is erased as well.
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    case.withdraw(WithdrawReason::Other, WORDS[0]).await.unwrap();
    system.wait_until_idle().await;
    case.erase(&system.operator, &[PersonalDataKind::Contacts]).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.columns_with_texts(&CONTACTS).await, Vec::<String>::new());
    assert!(system.columns_with_texts(&[WORDS[0]]).await.len() > 1, "the words were not asked for");
}

async fn r56_what_a_lead_and_a_customer_said_is_erased_in_every_service(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    system.wait_until_idle().await;
    let award = case.award(&system.lead, &[case.claim().await.lines[0].key.as_str()]).await.unwrap();
    system.wait_until_idle().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.resend_notice(&system.lead).await.unwrap();
    system.wait_until_idle().await;
    case.decline_consent(WORDS[0]).await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(90)).await;
    let people = [&system.lead, &system.reviewer, case.customer(), &case.partner, &rival.partner];
    let mut secrets: Vec<_> = people.iter().map(|actor| actor.subject.as_str()).collect();
    secrets.extend([award.comment.as_str(), WORDS[0], CONTACTS[0], CONTACTS[1]]);
    assert!(
        system
            .columns_with_texts(&[WORDS[0]])
            .await
            .iter()
            .any(|found| found.starts_with("customer-consent.consent.body"))
    );
    for case in [&case, &rival] {
        case.erase(&system.operator, &[]).await.unwrap();
    }
    system.wait_until_idle().await;
    assert_eq!(system.columns_with_texts(&secrets).await, Vec::<String>::new());
    assert_eq!(case.entry("notice_resent").await.reason, "approval notice sent again", "which the system said");
    let declined = case.entry("customer_declined").await;
    assert_eq!(declined.erased().collect::<Vec<_>>(), [HistoryPart::Subject, HistoryPart::Reason]);
    check(system, &receipt(&case, &system.lead).await).unwrap();
}

async fn r56_what_was_said_before_and_is_told_later_is_not_kept(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let before = to_timestamp(system.now().await);
    system.advance_by(TimeDelta::days(1)).await;
    case.erase(&system.operator, &[]).await.unwrap();
    system.advance_by(TimeDelta::days(1)).await;
    let (stream, after) = (system.next_uuid(), to_timestamp(system.now().await));
    for (sequence, effective_time) in [(1, before), (2, after)] {
        let comment = WORDS[sequence as usize].to_owned();
        let payload = CustomerDeclined {
            claim: case.name.clone(),
            channel: cpor_proto::r#type::v1::ConsentChannel::Link.into(),
            comment,
        };
        let event = Event {
            sequence,
            effective_time: Some(effective_time),
            actor: Some(Actor { side: ActorSide::Customer.into(), subject: format!("jana.{sequence}") }),
            traceparent: String::new(),
            payload: Some(Payload::CustomerDeclined(payload)),
        };
        assert_eq!(deliver(system, &stream, vec![event]).await.failure, None);
        let told = case.entry("customer_declined").await;
        assert!(told.overtaken);
        let erased: Vec<_> = told.erased().collect();
        assert_eq!(erased, if sequence == 1 { vec![HistoryPart::Subject, HistoryPart::Reason] } else { vec![] });
    }
    assert_eq!(system.columns_with_texts(&[WORDS[1], "jana.1"]).await, Vec::<String>::new());
    assert_eq!(seen(&case, &[WORDS[2], "jana.2"]).await.len(), 2, "what is said afterwards is kept");
    check(system, &receipt(&case, &case.partner).await).unwrap();
}
