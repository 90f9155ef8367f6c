//! R60: what a claim waits for, since when, until when, and what each party can do.

use chrono::TimeDelta;
use cpor_acceptance::{
    Actor, ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, from_timestamp,
};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimCommand, ClaimExplanation, ClaimState, ExplainClaimRequest, ListClaimsRequest, Party, WaitsFor,
        WithdrawReason,
    },
    r#type::v1::Contact,
};
use cpor_types::Role;
use tonic::Code;

both_databases![
    r60_explains_a_claim_from_draft_to_official,
    r60_lists_what_each_party_can_do,
    r60_lists_what_the_caller_can_do,
    r60_a_contested_claim_waits_for_a_lead,
    r60_a_dispute_after_a_decline_waits_for_the_customer,
    r60_a_final_rejection_waits_for_nothing,
    r60_passed_deadlines_are_applied_to_explanations,
    r60_claims_are_listed_by_what_they_wait_for,
    r60_customers_get_explanations_for_their_tenant,
    r60_a_draft_names_its_violations_and_the_next_call,
    r43a_a_draft_says_that_its_contact_needs_a_confirmation,
    r60_a_rejection_names_its_reason,
    r60_a_decline_says_that_only_an_approval_helps,
    r60_a_contested_holder_waits_for_a_lead,
    r60_a_holder_that_lost_waits_for_the_successor,
];
both_databases![
    with with_mail_server:
    r60_after_a_bounce_the_partner_has_to_act,
];

async fn explain(case: &TestClaim<'_>, actor: &Actor) -> ClaimExplanation {
    let request = ExplainClaimRequest { name: case.name.clone() };
    actor.claims().explain_claim(request).await.expect("an explanation").into_inner()
}

/// The names of the methods that a party can call.
fn commands(explanation: &ClaimExplanation, party: Party) -> Vec<&str> {
    let commands = &explanation.parties.iter().find(|commands| commands.party() == party).expect("the party").commands;
    commands.iter().map(|command| command.method.rsplit('/').next().unwrap()).collect()
}

/// The names of the methods that the caller itself can call.
fn commands_of_caller(explanation: &ClaimExplanation) -> Vec<&str> {
    let parties = explanation.parties.iter().filter(|party| party.is_caller);
    let commands = parties.flat_map(|party| &party.commands).filter(|command| command.caller_allowed);
    commands.map(|command| command.method.rsplit('/').next().unwrap()).collect()
}

/// Asserts what the claim waits for and who has to act. The partner, a reviewer and an operator
/// must get the same explanation, and the claim must agree with it.
async fn assert_waits(case: &TestClaim<'_>, waits_for: WaitsFor, acting_party: Party) -> ClaimExplanation {
    let system = case.system;
    let explanation = explain(case, &case.partner).await;
    let waits = (explanation.waits_for(), explanation.acting_party());
    assert_eq!(waits, (waits_for, acting_party), "{explanation:#?}");
    for actor in [&system.reviewer, &system.operator] {
        let other = explain(case, actor).await;
        let common = |explanation: &ClaimExplanation| {
            let ClaimExplanation { waits_for, wait_start_time, due_time, acting_party, explanation, .. } =
                explanation.clone();
            (waits_for, wait_start_time, due_time, acting_party, explanation)
        };
        assert_eq!(common(&other), common(&explanation));
    }
    let claim = case.claim().await;
    assert_eq!((claim.waits_for(), claim.acting_party()), (waits_for, acting_party));
    let states = (explanation.state(), explanation.association_state());
    assert_eq!(states, (claim.state(), claim.association_state()));
    explanation
}

