//! What the mails say, and when they are no longer sent.
use super::*;
use crate::domain::tests::story::*;
use crate::domain::{EndReason, Fact, FactKind, ReviewFact, State, What};
use cpor_types::{ActorSide, FurtherRejection, Timestamp};

/// The mail about what has counted since `time`, worded as of now.
fn mail(life: &Life, kind: NoticeKind, time: Timestamp) -> Option<Letter> {
    let about = About { claim: name().claim, case: life.claim.state.submission().unwrap().review_case, time };
    letter(&life.claim, kind, about, &rules()).unwrap()
}

/// Both forms of it in one.
fn read(life: &Life, kind: NoticeKind, time: Timestamp) -> String {
    let letter = mail(life, kind, time).unwrap_or_else(|| panic!("{kind} is withdrawn"));
    let message = message(&life.claim, &letter).unwrap();
    assert_eq!((message.name.as_str(), message.address.as_str()), ("Ben", "a@fabrikam.example"));
    for section in &letter.sections {
        assert!(message.text.contains(section.heading) && message.html.contains(section.heading));
    }
    format!("{}\n{}\n{}", message.subject, message.text, message.html)
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {text}");
    }
}

#[test]
fn r57_a_request_says_what_is_asked_until_when_and_how() {
    let life = Life::asked();
    let text = read(&life, NoticeKind::PartnerAction, life.now);
    has(&text, &["Action required by 13 March 2026: Teams at Fabrikam", "Dates are missing", "words", "ResubmitClaim"]);
    has(&text, &["the end of Friday, 13 March 2026 (Europe/Berlin, UTC+01:00)", "UpdateClaim", "Fabrikam"]);
    let answered = life.clone().step(|claim, now| {
        let resubmit = crate::domain::Resubmit { comment: Some(comment(ActorSide::Partner)) };
        claim.resubmit(resubmit, Some(&admitted()), &rules(), now)
    });
    assert!(mail(&answered, NoticeKind::PartnerAction, life.now).is_none(), "answered before it was sent");
}

#[test]
fn r48_a_reminder_is_sent_to_who_has_not_answered() {
    let asked = Life::asked();
    let life = asked.clone().elapse(at("2026-03-12T23:00:00Z"));
    assert_eq!(life.last().what, What::Reported(FactKind::ResponseReminded));
    let reminded = at("2026-03-12T23:00:00Z");
    has(
        &read(&life, NoticeKind::ResponseReminder, reminded),
        &["Reminder: answer by 13 March 2026", "you have not answered yet"],
    );
    let over = life.elapse(at("2026-03-13T23:00:00Z"));
    assert!(mail(&over, NoticeKind::ResponseReminder, reminded).is_none(), "too late to answer");
    assert!(mail(&asked, NoticeKind::ResponseReminder, reminded).is_none(), "of this request nobody was reminded");
}

#[test]
fn r57_a_rejection_says_why_where_to_see_it_and_how_to_dispute_it() {
    let further = vec![FurtherRejection::ProductsMissing];
    let said = Some(comment(ActorSide::Reviewer));
    let life = Life::under_review().fact(&review(ReviewFact::Rejected(further, said)));
    let text = read(&life, NoticeKind::Rejection, life.now);
    has(
        &text,
        &["Claim rejected: Teams at Fabrikam", "is not sufficient", "Products are missing", "What the reviewer wrote"],
    );
    has(
        &text,
        &[
            "GetClaim",
            "DisputeClaim",
            "You can dispute this until the end of Sunday, 5 April 2026 (Europe/Berlin, UTC+02:00)",
        ],
    );
    let disputed = life.clone().step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    assert!(mail(&disputed, NoticeKind::Rejection, life.now).is_none());
}

