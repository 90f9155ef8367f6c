//! Every request with a request id can be repeated, while the first is under way and after it, and
//! gets the resource of the first one (AIP-155). On PostgreSQL two processes get the requests.

use bytes::Bytes;
use cpor_acceptance::{
    Actor, CONTOSO, ClaimStage, FABRIKAM, LITWARE, Method, PDF, TestClaim, TestSystem, assert_refused, both_databases,
    call, contact, decode, methods, rows,
};
use cpor_proto::{
    claims::v1::{
        BatchCreateClaimsRequest, BatchCreateClaimsRow, Claim, Comment, CreateClaimRequest, CreateCommentRequest,
        DeclinePaymentRequest, DeleteClaimRequest, DeleteEvidenceRequest, DisputeClaimRequest,
        ErasePersonalDataRequest, ResubmitClaimRequest, SubmitClaimRequest, UpdateClaimRequest, WithdrawClaimRequest,
        WithdrawReason,
    },
    consents::v1::{ApproveConsentRequest, DeclineConsentRequest, RecordBounceRequest, ResendNoticeRequest},
    eligibility::v1::{
        ActivateProgramGuideRequest, CreatePayoutRequest, CreateProgramGuideRequest, ImportPayoutsRequest,
        ImportUsageRequest, PayoutState, ProcessPayoutRequest, RecordPayoutRequest, ReversePayoutRequest,
        SendPayoutRequest, UsageMonth,
    },
    registry::v1::{
        DeclineLegacyAssociationRequest, DirectoryRow, EraseLegacyHolderRequest, ImportDirectoryRequest,
        ImportLegacyAssociationsRequest, LegacyAssociation, directory_row::Row,
    },
    reviews::v1::{
        ApproveReviewCaseRequest, ArbitrateLinesRequest, AssignReviewCaseRequest, Award, ConfirmCustomerContactRequest,
        CreateReviewNoteRequest, RejectReviewCaseRequest, ReleaseReviewCaseRequest, RequestPartnerActionRequest,
        RequestStatementRequest, ReviewNote, StartReviewRequest, TakeReviewCaseRequest,
    },
    r#type::v1::{Activity, PartnerActionReason, PrimaryRejectionReason},
};
use futures_util::future::join_all;
use prost::Message;
use serde_json::Value;
use tonic::{Code, Status};

use crate::rules::{guides, payouts, policies};

both_databases![with two_replicas:
    drafts_are_changed_once_by_concurrent_requests,
    submitted_claims_are_changed_once_by_concurrent_requests,
    reviews_are_changed_once_by_concurrent_requests,
    consents_are_changed_once_by_concurrent_requests,
    guides_and_money_are_changed_once_by_concurrent_requests,
    the_directory_is_changed_once_by_concurrent_requests,
];
both_databases![
    payouts_are_changed_once_by_concurrent_requests,
    a_repeated_upload_gets_the_tenth_document,
    a_repeated_upload_with_other_bytes_is_refused,
];
both_databases![with policy_2023: a_payment_is_declined_once_by_concurrent_requests];

/// The request id of all requests. Each test calls a method at most once.
const ID: &str = "replay";

/// The methods that each test repeats.
const DRAFTS: [&str; 7] = [
    "CreateClaim",
    "UpdateClaim",
    "DeleteClaim",
    "SubmitClaim",
    "UploadEvidence",
    "DeleteEvidence",
    "BatchCreateClaims",
];
const SUBMITTED: [&str; 5] = ["CreateComment", "ResubmitClaim", "WithdrawClaim", "DisputeClaim", "ErasePersonalData"];
const REVIEWS: [&str; 11] = [
    "AssignReviewCase",
    "TakeReviewCase",
    "ReleaseReviewCase",
    "StartReview",
    "RequestPartnerAction",
    "RequestStatement",
    "ApproveReviewCase",
    "RejectReviewCase",
    "CreateReviewNote",
    "ArbitrateLines",
    "ConfirmCustomerContact",
];
const CONSENTS: [&str; 4] = ["ApproveConsent", "DeclineConsent", "ResendNotice", "RecordBounce"];
const MONEY: [&str; 4] = ["CreateProgramGuide", "ActivateProgramGuide", "RecordPayout", "ImportUsage"];
/// They are about one payout, in this order.
const PAYOUTS: [&str; 5] = ["CreatePayout", "ProcessPayout", "SendPayout", "ReversePayout", "ImportPayouts"];
const DIRECTORY: [&str; 4] =
    ["ImportDirectory", "ImportLegacyAssociations", "DeclineLegacyAssociation", "EraseLegacyHolder"];