async fn r60_explains_a_claim_from_draft_to_official(system: &TestSystem) {
    let start = system.now().await;
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let explanation = assert_waits(&case, WaitsFor::Submission, Party::Partner).await;
    assert_eq!((from_timestamp(explanation.wait_start_time), explanation.due_time), (start, None));
    system.advance_by(TimeDelta::hours(1)).await;
    case.move_to_stage(ClaimStage::Submitted).await;
    let explanation = assert_waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    let review = case.review(&system.reviewer).await.unwrap();
    assert_eq!(from_timestamp(explanation.wait_start_time), start + TimeDelta::hours(1));
    assert_eq!(
        explanation.due_time,
        review.deadlines.iter().filter_map(|clock| clock.due_time).min_by_key(|due| due.seconds)
    );
    assert!(explanation.explanation.contains("until 2026-03-2"), "R46: {}", explanation.explanation);
    system.advance_by(TimeDelta::hours(1)).await;
    case.take_and_start_review().await;
    let explanation = assert_waits(&case, WaitsFor::ReviewDecision, Party::Reviewer).await;
    assert_eq!(from_timestamp(explanation.wait_start_time), start + TimeDelta::hours(2));
    assert!(explanation.due_time.is_some());
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&case, WaitsFor::PartnerResponse, Party::Partner).await;
    assert_eq!(explanation.due_time, case.claim().await.partner_action.unwrap().due_time);
    system.advance_by(TimeDelta::days(1)).await;
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert!(explanation.due_time.is_some(), "the review clocks run");
    system.advance_by(TimeDelta::days(30)).await;
    let explanation = assert_waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert!(explanation.explanation.contains("overdue since"), "{}", explanation.explanation);
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&case, WaitsFor::ConsentWindow, Party::Time).await;
    assert_eq!(explanation.due_time, case.claim().await.consent_due_time);
    system.advance_by(TimeDelta::days(8)).await;
    let official = assert_waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
    assert_eq!(
        (official.wait_start_time, official.due_time),
        (explanation.due_time, None),
        "official since the end of the window"
    );
}

