//! R57: which steps a partner is told of by mail.
use super::story::*;
use crate::domain::*;

/// What the partner was told by the events from `first` on.
fn told(life: &Life, first: usize) -> Vec<NoticeKind> {
    life.events[first..].iter().filter_map(|event| event.notice(&life.claim)).collect()
}

/// What the partner is told of one fact.
fn told_of(life: Life, fact: &Fact) -> Vec<NoticeKind> {
    let first = life.events.len();
    told(&life.fact(fact), first)
}

#[test]
fn r57_every_kind_of_mail_has_its_step() {
    let response = Life::asked();
    let due = at("2026-03-13T12:00:00Z");
    let cases = [
        (told_of(Life::under_review(), &request_action()), NoticeKind::PartnerAction),
        (told(&response.clone().elapse(due), response.events.len()), NoticeKind::ResponseReminder),
        (told_of(Life::under_review(), &review(ReviewFact::Rejected(Vec::new(), None))), NoticeKind::Rejection),
        (told_of(Life::submitted(), &declined()), NoticeKind::Rejection),
        (told_of(Life::submitted(), &awarded(&[], &[line_id()])), NoticeKind::Rejection),
        (told_of(Life::rejected(), &declined()), NoticeKind::CustomerDeclined),
        (told_of(Life::under_review(), &review(ReviewFact::Approved(None))), NoticeKind::Approval),
        (
            told_of(
                Life::approved().fact(&Fact::Consent(ConsentFact::WindowPassed)),
                &Fact::AssociationOfficial { since: start() },
            ),
            NoticeKind::Official,
        ),
        (told_of(Life::submitted(), &contested(&[line_id()])), NoticeKind::Competition),
        (told_of(Life::official(), &ended(EndReason::Expired, &[line_id()])), NoticeKind::AssociationEnded),
    ];
    for (told, kind) in cases {
        assert_eq!(told, [kind]);
    }
}

#[test]
fn r57_of_its_own_acts_the_partner_hears_only_what_it_lost_by_them() {
    let withdrawn = |life: Life| {
        let first = life.events.len();
        told(&life.step(|claim, now| claim.withdraw(withdraw(), now)), first)
    };
    assert_eq!(withdrawn(Life::submitted()), []);
    assert_eq!(withdrawn(Life::official()), [NoticeKind::Withdrawal]);
    assert_eq!(withdrawn(Life::official().fact(&ended(EndReason::Expired, &[line_id()]))), []);
    assert_eq!(told(&Life::submitted(), 0), []);
}

#[test]
fn r57_what_changes_nothing_for_the_partner_is_no_mail() {
    let started = Life::submitted().fact(&contested(&[line_id()]));
    assert_eq!(told_of(started, &contested(&[])), [], "competition that is over is told in a comment");
    assert_eq!(told_of(Life::withdrawn(), &declined()), [], "what is overtaken");
    assert_eq!(told_of(Life::submitted(), &customer_approved()), []);
}