#[test]
fn every_method_with_a_request_id_is_repeated() {
    let repeated =
        [&DRAFTS[..], &SUBMITTED, &REVIEWS, &CONSENTS, &MONEY, &PAYOUTS, &DIRECTORY, &["DeclinePayment"]].concat();
    for method in methods() {
        let has_request_id = super::request_options::has_field(&method.input, "request_id");
        assert_eq!(has_request_id, repeated.contains(&method.name.as_str()), "{}", method.path);
    }
}

async fn drafts_are_changed_once_by_concurrent_requests(system: &TestSystem) {
    repeat_all(system, &DRAFTS).await;
}

async fn submitted_claims_are_changed_once_by_concurrent_requests(system: &TestSystem) {
    repeat_all(system, &SUBMITTED).await;
}

async fn reviews_are_changed_once_by_concurrent_requests(system: &TestSystem) {
    repeat_all(system, &REVIEWS).await;
}

async fn consents_are_changed_once_by_concurrent_requests(system: &TestSystem) {
    repeat_all(system, &CONSENTS).await;
}

async fn guides_and_money_are_changed_once_by_concurrent_requests(system: &TestSystem) {
    repeat_all(system, &MONEY).await;
}

async fn payouts_are_changed_once_by_concurrent_requests(system: &TestSystem) {
    let case = payouts::contoso_earned(system).await;
    let mpn_id = payouts::mpn_id(&case).await;
    let methods = methods();
    for name in PAYOUTS {
        let (manager, id) = (system.manager.clone(), ID.to_owned());
        let payout = async || payouts::list(&system.manager, CONTOSO, "").await.unwrap().remove(0).name;
        let (actor, request) = match name {
            "CreatePayout" => {
                let request = CreatePayoutRequest { request_id: id, ..payouts::new_payout(&case, &mpn_id) };
                (manager, request.encode_to_vec())
            }
            "ProcessPayout" => {
                let request = ProcessPayoutRequest { name: payout().await, request_id: id, ..Default::default() };
                (manager, request.encode_to_vec())
            }
            "SendPayout" => {
                let request = SendPayoutRequest { request_id: id, ..payouts::sending(&payout().await, "SEPA 17") };
                (manager, request.encode_to_vec())
            }
            "ReversePayout" => {
                let (name, reason) = (payout().await, "The account is closed.".into());
                let request = ReversePayoutRequest { name, reason, request_id: id, ..Default::default() };
                (manager, request.encode_to_vec())
            }
            _ => {
                let rows = vec![payouts::row(&case, &mpn_id, PayoutState::Reversed)];
                (manager, ImportPayoutsRequest { rows, request_id: id, ..Default::default() }.encode_to_vec())
            }
        };
        let method = methods.iter().find(|method| method.name == name).unwrap();
        repeat(system, method, &actor, &request).await;
    }
}

async fn a_payment_is_declined_once_by_concurrent_requests(system: &TestSystem) {
    let case = TestClaim::at_stage(system, policies::acknowledged(system).await, ClaimStage::Official).await;
    let request = DeclinePaymentRequest { name: case.name.clone(), request_id: ID.into(), ..Default::default() };
    let methods = methods();
    let method = methods.iter().find(|method| method.name == "DeclinePayment").unwrap();
    repeat(system, method, &system.contoso, &request.encode_to_vec()).await;
}

async fn the_directory_is_changed_once_by_concurrent_requests(system: &TestSystem) {
    repeat_all(system, &DIRECTORY).await;
}

/// Repeats a request of each method.
async fn repeat_all(system: &TestSystem, names: &[&str]) {
    let methods = methods();
    for name in names {
        let method = methods.iter().find(|method| method.name == *name).unwrap();
        let (actor, request) = prepare(system, name).await;
        repeat(system, method, &actor, &request).await;
    }
}

/// Sends the request four times at once and once more later. All get the same answer, apart from
/// what later events have changed.
async fn repeat(system: &TestSystem, method: &Method, actor: &Actor, request: &[u8]) {
    let requests = (0..4).map(|index| send(actor, index % system.replicas(), method, request));
    let answers: Vec<Value> = join_all(requests).await.into_iter().map(|answer| answer.unwrap()).collect();
    system.wait_until_idle().await;
    let later = send(actor, 0, method, request).await;
    let later = later.unwrap_or_else(|status| panic!("{}: {status:?}", method.name));
    for answer in answers.iter().chain([&later]) {
        assert_eq!(answer, &answers[0], "{}", method.name);
    }
}

