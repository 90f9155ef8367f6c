//! Tests of the texts of mails, and of when a mail is withdrawn. Each mail is compared with a
//! snapshot.
use super::*;
use crate::domain::tests::fixtures::*;
use crate::domain::{ConsentFact, EndReason, EventKind, Fact, FactKind, Line, ReviewFact, State};
use cpor_types::{ActorSide, FurtherRejectionReason, LineId, MailLanguage, Timestamp};
use std::{collections::BTreeSet, sync::LazyLock};
use uuid::Uuid;

/// Read once, because the tests compose many mails.
static TRANSLATIONS: LazyLock<Translations> = LazyLock::new(|| Translations::shipped().unwrap());

/// Composes the mail about the change that took effect at `time`.
fn mail(life: &TestClaim, kind: PartnerMailKind, time: Timestamp) -> Option<MailContent> {
    let data = PartnerMailData { claim: name().claim, case: life.claim.state.submission().unwrap().review_case, time };
    mail_content(&life.claim, kind, data, &rules(), &TRANSLATIONS).unwrap()
}

/// Compares the subject and the plain text of a mail with a snapshot, and checks that the HTML has
/// the same sections.
fn assert_mail(snapshot: &str, life: &TestClaim, kind: PartnerMailKind, time: Timestamp) {
    let content = mail(life, kind, time).unwrap_or_else(|| panic!("{kind} is withdrawn"));
    let message = message(&life.claim, &content).unwrap();
    assert_eq!((message.name.as_str(), message.address.as_str()), ("Ben", "a@fabrikam.example"));
    for section in &content.sections {
        assert!(message.text.contains(&section.heading) && message.html.contains(&section.heading));
    }
    insta::assert_snapshot!(snapshot, format!("Subject: {}\n\n{}", message.subject, message.text));
}

#[test]
fn r57_a_request_names_reasons_deadline_and_commands() {
    let life = TestClaim::asked();
    assert_mail("partner_action", &life, PartnerMailKind::PartnerAction, life.now);
    let content = mail(&life, PartnerMailKind::PartnerAction, life.now).unwrap();
    insta::assert_snapshot!("partner_action_html", message(&life.claim, &content).unwrap().html);
    let answered = life.clone().step(|claim, now| {
        let resubmit = crate::domain::Resubmit { comment: Some(comment(ActorSide::Partner)) };
        claim.resubmit(resubmit, Some(&admitted()), &rules(), now)
    });
    assert!(mail(&answered, PartnerMailKind::PartnerAction, life.now).is_none(), "answered before it was sent");
}

#[test]
fn r48_a_reminder_is_sent_until_the_partner_answers() {
    let asked = TestClaim::asked();
    let life = asked.clone().apply_passed_deadline(at("2026-03-12T23:00:00Z"));
    assert_eq!(life.last().kind, EventKind::FactApplied(FactKind::ResponseReminded));
    let reminded = at("2026-03-12T23:00:00Z");
    assert_mail("response_reminder", &life, PartnerMailKind::ResponseReminder, reminded);
    let over = life.apply_passed_deadline(at("2026-03-13T23:00:00Z"));
    assert!(mail(&over, PartnerMailKind::ResponseReminder, reminded).is_none(), "too late to answer");
    assert!(
        mail(&asked, PartnerMailKind::ResponseReminder, reminded).is_none(),
        "no reminder was due for this request"
    );
}

#[test]
fn r37a_a_request_for_a_statement_names_the_deadline() {
    let request = review(ReviewFact::StatementRequested(Some(comment(ActorSide::Reviewer))));
    let life = TestClaim::official().fact(&contested(&[line_id()])).fact(&request);
    assert_mail("statement_request", &life, PartnerMailKind::StatementRequest, life.now);
    let due = life.claim.state.submission().unwrap().open_statement().unwrap().window.reminder_time.unwrap();
    let reminded = life.clone().apply_passed_deadline(due);
    assert_mail("statement_reminder", &reminded, PartnerMailKind::StatementReminder, due);
    let answered = life.clone().step(|claim, now| claim.comment(comment(ActorSide::Partner), now));
    assert!(mail(&answered, PartnerMailKind::StatementRequest, life.now).is_none(), "answered before it was sent");
}

#[test]
fn r57_a_rejection_names_the_reason_and_the_dispute() {
    let further = vec![FurtherRejectionReason::ProductsMissing];
    let said = Some(comment(ActorSide::Reviewer));
    let life = TestClaim::under_review().fact(&review(ReviewFact::Rejected(further, said)));
    assert_mail("rejection", &life, PartnerMailKind::Rejection, life.now);
    let disputed = life.clone().step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    assert!(mail(&disputed, PartnerMailKind::Rejection, life.now).is_none());
    let reminded = life.apply_passed_deadline(at("2026-04-05T00:00:00Z"));
    assert_mail("dispute_reminder", &reminded, PartnerMailKind::DisputeReminder, at("2026-04-05T00:00:00Z"));
}

