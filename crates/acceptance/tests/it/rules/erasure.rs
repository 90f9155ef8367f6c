//! R56: personal data is erased from every service, and receipts still verify.

use super::{
    command_line::run_as,
    contact_corrections::eventually,
    receipts::{check, json, receipt},
};
use crate::api::delivery::deliver;
use chrono::TimeDelta;
use cpor::verify::verify;
use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, TestClaim, TestSystem, assert_refused, both_databases, contact, from_timestamp,
    rows, to_timestamp,
};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimReceipt, ErasePersonalDataRequest, ExplainClaimRequest, HistoryPart, ListClaimsRequest, Party,
        WaitsFor, WithdrawReason,
    },
    events::v1::{Actor, CustomerDeclined, Event, event::Payload},
    registry::v1::Subscription,
    r#type::v1::{ActorSide, AssociationState, PersonalDataKind, SubscriptionStatus},
};
use cpor_types::{Role, Service};
use tonic::Code;

both_databases![
    r56_the_history_verifies_after_an_erasure,
    r56_only_the_named_kinds_are_erased,
    r56_a_repeated_erasure_changes_nothing,
    r56_deleted_drafts_and_mail_addresses_are_erased,
    r56_an_erasure_reaches_every_service,
    r56_late_events_do_not_restore_erased_data,
    r56_the_retention_period_ends,
    r56_a_hold_that_yielded_is_erased,
];
both_databases![
    with five_processes:
    r56_a_late_consent_keeps_the_data,
    r56_an_end_on_its_way_keeps_the_data,
];

/// The e-mail addresses of contacts.
const CONTACTS: [&str; 3] = ["jana.dvorakova@fabrikam.example", "erik.weber@contoso.example", "bea@contoso.example"];
/// Comments, a note and a justification, each of which names a person.
const TEXTS: [&str; 4] = ["Bea is on leave", "Erik forgot a page", "Ask Jana herself", "Jana did not sign"];