async fn r60_lists_what_each_party_can_do(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let explanation = explain(&case, &system.contoso).await;
    assert_eq!(
        commands(&explanation, Party::Partner),
        ["UpdateClaim", "WithdrawClaim", "UploadEvidence", "CreateComment"]
    );
    assert_eq!(commands(&explanation, Party::Reviewer), ["CreateComment", "TakeReviewCase", "ResendNotice"]);
    let lead = ["CreateComment", "AssignReviewCase", "TakeReviewCase", "StartReview", "ResendNotice"];
    assert_eq!(commands(&explanation, Party::ReviewLead), lead);
    assert_eq!(commands(&explanation, Party::Customer), ["ApproveConsent", "DeclineConsent"]);
    assert_eq!(commands(&explanation, Party::Operator), ["ResendNotice"]);
    let withdraw = &explanation.parties[0].commands[1];
    assert_eq!(
        (withdraw.method.as_str(), withdraw.rule.as_str()),
        ("cpor.claims.v1.ClaimService/WithdrawClaim", "R25")
    );
    // The methods behave accordingly.
    assert_refused(case.start_review(&system.reviewer).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    case.take(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.start_review(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = explain(&case, &system.contoso).await;
    let deciding = ["RequestPartnerAction", "ApproveReviewCase", "RejectReviewCase"];
    assert_eq!(commands(&explanation, Party::Reviewer)[1..4], deciding);
    assert_eq!(commands(&explanation, Party::Partner), ["WithdrawClaim", "CreateComment"]);
    assert!(!format!("{explanation:?}").contains(&system.reviewer.subject), "R4: a partner never learns who reviews");
}

async fn r60_lists_what_the_caller_can_do(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let for_admin = explain(&case, &system.contoso).await;
    assert!(commands_of_caller(&for_admin).contains(&"SubmitClaim"));
    let for_user = explain(&case, &system.contoso_user).await;
    assert_eq!(commands(&for_user, Party::Partner), commands(&for_admin, Party::Partner));
    assert_eq!(
        commands_of_caller(&for_user),
        ["UpdateClaim", "DeleteClaim", "UploadEvidence", "DeleteEvidence", "CreateComment"],
        "R4"
    );
    case.move_to_stage(ClaimStage::Submitted).await;
    let for_user = explain(&case, &system.contoso_user).await;
    assert_eq!(commands_of_caller(&for_user), ["UploadEvidence", "CreateComment"], "R4: drafts only");
    case.take_and_start_review().await;
    let deciding = "ApproveReviewCase";
    assert!(commands_of_caller(&explain(&case, &system.reviewer).await).contains(&deciding));
    assert!(commands_of_caller(&explain(&case, &system.lead).await).contains(&deciding));
    assert!(
        !commands_of_caller(&explain(&case, &system.colleague).await).contains(&deciding),
        "another reviewer's case"
    );
    assert_eq!(commands_of_caller(&explain(&case, &system.operator).await), ["ResendNotice"]);
    let for_manager = explain(&case, &system.manager).await;
    assert!(commands_of_caller(&for_manager).is_empty() && for_manager.parties.iter().all(|party| !party.is_caller));
    // For other partners the claim looks as if it did not exist.
    let request = ExplainClaimRequest { name: case.name.clone() };
    assert_refused(
        system.northwind.claims().explain_claim(request.clone()).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    let sync = system.actor_with_role(Role::DirectorySync);
    assert_refused(sync.claims().explain_claim(request).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}

async fn r60_a_contested_claim_waits_for_a_lead(system: &TestSystem) {
    let claim = system.presales().await;
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Submitted).await;
    for case in [&one, &other] {
        let explanation = assert_waits(case, WaitsFor::Arbitration, Party::ReviewLead).await;
        assert_eq!(explanation.due_time, None, "the review clocks are stopped");
        assert!(commands(&explanation, Party::ReviewLead).contains(&"ArbitrateLines"));
    }
    let shown = format!("{:?}", explain(&one, &one.partner).await).to_lowercase();
    assert!(!shown.contains("northwind") && !shown.contains(NORTHWIND) && !shown.contains(other.id()), "{shown}");
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&one, WaitsFor::ReviewDecision, Party::Reviewer).await;
    assert!(explanation.due_time.is_some(), "the review clocks run");
    assert!(!commands(&explanation, Party::ReviewLead).contains(&"ArbitrateLines"));
}

async fn r60_a_dispute_after_a_decline_waits_for_the_customer(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    assert_waits(&case, WaitsFor::DisputeWindow, Party::Partner).await;
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&case, WaitsFor::ReviewStart, Party::Reviewer).await;
    assert_eq!(explanation.state(), ClaimState::Disputed);
    case.take_and_start_review().await;
    assert_waits(&case, WaitsFor::ReviewDecision, Party::Reviewer).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&case, WaitsFor::ExplicitApproval, Party::Customer).await;
    assert!(explanation.due_time.is_some());
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    assert_waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
}

async fn r60_a_final_rejection_waits_for_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let explanation = assert_waits(&case, WaitsFor::DisputeWindow, Party::Partner).await;
    assert_eq!(explanation.due_time, case.claim().await.rejection.unwrap().dispute_due_time);
    assert!(
        commands(&explanation, Party::Partner).contains(&"DisputeClaim") && explanation.refused_commands.is_empty()
    );
    system.advance_by(TimeDelta::days(32)).await;
    let late = assert_waits(&case, WaitsFor::Nothing, Party::Unspecified).await;
    assert_eq!(late.wait_start_time, explanation.due_time);
    assert!(!commands(&late, Party::Partner).contains(&"DisputeClaim"));
    let dispute = late.refused_commands.iter().find(|refused| refused.method.ends_with("/DisputeClaim")).unwrap();
    assert_refused(case.dispute("Too late.").await, Code::FailedPrecondition, &dispute.reason);
    assert_eq!(dispute.reason, "DISPUTE_WINDOW_PASSED");
    let withdrawn = TestClaim::at_stage(system, system.usage().await, ClaimStage::Withdrawn).await;
    let explanation = assert_waits(&withdrawn, WaitsFor::Nothing, Party::Unspecified).await;
    assert!(explanation.refused_commands.iter().any(|refused| refused.reason == "DISPUTE_NOT_ALLOWED"));
}

