//! R61, R62: policy values come from the profile under which a claim was submitted.

use chrono::TimeDelta;
use cpor_acceptance::{
    CONTOSO, ClaimStage, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused, assert_violations,
    both_databases, due_rule, from_timestamp, metadata, timestamp, to_timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimCommand, ClaimState, DeclinePaymentRequest, ExplainClaimRequest},
    eligibility::v1::{Earning, EarningOutcome, ListEarningsRequest},
    r#type::v1::{AssociationState, NoticeKind, Verdict},
};
use cpor_types::Role;
use tonic::Code;

both_databases![r62_without_configuration_the_2021_profile_decides, r54b_in_2021_payment_cannot_be_declined,];
both_databases![with policy_2020:
    r61_in_2020_only_incentives_admins_submit,
    r61_in_2020_the_window_runs_from_the_submission,
    r61_in_2020_only_evidence_and_comments_are_added,
];
both_databases![with policy_2023:
    r61_in_2023_the_review_clocks_run_while_competing,
    r61_in_2023_revenue_association_is_exclusive,
    r54b_in_2023_the_partner_may_decline_payment,
    r54b_payment_declined_early_is_never_earned,
    r61_in_2023_the_terms_must_be_acknowledged,
    r61_in_2023_the_customer_may_decline_any_time,
    r61_in_2023_there_is_one_dispute,
    r61_in_2023_edits_are_accepted_in_par_only,
];
both_databases![with policy_2023_from_18_march: r61_a_claim_keeps_its_profile];

/// The values of 2021 that differ from those of 2020 or 2023.
async fn r62_without_configuration_the_2021_profile_decides(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let submitted = case.submit().await.expect("2023: the terms must be acknowledged");
    assert_eq!(submitted.policy, "2021@1");
    system.wait_until_idle().await;
    let edited = case.update(Claim { mpn_id: "1002".into(), ..Claim::default() }, &["mpn_id"]).await;
    assert_eq!(edited.expect("2020, 2023: no edits in SUBMITTED").mpn_id, "1002");
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let action = case.claim().await.partner_action.unwrap();
    assert_eq!(action.due_rule, due_rule("5 business days, calendar us-east 2026"), "2023: 14 business days");
    case.resubmit("The signed copy follows.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.dispute("The signature is on page two.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.dispute("And a second one on page three.").await.expect("2023: one dispute only");
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let consent = case.consent().await.unwrap();
    assert_eq!(consent.due_rule, due_rule("7 calendar days, calendar cz 2026"), "2020: 5 business days");
    let last_notice = consent.notices.last().map(|notice| notice.kind());
    assert_eq!(last_notice, Some(NoticeKind::Approval), "2020: no notice at approval");
    assert_not_allowed(case.upload("more.pdf", PDF).await, "add_evidence", "approved");
    system.advance_to(from_timestamp(consent.due_time)).await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    // 2023: the customer may decline at any time.
    assert_refused(case.decline_consent("Too late.").await, Code::FailedPrecondition, "WINDOW_PASSED");
}

/// When the window of a claim that was submitted at the start of the test passes: at the end of the
/// fifth business day after Monday 16 March in Prague.
const WINDOW_DUE_2020: &str = "2026-03-23T23:00:00Z";

async fn r61_in_2020_the_window_runs_from_the_submission(system: &TestSystem) {
    let early = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let late = TestClaim::at_stage(system, system.usage().await, ClaimStage::UnderReview).await;
    let due = WINDOW_DUE_2020.parse().unwrap();
    for case in [&early, &late] {
        assert_eq!(case.claim().await.policy, "2020@1");
        let consent = case.consent().await.unwrap();
        let expected = (Some(timestamp(WINDOW_DUE_2020)), due_rule("5 business days, calendar cz 2026"));
        assert_eq!((consent.due_time, consent.due_rule.as_str()), expected);
    }
    // Approved just before the due time, the association becomes official at the due time.
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    let mails = system.mails_to(&early.contact().await).len();
    early.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(early.claim().await.association_state(), AssociationState::Pending);
    system.advance_to(due).await;
    let claim = early.claim().await;
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, Some(to_timestamp(due))));
    // Approved at the due time or later, it becomes official at the approval, and no earlier.
    assert_eq!(late.claim().await.association_state(), AssociationState::Unspecified);
    system.advance_by(TimeDelta::hours(1)).await;
    assert_eq!(late.claim().await.association_state(), AssociationState::Unspecified);
    late.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let claim = late.claim().await;
    let approved = to_timestamp(due + TimeDelta::hours(1));
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, Some(approved)));
    assert_eq!(system.mails_to(&late.contact().await).len(), mails, "no notice at approval");
}