/// A rejected claim with personal data in every place that can have it.
async fn claim_with_personal_data(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let partner_contact = contact("Bea Weber", "", CONTACTS[2]);
    case.update(Claim { partner_contact, ..Claim::default() }, &["partner_contact"]).await.unwrap();
    case.comment(&case.partner, TEXTS[0]).await.unwrap();
    case.comment(&system.reviewer, TEXTS[1]).await.unwrap();
    case.note(&system.reviewer, TEXTS[2]).await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.dispute(TEXTS[3]).await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// The texts that the partner or the reviewers still see.
async fn visible(case: &TestClaim<'_>, secrets: &[&str]) -> Vec<String> {
    let lead = &case.system.lead;
    let (claim, lead_view) = (case.claim().await, case.claim_as(lead).await.unwrap());
    let shown = format!("{claim:?} {lead_view:?} {:?} {:?}", case.comments().await, case.history().await);
    let shown = shown + &format!("{:?} {:?}", receipt(case, &case.partner).await, receipt(case, lead).await);
    secrets.iter().filter(|secret| shown.contains(**secret)).map(|secret| (*secret).to_owned()).collect()
}

async fn r56_the_history_verifies_after_an_erasure(system: &TestSystem) {
    let case = claim_with_personal_data(system).await;
    let people = [case.partner.subject.clone(), system.reviewer.subject.clone()];
    let reject = case.claim().await.rejection.unwrap().comment;
    let mut secrets = [&CONTACTS[..], &TEXTS[..], &[&reject]].concat();
    secrets.extend(people.iter().map(String::as_str));
    assert_eq!(visible(&case, &secrets).await, secrets, "everything is visible before the erasure");
    let before = receipt(&case, &case.partner).await;
    assert_refused(case.erase(&system.operator, &[]).await, Code::FailedPrecondition, "PERSONAL_DATA_NEEDED");
    system.advance_by(TimeDelta::days(90)).await;
    let stored = system.columns_with_texts(&secrets).await;
    for column in ["claim-intake.history.", "poe-review.review_note.text", "customer-consent.mail.recipient"] {
        assert!(stored.iter().any(|place| place.starts_with(column)), "nothing in {column}: {stored:?}");
    }

    let claim = case.erase(&system.operator, &[]).await.unwrap();
    assert!(claim.customer_contact.is_none() && claim.partner_contact.is_none());
    system.wait_until_idle().await;
    assert_eq!(visible(&case, &secrets).await, Vec::<String>::new());
    assert_eq!(system.columns_with_texts(&secrets).await, Vec::<String>::new());
    let comments = case.comments().await;
    assert!(comments.len() > 2 && comments.iter().all(|comment| comment.text.is_empty() && comment.erased));
    assert!(case.notes(&system.reviewer).await.unwrap().iter().all(|note| note.text.is_empty() && note.erased));

    let erasure = case.entry("personal_data_erased").await;
    assert_eq!((erasure.side(), erasure.subject.as_str()), (ActorSide::Vendor, system.operator.subject.as_str()));
    assert_eq!(
        (erasure.reason.as_str(), erasure.changes[0].old_value.as_str()),
        ("Request 7", "contacts, subjects, free_text")
    );
    let note = case.entry("review_noted").await;
    assert_eq!(note.erased().collect::<Vec<_>>(), [HistoryPart::Subject, HistoryPart::Reason]);
    for actor in [&case.partner, &system.reviewer, &system.operator] {
        let after = receipt(&case, actor).await;
        let summary = check(system, &after).unwrap().summary;
        assert!(summary.erased > 5 && summary.entries > before.entries.len(), "{}: {summary:?}", actor.subject);
        let report = verify(&json(&after), Some(&system.keys().receipts.jwks()), Some(&json(&before))).unwrap();
        assert_eq!(report.extends, Some(before.entries.len()));
        if actor.subject == case.partner.subject {
            let withheld = |receipt: &ClaimReceipt| -> Vec<_> {
                receipt.entries.iter().map(|entry| entry.entry.clone().unwrap().withheld).collect()
            };
            assert_eq!(
                withheld(&after)[..before.entries.len()],
                withheld(&before),
                "the partner sees no more than before"
            );
        }
        assert!(report.to_string().contains("entries was erased, according to the issuer"), "{report}");
    }
    // A receipt that was issued before the erasure still verifies.
    check(system, &before).unwrap();
}

async fn r56_only_the_named_kinds_are_erased(system: &TestSystem) {
    let (case, other) = (claim_with_personal_data(system).await, claim_with_personal_data(system).await);
    system.advance_by(TimeDelta::days(90)).await;
    case.erase(&system.operator, &[PersonalDataKind::Contacts]).await.unwrap();
    assert_eq!(visible(&case, &CONTACTS).await, Vec::<String>::new());
    assert_eq!(visible(&case, &TEXTS).await, TEXTS);
    case.erase(&system.operator, &[PersonalDataKind::Subjects]).await.unwrap();
    assert_eq!(visible(&case, &[case.partner.subject.as_str(), system.reviewer.subject.as_str()]).await.len(), 0);
    assert_eq!(visible(&case, &TEXTS).await, TEXTS);
    check(system, &receipt(&case, &system.lead).await).unwrap();
    // Another claim with the same people stays unchanged.
    assert_eq!(visible(&other, &[CONTACTS, [TEXTS[0], TEXTS[1], TEXTS[2]]].concat()).await.len(), 6);
    assert_eq!(check(system, &receipt(&other, &system.lead).await).unwrap().summary.erased, 0);
}

async fn r56_a_repeated_erasure_changes_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let request = |validate_only| ErasePersonalDataRequest {
        name: case.name.clone(),
        reason: "Request 8".into(),
        request_id: "once".into(),
        validate_only,
        ..ErasePersonalDataRequest::default()
    };
    let length = case.history().await.len();
    let preview = system.operator.claims().erase_personal_data(request(true)).await.unwrap().into_inner();
    assert!(preview.customer_contact.is_none());
    assert_eq!((case.history().await.len(), case.claim().await.customer_contact.is_some()), (length, true));
    let first = system.operator.claims().erase_personal_data(request(false)).await.unwrap().into_inner();
    let replayed = system.operator.claims().erase_personal_data(request(false)).await.unwrap().into_inner();
    let again = case.erase(&system.operator, &[]).await.unwrap();
    assert_eq!([&replayed.etag, &again.etag], [&first.etag, &first.etag]);
    assert_eq!(case.history().await.len(), length + 1);
    case.comment(&case.partner, TEXTS[0]).await.unwrap();
    case.erase(&system.operator, &[]).await.unwrap();
    assert_eq!(visible(&case, &[TEXTS[0], case.partner.subject.as_str()]).await, Vec::<String>::new());
    assert_eq!(case.history().await.len(), length + 3);
    check(system, &receipt(&case, &system.lead).await).unwrap();
}

