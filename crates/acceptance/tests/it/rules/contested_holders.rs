//! R37a: the holder of a contested line may defend it.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused, both_databases, from_timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, ExplainClaimRequest, StatementStatus, WaitsFor, WithdrawReason},
    reviews::v1::{ReviewCommand, statement::Status},
};
use tonic::Code;

both_databases![
    r37a_a_contested_holder_may_add_evidence,
    r37a_a_reviewer_may_ask_the_holder_for_a_statement,
    r37a_a_document_answers_too,
    r37a_silence_is_noted_and_decides_nothing,
    r37a_a_statement_needs_a_contested_holder,
    r37a_customers_do_not_learn_of_a_statement,
];
both_databases![with policy_2023: r37a_in_2023_evidence_stays_possible];

/// Contoso's claim holds a key, Northwind's claim for it is under review.
async fn holder_and_rival(system: &TestSystem, stage: ClaimStage) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = Claim { terms_acknowledged: true, ..system.presales().await };
    let holder = TestClaim::at_stage(system, claim.clone(), stage).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    (holder, rival)
}

/// The file names of the documents of the only rival, as the reviewer sees them beside the case.
async fn rival_documents(case: &TestClaim<'_>) -> Vec<String> {
    let mut rivals = case.competition(&case.system.reviewer).await.unwrap().rivals;
    assert_eq!(rivals.len(), 1, "{rivals:#?}");
    let documents = rivals.remove(0).review_case.unwrap().evidence;
    documents.into_iter().map(|document| document.file_name).collect()
}

async fn statement_statuses(case: &TestClaim<'_>) -> (StatementStatus, Status) {
    case.system.wait_until_idle().await;
    let review = case.review(&case.system.reviewer).await.unwrap();
    (case.claim().await.statement_request.unwrap().status(), review.statement.unwrap().status())
}

async fn r37a_a_contested_holder_may_add_evidence(system: &TestSystem) {
    for stage in [ClaimStage::Approved, ClaimStage::Official] {
        let (holder, rival) = holder_and_rival(system, stage).await;
        assert_eq!(rival_documents(&rival).await, ["proof.pdf"]);
        holder.upload("letter.pdf", PDF).await.unwrap();
        let comment = holder.comment(&holder.partner, "We work there every day.").await.unwrap();
        system.wait_until_idle().await;
        assert_eq!(rival_documents(&rival).await, ["proof.pdf", "letter.pdf"], "beside the competing case");
        assert_eq!(holder.comments().await.last(), Some(&comment));
        let claim = holder.claim().await;
        assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, stage.association()));
        rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
        system.wait_until_idle().await;
        assert_not_allowed(holder.upload("late.pdf", PDF).await, "add_evidence", "approved");
    }
}

async fn r37a_in_2023_evidence_stays_possible(system: &TestSystem) {
    let (holder, rival) = holder_and_rival(system, ClaimStage::Official).await;
    holder.upload("letter.pdf", PDF).await.unwrap();
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    holder.upload("later.pdf", PDF).await.unwrap();
}

async fn r37a_a_reviewer_may_ask_the_holder_for_a_statement(system: &TestSystem) {
    for stage in [ClaimStage::Approved, ClaimStage::Official] {
        let (holder, rival) = holder_and_rival(system, stage).await;
        let review = holder.review(&system.colleague).await.unwrap();
        assert!(review.allowed_commands().any(|command| command == ReviewCommand::RequestStatement));
        holder.request_statement(&system.colleague).await.unwrap();
        assert_eq!(statement_statuses(&holder).await, (StatementStatus::Open, Status::Open));
        let claim = holder.claim().await;
        let request = claim.statement_request.clone().unwrap();
        assert_eq!((request.comment.as_str(), claim.waits_for()), ("Do you still work there?", WaitsFor::Statement));
        assert!(request.due_rule.starts_with("5 business days"), "{request:?}");
        assert!(holder.comments().await.iter().any(|comment| comment.text == request.comment));
        let mail = holder.partner_mails().await.pop().unwrap();
        assert!(mail.subject.starts_with("Your statement is requested by"), "{mail:?}");
        assert!(!mail.text.to_lowercase().contains("northwind"), "{mail:?}");
        holder.comment(&holder.partner, "We do, every day.").await.unwrap();
        assert_eq!(statement_statuses(&holder).await, (StatementStatus::Given, Status::Given));
        assert_eq!(rival.claim().await.state(), ClaimState::UnderReview);
        system.advance_by(TimeDelta::days(21)).await;
        assert_eq!(statement_statuses(&holder).await, (StatementStatus::Given, Status::Given));
        rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    }
}

async fn r37a_a_document_answers_too(system: &TestSystem) {
    let (holder, rival) = holder_and_rival(system, ClaimStage::Official).await;
    holder.request_statement(&system.reviewer).await.unwrap();
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::Open, Status::Open));
    holder.upload("letter.pdf", PDF).await.unwrap();
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::Given, Status::Given));
    assert_eq!(rival_documents(&rival).await, ["proof.pdf", "letter.pdf"]);
}

async fn r37a_silence_is_noted_and_decides_nothing(system: &TestSystem) {
    let (holder, rival) = holder_and_rival(system, ClaimStage::Official).await;
    holder.request_statement(&system.lead).await.unwrap();
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::Open, Status::Open));
    let due = from_timestamp(holder.claim().await.statement_request.unwrap().due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::Open, Status::Open));
    let subjects: Vec<_> = holder.partner_mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.iter().any(|subject| subject.starts_with("Reminder: your statement")), "{subjects:?}");
    system.advance_to(due).await;
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::NotGiven, Status::NotGiven));
    for case in [&holder, &rival] {
        assert!(case.claim().await.lines[0].contested);
    }
    let claim = holder.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, ClaimStage::Official.association()));
    assert_eq!(
        holder.entry("statement_deadline_passed").await.effective_time.map(|time| from_timestamp(Some(time))),
        Some(due)
    );
    holder.request_statement(&system.lead).await.unwrap();
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::Open, Status::Open));
}

async fn r37a_a_statement_needs_a_contested_holder(system: &TestSystem) {
    let alone = TestClaim::at_stage(system, system.usage().await, ClaimStage::Official).await;
    let impossible = "STATEMENT_NOT_POSSIBLE";
    assert_refused(alone.request_statement(&system.reviewer).await, Code::FailedPrecondition, impossible);
    let (holder, rival) = holder_and_rival(system, ClaimStage::Official).await;
    assert_refused(rival.request_statement(&system.reviewer).await, Code::FailedPrecondition, impossible);
    assert_refused(holder.request_statement(&system.manager).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    holder.request_statement(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_refused(holder.request_statement(&system.reviewer).await, Code::FailedPrecondition, impossible);
    rival.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    assert_eq!(statement_statuses(&holder).await, (StatementStatus::Lapsed, Status::Lapsed));
    assert_eq!(holder.claim().await.waits_for(), WaitsFor::Nothing);
}

async fn r37a_customers_do_not_learn_of_a_statement(system: &TestSystem) {
    let (holder, _rival) = holder_and_rival(system, ClaimStage::Approved).await;
    holder.request_statement(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let request = ExplainClaimRequest { name: holder.name.clone() };
    let explanation = holder.customer().claims().explain_claim(request).await.unwrap().into_inner();
    assert_eq!(explanation.waits_for(), WaitsFor::ConsentWindow);
    let shown = format!("{explanation:?}").to_lowercase();
    assert!(!shown.contains("contest") && !shown.contains("statement") && !shown.contains("compan"), "{shown}");
}