async fn r60_passed_deadlines_are_applied_to_explanations(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let due = case.claim().await.partner_action.unwrap().due_time;
    system.set_clock_only(from_timestamp(due) + TimeDelta::days(1)).await;
    let explanation = explain(&case, &case.partner).await;
    assert_eq!(
        (explanation.state(), explanation.waits_for(), explanation.wait_start_time),
        (ClaimState::Rejected, WaitsFor::DisputeWindow, due)
    );
    assert!(!commands(&explanation, Party::Partner).contains(&"ResubmitClaim"));
}

/// The names of the claims that wait for something.
async fn listed(actor: &Actor, parent: &str, waits_for: WaitsFor) -> Vec<String> {
    let filter = format!("waits_for = {}", waits_for.as_str_name());
    let request = ListClaimsRequest { parent: parent.into(), filter, ..ListClaimsRequest::default() };
    let claims = actor.claims().list_claims(request).await.unwrap().into_inner().claims;
    assert!(claims.iter().all(|claim| claim.waits_for() == waits_for));
    claims.into_iter().map(|claim| claim.name).collect()
}

async fn r60_claims_are_listed_by_what_they_wait_for(system: &TestSystem) {
    let requested = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let waiting = TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    let of_northwind = TestClaim::at_stage(system, system.workloads(), ClaimStage::Submitted).await;
    assert_eq!(listed(&system.contoso, "partners/contoso", WaitsFor::ReviewStart).await, [waiting.name.as_str()]);
    let of_all_partners = listed(&system.operator, "partners/-", WaitsFor::ReviewStart).await;
    assert_eq!(of_all_partners, [of_northwind.name.as_str(), waiting.name.as_str()], "newest first");
    assert_eq!(listed(&system.lead, "partners/-", WaitsFor::PartnerResponse).await, [requested.name.as_str()]);
    // Deadlines move a claim to another list too.
    system.advance_by(TimeDelta::days(10)).await;
    assert!(listed(&system.lead, "partners/-", WaitsFor::PartnerResponse).await.is_empty());
    assert_eq!(listed(&system.lead, "partners/-", WaitsFor::DisputeWindow).await, [requested.name.as_str()]);
    system.advance_by(TimeDelta::days(40)).await;
    assert_eq!(listed(&system.lead, "partners/-", WaitsFor::Nothing).await, [requested.name.as_str()]);
}

