//! R60: what every state waits for, since when, until when, which party has to act, and what each
//! party can do.
use super::fixtures::*;
use crate::domain::*;
use cpor_auth::{Access, MethodTable};
use cpor_types::{ActorSide, CommentId, Role, Timestamp};

fn due() -> Timestamp {
    at("2026-03-14T05:00:00Z")
}

fn open_window(test: TestClaim) -> TestClaim {
    let opened = ConsentFact::WindowOpened { due: at("2026-04-01T04:00:00Z"), rule: "7 calendar days".into() };
    test.fact(&Fact::Consent(opened))
}

fn settle_notice(test: TestClaim, accepted: bool) -> TestClaim {
    let bounce_reason = (!accepted).then(|| "SMTP 550".to_owned());
    let (notice, previous) = ("approval".into(), "queued".into());
    let consent_request_number = test.claim.state.submission().map(|submission| submission.consent_request_number);
    test.fact(&Fact::Consent(ConsentFact::NoticeReported { notice, previous, bounce_reason, consent_request_number }))
}

fn start_review(test: TestClaim) -> TestClaim {
    let fact = of_present_case(review(ReviewFact::Started("rita".into(), Some(due()))), &test.claim);
    test.fact(&fact)
}

/// A claim that a reviewer has approved, before the registry answers.
fn approval_in_progress() -> TestClaim {
    start_review(TestClaim::submitted()).fact(&review(ReviewFact::ApprovalBegun))
}

/// A contested claim whose policy profile lets the review clocks run.
fn contested_while_clocks_run() -> TestClaim {
    let comment_id = CommentId(uuid::Uuid::from_u128(0xc1));
    let (contested, awarded) = (vec![line_id()], Vec::new());
    let changed = ReviewFact::CompetitionChanged { contested, awarded, comment_id, due: Some(due()) };
    TestClaim::submitted_under(&rules_of("2023@1")).fact(&review(changed))
}

fn resend_notice(test: TestClaim) -> TestClaim {
    let (notice, previous) = ("approval".into(), "bounced".into());
    test.fact(&Fact::Consent(ConsentFact::NoticeResent { notice, previous }))
}

/// A claim that was approved on a dispute, after the customer had declined.
fn approved_after_decline() -> TestClaim {
    TestClaim::approved().fact(&declined()).disputed_again().approved_by_reviewer()
}

/// An official claim whose line is contested, after a reviewer asked its partner for a statement.
fn asked_for_statement() -> TestClaim {
    let request = review(ReviewFact::StatementRequested(Some(comment(ActorSide::Reviewer))));
    TestClaim::official().fact(&contested(&[line_id()])).fact(&request)
}

/// An official claim whose line was awarded to a competing claim.
fn awarded_to_rival() -> TestClaim {
    let comment_id = CommentId(uuid::Uuid::from_u128(0xc1));
    let (contested, awarded) = (Vec::new(), vec![line_id()]);
    TestClaim::official().fact(&review(ReviewFact::CompetitionChanged { contested, awarded, comment_id, due: None }))
}

fn dispute_window_missed() -> TestClaim {
    let test = TestClaim::rejected();
    let window = test.claim.waiting().due.unwrap();
    test.apply_passed_deadline(window)
}

