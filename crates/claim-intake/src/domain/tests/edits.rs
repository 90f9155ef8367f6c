//! Edits and evidence after the submission (R21, R29, R61).
use super::story::*;
use crate::domain::*;
use cpor_durable::Transition;
use cpor_types::{LineId, ProductFamily};
use uuid::Uuid;

fn edited(life: &Life, content: Content, fields: &[Field]) -> Result<Option<Transition<Claim>>, Refusal> {
    let update = Update { fields: fields.to_vec(), content };
    let facts = facts(&life.claim.content_after(&update), ProductFamily::Microsoft365);
    life.claim.update(&update, Some(&facts), &rules(), life.now + hour())
}

fn another_contact() -> Content {
    Content { customer_contact: Contact { name: "Cem".into(), ..content().customer_contact }, ..content() }
}

fn two_lines() -> Content {
    let intune = Line::entered(LineId(Uuid::from_u128(9)), "intune".parse().unwrap(), String::new());
    Content { lines: [content().lines, vec![intune]].concat(), ..content() }
}

#[test]
fn r29_locked_fields_are_named_all_at_once() {
    let other = Content { display_name: "x".into(), program: "osa_sell".into(), ..another_contact() };
    for life in [Life::submitted(), Life::asked()] {
        let refused = edited(&life, other.clone(), &Field::ALL);
        let fields = vec![Field::DisplayName, Field::Program];
        assert_eq!(refused, Err(Refusal::FieldsLocked { state: life.claim.state.kind(), fields }));
    }
}

#[test]
fn r29_a_locked_field_that_stays_as_it_is_locks_nothing() {
    let made = edited(&Life::submitted(), another_contact(), &Field::ALL).unwrap().unwrap();
    assert_eq!(made.next.content.customer_contact.name, "Cem");
    assert_eq!(edited(&Life::submitted(), content(), &Field::ALL), Ok(None), "nothing changes");
}

#[test]
fn r29_an_edit_is_checked_as_a_submission_and_the_last_line_cannot_go() {
    let life = Life::submitted();
    let refused = edited(&life, Content::default(), &[Field::Lines, Field::PartnerContact]);
    let Err(Refusal::Incomplete(found)) = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["lines", "partner_contact.name", "partner_contact.email"]);
    let update = Update { fields: vec![Field::Lines], content: two_lines() };
    let unasked = life.claim.update(&update, None, &rules(), life.now);
    assert_eq!(unasked, Err(Refusal::FactsMissing), "a silent directory lets nothing through");
}

#[test]
fn r29_the_customer_is_asked_anew_where_lines_or_their_contact_change() {
    let approved = Life::submitted().fact(&customer_approved());
    let told = |content, field| {
        let made = edited(&approved, content, &[field]).unwrap().unwrap();
        let lapsed = made.next.state.submission().unwrap().explicit_approval.is_none();
        let What::Edited { renotify, previous_contact } = made.events[0].what.clone() else { panic!() };
        assert_eq!(renotify, lapsed, "an earlier explicit approval lapses with the notice");
        (renotify, previous_contact.map(|contact| contact.name))
    };
    assert_eq!(told(two_lines(), Field::Lines), (true, None));
    assert_eq!(told(another_contact(), Field::CustomerContact), (true, Some("Ada".into())));
    let partner_contact = Contact { name: "Bea".into(), ..content().partner_contact };
    assert_eq!(told(Content { partner_contact, ..content() }, Field::PartnerContact), (false, None));
}

#[test]
fn r29_an_answer_to_what_was_asked_before_the_edit_counts_no_more() {
    let life = Life::submitted();
    let life = life.step(|claim, now| {
        let update = Update { fields: vec![Field::CustomerContact], content: another_contact() };
        Ok(claim.update(&update, Some(&admitted()), &rules(), now)?.unwrap())
    });
    // However late it was given: the customer's service may hear of the edit after it.
    assert!(life.clone().fact(&customer_approved()).last().what.is_overtaken());
    let again = life.fact(&Fact::Consent(ConsentFact::Approved { channel: "link".into(), askings: 1 }));
    assert!(again.claim.state.submission().unwrap().explicit_approval.is_some());
}

#[test]
fn r21_r29_an_edit_is_an_answer_and_lines_that_stay_keep_their_ids() {
    let life = Life::asked();
    let made = edited(&life, two_lines(), &[Field::Lines]).unwrap().unwrap();
    assert_eq!(made.next.content.lines[0].id, line_id());
    assert_eq!(made.next.live_lines().count(), 2);
    let facts = facts(&made.next.content, ProductFamily::Microsoft365);
    let answered = made.next.resubmit(Resubmit { comment: None }, Some(&facts), &rules(), life.now + hour() * 2);
    assert_eq!(answered.unwrap().next.state.kind(), StateKind::Submitted);
}

#[test]
fn r29_another_location_has_another_calendar() {
    let life = Life::submitted();
    let other = Content { mpn_id: Some("4712".parse().unwrap()), ..content() };
    let update = Update { fields: vec![Field::MpnId], content: other };
    let mut facts = admitted();
    facts.directory.partner_calendar = Some("us-east".into());
    let made = life.claim.update(&update, Some(&facts), &rules(), life.now).unwrap().unwrap();
    assert_eq!(made.next.state.submission().unwrap().partner_calendar, "us-east");
}

/// R29, R61: what each profile leaves to the partner in which state.
#[test]
fn r61_each_profile_leaves_its_own_to_the_partner() {
    let (edit, evidence) = (Command::Update, Command::AddEvidence);
    for (profile, submitted, asked, approved) in [
        ("2020@1", vec![], vec![evidence], vec![]),
        ("2021@1", vec![edit, evidence], vec![edit, evidence], vec![]),
        ("2023@1", vec![], vec![edit, evidence], vec![evidence]),
    ] {
        let life = Life::submitted_under(&rules_of(profile));
        let left = |life: &Life| -> Vec<_> {
            life.claim
                .allowed_commands(Party::Partner)
                .into_iter()
                .filter(|command| [edit, evidence].contains(command))
                .collect()
        };
        assert_eq!(left(&life), submitted, "{profile}");
        let rules = rules_of(profile);
        let at = |life: Life, fact: Fact| life.step(|claim, now| claim.apply(&fact, now, &rules, now));
        let started = at(life, review(ReviewFact::Started("rita".into(), None)));
        assert_eq!(left(&at(started.clone(), request_action())), asked, "{profile}");
        assert_eq!(left(&at(started, review(ReviewFact::Approved(None)))), approved, "{profile}");
    }
}

#[test]
fn r55_a_comment_points_at_what_is_on_the_claim() {
    let life = Life::submitted();
    let about = |evidence, line| Comment { evidence, line, ..comment(cpor_types::ActorSide::Partner) };
    let known = about(Some(evidence(0).id), Some(line_id()));
    assert!(life.claim.comment(known, life.now).is_ok());
    let unknown = about(Some(evidence(9).id), Some(LineId(Uuid::from_u128(9))));
    assert_eq!(life.claim.comment(unknown, life.now), Err(Refusal::UnknownTarget(vec!["evidence", "line_id"])));
}