async fn r60_customers_get_explanations_for_their_tenant(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::create_with_evidence(system, claim.clone()).await;
    let assert_not_found = async |customer: &Actor, name: &str| {
        let answer = customer.claims().explain_claim(ExplainClaimRequest { name: name.into() }).await;
        assert_refused(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
    };
    assert_not_found(case.customer(), &case.name).await;
    case.move_to_stage(ClaimStage::Submitted).await;
    assert_not_found(&system.litware, &case.name).await;
    assert_not_found(case.customer(), "partners/contoso/claims/00000000-0000-4000-8000-000000000000").await;
    let explanation = explain(&case, case.customer()).await;
    let partner_view = explain(&case, &case.partner).await;
    assert_eq!((explanation.waits_for(), explanation.acting_party()), (WaitsFor::ReviewStart, Party::Reviewer));
    assert_eq!(explanation.wait_start_time, partner_view.wait_start_time);
    // The customer does not see the review clocks, because they would reveal a competition.
    assert!(partner_view.due_time.is_some() && explanation.due_time.is_none(), "{partner_view:?} {explanation:?}");
    assert_eq!(commands_of_caller(&explanation), ["ApproveConsent", "DeclineConsent"]);
    assert_eq!(
        (explanation.parties.len(), explanation.refused_commands.len()),
        (1, 0),
        "a customer sees only its own commands"
    );
    // The customer learns nothing of rivals, not even that something has changed.
    system.advance_by(TimeDelta::hours(1)).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Submitted).await;
    assert_eq!(explain(&case, &case.partner).await.waits_for(), WaitsFor::Arbitration);
    let before = explanation;
    let explanation = explain(&case, case.customer()).await;
    assert_eq!((explanation.waits_for(), explanation.acting_party()), (WaitsFor::ReviewStart, Party::Reviewer));
    assert_eq!((explanation.wait_start_time, &explanation.explanation), (before.wait_start_time, &before.explanation));
    assert_ne!(explain(&case, &case.partner).await.wait_start_time, before.wait_start_time);
    let shown = format!("{explanation:?}").to_lowercase();
    assert!(!shown.contains("northwind") && !shown.contains("compet") && !shown.contains("arbitrat"), "{shown}");
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = explain(&case, case.customer()).await;
    assert_eq!(
        (explanation.waits_for(), explanation.due_time),
        (WaitsFor::ConsentWindow, case.claim().await.consent_due_time)
    );
    case.decline_consent("No.").await.unwrap();
    system.wait_until_idle().await;
    assert!(commands_of_caller(&explain(&case, case.customer()).await).is_empty());
}

async fn r60_after_a_bounce_the_partner_has_to_act(system: &TestSystem) {
    system.mail_server().refuse("jana@fabrikam-mail.example");
    let contact = cpor_acceptance::contact("Jana Dvořáková", "CIO", "jana@fabrikam-mail.example");
    let claim = cpor_proto::claims::v1::Claim { customer_contact: contact, ..system.presales().await };
    let case = TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&case, WaitsFor::NoticeDelivery, Party::Partner).await;
    assert!(
        explanation.explanation.contains("may correct the customer contacts") && explanation.due_time.is_some(),
        "{}",
        explanation.explanation
    );
    system.mail_server().admit("jana@fabrikam-mail.example");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    assert_waits(&case, WaitsFor::ConsentWindow, Party::Time).await;
}

/// The methods of the next calls, each with its fields.
fn next_calls(explanation: &ClaimExplanation) -> Vec<(&str, Vec<&str>)> {
    let name = |method: &'_ str| method.rsplit('/').next().unwrap().len();
    let calls = explanation.next_calls.iter();
    calls
        .map(|call| {
            let method = &call.method[call.method.len() - name(&call.method)..];
            (method, call.fields.iter().map(String::as_str).collect())
        })
        .collect()
}

async fn r60_a_draft_names_its_violations_and_the_next_call(system: &TestSystem) {
    let claim = Claim { customer_contact: None, ..system.presales().await };
    let case = TestClaim::create_draft(system, claim).await.unwrap();
    let explanation = explain(&case, &case.partner).await;
    assert_eq!(explanation.violations, case.claim().await.violations);
    assert_eq!(
        explanation.reasons,
        ["4 violations keep the claim from being submitted until all are corrected."],
        "{:?}",
        explanation.violations
    );
    let shown = format!("{:?}", (&explanation.reasons, &explanation.refused_commands, &explanation.explanation));
    assert!(!shown.contains("customer_contact"), "each violation is said once: {shown}");
    let allowed: Vec<_> = case.claim().await.allowed_commands().collect();
    assert!(!allowed.contains(&ClaimCommand::Submit), "the claim agrees with the explanation: {allowed:?}");
    assert!(!commands(&explanation, Party::Partner).contains(&"SubmitClaim"));
    let submit = explanation.refused_commands.iter().find(|refused| refused.method.ends_with("/SubmitClaim")).unwrap();
    assert_eq!(submit.reason, "CLAIM_INCOMPLETE");
    let calls = next_calls(&explanation);
    assert_eq!((calls.len(), calls[0].0, calls[1].0), (2, "UpdateClaim", "UploadEvidence"), "{calls:?}");
    assert!(calls[0].1.contains(&"update_mask") && calls[0].1.contains(&"claim.customer_contact.email"), "{calls:?}");
    let complete = TestClaim::create_with_evidence(system, system.usage().await).await;
    let explanation = explain(&complete, &complete.partner).await;
    assert!(explanation.violations.is_empty() && commands(&explanation, Party::Partner).contains(&"SubmitClaim"));
    assert_eq!(next_calls(&explanation), [("SubmitClaim", vec!["name"])]);
}