/// Returns every state with every kind of data that changes what the claim waits for: name, claim,
/// expected wait, expected party, and whether there is a due time.
fn wait_cases() -> Vec<(&'static str, TestClaim, Wait, Option<Party>, bool)> {
    use Party::{Customer, Partner, ReviewLead, Reviewer, System, Time};
    let contest = contested(&[line_id()]);
    let opened = review(ReviewFact::Opened(Some(due())));
    let granted = || {
        open_window(TestClaim::approved())
            .fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }))
    };
    let ends = ended(EndReason::Expired, &[line_id()]);
    let ended = || TestClaim::official().fact(&ends);
    vec![
        ("draft", TestClaim::complete(), Wait::Submission, Some(Partner), false),
        ("deleted", TestClaim::deleted(), Wait::Nothing, None, false),
        ("clocks unknown", TestClaim::submitted(), Wait::ReviewStart, Some(Reviewer), false),
        ("submitted", TestClaim::submitted().fact(&opened), Wait::ReviewStart, Some(Reviewer), true),
        ("contested", TestClaim::submitted().fact(&opened).fact(&contest), Wait::Arbitration, Some(ReviewLead), false),
        ("contested, clocks run", contested_while_clocks_run(), Wait::Arbitration, Some(ReviewLead), true),
        ("under review", start_review(TestClaim::submitted()), Wait::ReviewDecision, Some(Reviewer), true),
        (
            "contested later",
            start_review(TestClaim::submitted()).fact(&contest),
            Wait::Arbitration,
            Some(ReviewLead),
            false,
        ),
        ("approving", approval_in_progress(), Wait::Registry, Some(System), false),
        ("approving, contested", approval_in_progress().fact(&contest), Wait::Registry, Some(System), false),
        ("asked", TestClaim::asked(), Wait::PartnerResponse, Some(Partner), true),
        ("asked, contested", TestClaim::asked().fact(&contest), Wait::PartnerResponse, Some(Partner), true),
        ("approved", TestClaim::approved(), Wait::NoticeDelivery, Some(System), true),
        ("bounced", settle_notice(TestClaim::approved(), false), Wait::NoticeDelivery, Some(Partner), true),
        (
            "sent again",
            settle_notice(settle_notice(TestClaim::approved(), false), true),
            Wait::NoticeDelivery,
            Some(System),
            true,
        ),
        (
            "resent",
            resend_notice(settle_notice(TestClaim::approved(), false)),
            Wait::NoticeDelivery,
            Some(System),
            true,
        ),
        ("window open", open_window(TestClaim::approved()), Wait::ConsentWindow, Some(Time), true),
        ("holder contested", open_window(TestClaim::approved()).fact(&contest), Wait::ConsentWindow, Some(Time), true),
        ("declined before", open_window(approved_after_decline()), Wait::ExplicitApproval, Some(Customer), true),
        ("declined, no notice", approved_after_decline(), Wait::NoticeDelivery, Some(System), true),
        (
            "contact to confirm",
            open_window(TestClaim::approved()).fact(&Fact::Consent(ConsentFact::WindowPassed {
                awaits_confirmation: true,
                consent_request_number: 0,
            })),
            Wait::ContactConfirmation,
            Some(Reviewer),
            false,
        ),
        ("granted", granted(), Wait::Registry, Some(System), false),
        ("official", TestClaim::official(), Wait::Nothing, None, false),
        ("official, contested", TestClaim::official().fact(&contest), Wait::Arbitration, Some(ReviewLead), false),
        ("official, awarded", awarded_to_rival(), Wait::Supersession, Some(System), false),
        ("asked for a statement", asked_for_statement(), Wait::Statement, Some(Partner), true),
        ("just ended", ended(), Wait::LateDecision, Some(System), false),
        ("granted, ended", granted().fact(&ends), Wait::Registry, Some(System), false),
        ("ended", ended().fact(&consent_ended()), Wait::Nothing, None, false),
        ("rejected", TestClaim::rejected(), Wait::DisputeWindow, Some(Partner), true),
        ("missed", dispute_window_missed(), Wait::Nothing, None, false),
        ("withdrawn", TestClaim::withdrawn(), Wait::Nothing, None, false),
        ("disputed", TestClaim::disputed(), Wait::ReviewStart, Some(Reviewer), false),
        ("dispute started", start_review(TestClaim::disputed()), Wait::ReviewDecision, Some(Reviewer), true),
    ]
}

#[test]
fn r60_every_wait_is_explained() {
    for (name, test, ..) in wait_cases() {
        let waiting = test.claim.waiting();
        let mover = waiting.acting_party.map_or("nobody".to_owned(), |party| format!("{party:?}"));
        let due = waiting.due.map_or("-".to_owned(), cpor_types::rfc3339);
        let explanation = test.claim.explanation(test.now);
        let snapshot = name.replace(' ', "_").replace(',', "");
        insta::assert_snapshot!(
            format!("explanation_{snapshot}"),
            format!("waits for {:?}, mover {mover}, due {due}\n\n{explanation}", waiting.wait)
        );
    }
}

#[test]
fn r60_every_state_has_a_wait_and_a_party() {
    let mut seen: Vec<_> = Vec::new();
    for (name, test, wait, mover, has_due) in wait_cases() {
        let waiting = test.claim.waiting();
        assert_eq!((waiting.wait, waiting.acting_party, waiting.due.is_some()), (wait, mover, has_due), "{name}");
        let sentence = test.claim.explanation(test.now);
        assert!(sentence.ends_with('.') && sentence.len() > 20, "{name}: {sentence}");
        assert!(waiting.due.is_none_or(|due| sentence.contains(&cpor_types::rfc3339(due))), "{name}: {sentence}");
        seen.push((wait, test.claim.state.kind()));
    }
    assert!(Wait::ALL.iter().all(|wait| seen.iter().any(|(seen, _)| seen == wait)), "every wait is tried");
    assert!(ClaimStateKind::ALL.iter().all(|state| seen.iter().any(|(_, seen)| seen == state)), "every state is tried");
}

