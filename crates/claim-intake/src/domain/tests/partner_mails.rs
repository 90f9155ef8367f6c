//! R57: which events are mailed to the partner.
use super::fixtures::*;
use crate::domain::*;
use std::collections::BTreeMap;

/// Returns the mails about the events from index `first` on.
fn mails_since(test: &TestClaim, first: usize) -> Vec<PartnerMailKind> {
    test.events[first..].iter().filter_map(|event| event.partner_mail(&test.claim)).collect()
}

/// Returns the mails about one fact.
fn mails_after(test: TestClaim, fact: &Fact) -> Vec<PartnerMailKind> {
    let first = test.events.len();
    mails_since(&test.fact(fact), first)
}

#[test]
fn r57_every_kind_of_mail_has_its_step() {
    let response = TestClaim::asked();
    let request = review(ReviewFact::StatementRequested(Some(comment(cpor_types::ActorSide::Reviewer))));
    let holder = TestClaim::official().fact(&contested(&[line_id()]));
    let requested = holder.clone().fact(&request);
    let reminder = requested.claim.state.submission().unwrap().open_statement().unwrap().window.reminder_time.unwrap();
    let due = at("2026-03-13T12:00:00Z");
    let cases = [
        (mails_after(TestClaim::under_review(), &request_action()), PartnerMailKind::PartnerAction),
        (
            mails_since(&response.clone().apply_passed_deadline(due), response.events.len()),
            PartnerMailKind::ResponseReminder,
        ),
        (mails_after(holder, &request), PartnerMailKind::StatementRequest),
        (
            mails_since(&requested.clone().apply_passed_deadline(reminder), requested.events.len()),
            PartnerMailKind::StatementReminder,
        ),
        (
            mails_after(TestClaim::under_review(), &review(ReviewFact::Rejected(Vec::new(), None))),
            PartnerMailKind::Rejection,
        ),
        (mails_after(TestClaim::submitted(), &declined()), PartnerMailKind::Rejection),
        (mails_after(TestClaim::submitted(), &awarded(&[], &[line_id()])), PartnerMailKind::Rejection),
        (mails_after(TestClaim::rejected(), &declined()), PartnerMailKind::CustomerDeclined),
        (mails_after(TestClaim::under_review(), &review(ReviewFact::Approved(None))), PartnerMailKind::Approval),
        (
            mails_after(
                TestClaim::approved().fact(&Fact::Consent(ConsentFact::WindowPassed {
                    awaits_confirmation: false,
                    consent_request_number: 0,
                })),
                &Fact::AssociationOfficial { since: start(), associations: BTreeMap::new(), ends: BTreeMap::new() },
            ),
            PartnerMailKind::Official,
        ),
        (mails_after(TestClaim::submitted(), &contested(&[line_id()])), PartnerMailKind::Competition),
        (
            mails_after(TestClaim::official(), &ended(EndReason::Expired, &[line_id()])),
            PartnerMailKind::AssociationEnded,
        ),
    ];
    for (mails, kind) in cases {
        assert_eq!(mails, [kind]);
    }
}

#[test]
fn r57_a_withdrawal_is_mailed_only_with_an_association() {
    let withdrawn = |test: TestClaim| {
        let first = test.events.len();
        mails_since(&test.step(|claim, now| claim.withdraw(withdraw(), now)), first)
    };
    assert_eq!(withdrawn(TestClaim::submitted()), []);
    assert_eq!(withdrawn(TestClaim::official()), [PartnerMailKind::Withdrawal]);
    assert_eq!(withdrawn(TestClaim::official().fact(&ended(EndReason::Expired, &[line_id()]))), []);
    assert_eq!(mails_since(&TestClaim::submitted(), 0), []);
}

#[test]
fn r57_what_changes_nothing_for_the_partner_is_no_mail() {
    let started = TestClaim::submitted().fact(&contested(&[line_id()]));
    assert_eq!(mails_after(started, &contested(&[])), [], "competition that is over is told in a comment");
    assert_eq!(mails_after(TestClaim::withdrawn(), &declined()), [], "what is overtaken");
    assert_eq!(mails_after(TestClaim::submitted(), &customer_approved()), []);
}