#[test]
fn r33_a_final_rejection_says_that_only_a_new_claim_helps() {
    let declined = Life::approved().fact(&declined());
    let disputed = declined.step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    let life = disputed.approved_by_reviewer().fact(&silent());
    let text = read(&life, NoticeKind::Rejection, life.now);
    has(
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
fn r57_what_a_decline_ends_is_said() {
    let life = Life::official().fact(&declined());
    let text = read(&life, NoticeKind::Rejection, life.now);
    has(
        &text,
        &[
            "the customer declined",
            "What the customer wrote",
            "can no longer read",
            "only if the customer approves it explicitly",
        ],
    );
    let life = Life::rejected().fact(&declined());
    has(&read(&life, NoticeKind::CustomerDeclined, life.now), &["It is rejected already", "DisputeClaim"]);
}

#[test]
fn r57_an_approval_says_what_happens_next() {
    let life = Life::approved();
    has(&read(&life, NoticeKind::Approval, life.now), &["Claim approved", "within 7 calendar days", "held for you"]);
    let text = read(&life.fact(&every_window()), NoticeKind::Approval, start());
    has(&text, &["by the end of Tuesday, 31 March 2026 (America/New_York, UTC-04:00)"]);
    let early = Life::submitted().fact(&customer_approved()).approved_by_reviewer();
    has(&read(&early, NoticeKind::Approval, early.now), &["The customer has approved too"]);
    let silent = Life::approved().fact(&Fact::Consent(crate::domain::ConsentFact::WindowPassed));
    has(&read(&silent, NoticeKind::Approval, silent.now), &["The customer did not decline in time"]);
    let declined = Life::approved().fact(&declined());
    assert!(mail(&declined, NoticeKind::Approval, start()).is_none());
}

fn every_window() -> Fact {
    let due = at("2026-04-01T04:00:00Z");
    Fact::Consent(crate::domain::ConsentFact::WindowOpened { due, rule: "7 calendar days".into() })
}

#[test]
fn r57_the_other_mails_say_what_they_are_about() {
    let life = Life::official();
    has(&read(&life, NoticeKind::Official, life.now), &["On record", "since Friday, 6 March 2026, 09:00", "ListUsage"]);
    let life = Life::official().fact(&ended(EndReason::Superseded, &[line_id()]));
    has(
        &read(&life, NoticeKind::AssociationEnded, life.now),
        &["Association ended", "decided between the two", "can no longer read"],
    );
    let life = Life::approved().fact(&ended(EndReason::Superseded, &[line_id()]));
    has(&read(&life, NoticeKind::AssociationEnded, life.now), &["Association ended", "was not on record yet"]);
    let life = Life::submitted().fact(&contested(&[line_id()]));
    has(
        &read(&life, NoticeKind::Competition, life.now),
        &["A competing claim", "Neither of you learns who the other is", "stand still"],
    );
    let over = life.fact(&contested(&[]));
    assert!(mail(&over, NoticeKind::Competition, over.now).is_none());
    let life = Life::official().step(|claim, now| claim.withdraw(withdraw(), now));
    has(&read(&life, NoticeKind::Withdrawal, life.now), &["Your company withdrew", "is over", "cannot be disputed"]);
}

#[test]
fn r57_what_people_wrote_is_shown_and_never_becomes_markup() {
    let mut life = Life::under_review();
    life.claim.content.display_name = "<b>Teams</b> & more".into();
    let said =
        Some(crate::domain::Comment { text: "<script>x</script>\nsecond".into(), ..comment(ActorSide::Reviewer) });
    let life = life.fact(&review(ReviewFact::Rejected(Vec::new(), said)));
    let State::Rejected(_, rejection) = &life.claim.state else { panic!() };
    let letter = mail(&life, NoticeKind::Rejection, rejection.time).unwrap();
    let message = message(&life.claim, &letter).unwrap();
    assert!(!message.html.contains("<script>") && !message.html.contains("<b>"), "{}", message.html);
    has(&message.text, &["    <script>x</script>\n    second", "<b>Teams</b> & more"]);
}