async fn r43a_a_draft_says_that_its_contact_needs_a_confirmation(system: &TestSystem) {
    let claim = system.presales().await;
    let contact = |email: &str| Contact { email: email.into(), ..claim.customer_contact.clone().unwrap() };
    let case = TestClaim::create_with_evidence(system, claim.clone()).await;
    assert!(explain(&case, &case.partner).await.reasons.is_empty(), "the contact is at the customer's domain");
    for (email, domain, is_warned) in [
        ("jana@consultant.example", "fabrikam.example", true),
        // R12a: nothing is told about a tenant that is not named by one of its domains.
        ("jana@consultant.example", "tailspin.example", false),
        ("jana@sub.fabrikam.example", "fabrikam.example", true),
        ("jana@FABRIKAM.example", "fabrikam.example", false),
    ] {
        let changed =
            Claim { customer_contact: Some(contact(email)), customer_domain: domain.into(), ..Claim::default() };
        case.update(changed, &["customer_contact", "customer_domain"]).await.unwrap();
        let reasons = explain(&case, &case.partner).await.reasons;
        let warns = |reason: &String| reason.contains("a reviewer has confirmed the contact");
        assert_eq!(reasons.iter().any(warns), is_warned, "{email} {domain}: {reasons:?}");
    }
}

async fn r60_a_rejection_names_its_reason(system: &TestSystem) {
    let rejected = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let explanation = explain(&rejected, &rejected.partner).await;
    assert!(
        explanation.reasons[0]
            .starts_with("A reviewer found the proof of execution insufficient (customer consent missing)")
    );
    assert_eq!(next_calls(&explanation), [("DisputeClaim", vec!["name", "justification"])]);
    let silent = TestClaim::at_stage(system, system.usage().await, ClaimStage::PartnerActionRequired).await;
    assert_eq!(next_calls(&explain(&silent, &silent.partner).await), [("ResubmitClaim", vec!["name", "comment"])]);
    system.advance_by(TimeDelta::days(10)).await;
    let reasons = explain(&silent, &silent.partner).await.reasons;
    assert!(reasons[0].starts_with("The partner did not answer the reviewer's request in time"), "{reasons:?}");
    let withdrawn = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let explanation = explain(&withdrawn, &withdrawn.partner).await;
    assert!(explanation.reasons[0].starts_with("The partner withdrew the claim"), "{:?}", explanation.reasons);
    assert!(explanation.next_calls.is_empty());
    assert!(explain(&rejected, rejected.customer()).await.reasons.is_empty(), "a customer learns no reason");
}

async fn r60_a_decline_says_that_only_an_approval_helps(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    let explanation = explain(&case, &case.partner).await;
    assert!(explanation.reasons[0].starts_with("The customer declined the claim: the partner can dispute this until"));
    assert!(explanation.reasons[1].contains("only an explicit approval by the customer helps"));
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    for actor in [&case.partner, case.customer()] {
        let reasons = explain(&case, actor).await.reasons;
        assert!(reasons.len() == 1 && reasons[0].contains("only an explicit approval"), "{reasons:?}");
    }
    case.take_and_start_review().await;
    let deciding = ["ApproveReviewCase", "RequestPartnerAction", "RejectReviewCase"];
    let explanation = explain(&case, &system.reviewer).await;
    assert_eq!(next_calls(&explanation).into_iter().map(|(method, _)| method).collect::<Vec<_>>(), deciding);
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = explain(&case, case.customer()).await;
    assert_eq!(next_calls(&explanation)[0], ("ApproveConsent", vec!["name"]));
}

