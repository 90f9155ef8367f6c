//! Edits and evidence after the submission (R21, R29, R61).
use super::fixtures::*;
use crate::domain::*;
use cpor_durable::Transition;
use cpor_types::{LineId, ProductFamily};
use uuid::Uuid;

fn update(test: &TestClaim, content: Content, fields: &[Field]) -> Result<Option<Transition<Claim>>, Refusal> {
    let update = Update { fields: fields.to_vec(), content };
    let facts = facts(&test.claim.content_after(&update), ProductFamily::Microsoft365);
    test.claim.update(&update, Some(&facts), &rules(), test.now + hour())
}

fn another_contact() -> Content {
    Content { customer_contact: Contact { name: "Cem".into(), ..content().customer_contact }, ..content() }
}

fn two_lines() -> Content {
    let intune = Line::new(LineId(Uuid::from_u128(9)), "intune".parse().unwrap(), String::new());
    Content { lines: [content().lines, vec![intune]].concat(), ..content() }
}

#[test]
fn r29_locked_fields_are_named_all_at_once() {
    let other = Content { display_name: "x".into(), program: "osa_sell".into(), ..another_contact() };
    for test in [TestClaim::submitted(), TestClaim::asked()] {
        let refused = update(&test, other.clone(), &Field::ALL);
        let fields = vec![Field::DisplayName, Field::Program];
        assert_eq!(refused, Err(Refusal::FieldsLocked { state: test.claim.state.kind(), fields }));
    }
}

#[test]
fn r29_a_locked_field_that_stays_as_it_is_locks_nothing() {
    let transition = update(&TestClaim::submitted(), another_contact(), &Field::ALL).unwrap().unwrap();
    assert_eq!(transition.next.content.customer_contact.name, "Cem");
    assert_eq!(update(&TestClaim::submitted(), content(), &Field::ALL), Ok(None), "nothing changes");
}

#[test]
fn r29_an_edit_is_checked_like_a_submission() {
    let test = TestClaim::submitted();
    let refused = update(&test, Content::default(), &[Field::Lines, Field::PartnerContact]);
    let Err(Refusal::Incomplete(found)) = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["lines", "partner_contact.name", "partner_contact.email"]);
    let update = Update { fields: vec![Field::Lines], content: two_lines() };
    let unasked = test.claim.update(&update, None, &rules(), test.now);
    assert_eq!(unasked, Err(Refusal::ConcurrentChange), "a silent directory lets nothing through");
}

#[test]
fn r29_line_and_contact_edits_renotify_the_customer() {
    let approved = TestClaim::submitted().fact(&customer_approved());
    let edit_of = |content, field| {
        let transition = update(&approved, content, &[field]).unwrap().unwrap();
        let lapsed = transition.next.state.submission().unwrap().explicit_approval.is_none();
        let EventKind::Edited { notice, previous_contact } = transition.events[0].kind.clone() else { panic!() };
        let renotify = notice == EditNotice::AskedAnew;
        assert_eq!(renotify, lapsed, "an earlier explicit approval lapses with the notice");
        (renotify, previous_contact.map(|contact| contact.name.into_exposed()))
    };
    assert_eq!(edit_of(two_lines(), Field::Lines), (true, None));
    assert_eq!(edit_of(another_contact(), Field::CustomerContact), (true, Some("Ada".into())));
    let partner_contact = Contact { name: "Bea".into(), ..content().partner_contact };
    assert_eq!(edit_of(Content { partner_contact, ..content() }, Field::PartnerContact), (false, None));
}

#[test]
fn r29_an_answer_from_before_the_edit_is_overtaken() {
    let test = TestClaim::submitted();
    let test = test.step(|claim, now| {
        let update = Update { fields: vec![Field::CustomerContact], content: another_contact() };
        Ok(claim.update(&update, Some(&admitted()), &rules(), now)?.unwrap())
    });
    // An earlier answer does not count even if it was given after the edit: the customer may not
    // have known about the edit.
    assert!(test.clone().fact(&customer_approved()).last().kind.is_overtaken());
    let again = test.fact(&Fact::Consent(ConsentFact::Approved {
        channel: "link".into(),
        consent_request_number: 1,
        awaits_confirmation: false,
    }));
    assert!(again.claim.state.submission().unwrap().explicit_approval.is_some());
}

#[test]
fn r29a_silence_on_an_earlier_request_is_overtaken() {
    let corrected = TestClaim::approved().step(|claim, now| {
        let update = Update { fields: vec![Field::CustomerContact], content: another_contact() };
        Ok(claim.update(&update, Some(&admitted()), &rules(), now)?.unwrap())
    });
    for awaits_confirmation in [true, false] {
        let passed = |consent_request_number| {
            let passed = ConsentFact::WindowPassed { awaits_confirmation, consent_request_number };
            corrected.clone().fact(&Fact::Consent(passed))
        };
        assert!(passed(0).last().kind.is_overtaken());
        assert!(!passed(1).last().kind.is_overtaken());
    }
}