async fn r61_in_2020_only_evidence_and_comments_are_added(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let edit = case.update(Claim { mpn_id: "1002".into(), ..Claim::default() }, &["mpn_id"]).await;
    assert_refused(edit, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    case.upload("signed.pdf", PDF).await.unwrap();
    case.comment(&case.partner, "Signed.").await.unwrap();
}

/// A pre-sales claim with acknowledged terms.
pub(crate) async fn acknowledged(system: &TestSystem) -> Claim {
    Claim { terms_acknowledged: true, ..system.presales().await }
}

async fn r61_in_2023_the_terms_must_be_acknowledged(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    assert_violations(case.submit().await, &[("terms_acknowledged", "TERMS_NOT_ACKNOWLEDGED")]);
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Submitted).await;
    assert_eq!(case.claim().await.policy, "2023@1");
}

async fn r61_in_2023_the_customer_may_decline_any_time(system: &TestSystem) {
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Official).await;
    system.advance_by(TimeDelta::days(100)).await;
    case.decline_consent("We part ways.").await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Rejected, AssociationState::Ended));
}

async fn r61_in_2023_there_is_one_dispute(system: &TestSystem) {
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Rejected).await;
    case.dispute("The signature is on page two.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert!(case.claim().await.rejection.unwrap().is_final);
    assert_refused(case.dispute("Once more.").await, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
}

async fn r61_in_2023_edits_are_accepted_in_par_only(system: &TestSystem) {
    let edit = Claim { mpn_id: "1002".into(), ..Claim::default() };
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Submitted).await;
    assert_not_allowed(case.update(edit.clone(), &["mpn_id"]).await, "update", "submitted");
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.partner_action.unwrap().due_rule, due_rule("14 business days, calendar de 2026"));
    assert_eq!(case.update(edit, &["mpn_id"]).await.unwrap().mpn_id, "1002");
}

async fn r61_in_2020_only_incentives_admins_submit(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    for role in [Role::GlobalAdmin, Role::BillingAdmin] {
        let actor = system.actor("gina@contoso.example", role, Some(CONTOSO));
        let refused = TestClaim { partner: actor, ..case.clone() }.submit().await;
        let refused = assert_refused(refused, Code::PermissionDenied, "SUBMITTER_NOT_ALLOWED");
        assert_eq!(metadata(&refused, "policy"), "2020@1");
    }
    case.submit().await.unwrap();
}

async fn r61_in_2023_the_review_clocks_run_while_competing(system: &TestSystem) {
    let claim = acknowledged(system).await;
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::Submitted).await;
    let before = one.review(&system.reviewer).await.unwrap().deadlines;
    assert_eq!(before[0].rule, due_rule("5 business days, calendar vendor-us 2026"), "the start of the review");
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Submitted).await;
    let contested = one.review(&system.reviewer).await.unwrap();
    assert!(contested.lines[0].contested);
    assert_eq!(contested.deadlines, before, "2021: they stop");
    system.wait_until_idle().await;
    let request = ExplainClaimRequest { name: one.name.clone() };
    let explanation = one.partner.claims().explain_claim(request).await.unwrap().into_inner();
    assert_eq!(explanation.due_time, before[0].due_time, "{explanation:#?}");
    let comments = one.comments().await;
    assert!(comments.iter().any(|comment| comment.text.contains("review deadlines run meanwhile")), "{comments:#?}");
    rival.take_and_start_review().await;
    let decision = rival.review(&system.reviewer).await.unwrap().deadlines;
    assert!(decision.iter().any(|clock| clock.rule == due_rule("14 business days, calendar vendor-us 2026")));
}

async fn r61_in_2023_revenue_association_is_exclusive(system: &TestSystem) {
    let claim = Claim { terms_acknowledged: true, ..system.revenue_association().await };
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    assert!(holder.review(&system.reviewer).await.unwrap().lines[0].contested, "they compete (R37)");
    holder.award(&system.lead, &[&holder.key(0).await]).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(rival.claim().await.state(), ClaimState::Rejected);
    holder.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(holder.claim().await.association_state(), AssociationState::Official);
    let late = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    assert!(late.review(&system.reviewer).await.unwrap().lines[0].contested, "the key is held (R34)");
}

