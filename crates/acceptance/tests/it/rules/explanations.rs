//! R60: why a claim is where it is.

use chrono::TimeDelta;
use cpor_acceptance::{Actor, Case, NORTHWIND, PDF, Stage, World, both_databases, moment, refused};
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

async fn explained(case: &Case<'_>, actor: &Actor) -> ClaimExplanation {
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
    let parties = told.parties.iter().filter(|party| party.caller);
    let commands = parties.flat_map(|party| &party.commands).filter(|command| command.caller_may);
    commands.map(|command| command.method.rsplit('/').next().unwrap()).collect()
}

/// Told alike to the partner, a reviewer and an operator; and in the claim itself.
async fn waits(case: &Case<'_>, waits_for: WaitsFor, whose_move: Party) -> ClaimExplanation {
    let world = case.world;
    let told = explained(case, &case.partner).await;
    assert_eq!((told.waits_for(), told.whose_move()), (waits_for, whose_move), "{told:#?}");
    for actor in [&world.reviewer, &world.operator] {
        let other = explained(case, actor).await;
        let common = |told: &ClaimExplanation| (told.waits_for, told.since_time, told.due_time, told.whose_move);
        assert_eq!(common(&other), common(&told));
        assert_eq!(other.explanation, told.explanation);
    }
    let claim = case.claim().await;
    assert_eq!((claim.waits_for(), claim.whose_move()), (waits_for, whose_move));
    assert_eq!((told.state(), told.association_state()), (claim.state(), claim.association_state()));
    told
}

async fn r60_a_claim_is_explained_all_its_life(world: &World) {
    let begun = world.now().await;
    let case = Case::complete(world, world.presales().await).await;
    let told = waits(&case, WaitsFor::Submission, Party::Partner).await;
    assert_eq!((moment(told.since_time), told.due_time), (begun, None));
    world.advance(TimeDelta::hours(1)).await;
    case.walk_to(Stage::Submitted).await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    let review = case.review(&world.reviewer).await.unwrap();
    assert_eq!(moment(told.since_time), begun + TimeDelta::hours(1));
    assert_eq!(told.due_time, review.deadlines.iter().filter_map(|clock| clock.due_time).min_by_key(|due| due.seconds));
    assert!(told.explanation.contains("until 2026-03-2"), "R46: {}", told.explanation);
    world.advance(TimeDelta::hours(1)).await;
    case.review_starts().await;
    let told = waits(&case, WaitsFor::ReviewDecision, Party::Reviewer).await;
    assert_eq!(moment(told.since_time), begun + TimeDelta::hours(2));
    assert!(told.due_time.is_some());
    case.request_action(&world.reviewer).await.unwrap();
    world.settle().await;
    let told = waits(&case, WaitsFor::PartnerResponse, Party::Partner).await;
    assert_eq!(told.due_time, case.claim().await.partner_action.unwrap().due_time);
    world.advance(TimeDelta::days(1)).await;
    case.resubmit("Here it is.").await.unwrap();
    world.settle().await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert!(told.due_time.is_some(), "the clocks run on");
    world.advance(TimeDelta::days(30)).await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert!(told.explanation.contains("overdue since"), "{}", told.explanation);
    case.review_starts().await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    let told = waits(&case, WaitsFor::ConsentWindow, Party::Time).await;
    assert_eq!(told.due_time, case.claim().await.consent_due_time);
    world.advance(TimeDelta::days(8)).await;
    let official = waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
    assert_eq!((official.since_time, official.due_time), (told.due_time, None), "official since the window passed");
}

async fn r60_each_party_is_told_what_it_can_do(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Submitted).await;
    let told = explained(&case, &world.contoso).await;
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
    refused(case.start_review(&world.reviewer).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    case.take(&world.reviewer).await.unwrap();
    world.settle().await;
    case.start_review(&world.reviewer).await.unwrap();
    world.settle().await;
    let told = explained(&case, &world.contoso).await;
    let deciding = ["RequestPartnerAction", "ApproveReviewCase", "RejectReviewCase"];
    assert_eq!(commands(&told, Party::Reviewer)[1..4], deciding);
    assert_eq!(commands(&told, Party::Partner), ["WithdrawClaim", "CreateComment"]);
    assert!(!format!("{told:?}").contains(&world.reviewer.subject), "R4: a partner never learns who reviews");
}

