//! R60: what every state waits for, since when, until when, whose move it is, and what each party can do.
use super::story::*;
use crate::domain::*;
use cpor_kit::auth::{Access, MethodTable};
use cpor_types::{ActorSide, Role, Timestamp};

fn due() -> Timestamp {
    at("2026-03-14T05:00:00Z")
}

fn window(life: Life) -> Life {
    let opened = ConsentFact::WindowOpened { due: at("2026-04-01T04:00:00Z"), rule: "7 calendar days".into() };
    life.fact(&Fact::Consent(opened))
}

fn settled(life: Life, accepted: bool) -> Life {
    let bounced = (!accepted).then(|| "SMTP 550".to_owned());
    life.fact(&Fact::Consent(ConsentFact::NoticeSettled { notice: "approval".into(), bounced }))
}

fn started(life: Life) -> Life {
    let fact = of_its_case(review(ReviewFact::Started("rita".into(), Some(due()))), &life.claim);
    life.fact(&fact)
}

/// A reviewer has approved, and the registry has not answered.
fn approving() -> Life {
    started(Life::submitted()).fact(&review(ReviewFact::ApprovalBegun))
}

fn resent(life: Life) -> Life {
    let (notice, previous) = ("approval".into(), "bounced".into());
    life.fact(&Fact::Consent(ConsentFact::NoticeResent { notice, previous }))
}

/// Approved on a dispute, after the customer had declined.
fn approved_after_decline() -> Life {
    Life::approved().fact(&declined()).disputed_again().approved_by_reviewer()
}

fn missed() -> Life {
    let life = Life::rejected();
    let window = life.claim.waiting().due.unwrap();
    life.elapse(window)
}

/// Every state with every kind of data that changes what it waits for.
fn stations() -> Vec<(&'static str, Life, Wait, Option<Party>, bool)> {
    use Party::{Customer, Operator, Partner, ReviewLead, Reviewer, System, Time};
    let contest = contested(&[line_id()]);
    let opened = review(ReviewFact::Opened(Some(due())));
    let granted = || window(Life::approved()).fact(&Fact::Consent(ConsentFact::WindowPassed));
    let ended = || Life::official().fact(&ended(EndReason::Expired, &[line_id()]));
    vec![
        ("draft", Life::complete(), Wait::Submission, Some(Partner), false),
        ("deleted", Life::deleted(), Wait::Nothing, None, false),
        ("clocks not told", Life::submitted(), Wait::ReviewStart, Some(Reviewer), false),
        ("submitted", Life::submitted().fact(&opened), Wait::ReviewStart, Some(Reviewer), true),
        ("contested", Life::submitted().fact(&opened).fact(&contest), Wait::Arbitration, Some(ReviewLead), false),
        ("under review", started(Life::submitted()), Wait::ReviewDecision, Some(Reviewer), true),
        ("contested later", started(Life::submitted()).fact(&contest), Wait::Arbitration, Some(ReviewLead), false),
        ("approving", approving(), Wait::Registry, Some(System), false),
        ("approving, contested", approving().fact(&contest), Wait::Registry, Some(System), false),
        ("asked", Life::asked(), Wait::PartnerResponse, Some(Partner), true),
        ("asked, contested", Life::asked().fact(&contest), Wait::PartnerResponse, Some(Partner), true),
        ("approved", Life::approved(), Wait::NoticeDelivery, Some(System), false),
        ("bounced", settled(Life::approved(), false), Wait::NoticeDelivery, Some(Operator), false),
        ("sent again", settled(settled(Life::approved(), false), true), Wait::NoticeDelivery, Some(System), false),
        ("resent", resent(settled(Life::approved(), false)), Wait::NoticeDelivery, Some(System), false),
        ("window open", window(Life::approved()), Wait::ConsentWindow, Some(Time), true),
        ("holder contested", window(Life::approved()).fact(&contest), Wait::ConsentWindow, Some(Time), true),
        ("declined before", window(approved_after_decline()), Wait::ExplicitApproval, Some(Customer), true),
        ("declined, no notice", approved_after_decline(), Wait::NoticeDelivery, Some(System), false),
        ("granted", granted(), Wait::Registry, Some(System), false),
        ("official", Life::official(), Wait::Nothing, None, false),
        ("ended", ended(), Wait::Nothing, None, false),
        ("rejected", Life::rejected(), Wait::DisputeWindow, Some(Partner), true),
        ("missed", missed(), Wait::Nothing, None, false),
        ("withdrawn", Life::withdrawn(), Wait::Nothing, None, false),
        ("disputed", Life::disputed(), Wait::ReviewStart, Some(Reviewer), false),
        ("dispute started", started(Life::disputed()), Wait::ReviewDecision, Some(Reviewer), true),
    ]
}