/// Checks the methods of each party by the last part of their names.
#[test]
fn r60_every_party_has_its_allowed_methods() {
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
            "clocks unknown" | "submitted" | "disputed" => {
                (waiting.0, [&waiting.1[..], &["StartReview", notify]].concat(), customer(&asked[1..]))
            }
            "contested" | "contested, clocks run" => {
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
            "holder contested" => {
                let ask = "RequestStatement";
                (vec![talk, ask, notify], vec![talk, ask, "ArbitrateLines", notify], customer(&asked[1..]))
            }
            "official, contested" => {
                let ask = "RequestStatement";
                (vec![talk, ask, notify], vec![talk, ask, "ArbitrateLines", notify], vec!["DeclineConsent"])
            }
            "asked for a statement" => {
                (vec![talk, notify], vec![talk, "ArbitrateLines", notify], vec!["DeclineConsent"])
            }
            "asked"
            | "approved"
            | "bounced"
            | "sent again"
            | "resent"
            | "window open"
            | "contact to confirm"
            | "declined before"
            | "declined, no notice" => (vec![talk, notify], vec![talk, notify], customer(&asked[1..])),
            // The window has not opened, so a notice can be sent again and the customer can
            // decline.
            "official" | "official, awarded" => (vec![talk, notify], vec![talk, notify], vec!["DeclineConsent"]),
            "granted" => (vec![talk], vec![talk], vec![]),
            "just ended" | "granted, ended" => (vec![talk], vec![talk], vec![]),
            "ended" | "missed" | "withdrawn" => (vec![talk], vec![talk], vec![]),
            "rejected" => (vec![talk], vec![talk], vec!["DeclineConsent"]),
            unknown => panic!("{unknown}"),
        }
    };
    for (name, test, ..) in wait_cases() {
        // After the consent window of these.
        let now = if matches!(name, "granted" | "contact to confirm") { at("2026-04-02T00:00:00Z") } else { test.now };
        let allowed = |party| -> Vec<String> {
            let offers = test.claim.allowed_methods(party, now).into_iter();
            offers.map(|offer| offer.method.rsplit('/').next().unwrap().to_owned()).collect()
        };
        let (reviewer, lead, customer) = expected(name);
        assert_eq!(allowed(Party::Reviewer), reviewer, "{name}: reviewer");
        assert_eq!(allowed(Party::ReviewLead), lead, "{name}: lead");
        assert_eq!(allowed(Party::Customer), customer, "{name}: customer");
        let sends = reviewer.contains(&notify).then_some(notify);
        let rests = matches!(name, "deleted" | "ended" | "missed" | "withdrawn").then_some("ErasePersonalData");
        let is_accepted = test.claim.state.submission().is_some_and(|submission| submission.consent_due.is_some());
        let bounces = (is_accepted && test.claim.state.rejection().is_none()).then_some("RecordBounce");
        let operator: Vec<_> = rests.or(sends).into_iter().chain(bounces).collect();
        assert_eq!(allowed(Party::Operator), operator, "{name}: operator");
        assert!(allowed(Party::System).is_empty() && allowed(Party::Time).is_empty());
        let partner: Vec<_> =
            test.claim.allowed_methods(Party::Partner, now).into_iter().map(|offer| offer.command).collect();
        let mut partner: Vec<_> = partner.into_iter().flatten().collect();
        partner.sort_unstable();
        assert_eq!(partner, test.claim.allowed_commands(Party::Partner), "{name}: partner");
    }
}

#[test]
fn r19_an_assigned_case_is_its_reviewers() {
    let test = TestClaim::submitted().fact(&review(ReviewFact::Assigned(Some("rita".into()))));
    let allowed = |party| {
        test.claim.allowed_methods(party, test.now).into_iter().map(|offer| (offer.method, offer.own_case_only))
    };
    let allowed = |party| -> Vec<_> { allowed(party).filter(|(method, _)| method.contains("reviews")).collect() };
    let named = |method: &str, own| (format!("cpor.reviews.v1.ReviewService/{method}"), own);
    let own = [named("ReleaseReviewCase", true), named("StartReview", true)];
    assert_eq!(allowed(Party::Reviewer), own);
    assert_eq!(allowed(Party::ReviewLead), [&[named("AssignReviewCase", false)][..], &own].concat());
}

#[test]
fn r60_a_wait_counts_from_its_effective_time() {
    let submitted = TestClaim::submitted();
    let wait_start_time = |test: &TestClaim| test.claim.wait_start_time;
    assert_eq!(wait_start_time(&submitted), submitted.now);
    let assigned = submitted.clone().fact(&review(ReviewFact::Assigned(Some("rita".into()))));
    assert_eq!(wait_start_time(&assigned), submitted.now, "the wait goes on");
    let began = assigned.now + hour() / 2;
    let started = assigned
        .step(|claim, now| claim.apply(&review(ReviewFact::Started("rita".into(), None)), began, &rules(), now));
    assert_eq!(wait_start_time(&started), began);
    let overtaken = started
        .fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }));
    assert_eq!(wait_start_time(&overtaken), began);
    let asked = TestClaim::asked();
    let response = asked.claim.waiting().due.unwrap();
    let rejected = asked.apply_passed_deadline(response + hour() * 100);
    assert_eq!((rejected.claim.waiting().wait, wait_start_time(&rejected)), (Wait::DisputeWindow, response));
}