/// Asserts that neither the explanation nor the customer's view of it names the rival.
async fn assert_rival_is_hidden(holder: &TestClaim<'_>, rival: &TestClaim<'_>) {
    let shown = format!("{:?}", explain(holder, &holder.partner).await).to_lowercase();
    assert!(!shown.contains("northwind") && !shown.contains(rival.id()), "{shown}");
    let explanation = explain(holder, holder.customer()).await;
    assert_eq!((explanation.waits_for(), explanation.reasons.len()), (WaitsFor::Nothing, 0));
    let shown = format!("{explanation:?}").to_lowercase();
    assert!(!shown.contains("compan") && !shown.contains("compet") && !shown.contains("award"), "{shown}");
}

async fn r60_a_contested_holder_waits_for_a_lead(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Submitted).await;
    let explanation = assert_waits(&holder, WaitsFor::Arbitration, Party::ReviewLead).await;
    assert!(explanation.explanation.contains("may defend them with CreateComment and UploadEvidence"));
    let since = explanation.wait_start_time.unwrap().to_string();
    let [reason] = explanation.reasons.as_slice() else { panic!("{explanation:#?}") };
    assert!(reason.starts_with(&format!("Since {since} another company claims dynamics-365-sales on")), "{reason}");
    let partner = commands(&explanation, Party::Partner);
    assert!(partner.contains(&"CreateComment") && partner.contains(&"UploadEvidence"), "{partner:?}");
    assert!(commands(&explanation, Party::ReviewLead).contains(&"RequestStatement"));
    assert_rival_is_hidden(&holder, &rival).await;
    holder.request_statement(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = assert_waits(&holder, WaitsFor::Statement, Party::Partner).await;
    let due = explanation.due_time.unwrap().to_string();
    assert!(explanation.reasons[0].ends_with(&format!("It can answer the request for a statement until {due}.")));
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    assert!(assert_waits(&holder, WaitsFor::Nothing, Party::Unspecified).await.reasons.is_empty());
}

/// The holder learns of the award. The loss is mailed when the association ends, and only then.
async fn r60_a_holder_that_lost_waits_for_the_successor(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let lost_to_rival = async || {
        let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
        let key = rival.claim().await.lines[0].key.clone();
        let mails = holder.partner_mails().await.len();
        rival.award(&system.lead, &[key.as_str()]).await.unwrap();
        system.wait_until_idle().await;
        let explanation = assert_waits(&holder, WaitsFor::Supersession, Party::System).await;
        let [reason] = explanation.reasons.as_slice() else { panic!("{explanation:#?}") };
        assert!(
            reason.contains("dynamics-365-sales on") && reason.contains("is awarded to a competing claim"),
            "{reason}"
        );
        assert_rival_is_hidden(&holder, &rival).await;
        assert_eq!(holder.partner_mails().await.len(), mails, "nothing is lost yet");
        rival
    };
    let rival = lost_to_rival().await;
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    assert_waits(&holder, WaitsFor::Nothing, Party::Unspecified).await;

    let rival = lost_to_rival().await;
    rival.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_waits(&holder, WaitsFor::Supersession, Party::System).await;
    let mails = holder.partner_mails().await.len();
    system.advance_by(TimeDelta::days(8)).await;
    let explanation = assert_waits(&holder, WaitsFor::Nothing, Party::Unspecified).await;
    assert!(explanation.explanation.starts_with("The association ended"), "{}", explanation.explanation);
    assert!(explanation.reasons.is_empty());
    assert_eq!(holder.partner_mails().await.len(), mails + 1, "the loss is mailed once");
}