async fn r60_a_caller_is_told_what_it_can_do_itself(world: &World) {
    let case = Case::complete(world, world.presales().await).await;
    let admin = explained(&case, &world.contoso).await;
    assert!(callers(&admin).contains(&"SubmitClaim"));
    let user = explained(&case, &world.contoso_user).await;
    assert_eq!(commands(&user, Party::Partner), commands(&admin, Party::Partner));
    assert_eq!(
        callers(&user),
        ["UpdateClaim", "DeleteClaim", "UploadEvidence", "DeleteEvidence", "CreateComment"],
        "R4"
    );
    case.walk_to(Stage::Submitted).await;
    let user = explained(&case, &world.contoso_user).await;
    assert_eq!(callers(&user), ["UploadEvidence", "CreateComment"], "R4: drafts only");
    case.review_starts().await;
    let deciding = "ApproveReviewCase";
    assert!(callers(&explained(&case, &world.reviewer).await).contains(&deciding));
    assert!(callers(&explained(&case, &world.lead).await).contains(&deciding));
    assert!(!callers(&explained(&case, &world.colleague).await).contains(&deciding), "another's review");
    assert_eq!(callers(&explained(&case, &world.operator).await), ["ResendNotice"]);
    let manager = explained(&case, &world.manager).await;
    assert!(callers(&manager).is_empty() && manager.parties.iter().all(|party| !party.caller));
    // What is not the caller's looks as if it did not exist.
    let request = ExplainClaimRequest { name: case.name.clone() };
    refused(world.northwind.claims().explain_claim(request.clone()).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let sync = world.somebody(Role::DirectorySync);
    refused(sync.claims().explain_claim(request).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}

async fn r60_a_contested_claim_waits_for_a_lead_and_names_no_rival(world: &World) {
    let claim = world.presales().await;
    let one = Case::at(world, claim.clone(), Stage::UnderReview).await;
    let other = Case::at(world, world.rival_of(&claim), Stage::Submitted).await;
    for case in [&one, &other] {
        let told = waits(case, WaitsFor::Arbitration, Party::ReviewLead).await;
        assert_eq!(told.due_time, None, "the clocks stand still");
        assert!(commands(&told, Party::ReviewLead).contains(&"ArbitrateLines"));
    }
    let seen = format!("{:?}", explained(&one, &one.partner).await).to_lowercase();
    assert!(!seen.contains("northwind") && !seen.contains(NORTHWIND) && !seen.contains(other.id()), "{seen}");
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    world.settle().await;
    let told = waits(&one, WaitsFor::ReviewDecision, Party::Reviewer).await;
    assert!(told.due_time.is_some(), "the clocks run on");
    assert!(!commands(&told, Party::ReviewLead).contains(&"ArbitrateLines"));
}

async fn r60_a_dispute_after_a_decline_waits_for_the_customer(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Declined).await;
    waits(&case, WaitsFor::DisputeWindow, Party::Partner).await;
    case.dispute("They meant another project.").await.unwrap();
    world.settle().await;
    let told = waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert_eq!(told.state(), ClaimState::Disputed);
    case.review_starts().await;
    waits(&case, WaitsFor::ReviewDecision, Party::Reviewer).await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    let told = waits(&case, WaitsFor::ExplicitApproval, Party::Customer).await;
    assert!(told.due_time.is_some());
    case.approve_consent().await.unwrap();
    world.settle().await;
    waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
}

async fn r60_a_final_rejection_waits_for_nothing_and_says_why(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Rejected).await;
    let told = waits(&case, WaitsFor::DisputeWindow, Party::Partner).await;
    assert_eq!(told.due_time, case.claim().await.rejection.unwrap().dispute_due_time);
    assert!(commands(&told, Party::Partner).contains(&"DisputeClaim") && told.refused.is_empty());
    world.advance(TimeDelta::days(32)).await;
    let late = waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
    assert_eq!(late.since_time, told.due_time);
    assert!(!commands(&late, Party::Partner).contains(&"DisputeClaim"));
    let dispute = late.refused.iter().find(|refused| refused.method.ends_with("/DisputeClaim")).unwrap();
    refused(case.dispute("Too late.").await, Code::FailedPrecondition, &dispute.reason);
    assert_eq!(dispute.reason, "DISPUTE_WINDOW_PASSED");
    let gone = Case::at(world, world.usage().await, Stage::Withdrawn).await;
    let told = waits(&gone, WaitsFor::Nothing, Party::Unspecified).await;
    assert!(told.refused.iter().any(|refused| refused.reason == "DISPUTE_NOT_ALLOWED"));
}

async fn r60_a_passed_deadline_is_applied_to_the_answer(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::PartnerActionRequired).await;
    let due = case.claim().await.partner_action.unwrap().due_time;
    world.time_passes_unseen(moment(due) + TimeDelta::days(1)).await;
    let told = explained(&case, &case.partner).await;
    assert_eq!((told.state(), told.waits_for(), told.since_time), (ClaimState::Rejected, WaitsFor::DisputeWindow, due));
    assert!(!commands(&told, Party::Partner).contains(&"ResubmitClaim"));
}

async fn listed(actor: &Actor, parent: &str, waits_for: WaitsFor) -> Vec<String> {
    let filter = format!("waits_for = {}", waits_for.as_str_name());
    let request = ListClaimsRequest { parent: parent.into(), filter, ..ListClaimsRequest::default() };
    let claims = actor.claims().list_claims(request).await.unwrap().into_inner().claims;
    assert!(claims.iter().all(|claim| claim.waits_for() == waits_for));
    claims.into_iter().map(|claim| claim.name).collect()
}