/// The outcomes and amounts of a claim's ledger, when the system is idle.
async fn ledger(case: &TestClaim<'_>) -> Vec<(String, EarningOutcome, i64)> {
    case.system.wait_until_idle().await;
    let filter = format!("claim = {}", case.name);
    let request = ListEarningsRequest { parent: "tenants/-".into(), filter, page_size: 1000, ..Default::default() };
    let earnings = case.partner.eligibility().list_earnings(request).await.unwrap().into_inner().earnings;
    let outcome = |earning: &Earning| earning.monthly_earning.as_ref().unwrap().outcome();
    let micros = |earning: &Earning| earning.amount.as_ref().map_or(0, |amount| amount.micros);
    earnings.into_iter().map(|earning| (earning.month.clone(), outcome(&earning), micros(&earning))).collect()
}

async fn r54b_in_2023_the_partner_may_decline_payment(system: &TestSystem) {
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    let before = ledger(&case).await;
    assert_eq!(before.last().unwrap(), &("2026-04".to_owned(), EarningOutcome::Earned, 200_000_000));
    let claim = case.claim().await;
    assert!(claim.allowed_commands().any(|command| command == ClaimCommand::DeclinePayment));
    let request = DeclinePaymentRequest { name: case.name.clone(), etag: "0".into(), ..Default::default() };
    let stale = case.partner.claims().decline_payment(request.clone()).await;
    assert_refused(stale, Code::Aborted, "ETAG_MISMATCH");
    let request = DeclinePaymentRequest { etag: claim.etag.clone(), request_id: "no".into(), ..request };
    let check = DeclinePaymentRequest { validate_only: true, ..request.clone() };
    assert!(case.partner.claims().decline_payment(check).await.unwrap().into_inner().payment_decline_time.is_some());
    assert_eq!(case.claim().await.payment_decline_time, None, "nothing was changed");
    let declined = case.partner.claims().decline_payment(request.clone()).await.unwrap().into_inner();
    assert_eq!((declined.state(), declined.payment_decline_time.is_some()), (ClaimState::Approved, true));
    let again = case.partner.claims().decline_payment(request).await.unwrap().into_inner();
    assert_eq!(again.payment_decline_time, declined.payment_decline_time, "the first answer");
    assert_not_allowed(case.decline_payment().await, "decline_payment", "approved");

    let after = ledger(&case).await;
    assert_eq!(after[..before.len()], before[..], "existing lines stay as they are");
    let taken_back = ("2026-04".to_owned(), EarningOutcome::PaymentDeclined, -200_000_000);
    assert!(after.contains(&taken_back), "{after:#?}");
    assert_eq!(after.iter().map(|(.., micros)| micros).sum::<i64>(), 0);
    let assessment = case.assessment().await.unwrap();
    let result = &assessment.results[0];
    assert_eq!((result.verdict(), result.conditions.is_empty()), (Verdict::RecognitionOnly, false));
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    assert!(!case.entry("payment_declined").await.changes.is_empty());
}

async fn r54b_payment_declined_early_is_never_earned(system: &TestSystem) {
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Submitted).await;
    case.decline_payment().await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    let ledger = ledger(&case).await;
    assert!(!ledger.is_empty() && ledger.iter().all(|(_, outcome, _)| *outcome == EarningOutcome::PaymentDeclined));
}

async fn r54b_in_2021_payment_cannot_be_declined(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let refused = assert_refused(case.decline_payment().await, Code::FailedPrecondition, "PAYMENT_CANNOT_BE_DECLINED");
    assert_eq!(metadata(&refused, "policy"), "2021@1");
    let draft = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    assert_not_allowed(draft.decline_payment().await, "decline_payment", "editing");
}

async fn r61_a_claim_keeps_its_profile(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    system.advance_to("2026-03-18T09:00:00Z".parse().unwrap()).await;
    let submitted = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Submitted).await;
    assert_eq!(submitted.claim().await.policy, "2023@1", "the profile in force at the submission");
    // Under 2023 the terms would have to be acknowledged, and a second dispute would be refused.
    assert_eq!(case.resubmit("Signed.").await.unwrap().policy, "2021@1");
    for _ in 0..2 {
        system.wait_until_idle().await;
        case.take_and_start_review().await;
        case.reject(&system.reviewer).await.unwrap();
        system.wait_until_idle().await;
        assert_eq!(case.dispute("The signature is on page two.").await.unwrap().policy, "2021@1");
    }
}