#[test]
fn r60_every_state_says_what_it_waits_for_and_whose_move_it_is() {
    let mut seen: Vec<_> = Vec::new();
    for (name, life, wait, mover, has_due) in stations() {
        let waiting = life.claim.waiting();
        assert_eq!((waiting.wait, waiting.mover, waiting.due.is_some()), (wait, mover, has_due), "{name}");
        let told = life.claim.explanation(life.now);
        assert!(told.ends_with('.') && told.len() > 20, "{name}: {told}");
        assert!(waiting.due.is_none_or(|due| told.contains(&cpor_types::rfc3339(due))), "{name}: {told}");
        seen.push((wait, life.claim.state.kind()));
    }
    assert!(Wait::ALL.iter().all(|wait| seen.iter().any(|(seen, _)| seen == wait)), "every wait is tried");
    assert!(StateKind::ALL.iter().all(|state| seen.iter().any(|(_, seen)| seen == state)), "every state is tried");
}

/// What the reviewer, the lead, the customer and the operator can do, by the last part of the method's name.
#[test]
fn r60_every_party_is_told_what_it_can_do() {
    let notify = "ResendNotice";
    let asked = ["ResendNotice", "ApproveConsent", "DeclineConsent"];
    let expected = |name: &str| -> (Vec<&str>, Vec<&str>, Vec<&str>) {
        let talk = "CreateComment";
        let waiting = (vec![talk, "TakeReviewCase", notify], vec![talk, "AssignReviewCase", "TakeReviewCase"]);
        let deciding = ["RequestPartnerAction", "ApproveReviewCase", "RejectReviewCase"];
        let customer = |offers: &[&'static str]| offers.to_vec();
        let lead = |own: &[&'static str]| own.to_vec();
        match name {
            "draft" => (vec![talk], vec![talk], vec![]),
            "deleted" => (vec![], vec![], vec![]),
            "clocks not told" | "submitted" | "disputed" => {
                (waiting.0, [&waiting.1[..], &["StartReview", notify]].concat(), customer(&asked[1..]))
            }
            "contested" => {
                let lead = [&waiting.1[..], &["StartReview", "ArbitrateLines", notify]].concat();
                (waiting.0, lead, customer(&asked[1..]))
            }
            "under review" | "dispute started" => {
                let own = [&[talk][..], &deciding, &[notify]].concat();
                (own.clone(), lead(&own), customer(&asked[1..]))
            }
            "approving" | "approving, contested" => (vec![talk, notify], vec![talk, notify], customer(&asked[1..])),
            "contested later" => {
                let own = [&[talk][..], &deciding, &[notify]].concat();
                let lead = [&[talk][..], &deciding, &["ArbitrateLines", notify]].concat();
                (own, lead, customer(&asked[1..]))
            }
            "asked, contested" => (vec![talk, notify], vec![talk, "ArbitrateLines", notify], customer(&asked[1..])),
            "holder contested" => (vec![talk, notify], vec![talk, "ArbitrateLines", notify], customer(&asked[1..])),
            "asked"
            | "approved"
            | "bounced"
            | "sent again"
            | "resent"
            | "window open"
            | "declined before"
            | "declined, no notice" => (vec![talk, notify], vec![talk, notify], customer(&asked[1..])),
            // The window has not opened: a notice can still be sent, and a decline be made.
            "official" => (vec![talk, notify], vec![talk, notify], vec!["DeclineConsent"]),
            "granted" => (vec![talk], vec![talk], vec![]),
            "ended" | "missed" | "withdrawn" => (vec![talk], vec![talk], vec![]),
            "rejected" => (vec![talk], vec![talk], vec!["DeclineConsent"]),
            unknown => panic!("{unknown}"),
        }
    };
    for (name, life, ..) in stations() {
        // Past the window of "granted".
        let now = if name == "granted" { at("2026-04-02T00:00:00Z") } else { life.now };
        let told = |party| -> Vec<String> {
            let offers = life.claim.offers(party, now).into_iter();
            offers.map(|offer| offer.method.rsplit('/').next().unwrap().to_owned()).collect()
        };
        let (reviewer, lead, customer) = expected(name);
        assert_eq!(told(Party::Reviewer), reviewer, "{name}: reviewer");
        assert_eq!(told(Party::ReviewLead), lead, "{name}: lead");
        assert_eq!(told(Party::Customer), customer, "{name}: customer");
        let sends = reviewer.contains(&notify).then_some(notify);
        let rests = matches!(name, "deleted" | "ended" | "missed" | "withdrawn").then_some("ErasePersonalData");
        assert_eq!(told(Party::Operator), Vec::from_iter(rests.or(sends)), "{name}: operator");
        assert!(told(Party::System).is_empty() && told(Party::Time).is_empty());
        let partner: Vec<_> = life.claim.offers(Party::Partner, now).into_iter().map(|offer| offer.command).collect();
        let mut partner: Vec<_> = partner.into_iter().flatten().collect();
        partner.sort_unstable();
        assert_eq!(partner, life.claim.allowed_commands(Party::Partner), "{name}: partner");
    }
}

#[test]
fn r19_an_assigned_case_is_its_reviewers() {
    let life = Life::submitted().fact(&review(ReviewFact::Assigned(Some("rita".into()))));
    let told = |party| life.claim.offers(party, life.now).into_iter().map(|offer| (offer.method, offer.own));
    let told = |party| -> Vec<_> { told(party).filter(|(method, _)| method.contains("reviews")).collect() };
    let named = |method: &str, own| (format!("cpor.reviews.v1.ReviewService/{method}"), own);
    let own = [named("ReleaseReviewCase", true), named("StartReview", true)];
    assert_eq!(told(Party::Reviewer), own);
    assert_eq!(told(Party::ReviewLead), [&[named("AssignReviewCase", false)][..], &own].concat());
}

#[test]
fn r60_a_wait_counts_from_when_it_began_and_not_from_when_it_was_told() {
    let submitted = Life::submitted();
    let wait_time = |life: &Life| life.claim.wait_time;
    assert_eq!(wait_time(&submitted), submitted.now);
    let assigned = submitted.clone().fact(&review(ReviewFact::Assigned(Some("rita".into()))));
    assert_eq!(wait_time(&assigned), submitted.now, "the wait goes on");
    let began = assigned.now + hour() / 2;
    let started = assigned
        .step(|claim, now| claim.apply(&review(ReviewFact::Started("rita".into(), None)), began, &rules(), now));
    assert_eq!(wait_time(&started), began);
    let overtaken = started.fact(&Fact::Consent(ConsentFact::WindowPassed));
    assert_eq!(wait_time(&overtaken), began);
    let asked = Life::asked();
    let response = asked.claim.waiting().due.unwrap();
    let rejected = asked.elapse(response + hour() * 100);
    assert_eq!((rejected.claim.waiting().wait, wait_time(&rejected)), (Wait::DisputeWindow, response));
}

/// R5: that something began which they may not see, they would see from since when it waits.
#[test]
fn r60_a_customers_wait_goes_on_while_others_compete() {
    let reviewed = started(Life::submitted());
    let began = reviewed.claim.wait_time;
    let competing = reviewed.clone().fact(&contested(&[line_id()]));
    assert_eq!((competing.claim.waiting().wait, competing.claim.wait_time), (Wait::Arbitration, competing.now));
    let seen = |claim: &Claim| claim.clone().of_customer(Some(TENANT.parse().unwrap())).unwrap();
    assert_eq!(
        (seen(&competing.claim).waiting().wait, seen(&competing.claim).wait_time),
        (Wait::ReviewDecision, began)
    );
    // The clocks of a review stand still for rivals, which their going would tell.
    assert_eq!((reviewed.claim.waiting().due, seen(&reviewed.claim).waiting().due), (Some(due()), None));
    let sentence = |life: &Life| seen(&life.claim).explanation(life.now);
    assert_eq!(sentence(&reviewed), sentence(&competing));
    // Nor is it told of an approval that the registry may refuse for what another holds.
    let approving = reviewed.fact(&review(ReviewFact::ApprovalBegun));
    assert_eq!(
        (approving.claim.waiting().wait, seen(&approving.claim).waiting().wait),
        (Wait::Registry, Wait::ReviewDecision)
    );
    assert_eq!((seen(&approving.claim).wait_time, sentence(&approving)), (began, sentence(&competing)));
    let alone = competing.fact(&contested(&[]));
    assert_eq!((alone.claim.wait_time, seen(&alone.claim).wait_time), (alone.now, began));
}

/// What waits for a time of ours waits no more once that has come (R47): what is stored of it is right after each step.
#[test]
fn r60_what_waits_for_its_own_deadline_moves_with_it() {
    for (name, life, wait, ..) in stations() {
        let own = matches!(wait, Wait::PartnerResponse | Wait::DisputeWindow);
        let due = life.claim.waiting().due.filter(|_| own);
        let Some(due) = due else { continue };
        let moved = life.clone().elapse(due);
        assert_ne!(moved.claim.waiting().wait, wait, "{name}");
        assert_eq!(moved.claim.wait_time, due, "{name}");
    }
}

#[test]
fn r28_a_dispute_that_is_ruled_out_says_why() {
    let refusals = |life: &Life| life.claim.ruled_out();
    let window = Life::rejected().claim.waiting().due.unwrap();
    let ruled_out: Vec<_> =
        refusals(&missed()).into_iter().filter(|(command, _)| *command == Command::Dispute).collect();
    assert_eq!(ruled_out, [(Command::Dispute, Refusal::DisputeWindowPassed { due: window })]);
    let of_withdrawn = refusals(&Life::withdrawn());
    assert!(of_withdrawn.contains(&(Command::Dispute, Refusal::DisputeNotAllowed(Finality::PartnerRequest))));
    assert!(refusals(&Life::rejected()).is_empty());
}

/// Every method of the table exists, and lets its party in.
#[test]
fn r60_every_method_that_is_told_exists_and_admits_its_party() {
    let methods = MethodTable::build(&SERVICES.map(|service| (service, Vec::new()))).unwrap();
    for by in machine::TABLE.iter().flat_map(|row| row.by) {
        let method = methods.get(&format!("/{}", by.path())).unwrap_or_else(|| panic!("{}", by.path()));
        let Access::Declared { roles, .. } = &method.access else { panic!("{}", by.path()) };
        let is_of_party = |role: &Role| match by.party() {
            Party::Partner => role.side() == ActorSide::Partner,
            Party::Reviewer => *role == Role::PoeReviewer,
            Party::ReviewLead => *role == Role::ReviewLead,
            Party::Customer => *role == Role::CustomerAdmin,
            Party::Operator => *role == Role::Operator,
            Party::System | Party::Time => false,
        };
        assert!(roles.iter().any(is_of_party), "{} by {}", by.path(), by.party());
    }
}