/// R29a, R47: the report that the customer was not reached in time arrives after two corrections.
/// The first correction that customer-consent did not know decides.
#[test]
fn r47_a_correction_in_time_counts_whatever_follows() {
    let correct = |test: TestClaim, name: &str| {
        test.step(|claim, now| {
            let customer_contact = Contact { name: name.into(), ..content().customer_contact };
            let content = Content { customer_contact, ..content() };
            let update = Update { fields: vec![Field::CustomerContact], content };
            Ok(claim.update(&update, Some(&admitted()), &rules(), now)?.unwrap())
        })
    };
    let before_approval = correct(TestClaim::submitted(), "Bo");
    let first = correct(before_approval.approved_by_reviewer(), "Cem");
    let due = first.now + hour() / 2;
    let second = correct(first, "Dora");
    let after_report = |number| {
        let not_reached = Fact::Consent(ConsentFact::NotReached { consent_request_number: Some(number) });
        second.claim.apply(&not_reached, due, &rules(), second.now).unwrap().next.state.kind()
    };
    assert_eq!(after_report(1), ClaimStateKind::Approved, "the first correction came in time");
    assert_eq!(after_report(2), ClaimStateKind::Rejected, "the second one came too late");
}

#[test]
fn r29a_a_corrected_technical_contact_repeats_the_notice() {
    let edit = |test: &TestClaim| {
        let customer_technical_contact = Contact { name: "Bo".into(), ..content().customer_technical_contact };
        let content = Content { customer_technical_contact, ..content() };
        let transition = update(test, content, &[Field::CustomerTechnicalContact]).unwrap().unwrap();
        let submission = transition.next.state.submission().unwrap().clone();
        let EventKind::Edited { notice, .. } = transition.events[0].kind.clone() else { panic!() };
        (notice, submission.consent_request_number)
    };
    assert_eq!(edit(&TestClaim::approved()), (EditNotice::NotifiedAgain, 0));
    assert_eq!(edit(&TestClaim::submitted()), (EditNotice::None, 0));
}

#[test]
fn r21_r29_an_edit_counts_as_an_answer() {
    let test = TestClaim::asked();
    let transition = update(&test, two_lines(), &[Field::Lines]).unwrap().unwrap();
    assert_eq!(transition.next.content.lines[0].id, line_id());
    assert_eq!(transition.next.live_lines().count(), 2);
    let facts = facts(&transition.next.content, ProductFamily::Microsoft365);
    let answered = transition.next.resubmit(Resubmit { comment: None }, Some(&facts), &rules(), test.now + hour() * 2);
    assert_eq!(answered.unwrap().next.state.kind(), ClaimStateKind::Submitted);
}

#[test]
fn r29_another_location_has_another_calendar() {
    let test = TestClaim::submitted();
    let other = Content { mpn_id: Some("4712".parse().unwrap()), ..content() };
    let update = Update { fields: vec![Field::MpnId], content: other };
    let mut facts = admitted();
    facts.claim.partner_calendar = Some("us-east".into());
    let transition = test.claim.update(&update, Some(&facts), &rules(), test.now).unwrap().unwrap();
    assert_eq!(transition.next.state.submission().unwrap().partner_calendar, "us-east");
}

/// R29, R29a, R61: the edits and evidence that each profile allows in each state. Under every
/// profile, the contacts of an approved claim can be corrected until a notice is accepted.
#[test]
fn r61_each_profile_leaves_its_own_to_the_partner() {
    let (edit, evidence) = (Command::Update, Command::AddEvidence);
    for (profile, submitted, asked, approved) in [
        ("2020@1", vec![], vec![evidence], vec![edit]),
        ("2021@1", vec![edit, evidence], vec![edit, evidence], vec![edit]),
        ("2023@1", vec![], vec![edit, evidence], vec![edit, evidence]),
    ] {
        let test = TestClaim::submitted_under(&rules_of(profile));
        let allowed = |test: &TestClaim| -> Vec<_> {
            test.claim
                .allowed_commands(Party::Partner)
                .into_iter()
                .filter(|command| [edit, evidence].contains(command))
                .collect()
        };
        assert_eq!(allowed(&test), submitted, "{profile}");
        let rules = rules_of(profile);
        let apply = |test: TestClaim, fact: Fact| test.step(|claim, now| claim.apply(&fact, now, &rules, now));
        let started = apply(test, review(ReviewFact::Started("rita".into(), None)));
        assert_eq!(allowed(&apply(started.clone(), request_action())), asked, "{profile}");
        assert_eq!(allowed(&apply(started, review(ReviewFact::Approved(None)))), approved, "{profile}");
    }
}

#[test]
fn r55_a_comment_points_at_what_is_on_the_claim() {
    let test = TestClaim::submitted();
    let about = |evidence, line| Comment { evidence, line, ..comment(cpor_types::ActorSide::Partner) };
    let known = about(Some(evidence(0).id), Some(line_id()));
    assert!(test.claim.comment(known, test.now).is_ok());
    let unknown = about(Some(evidence(9).id), Some(LineId(Uuid::from_u128(9))));
    assert_eq!(test.claim.comment(unknown, test.now), Err(Refusal::UnknownTarget(vec!["evidence", "line_id"])));
}
