//! R60: why a claim is where it is.

use chrono::TimeDelta;
use cpor_acceptance::{
    Actor, ClaimStage, NORTHWIND, PDF, TestClaim, TestSystem, assert_refused, both_databases, from_timestamp,
};
use cpor_proto::claims::v1::{
    ClaimExplanation, ClaimState, ExplainClaimRequest, ListClaimsRequest, Party, WaitsFor, WithdrawReason,
};
use cpor_types::Role;
use tonic::Code;

both_databases![
    r60_a_claim_is_explained_all_its_life,
    r60_each_party_is_told_what_it_can_do,
    r60_a_caller_is_told_what_it_can_do_itself,
    r60_a_contested_claim_waits_for_a_lead_and_names_no_rival,
    r60_a_dispute_after_a_decline_waits_for_the_customer,
    r60_a_final_rejection_waits_for_nothing_and_says_why,
    r60_a_passed_deadline_is_applied_to_the_answer,
    r60_claims_are_listed_by_what_they_wait_for,
    r60_a_customer_may_ask_of_the_claims_on_its_tenant,
];
both_databases![
    with with_mail_server:
    r60_a_bounced_notice_is_the_operators_to_send_again,
];

async fn explained(case: &TestClaim<'_>, actor: &Actor) -> ClaimExplanation {
    let request = ExplainClaimRequest { name: case.name.clone() };
    actor.claims().explain_claim(request).await.expect("an explanation").into_inner()
}

/// What a party can do, by the last part of the method's name.
fn commands(told: &ClaimExplanation, party: Party) -> Vec<&str> {
    let commands = &told.parties.iter().find(|told| told.party() == party).expect("the party").commands;
    commands.iter().map(|command| command.method.rsplit('/').next().unwrap()).collect()
}

/// What the caller itself can do.
fn callers(told: &ClaimExplanation) -> Vec<&str> {
    let parties = told.parties.iter().filter(|party| party.is_caller);
    let commands = parties.flat_map(|party| &party.commands).filter(|command| command.caller_allowed);
    commands.map(|command| command.method.rsplit('/').next().unwrap()).collect()
}

/// Told alike to the partner, a reviewer and an operator; and in the claim itself.
async fn waits(case: &TestClaim<'_>, waits_for: WaitsFor, whose_move: Party) -> ClaimExplanation {
    let system = case.system;
    let told = explained(case, &case.partner).await;
    assert_eq!((told.waits_for(), told.whose_move()), (waits_for, whose_move), "{told:#?}");
    for actor in [&system.reviewer, &system.operator] {
        let other = explained(case, actor).await;
        let common = |told: &ClaimExplanation| (told.waits_for, told.wait_start_time, told.due_time, told.whose_move);
        assert_eq!(common(&other), common(&told));
        assert_eq!(other.explanation, told.explanation);
    }
    let claim = case.claim().await;
    assert_eq!((claim.waits_for(), claim.whose_move()), (waits_for, whose_move));
    assert_eq!((told.state(), told.association_state()), (claim.state(), claim.association_state()));
    told
}

async fn r60_a_claim_is_explained_all_its_life(system: &TestSystem) {
    let begun = system.now().await;
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let told = waits(&case, WaitsFor::Submission, Party::Partner).await;
    assert_eq!((from_timestamp(told.wait_start_time), told.due_time), (begun, None));
    system.advance_by(TimeDelta::hours(1)).await;
    case.move_to_stage(ClaimStage::Submitted).await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    let review = case.review(&system.reviewer).await.unwrap();
    assert_eq!(from_timestamp(told.wait_start_time), begun + TimeDelta::hours(1));
    assert_eq!(told.due_time, review.deadlines.iter().filter_map(|clock| clock.due_time).min_by_key(|due| due.seconds));
    assert!(told.explanation.contains("until 2026-03-2"), "R46: {}", told.explanation);
    system.advance_by(TimeDelta::hours(1)).await;
    case.take_and_start_review().await;
    let told = waits(&case, WaitsFor::ReviewDecision, Party::Reviewer).await;
    assert_eq!(from_timestamp(told.wait_start_time), begun + TimeDelta::hours(2));
    assert!(told.due_time.is_some());
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&case, WaitsFor::PartnerResponse, Party::Partner).await;
    assert_eq!(told.due_time, case.claim().await.partner_action.unwrap().due_time);
    system.advance_by(TimeDelta::days(1)).await;
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert!(told.due_time.is_some(), "the clocks run on");
    system.advance_by(TimeDelta::days(30)).await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert!(told.explanation.contains("overdue since"), "{}", told.explanation);
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&case, WaitsFor::ConsentWindow, Party::Time).await;
    assert_eq!(told.due_time, case.claim().await.consent_due_time);
    system.advance_by(TimeDelta::days(8)).await;
    let official = waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
    assert_eq!(
        (official.wait_start_time, official.due_time),
        (told.due_time, None),
        "official since the window passed"
    );
}