async fn r56_deleted_drafts_and_mail_addresses_are_erased(system: &TestSystem) {
    let draft = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    draft.delete().await.unwrap();
    let validation = ErasePersonalDataRequest {
        name: draft.name.clone(),
        reason: "Request 9".into(),
        validate_only: true,
        ..ErasePersonalDataRequest::default()
    };
    system.operator.claims().erase_personal_data(validation).await.unwrap();
    draft.erase(&system.operator, &[]).await.unwrap();
    check(system, &receipt(&draft, &system.lead).await).unwrap();
    // The withdrawal of an approved claim is mailed to the partner. The address of that mail is
    // erased too.
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    case.withdraw(WithdrawReason::Other, TEXTS[0]).await.unwrap();
    system.wait_until_idle().await;
    case.erase(&system.operator, &[PersonalDataKind::Contacts]).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.columns_with_texts(&CONTACTS).await, Vec::<String>::new());
    assert!(system.columns_with_texts(&[TEXTS[0]]).await.len() > 1, "texts are not erased with contacts");
}

async fn r56_an_erasure_reaches_every_service(system: &TestSystem) {
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
    case.decline_consent(TEXTS[0]).await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(90)).await;
    let people = [&system.lead, &system.reviewer, case.customer(), &case.partner, &rival.partner];
    let mut secrets: Vec<_> = people.iter().map(|actor| actor.subject.as_str()).collect();
    secrets.extend([award.comment.as_str(), TEXTS[0], CONTACTS[0], CONTACTS[1]]);
    assert!(
        system
            .columns_with_texts(&[TEXTS[0]])
            .await
            .iter()
            .any(|place| place.starts_with("customer-consent.consent.body"))
    );
    for case in [&case, &rival] {
        case.erase(&system.operator, &[]).await.unwrap();
    }
    system.wait_until_idle().await;
    assert_eq!(system.columns_with_texts(&secrets).await, Vec::<String>::new());
    assert_eq!(case.entry("notice_resent").await.reason, "approval notice sent again", "a text of the system stays");
    let declined = case.entry("customer_declined").await;
    assert_eq!(declined.erased().collect::<Vec<_>>(), [HistoryPart::Subject, HistoryPart::Reason]);
    check(system, &receipt(&case, &system.lead).await).unwrap();
}

async fn r56_late_events_do_not_restore_erased_data(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let before = to_timestamp(system.now().await);
    system.advance_by(TimeDelta::days(1)).await;
    case.erase(&system.operator, &[]).await.unwrap();
    system.advance_by(TimeDelta::days(1)).await;
    let (stream, after) = (system.next_uuid(), to_timestamp(system.now().await));
    for (sequence, effective_time) in [(1, before), (2, after)] {
        let comment = TEXTS[sequence as usize].to_owned();
        let payload = CustomerDeclined {
            claim: case.name.clone(),
            channel: cpor_proto::r#type::v1::ConsentChannel::Link.into(),
            comment,
            ..CustomerDeclined::default()
        };
        let event = Event {
            sequence,
            effective_time: Some(effective_time),
            actor: Some(Actor { side: ActorSide::Customer.into(), subject: format!("jana.{sequence}") }),
            traceparent: String::new(),
            payload: Some(Payload::CustomerDeclined(payload)),
        };
        assert_eq!(deliver(system, &stream, vec![event]).await.failure, None);
        let entry = case.entry("customer_declined").await;
        assert!(entry.overtaken);
        let erased: Vec<_> = entry.erased().collect();
        assert_eq!(erased, if sequence == 1 { vec![HistoryPart::Subject, HistoryPart::Reason] } else { vec![] });
    }
    assert_eq!(system.columns_with_texts(&[TEXTS[1], "jana.1"]).await, Vec::<String>::new());
    assert_eq!(visible(&case, &[TEXTS[2], "jana.2"]).await.len(), 2, "data from after the erasure is kept");
    check(system, &receipt(&case, &case.partner).await).unwrap();
}