#[test]
fn r33_a_final_rejection_advises_a_new_claim() {
    let declined = TestClaim::approved().fact(&declined());
    let disputed = declined.step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    let approved = disputed.approved_by_reviewer();
    let silence = of_present_case(silent(), &approved.claim);
    let life = approved.fact(&silence);
    assert_mail("rejection_that_is_final", &life, PartnerMailKind::Rejection, life.now);
}

#[test]
fn r57_a_decline_names_the_ended_association() {
    let life = TestClaim::official().fact(&declined());
    assert_mail("rejection_by_decline", &life, PartnerMailKind::Rejection, life.now);
    let life = TestClaim::rejected().fact(&declined());
    assert_mail("decline_after_rejection", &life, PartnerMailKind::CustomerDeclined, life.now);
}

#[test]
fn r57_an_approval_names_the_next_step() {
    let life = TestClaim::approved();
    assert_mail("approval", &life, PartnerMailKind::Approval, life.now);
    assert_mail("approval_in_open_window", &life.fact(&window_opened()), PartnerMailKind::Approval, start());
    let early = TestClaim::submitted().fact(&customer_approved()).approved_by_reviewer();
    assert_mail("approval_after_the_customer", &early, PartnerMailKind::Approval, early.now);
    let silent = TestClaim::approved()
        .fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }));
    assert_mail("approval_after_silence", &silent, PartnerMailKind::Approval, silent.now);
    let declined = TestClaim::approved().fact(&declined());
    assert!(mail(&declined, PartnerMailKind::Approval, start()).is_none());
}

fn window_opened() -> Fact {
    let due = at("2026-04-01T04:00:00Z");
    Fact::Consent(ConsentFact::WindowOpened { due, rule: "7 calendar days".into() })
}

#[test]
fn r57_the_other_mails_name_their_subject() {
    let life = TestClaim::official();
    assert_mail("official", &life, PartnerMailKind::Official, life.now);
    let life = TestClaim::official().fact(&ended(EndReason::Superseded, &[line_id()]));
    assert_mail("association_ended", &life, PartnerMailKind::AssociationEnded, life.now);
    let life = TestClaim::official().fact(&ended(EndReason::Expired, &[line_id()]));
    assert_mail("workload_ended", &life, PartnerMailKind::AssociationEnded, life.now);
    let life = TestClaim::approved().fact(&ended(EndReason::Superseded, &[line_id()]));
    assert_mail("pending_association_ended", &life, PartnerMailKind::AssociationEnded, life.now);
    let life = TestClaim::submitted().fact(&contested(&[line_id()]));
    assert_mail("competition", &life, PartnerMailKind::Competition, life.now);
    let clocks_run = TestClaim::submitted_under(&rules_of("2023@1")).fact(&contested(&[line_id()]));
    assert_mail("competition_clocks_run", &clocks_run, PartnerMailKind::Competition, clocks_run.now);
    let over = life.fact(&contested(&[]));
    assert!(mail(&over, PartnerMailKind::Competition, over.now).is_none());
    let life = TestClaim::official().step(|claim, now| claim.withdraw(withdraw(), now));
    assert_mail("withdrawal", &life, PartnerMailKind::Withdrawal, life.now);
    let mut life = TestClaim::submitted();
    life.claim.content.lines.push(Line::new(LineId(Uuid::from_u128(2)), "intune".parse().unwrap(), String::new()));
    let life = life.fact(&awarded(&[], &[line_id()]));
    assert_mail("lines_lost", &life, PartnerMailKind::LinesLost, life.now);
}

#[test]
fn r57_quoted_texts_are_escaped() {
    let mut life = TestClaim::under_review();
    life.claim.content.display_name = "<b>Teams</b> & more".into();
    let said =
        Some(crate::domain::Comment { text: "<script>x</script>\nsecond".into(), ..comment(ActorSide::Reviewer) });
    let life = life.fact(&review(ReviewFact::Rejected(Vec::new(), said)));
    let State::Rejected(_, rejection) = &life.claim.state else { panic!() };
    let content = mail(&life, PartnerMailKind::Rejection, rejection.time).unwrap();
    let message = message(&life.claim, &content).unwrap();
    assert!(!message.html.contains("<script>") && !message.html.contains("<b>"), "{}", message.html);
    assert!(message.text.contains("    <script>x</script>\n    second"), "{}", message.text);
    assert!(message.text.contains("<b>Teams</b> & more"), "{}", message.text);
}