async fn r60_each_party_is_told_what_it_can_do(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let told = explained(&case, &system.contoso).await;
    assert_eq!(commands(&told, Party::Partner), ["UpdateClaim", "WithdrawClaim", "UploadEvidence", "CreateComment"]);
    assert_eq!(commands(&told, Party::Reviewer), ["CreateComment", "TakeReviewCase", "ResendNotice"]);
    let lead = ["CreateComment", "AssignReviewCase", "TakeReviewCase", "StartReview", "ResendNotice"];
    assert_eq!(commands(&told, Party::ReviewLead), lead);
    assert_eq!(commands(&told, Party::Customer), ["ApproveConsent", "DeclineConsent"]);
    assert_eq!(commands(&told, Party::Operator), ["ResendNotice"]);
    let withdraw = &told.parties[0].commands[1];
    assert_eq!(
        (withdraw.method.as_str(), withdraw.rule.as_str()),
        ("cpor.claims.v1.ClaimService/WithdrawClaim", "R25")
    );
    // And so it is.
    assert_refused(case.start_review(&system.reviewer).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    case.take(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.start_review(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = explained(&case, &system.contoso).await;
    let deciding = ["RequestPartnerAction", "ApproveReviewCase", "RejectReviewCase"];
    assert_eq!(commands(&told, Party::Reviewer)[1..4], deciding);
    assert_eq!(commands(&told, Party::Partner), ["WithdrawClaim", "CreateComment"]);
    assert!(!format!("{told:?}").contains(&system.reviewer.subject), "R4: a partner never learns who reviews");
}

async fn r60_a_caller_is_told_what_it_can_do_itself(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let admin = explained(&case, &system.contoso).await;
    assert!(callers(&admin).contains(&"SubmitClaim"));
    let user = explained(&case, &system.contoso_user).await;
    assert_eq!(commands(&user, Party::Partner), commands(&admin, Party::Partner));
    assert_eq!(
        callers(&user),
        ["UpdateClaim", "DeleteClaim", "UploadEvidence", "DeleteEvidence", "CreateComment"],
        "R4"
    );
    case.move_to_stage(ClaimStage::Submitted).await;
    let user = explained(&case, &system.contoso_user).await;
    assert_eq!(callers(&user), ["UploadEvidence", "CreateComment"], "R4: drafts only");
    case.take_and_start_review().await;
    let deciding = "ApproveReviewCase";
    assert!(callers(&explained(&case, &system.reviewer).await).contains(&deciding));
    assert!(callers(&explained(&case, &system.lead).await).contains(&deciding));
    assert!(!callers(&explained(&case, &system.colleague).await).contains(&deciding), "another's review");
    assert_eq!(callers(&explained(&case, &system.operator).await), ["ResendNotice"]);
    let manager = explained(&case, &system.manager).await;
    assert!(callers(&manager).is_empty() && manager.parties.iter().all(|party| !party.is_caller));
    // What is not the caller's looks as if it did not exist.
    let request = ExplainClaimRequest { name: case.name.clone() };
    assert_refused(
        system.northwind.claims().explain_claim(request.clone()).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    let sync = system.actor_with_role(Role::DirectorySync);
    assert_refused(sync.claims().explain_claim(request).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}

async fn r60_a_contested_claim_waits_for_a_lead_and_names_no_rival(system: &TestSystem) {
    let claim = system.presales().await;
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Submitted).await;
    for case in [&one, &other] {
        let told = waits(case, WaitsFor::Arbitration, Party::ReviewLead).await;
        assert_eq!(told.due_time, None, "the clocks stand still");
        assert!(commands(&told, Party::ReviewLead).contains(&"ArbitrateLines"));
    }
    let seen = format!("{:?}", explained(&one, &one.partner).await).to_lowercase();
    assert!(!seen.contains("northwind") && !seen.contains(NORTHWIND) && !seen.contains(other.id()), "{seen}");
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&one, WaitsFor::ReviewDecision, Party::Reviewer).await;
    assert!(told.due_time.is_some(), "the clocks run on");
    assert!(!commands(&told, Party::ReviewLead).contains(&"ArbitrateLines"));
}

async fn r60_a_dispute_after_a_decline_waits_for_the_customer(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    waits(&case, WaitsFor::DisputeWindow, Party::Partner).await;
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert_eq!(told.state(), ClaimState::Disputed);
    case.take_and_start_review().await;
    waits(&case, WaitsFor::ReviewDecision, Party::Reviewer).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&case, WaitsFor::ExplicitApproval, Party::Customer).await;
    assert!(told.due_time.is_some());
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
}

async fn r60_a_final_rejection_waits_for_nothing_and_says_why(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let told = waits(&case, WaitsFor::DisputeWindow, Party::Partner).await;
    assert_eq!(told.due_time, case.claim().await.rejection.unwrap().dispute_due_time);
    assert!(commands(&told, Party::Partner).contains(&"DisputeClaim") && told.refused_commands.is_empty());
    system.advance_by(TimeDelta::days(32)).await;
    let late = waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
    assert_eq!(late.wait_start_time, told.due_time);
    assert!(!commands(&late, Party::Partner).contains(&"DisputeClaim"));
    let dispute = late.refused_commands.iter().find(|refused| refused.method.ends_with("/DisputeClaim")).unwrap();
    assert_refused(case.dispute("Too late.").await, Code::FailedPrecondition, &dispute.reason);
    assert_eq!(dispute.reason, "DISPUTE_WINDOW_PASSED");
    let gone = TestClaim::at_stage(system, system.usage().await, ClaimStage::Withdrawn).await;
    let told = waits(&gone, WaitsFor::Nothing, Party::Unspecified).await;
    assert!(told.refused_commands.iter().any(|refused| refused.reason == "DISPUTE_NOT_ALLOWED"));
}

async fn r60_a_passed_deadline_is_applied_to_the_answer(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let due = case.claim().await.partner_action.unwrap().due_time;
    system.set_clock_only(from_timestamp(due) + TimeDelta::days(1)).await;
    let told = explained(&case, &case.partner).await;
    assert_eq!(
        (told.state(), told.waits_for(), told.wait_start_time),
        (ClaimState::Rejected, WaitsFor::DisputeWindow, due)
    );
    assert!(!commands(&told, Party::Partner).contains(&"ResubmitClaim"));
}

async fn listed(actor: &Actor, parent: &str, waits_for: WaitsFor) -> Vec<String> {
    let filter = format!("waits_for = {}", waits_for.as_str_name());
    let request = ListClaimsRequest { parent: parent.into(), filter, ..ListClaimsRequest::default() };
    let claims = actor.claims().list_claims(request).await.unwrap().into_inner().claims;
    assert!(claims.iter().all(|claim| claim.waits_for() == waits_for));
    claims.into_iter().map(|claim| claim.name).collect()
}

async fn r60_claims_are_listed_by_what_they_wait_for(system: &TestSystem) {
    let asked = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let waiting = TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    let others = TestClaim::at_stage(system, system.workloads(), ClaimStage::Submitted).await;
    assert_eq!(listed(&system.contoso, "partners/contoso", WaitsFor::ReviewStart).await, [waiting.name.as_str()]);
    let everybodys = listed(&system.operator, "partners/-", WaitsFor::ReviewStart).await;
    assert_eq!(everybodys, [others.name.as_str(), waiting.name.as_str()], "newest first");
    assert_eq!(listed(&system.lead, "partners/-", WaitsFor::PartnerResponse).await, [asked.name.as_str()]);
    // What time alone moves leaves its list too.
    system.advance_by(TimeDelta::days(10)).await;
    assert!(listed(&system.lead, "partners/-", WaitsFor::PartnerResponse).await.is_empty());
    assert_eq!(listed(&system.lead, "partners/-", WaitsFor::DisputeWindow).await, [asked.name.as_str()]);
    system.advance_by(TimeDelta::days(40)).await;
    assert_eq!(listed(&system.lead, "partners/-", WaitsFor::Nothing).await, [asked.name.as_str()]);
    asked.upload("late.pdf", PDF).await.unwrap_err();
}

async fn r60_a_customer_may_ask_of_the_claims_on_its_tenant(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::create_with_evidence(system, claim.clone()).await;
    let unseen = async |customer: &Actor, name: &str| {
        let answer = customer.claims().explain_claim(ExplainClaimRequest { name: name.into() }).await;
        assert_refused(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
    };
    unseen(case.customer(), &case.name).await;
    case.move_to_stage(ClaimStage::Submitted).await;
    unseen(&system.litware, &case.name).await;
    unseen(case.customer(), "partners/contoso/claims/00000000-0000-4000-8000-000000000000").await;
    let told = explained(&case, case.customer()).await;
    let partners = explained(&case, &case.partner).await;
    assert_eq!((told.waits_for(), told.whose_move()), (WaitsFor::ReviewStart, Party::Reviewer));
    assert_eq!(told.wait_start_time, partners.wait_start_time);
    // The clocks of a review stand still for rivals, which their going would tell.
    assert!(partners.due_time.is_some() && told.due_time.is_none(), "{partners:?} {told:?}");
    assert_eq!(callers(&told), ["ApproveConsent", "DeclineConsent"]);
    assert_eq!((told.parties.len(), told.refused_commands.len()), (1, 0), "a customer is told of itself alone");
    // Nothing of rivals, not even that something began.
    system.advance_by(TimeDelta::hours(1)).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Submitted).await;
    assert_eq!(explained(&case, &case.partner).await.waits_for(), WaitsFor::Arbitration);
    let before = told;
    let told = explained(&case, case.customer()).await;
    assert_eq!((told.waits_for(), told.whose_move()), (WaitsFor::ReviewStart, Party::Reviewer));
    assert_eq!((told.wait_start_time, &told.explanation), (before.wait_start_time, &before.explanation));
    assert_ne!(explained(&case, &case.partner).await.wait_start_time, before.wait_start_time);
    let seen = format!("{told:?}").to_lowercase();
    assert!(!seen.contains("northwind") && !seen.contains("compet") && !seen.contains("arbitrat"), "{seen}");
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = explained(&case, case.customer()).await;
    assert_eq!((told.waits_for(), told.due_time), (WaitsFor::ConsentWindow, case.claim().await.consent_due_time));
    case.decline_consent("No.").await.unwrap();
    system.wait_until_idle().await;
    assert!(callers(&explained(&case, case.customer()).await).is_empty());
}

async fn r60_a_bounced_notice_is_the_operators_to_send_again(system: &TestSystem) {
    system.mail_server().refuse("jana@bounce.example");
    let contact = cpor_acceptance::contact("Jana Dvořáková", "CIO", "jana@bounce.example");
    let claim = cpor_proto::claims::v1::Claim { customer_contact: contact, ..system.presales().await };
    let case = TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let told = waits(&case, WaitsFor::NoticeDelivery, Party::Operator).await;
    assert!(told.explanation.contains("bounced") && told.due_time.is_none(), "{}", told.explanation);
    system.mail_server().admit("jana@bounce.example");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    waits(&case, WaitsFor::ConsentWindow, Party::Time).await;
}