async fn r56_the_retention_period_ends(system: &TestSystem) {
    let run = async |args: &[&str]| {
        let (success, stdout, stderr) =
            run_as(system, Role::Operator, None, &[&["retention", "--months", "2"], args].concat()).await;
        assert!(success, "{stdout} {stderr}");
        stdout
    };
    let draft = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    draft.delete().await.unwrap();
    let withdrawn = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    withdrawn.withdraw(WithdrawReason::Other, TEXTS[0]).await.unwrap();
    let open = TestClaim::at_stage(system, system.usage().await, ClaimStage::Official).await;
    assert_eq!(run(&[]).await, "0 claims have ended and have not changed for more than 2 months\n");

    system.advance_by(TimeDelta::days(70)).await;
    let late = TestClaim::at_stage(system, system.usage().await, ClaimStage::Editing).await;
    late.delete().await.unwrap();
    let listed = format!(
        "{}\n{}\n2 claims have ended and have not changed for more than 2 months\n",
        draft.name, withdrawn.name
    );
    assert_eq!(run(&[]).await, listed, "the list erases nothing");
    assert!(!system.columns_with_texts(&[TEXTS[0]]).await.is_empty());

    let erased = run(&["--apply"]).await;
    assert!(erased.contains(&format!("{}: erased\n", draft.name)), "{erased}");
    assert!(erased.contains(&format!("{}: erased\n", withdrawn.name)), "{erased}");
    system.wait_until_idle().await;
    assert_eq!(system.columns_with_texts(&[TEXTS[0]]).await, Vec::<String>::new());
    assert!(!open.claim().await.customer_contact.unwrap_or_default().email.is_empty());
    assert_eq!(run(&["--apply"]).await, "0 claims have ended and have not changed for more than 2 months\n");

    let request = ListClaimsRequest { parent: CONTOSO.into(), show_deleted: true, ..ListClaimsRequest::default() };
    assert_refused(system.contoso.claims().list_claims(request).await, Code::InvalidArgument, "INVALID_FIELDS");
}

/// An approved claim whose hold yields to a rival at an award, and the rival.
async fn holder_and_rival(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    (holder, TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await)
}

/// Lets the rival be awarded the key of the holder, and waits until the holder's hold has ended.
async fn award(holder: &TestClaim<'_>, rival: &TestClaim<'_>) {
    rival.award(&rival.system.lead, &[rival.claim().await.lines[0].key.as_str()]).await.unwrap();
    eventually(async || holder.claim().await.association_state() == AssociationState::Ended).await;
}

async fn assert_data_needed(case: &TestClaim<'_>) {
    let erased = case.erase(&case.system.operator, &[]).await;
    assert_refused(erased, Code::FailedPrecondition, "PERSONAL_DATA_NEEDED");
}

async fn r56_a_hold_that_yielded_is_erased(system: &TestSystem) {
    let (holder, rival) = holder_and_rival(system).await;
    award(&holder, &rival).await;
    system.wait_until_idle().await;
    assert!(!holder.entry("consent_ended").await.overtaken);
    holder.erase(&system.operator, &[]).await.unwrap();
    assert_eq!(visible(&holder, &CONTACTS).await, Vec::<String>::new());
}

/// customer-consent does not know yet that the association has ended, so a decline from before the
/// end may be on its way.
async fn r56_an_end_on_its_way_keeps_the_data(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let consent = system.process_hosting(Service::CustomerConsent);
    system.nodes()[consent].stop().await;
    let line = case.claim().await.lines.remove(0);
    let expired = Subscription {
        status: SubscriptionStatus::Expired.into(),
        ..rows::subscription(FABRIKAM, &line.subscription_id, "dynamics-365-sales")
    };
    system.import_subscription(expired).await;
    eventually(async || case.claim().await.association_state() == AssociationState::Ended).await;
    let claim = case.claim().await;
    assert_eq!((claim.waits_for(), claim.acting_party()), (WaitsFor::LateDecision, Party::System));
    assert_data_needed(&case).await;
    system.start(consent).await;
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.waits_for(), claim.acting_party()), (WaitsFor::Nothing, Party::Unspecified));
    case.erase(&system.operator, &[]).await.unwrap();
}

/// The consent window of a pending hold passes before the hold yields. claim-intake learns of it
/// only later, and the registry later still.
async fn r56_a_late_consent_keeps_the_data(system: &TestSystem) {
    let (holder, rival) = holder_and_rival(system).await;
    let window = from_timestamp(holder.claim().await.consent_due_time);
    let [consent, registry] =
        [Service::CustomerConsent, Service::Registry].map(|service| system.process_hosting(service));
    system.nodes()[consent].stop().await;
    system.set_clock_only(window + TimeDelta::hours(1)).await;
    award(&holder, &rival).await;
    assert_data_needed(&holder).await;
    system.nodes()[registry].stop().await;
    system.start(consent).await;
    let explanation = async || {
        let request = ExplainClaimRequest { name: holder.name.clone() };
        holder.partner.claims().explain_claim(request).await.unwrap().into_inner()
    };
    eventually(async || explanation().await.waits_for() == WaitsFor::Registry).await;
    assert_data_needed(&holder).await;
    system.start(registry).await;
    system.wait_until_idle().await;
    assert_eq!(holder.claim().await.association_state(), AssociationState::Official);
    assert_data_needed(&holder).await;
    rival.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(holder.claim().await.association_state(), AssociationState::Ended);
    holder.erase(&system.operator, &[]).await.unwrap();
}