/// Mails of every kind, with the claim, and the time that the mail is about.
fn every_mail() -> Vec<(PartnerMailKind, TestClaim, Timestamp)> {
    let asked = TestClaim::asked();
    let response_reminder = at("2026-03-12T23:00:00Z");
    let request = review(ReviewFact::StatementRequested(Some(comment(ActorSide::Reviewer))));
    let stated = TestClaim::official().fact(&contested(&[line_id()])).fact(&request);
    let statement = stated.claim.state.submission().unwrap().open_statement().unwrap();
    let statement_reminder = statement.window.reminder_time.unwrap();
    let rejection = ReviewFact::Rejected(FurtherRejectionReason::ALL.to_vec(), None);
    let rejected = TestClaim::under_review().fact(&review(rejection));
    let dispute_reminder = at("2026-04-05T00:00:00Z");
    let unreached = TestClaim::approved().fact(&Fact::Consent(ConsentFact::NoticeReported {
        notice: "approval".into(),
        previous: "queued".into(),
        bounce_reason: Some("SMTP 550".into()),
        consent_request_number: Some(0),
    }));
    let withdrawn = TestClaim::official().step(|claim, now| claim.withdraw(withdraw(), now));
    let ended = TestClaim::official().fact(&ended(EndReason::Superseded, &[line_id()]));
    let mut two_lines = TestClaim::submitted();
    two_lines.claim.content.lines.push(Line::new(LineId(Uuid::from_u128(2)), "intune".parse().unwrap(), String::new()));
    let now = |kind: PartnerMailKind, life: TestClaim| {
        let time = life.now;
        (kind, life, time)
    };
    vec![
        now(PartnerMailKind::PartnerAction, asked.clone()),
        (PartnerMailKind::ResponseReminder, asked.apply_passed_deadline(response_reminder), response_reminder),
        now(PartnerMailKind::StatementRequest, stated.clone()),
        (PartnerMailKind::StatementReminder, stated.apply_passed_deadline(statement_reminder), statement_reminder),
        now(PartnerMailKind::Rejection, rejected.clone()),
        (PartnerMailKind::DisputeReminder, rejected.apply_passed_deadline(dispute_reminder), dispute_reminder),
        now(PartnerMailKind::CustomerDeclined, TestClaim::rejected().fact(&declined())),
        now(PartnerMailKind::Withdrawal, withdrawn),
        now(PartnerMailKind::NoticeBounced, unreached.clone()),
        now(PartnerMailKind::DeliveryReminder, unreached),
        now(PartnerMailKind::Approval, TestClaim::approved()),
        now(PartnerMailKind::Official, TestClaim::official()),
        now(PartnerMailKind::AssociationEnded, ended),
        now(PartnerMailKind::Competition, TestClaim::submitted().fact(&contested(&[line_id()]))),
        now(PartnerMailKind::LinesLost, two_lines.fact(&awarded(&[], &[line_id()]))),
    ]
}

#[test]
fn r57_every_mail_exists_in_every_language() {
    let mails = every_mail();
    assert_eq!(mails.len(), PartnerMailKind::ALL.len());
    for (kind, mut life, time) in mails {
        let mut texts = BTreeSet::new();
        for language in MailLanguage::ALL {
            life.claim.registry_data.partner_language = Some(*language);
            let content = mail(&life, kind, time).unwrap_or_else(|| panic!("{kind} is withdrawn"));
            let message = message(&life.claim, &content).unwrap();
            assert!(message.html.contains(&format!("<html lang=\"{language}\">")), "{language}: {kind}");
            assert!(!format!("{}{}", message.subject, message.text).contains(['{', '}']), "{}", message.text);
            texts.insert(message.text);
        }
        assert_eq!(texts.len(), MailLanguage::ALL.len(), "{kind}");
    }
}

#[test]
fn r57_without_a_language_mails_are_in_english() {
    let mut life = TestClaim::asked();
    life.claim.registry_data.partner_language = None;
    let content = mail(&life, PartnerMailKind::PartnerAction, life.now).unwrap();
    let headline = "The reviewer needs something from you";
    assert_eq!((content.language, content.headline.as_str()), (MailLanguage::English, headline));
}

#[test]
fn r57_a_submitted_claim_keeps_the_language_of_its_location() {
    let mut rejected = TestClaim::rejected();
    rejected.claim.registry_data.partner_language = Some(MailLanguage::Czech);
    let mut without_location = admitted();
    without_location.claim.partner_language = None;
    let disputed = rejected.step(|claim, now| claim.dispute(dispute(), Some(&without_location), &rules(), now));
    assert_eq!(disputed.claim.registry_data.partner_language, Some(MailLanguage::Czech));
}