async fn r60_claims_are_listed_by_what_they_wait_for(world: &World) {
    let asked = Case::at(world, world.presales().await, Stage::PartnerActionRequired).await;
    let waiting = Case::at(world, world.usage().await, Stage::Submitted).await;
    let others = Case::at(world, world.workloads(), Stage::Submitted).await;
    assert_eq!(listed(&world.contoso, "partners/contoso", WaitsFor::ReviewStart).await, [waiting.name.as_str()]);
    let everybodys = listed(&world.operator, "partners/-", WaitsFor::ReviewStart).await;
    assert_eq!(everybodys, [others.name.as_str(), waiting.name.as_str()], "newest first");
    assert_eq!(listed(&world.lead, "partners/-", WaitsFor::PartnerResponse).await, [asked.name.as_str()]);
    // What time alone moves leaves its list too.
    world.advance(TimeDelta::days(10)).await;
    assert!(listed(&world.lead, "partners/-", WaitsFor::PartnerResponse).await.is_empty());
    assert_eq!(listed(&world.lead, "partners/-", WaitsFor::DisputeWindow).await, [asked.name.as_str()]);
    world.advance(TimeDelta::days(40)).await;
    assert_eq!(listed(&world.lead, "partners/-", WaitsFor::Nothing).await, [asked.name.as_str()]);
    asked.upload("late.pdf", PDF).await.unwrap_err();
}

async fn r60_a_customer_may_ask_of_the_claims_on_its_tenant(world: &World) {
    let claim = world.presales().await;
    let case = Case::complete(world, claim.clone()).await;
    let unseen = async |customer: &Actor, name: &str| {
        let answer = customer.claims().explain_claim(ExplainClaimRequest { name: name.into() }).await;
        refused(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
    };
    unseen(case.customer(), &case.name).await;
    case.walk_to(Stage::Submitted).await;
    unseen(&world.litware, &case.name).await;
    unseen(case.customer(), "partners/contoso/claims/00000000-0000-4000-8000-000000000000").await;
    let told = explained(&case, case.customer()).await;
    let partners = explained(&case, &case.partner).await;
    assert_eq!((told.waits_for(), told.whose_move()), (WaitsFor::ReviewStart, Party::Reviewer));
    assert_eq!(told.since_time, partners.since_time);
    // The clocks of a review stand still for rivals, which their going would tell.
    assert!(partners.due_time.is_some() && told.due_time.is_none(), "{partners:?} {told:?}");
    assert_eq!(callers(&told), ["ApproveConsent", "DeclineConsent"]);
    assert_eq!((told.parties.len(), told.refused.len()), (1, 0), "a customer is told of itself alone");
    // Nothing of rivals, not even that something began.
    world.advance(TimeDelta::hours(1)).await;
    let rival = Case::at(world, world.rival_of(&claim), Stage::Submitted).await;
    assert_eq!(explained(&case, &case.partner).await.waits_for(), WaitsFor::Arbitration);
    let before = told;
    let told = explained(&case, case.customer()).await;
    assert_eq!((told.waits_for(), told.whose_move()), (WaitsFor::ReviewStart, Party::Reviewer));
    assert_eq!((told.since_time, &told.explanation), (before.since_time, &before.explanation));
    assert_ne!(explained(&case, &case.partner).await.since_time, before.since_time);
    let seen = format!("{told:?}").to_lowercase();
    assert!(!seen.contains("northwind") && !seen.contains("compet") && !seen.contains("arbitrat"), "{seen}");
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    world.settle().await;
    case.review_starts().await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    let told = explained(&case, case.customer()).await;
    assert_eq!((told.waits_for(), told.due_time), (WaitsFor::ConsentWindow, case.claim().await.consent_due_time));
    case.decline_consent("No.").await.unwrap();
    world.settle().await;
    assert!(callers(&explained(&case, case.customer()).await).is_empty());
}

async fn r60_a_bounced_notice_is_the_operators_to_send_again(world: &World) {
    world.mail_server().refuse("jana@bounce.example");
    let contact = cpor_acceptance::contact("Jana Dvořáková", "CIO", "jana@bounce.example");
    let claim = cpor_proto::claims::v1::Claim { customer_contact: contact, ..world.presales().await };
    let case = Case::at(world, claim, Stage::UnderReview).await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    let told = waits(&case, WaitsFor::NoticeDelivery, Party::Operator).await;
    assert!(told.explanation.contains("bounced") && told.due_time.is_none(), "{}", told.explanation);
    world.mail_server().admit("jana@bounce.example");
    case.resend_notice(&world.operator).await.unwrap();
    world.settle().await;
    waits(&case, WaitsFor::ConsentWindow, Party::Time).await;
}
