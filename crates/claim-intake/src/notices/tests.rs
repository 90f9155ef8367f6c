//! Tests of the texts of mails, and of when a mail is withdrawn.
use super::*;
use crate::domain::tests::fixtures::*;
use crate::domain::{EndReason, EventKind, Fact, FactKind, ReviewFact, State};
use cpor_types::{ActorSide, FurtherRejection, Timestamp};

/// Composes the mail about the change that took effect at `time`.
fn mail(life: &TestClaim, kind: PartnerMailKind, time: Timestamp) -> Option<MailContent> {
    let data = NoticeData { claim: name().claim, case: life.claim.state.submission().unwrap().review_case, time };
    mail_content(&life.claim, kind, data, &rules()).unwrap()
}

/// Returns the subject, the plain text and the HTML of the mail in one text.
fn render(life: &TestClaim, kind: PartnerMailKind, time: Timestamp) -> String {
    let content = mail(life, kind, time).unwrap_or_else(|| panic!("{kind} is withdrawn"));
    let message = message(&life.claim, &content).unwrap();
    assert_eq!((message.name.as_str(), message.address.as_str()), ("Ben", "a@fabrikam.example"));
    for section in &content.sections {
        assert!(message.text.contains(section.heading) && message.html.contains(section.heading));
    }
    format!("{}\n{}\n{}", message.subject, message.text, message.html)
}

fn assert_contains(text: &str, phrases: &[&str]) {
    for phrase in phrases {
        assert!(text.contains(phrase), "`{phrase}` is not in {text}");
    }
}

#[test]
fn r57_a_request_names_reasons_deadline_and_commands() {
    let life = TestClaim::asked();
    let text = render(&life, PartnerMailKind::PartnerAction, life.now);
    assert_contains(
        &text,
        &["Action required by 13 March 2026: Teams at Fabrikam", "Dates are missing", "words", "ResubmitClaim"],
    );
    assert_contains(&text, &["the end of Friday, 13 March 2026 (Europe/Berlin, UTC+01:00)", "UpdateClaim", "Fabrikam"]);
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
    assert_eq!(life.last().kind, EventKind::Reported(FactKind::ResponseReminded));
    let reminded = at("2026-03-12T23:00:00Z");
    assert_contains(
        &render(&life, PartnerMailKind::ResponseReminder, reminded),
        &["Reminder: answer by 13 March 2026", "you have not answered yet"],
    );
    let over = life.apply_passed_deadline(at("2026-03-13T23:00:00Z"));
    assert!(mail(&over, PartnerMailKind::ResponseReminder, reminded).is_none(), "too late to answer");
    assert!(
        mail(&asked, PartnerMailKind::ResponseReminder, reminded).is_none(),
        "no reminder was due for this request"
    );
}

#[test]
fn r57_a_rejection_names_the_reason_and_the_dispute() {
    let further = vec![FurtherRejection::ProductsMissing];
    let said = Some(comment(ActorSide::Reviewer));
    let life = TestClaim::under_review().fact(&review(ReviewFact::Rejected(further, said)));
    let text = render(&life, PartnerMailKind::Rejection, life.now);
    assert_contains(
        &text,
        &["Claim rejected: Teams at Fabrikam", "is not sufficient", "Products are missing", "What the reviewer wrote"],
    );
    assert_contains(
        &text,
        &[
            "GetClaim",
            "DisputeClaim",
            "You can dispute this until the end of Sunday, 5 April 2026 (Europe/Berlin, UTC+02:00)",
        ],
    );
    let disputed = life.clone().step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    assert!(mail(&disputed, PartnerMailKind::Rejection, life.now).is_none());
}

#[test]
fn r33_a_final_rejection_advises_a_new_claim() {
    let declined = TestClaim::approved().fact(&declined());
    let disputed = declined.step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    let life = disputed.approved_by_reviewer().fact(&silent());
    let text = render(&life, PartnerMailKind::Rejection, life.now);
    assert_contains(
        &text,
        &[
            "This is final",
            "Only a new claim with updated proof of execution helps.",
            "did not approve when asked again",
        ],
    );
    assert!(!text.contains("DisputeClaim"));
}

#[test]
fn r57_a_decline_names_the_ended_association() {
    let life = TestClaim::official().fact(&declined());
    let text = render(&life, PartnerMailKind::Rejection, life.now);
    assert_contains(
        &text,
        &[
            "the customer declined",
            "What the customer wrote",
            "can no longer read",
            "only if the customer approves it explicitly",
        ],
    );
    let life = TestClaim::rejected().fact(&declined());
    assert_contains(
        &render(&life, PartnerMailKind::CustomerDeclined, life.now),
        &["was already rejected", "DisputeClaim"],
    );
}

#[test]
fn r57_an_approval_names_the_next_step() {
    let life = TestClaim::approved();
    assert_contains(
        &render(&life, PartnerMailKind::Approval, life.now),
        &["Claim approved", "within 7 calendar days", "reserved for you"],
    );
    let text = render(&life.fact(&window_opened()), PartnerMailKind::Approval, start());
    assert_contains(&text, &["by the end of Tuesday, 31 March 2026 (America/New_York, UTC-04:00)"]);
    let early = TestClaim::submitted().fact(&customer_approved()).approved_by_reviewer();
    assert_contains(&render(&early, PartnerMailKind::Approval, early.now), &["The customer has approved too"]);
    let silent = TestClaim::approved().fact(&Fact::Consent(crate::domain::ConsentFact::WindowPassed));
    assert_contains(&render(&silent, PartnerMailKind::Approval, silent.now), &["The customer did not decline in time"]);
    let declined = TestClaim::approved().fact(&declined());
    assert!(mail(&declined, PartnerMailKind::Approval, start()).is_none());
}

fn window_opened() -> Fact {
    let due = at("2026-04-01T04:00:00Z");
    Fact::Consent(crate::domain::ConsentFact::WindowOpened { due, rule: "7 calendar days".into() })
}

#[test]
fn r57_the_other_mails_name_their_subject() {
    let life = TestClaim::official();
    assert_contains(
        &render(&life, PartnerMailKind::Official, life.now),
        &["On record", "since Friday, 6 March 2026, 09:00", "ListUsage"],
    );
    let life = TestClaim::official().fact(&ended(EndReason::Superseded, &[line_id()]));
    assert_contains(
        &render(&life, PartnerMailKind::AssociationEnded, life.now),
        &["Association ended", "decided between the two", "can no longer read"],
    );
    let life = TestClaim::approved().fact(&ended(EndReason::Superseded, &[line_id()]));
    assert_contains(
        &render(&life, PartnerMailKind::AssociationEnded, life.now),
        &["Association ended", "was not on record yet"],
    );
    let life = TestClaim::submitted().fact(&contested(&[line_id()]));
    assert_contains(
        &render(&life, PartnerMailKind::Competition, life.now),
        &["A competing claim", "Neither of you learns who the other is", "deadlines are stopped"],
    );
    let over = life.fact(&contested(&[]));
    assert!(mail(&over, PartnerMailKind::Competition, over.now).is_none());
    let life = TestClaim::official().step(|claim, now| claim.withdraw(withdraw(), now));
    assert_contains(
        &render(&life, PartnerMailKind::Withdrawal, life.now),
        &["Your company withdrew", "has ended", "cannot be disputed"],
    );
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
    assert_contains(&message.text, &["    <script>x</script>\n    second", "<b>Teams</b> & more"]);
}