/// Sends a request and returns what identifies its answer.
async fn send(actor: &Actor, replica: usize, method: &Method, request: &[u8]) -> Result<Value, Status> {
    let answer = call(&actor.at_replica(replica), method, request.to_vec()).await;
    let (_, messages): (_, Vec<Bytes>) =
        answer.map_err(|status| Status::new(status.code(), format!("{}: {}", method.name, status.message())))?;
    let mut answer = serde_json::to_value(decode(&method.output, &messages[0])).unwrap();
    if let Some(name) = answer.get("name") {
        return Ok(name.clone());
    }
    for result in answer.get_mut("results").and_then(Value::as_array_mut).into_iter().flatten() {
        let result = result.as_object_mut().unwrap();
        assert!(!result.contains_key("error"), "{}: {result:?}", method.name);
        // Whether the row was new is said to the first request only.
        result.remove("outcome");
        result.remove("replayed");
    }
    Ok(answer)
}

/// Prepares the system for a request of this method. Returns its caller and the request.
async fn prepare(system: &TestSystem, method: &str) -> (Actor, Vec<u8>) {
    let at_stage = async |stage| TestClaim::at_stage(system, system.presales().await, stage).await;
    let (id, partner) = (ID.to_owned(), system.contoso.clone());
    let draft = || Some(Claim { display_name: "Repeated".into(), ..Claim::default() });
    match method {
        "CreateClaim" => {
            let request =
                CreateClaimRequest { parent: CONTOSO.into(), claim: draft(), request_id: id, ..Default::default() };
            (partner, request.encode_to_vec())
        }
        "BatchCreateClaims" => {
            let rows = vec![BatchCreateClaimsRow { claim: draft(), request_id: id }];
            let request = BatchCreateClaimsRequest { parent: CONTOSO.into(), rows, ..Default::default() };
            (partner, request.encode_to_vec())
        }
        "UpdateClaim" => {
            let case = at_stage(ClaimStage::Editing).await;
            let claim = Some(Claim { name: case.name.clone(), display_name: "New".into(), ..Claim::default() });
            let request = UpdateClaimRequest { claim, request_id: id, ..Default::default() };
            (partner, request.encode_to_vec())
        }
        "DeleteClaim" => {
            let name = at_stage(ClaimStage::Editing).await.name;
            (partner, DeleteClaimRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "SubmitClaim" => {
            let name = at_stage(ClaimStage::Editing).await.name;
            (partner, SubmitClaimRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "UploadEvidence" => {
            let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
            for _ in 0..9 {
                case.upload("proof.pdf", PDF).await.unwrap();
            }
            let mut message = case.upload_message("tenth.pdf", PDF);
            message.metadata.as_mut().unwrap().request_id = id;
            (partner, message.encode_to_vec())
        }
        "DeleteEvidence" => {
            let case = at_stage(ClaimStage::Editing).await;
            let name = case.evidence().await.remove(0).name;
            (partner, DeleteEvidenceRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "CreateComment" => {
            let case = at_stage(ClaimStage::Submitted).await;
            let comment = Some(Comment { text: "Once.".into(), ..Comment::default() });
            let parent = case.name;
            (partner, CreateCommentRequest { parent, comment, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "ResubmitClaim" => {
            let name = at_stage(ClaimStage::PartnerActionRequired).await.name;
            let comment = "Signed.".into();
            (partner, ResubmitClaimRequest { name, comment, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "WithdrawClaim" => {
            let name = at_stage(ClaimStage::UnderReview).await.name;
            let reason = WithdrawReason::WrongMpnId.into();
            (partner, WithdrawClaimRequest { name, reason, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "DisputeClaim" => {
            let name = at_stage(ClaimStage::Rejected).await.name;
            let justification = "The proof is signed.".into();
            let request = DisputeClaimRequest { name, justification, request_id: id, ..Default::default() };
            (partner, request.encode_to_vec())
        }
        "ErasePersonalData" => {
            let name = at_stage(ClaimStage::Withdrawn).await.name;
            let reason = "A request of the person.".into();
            let request = ErasePersonalDataRequest { name, reason, request_id: id, ..Default::default() };
            (system.operator.clone(), request.encode_to_vec())
        }
        method => prepare_for_vendor(system, method).await,
    }
}

/// Prepares the system for a request of reviewers, customers or other roles of the vendor.
async fn prepare_for_vendor(system: &TestSystem, method: &str) -> (Actor, Vec<u8>) {
    let at_stage = async |stage| TestClaim::at_stage(system, system.presales().await, stage).await;
    let review_at = async |stage| at_stage(stage).await.review_name().await;
    let id = ID.to_owned();
    let (reviewer, manager, directory) = (system.reviewer.clone(), system.manager.clone(), system.directory.clone());
    match method {
        "AssignReviewCase" => {
            let name = review_at(ClaimStage::Submitted).await;
            let reviewer = system.colleague.subject.clone();
            let request = AssignReviewCaseRequest { name, reviewer, request_id: id, ..Default::default() };
            (system.lead.clone(), request.encode_to_vec())
        }
        "TakeReviewCase" => {
            let name = review_at(ClaimStage::Submitted).await;
            (reviewer, TakeReviewCaseRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "ReleaseReviewCase" => {
            let case = at_stage(ClaimStage::Submitted).await;
            case.take(&system.reviewer).await.unwrap();
            let name = case.review_name().await;
            (reviewer, ReleaseReviewCaseRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "StartReview" => {
            let case = at_stage(ClaimStage::Submitted).await;
            case.take(&system.reviewer).await.unwrap();
            let name = case.review_name().await;
            (reviewer, StartReviewRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "RequestPartnerAction" => {
            let name = review_at(ClaimStage::UnderReview).await;
            let reasons = vec![PartnerActionReason::CustomerAcknowledgementMissing.into()];
            let comment = "The signature page is missing.".into();
            let request = RequestPartnerActionRequest { name, reasons, comment, request_id: id, ..Default::default() };
            (reviewer, request.encode_to_vec())
        }
        "RequestStatement" => {
            let claim = system.presales().await;
            let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
            TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
            let (name, comment) = (holder.review_name().await, "Do you still work there?".into());
            let request = RequestStatementRequest { name, comment, request_id: id, ..Default::default() };
            (reviewer, request.encode_to_vec())
        }
        "ApproveReviewCase" => {
            let name = review_at(ClaimStage::UnderReview).await;
            (reviewer, ApproveReviewCaseRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "RejectReviewCase" => {
            let name = review_at(ClaimStage::UnderReview).await;
            let primary_reason = PrimaryRejectionReason::InsufficientPoe.into();
            let comment = "The proof does not show the work.".into();
            let request =
                RejectReviewCaseRequest { name, primary_reason, comment, request_id: id, ..Default::default() };
            (reviewer, request.encode_to_vec())
        }
        "CreateReviewNote" => {
            let parent = review_at(ClaimStage::UnderReview).await;
            let note = Some(ReviewNote { text: "Once.".into(), ..ReviewNote::default() });
            let request = CreateReviewNoteRequest { parent, note, request_id: id, ..Default::default() };
            (reviewer, request.encode_to_vec())
        }
        "ConfirmCustomerContact" => {
            let name = review_at(ClaimStage::UnderReview).await;
            (reviewer, ConfirmCustomerContactRequest { name, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "ArbitrateLines" => {
            let claim = system.presales().await;
            let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
            TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
            let award = Award { key: one.key(0).await, winner: one.review_name().await, ..Award::default() };
            let parent = format!("tenants/{}", one.tenant);
            let (awards, comment) = (vec![award], "The newer proof convinces.".into());
            let request = ArbitrateLinesRequest { parent, awards, comment, request_id: id, ..Default::default() };
            (system.lead.clone(), request.encode_to_vec())
        }
        "ApproveConsent" => {
            let case = at_stage(ClaimStage::Approved).await;
            let name = case.consent_name();
            let request = ApproveConsentRequest { name, request_id: id, ..Default::default() };
            (case.customer().clone(), request.encode_to_vec())
        }
        "DeclineConsent" => {
            let case = at_stage(ClaimStage::Approved).await;
            let name = case.consent_name();
            let request = DeclineConsentRequest { name, request_id: id, ..Default::default() };
            (case.customer().clone(), request.encode_to_vec())
        }
        "RecordBounce" => {
            let case = at_stage(ClaimStage::Approved).await;
            let notices = case.consent().await.unwrap().notices;
            let (name, notice_id) = (case.consent_name(), notices.into_iter().next_back().unwrap().notice_id);
            let request = RecordBounceRequest { name, notice_id, request_id: id, ..Default::default() };
            (system.operator.clone(), request.encode_to_vec())
        }
        "ResendNotice" => {
            let name = at_stage(ClaimStage::Approved).await.consent_name();
            let request = ResendNoticeRequest { name, request_id: id, ..Default::default() };
            (system.operator.clone(), request.encode_to_vec())
        }
        "CreateProgramGuide" => {
            let program_guide = Some(guides::shipped(system).await);
            let program_guide_id = "repeated".into();
            let request =
                CreateProgramGuideRequest { program_guide_id, program_guide, request_id: id, ..Default::default() };
            (manager, request.encode_to_vec())
        }
        "ActivateProgramGuide" => {
            guides::create(system, "activated", guides::shipped(system).await).await.unwrap();
            let (name, start_month) = ("programGuides/activated".into(), "2026-06".into());
            let request = ActivateProgramGuideRequest { name, start_month, request_id: id, ..Default::default() };
            (manager, request.encode_to_vec())
        }
        "RecordPayout" => {
            let (payout_period, reference) = ("2025-Q4".into(), "PAY-1".into());
            let request = RecordPayoutRequest { payout_period, reference, request_id: id, ..Default::default() };
            (manager, request.encode_to_vec())
        }
        "ImportUsage" => {
            let key = format!("tenants/{LITWARE}/workloads/teams");
            let rows = vec![UsageMonth { key, month: "2026-01".into(), active_users: 5, ..UsageMonth::default() }];
            (directory, ImportUsageRequest { rows, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "ImportDirectory" => {
            let rows = vec![DirectoryRow { row: Some(Row::Partner(rows::partner("new", "9001"))) }];
            (directory, ImportDirectoryRequest { rows, request_id: id, ..Default::default() }.encode_to_vec())
        }
        "ImportLegacyAssociations" => {
            let (_, row) = legacy_association(system).await;
            let request = ImportLegacyAssociationsRequest { rows: vec![row], request_id: id, ..Default::default() };
            (directory, request.encode_to_vec())
        }
        "DeclineLegacyAssociation" => {
            let name = imported_legacy_association(system).await;
            let request = DeclineLegacyAssociationRequest { name, request_id: id, ..Default::default() };
            (system.fabrikam.clone(), request.encode_to_vec())
        }
        "EraseLegacyHolder" => {
            let name = imported_legacy_association(system).await;
            let decline = DeclineLegacyAssociationRequest { name: name.clone(), ..Default::default() };
            system.fabrikam.registry().decline_legacy_association(decline).await.unwrap();
            let reason = "Request 7".into();
            let request = EraseLegacyHolderRequest { name, reason, request_id: id, ..Default::default() };
            (system.operator.clone(), request.encode_to_vec())
        }
        other => panic!("no request of {other} is prepared"),
    }
}

/// A legacy association of a new subscription, with its key.
async fn legacy_association(system: &TestSystem) -> (String, LegacyAssociation) {
    let key = format!("tenants/{FABRIKAM}/subscriptions/{}", system.create_subscription("dynamics-365-sales").await);
    let activities = vec![Activity::Usage.into()];
    let (partner, mpn_id) = (CONTOSO.into(), "1001".into());
    (key.clone(), LegacyAssociation { key, partner, mpn_id, activities, ..Default::default() })
}

/// Imports a legacy association with a contact, and returns its name.
async fn imported_legacy_association(system: &TestSystem) -> String {
    let (key, row) = legacy_association(system).await;
    let row = LegacyAssociation { contact: contact("Ada", "", "ada@contoso.example"), ..row };
    let request = ImportLegacyAssociationsRequest { rows: vec![row], ..Default::default() };
    system.directory.registry().import_legacy_associations(request).await.unwrap();
    system.associations_of_key(&key, None).await.remove(0).name
}

async fn a_repeated_upload_gets_the_tenth_document(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    for number in 0..9 {
        case.upload(&format!("proof-{number}.pdf"), PDF).await.unwrap();
    }
    let mut message = case.upload_message("tenth.pdf", PDF);
    message.metadata.as_mut().unwrap().request_id = ID.into();
    let first = case.upload_parts(vec![message.clone()]).await.unwrap();
    assert_refused(case.upload("eleventh.pdf", PDF).await, Code::FailedPrecondition, "TOO_MANY_DOCUMENTS");
    assert_eq!(case.upload_parts(vec![message.clone()]).await.unwrap(), first, "not TOO_MANY_DOCUMENTS");
    case.submit().await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    assert_refused(case.upload("eleventh.pdf", PDF).await, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    assert_eq!(case.upload_parts(vec![message]).await.unwrap(), first, "not COMMAND_NOT_ALLOWED");
    assert_eq!(case.evidence().await.len(), 10);
}

async fn a_repeated_upload_with_other_bytes_is_refused(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let upload = async |bytes: &[u8]| {
        let mut message = case.upload_message("proof.pdf", bytes);
        message.metadata.as_mut().unwrap().request_id = ID.into();
        case.upload_parts(vec![message]).await
    };
    upload(PDF).await.unwrap();
    case.submit().await.unwrap();
    let other = [PDF, b"\n"].concat();
    assert_refused(upload(&other).await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    assert_eq!(case.evidence().await.len(), 1);
}