/// R5: a change of the wait time would reveal a rival to the customer.
#[test]
fn r60_a_customers_wait_goes_on_while_others_compete() {
    let reviewed = start_review(TestClaim::submitted());
    let began = reviewed.claim.wait_start_time;
    let competing = reviewed.clone().fact(&contested(&[line_id()]));
    assert_eq!((competing.claim.waiting().wait, competing.claim.wait_start_time), (Wait::Arbitration, competing.now));
    let customer_view = |claim: &Claim| claim.clone().as_seen_by_customer(Some(TENANT.parse().unwrap())).unwrap();
    assert_eq!(
        (customer_view(&competing.claim).waiting().wait, customer_view(&competing.claim).wait_start_time),
        (Wait::ReviewDecision, began)
    );
    // The review clocks stop during a competition, and the missing due time would reveal it.
    assert_eq!((reviewed.claim.waiting().due, customer_view(&reviewed.claim).waiting().due), (Some(due()), None));
    let sentence = |test: &TestClaim| customer_view(&test.claim).explanation(test.now);
    assert_eq!(sentence(&reviewed), sentence(&competing));
    // The customer does not see an approval in progress, because the registry may refuse it for a
    // rival's hold.
    let approving = reviewed.fact(&review(ReviewFact::ApprovalBegun));
    assert_eq!(
        (approving.claim.waiting().wait, customer_view(&approving.claim).waiting().wait),
        (Wait::Registry, Wait::ReviewDecision)
    );
    assert_eq!((customer_view(&approving.claim).wait_start_time, sentence(&approving)), (began, sentence(&competing)));
    let alone = competing.fact(&contested(&[]));
    assert_eq!((alone.claim.wait_start_time, customer_view(&alone.claim).wait_start_time), (alone.now, began));
}

/// R47: a passed deadline is a transition, so the stored wait changes when its own deadline passes.
#[test]
fn r60_what_waits_for_its_own_deadline_moves_with_it() {
    for (name, test, wait, ..) in wait_cases() {
        let own = matches!(wait, Wait::PartnerResponse | Wait::DisputeWindow);
        let due = test.claim.waiting().due.filter(|_| own);
        let Some(due) = due else { continue };
        let moved = test.clone().apply_passed_deadline(due);
        assert_ne!(moved.claim.waiting().wait, wait, "{name}");
        assert_eq!(moved.claim.wait_start_time, due, "{name}");
    }
}

#[test]
fn r28_a_dispute_that_is_ruled_out_says_why() {
    let refusals = |test: &TestClaim| test.claim.refused_commands();
    let due = TestClaim::rejected().claim.waiting().due.unwrap();
    let ruled_out: Vec<_> =
        refusals(&dispute_window_missed()).into_iter().filter(|(command, _)| *command == Command::Dispute).collect();
    assert_eq!(ruled_out, [(Command::Dispute, Refusal::DisputeWindowPassed { due })]);
    let of_withdrawn = refusals(&TestClaim::withdrawn());
    assert!(
        of_withdrawn.contains(&(Command::Dispute, Refusal::DisputeNotAllowed(NotDisputableReason::PartnerRequest)))
    );
    assert!(refusals(&TestClaim::rejected()).is_empty());
}

/// Every method in the transition table exists and allows its party.
#[test]
fn r60_every_method_exists_and_admits_its_party() {
    let methods = MethodTable::build(&SERVICES.map(|service| (service, Vec::new()))).unwrap();
    for method in machine::TABLE.iter().flat_map(|row| row.methods) {
        let path = method.path();
        let declared = methods.get(&format!("/{path}")).unwrap_or_else(|| panic!("{path}"));
        let Access::Restricted { roles, .. } = &declared.access else { panic!("{path}") };
        let is_of_party = |role: &Role| match method.party() {
            Party::Partner => role.side() == ActorSide::Partner,
            Party::Reviewer => *role == Role::PoeReviewer,
            Party::ReviewLead => *role == Role::ReviewLead,
            Party::Customer => *role == Role::CustomerAdmin,
            Party::Operator => *role == Role::Operator,
            Party::System | Party::Time => false,
        };
        assert!(roles.iter().any(is_of_party), "{path} by {}", method.party());
    }
}
