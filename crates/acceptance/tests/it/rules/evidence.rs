//! R14: the kinds and limits of documents. Nothing that was uploaded is lost or changed.

use cpor_acceptance::{
    ClaimStage, DOCX, JPEG, PDF, PNG, PPTX, TestClaim, TestSystem, XLSX, assert_refused, both_databases, timestamp,
};
use cpor_proto::{
    claims::v1::{EvidenceMetadata, UploadEvidenceRequest},
    r#type::v1::EvidenceKind,
};
use sha2::{Digest as _, Sha256};
use tonic::Code;

both_databases![
    r14_the_content_determines_the_kind,
    r14_unknown_content_is_refused_despite_its_name,
    r14_accepts_at_most_ten_documents,
    r14_a_document_has_at_most_25_mib,
    r14_a_download_equals_the_upload,
    r14_a_removed_document_stays_in_history,
    r14_an_announced_hash_must_match,
    r14_upload_messages_must_be_in_order,
];

async fn r14_the_content_determines_the_kind(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let kinds = [
        (PDF, EvidenceKind::Pdf),
        (DOCX, EvidenceKind::Docx),
        (XLSX, EvidenceKind::Xlsx),
        (PPTX, EvidenceKind::Pptx),
        (PNG, EvidenceKind::Png),
        (JPEG, EvidenceKind::Jpeg),
    ];
    for (bytes, kind) in kinds {
        let evidence = case.upload("invoice.exe", bytes).await.unwrap();
        assert_eq!(
            (evidence.kind(), evidence.size_bytes, evidence.file_name.as_str()),
            (kind, bytes.len() as i64, "invoice.exe")
        );
    }
    assert_eq!(case.claim().await.evidence_count, 6);
}

async fn r14_unknown_content_is_refused_despite_its_name(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let contents: [&[u8]; 6] = [
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00",
        b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"PK\x03\x04\x14\x00\x00\x00\x00\x00",
        b"just some words",
        b"#!/bin/sh\nrm -rf /\n",
        b"<html><script>alert(1)</script></html>",
    ];
    for bytes in contents {
        assert_refused(case.upload("proof.pdf", bytes).await, Code::InvalidArgument, "EVIDENCE_KIND_UNKNOWN");
    }
    assert_refused(case.upload("proof.pdf", b"").await, Code::InvalidArgument, "EVIDENCE_EMPTY");
    assert!(case.evidence().await.is_empty());
}

async fn r14_accepts_at_most_ten_documents(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    for number in 0..10 {
        case.upload(&format!("proof-{number}.pdf"), PDF).await.unwrap();
    }
    let status = assert_refused(case.upload("one-more.pdf", PDF).await, Code::FailedPrecondition, "TOO_MANY_DOCUMENTS");
    assert_eq!(cpor_acceptance::metadata(&status, "limit"), "10");
    let first = case.evidence().await.remove(0);
    case.remove(&first.name).await.unwrap();
    case.upload("one-more.pdf", PDF).await.unwrap();

    case.move_to_stage(ClaimStage::PartnerActionRequired).await;
    for number in 0..10 {
        case.upload(&format!("answer-{number}.pdf"), PDF).await.unwrap();
    }
    assert_refused(case.upload("one-more.pdf", PDF).await, Code::FailedPrecondition, "TOO_MANY_DOCUMENTS");
    assert_eq!(case.claim().await.evidence_count, 20);

    case.resubmit("").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    for number in 0..10 {
        case.upload(&format!("dispute-{number}.pdf"), PDF).await.unwrap();
    }
    assert_refused(case.upload("one-more.pdf", PDF).await, Code::FailedPrecondition, "TOO_MANY_DOCUMENTS");
    assert_eq!(case.claim().await.evidence_count, 30);
}

/// The messages that upload a PDF of this size, 1 MiB in each.
fn pdf_of(case: &TestClaim<'_>, size: usize) -> Vec<UploadEvidenceRequest> {
    let mut bytes = PDF.to_vec();
    bytes.resize(size, b'\n');
    let mut parts: Vec<_> =
        bytes.chunks(1 << 20).map(|data| UploadEvidenceRequest { metadata: None, data: data.to_vec() }).collect();
    parts[0].metadata = case.upload_message("large.pdf", b"").metadata;
    parts
}

async fn r14_a_document_has_at_most_25_mib(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let limit = 25 << 20;
    let evidence = case.upload_parts(pdf_of(&case, limit)).await.unwrap();
    assert_eq!(evidence.size_bytes, limit as i64);
    let status =
        assert_refused(case.upload_parts(pdf_of(&case, limit + 1)).await, Code::InvalidArgument, "EVIDENCE_TOO_LARGE");
    assert_eq!(cpor_acceptance::metadata(&status, "limit_bytes"), limit.to_string());
    assert_eq!(case.evidence().await.len(), 1);
    let (_, bytes) = case.download(&case.partner, &evidence.name).await.unwrap();
    assert_eq!(bytes.len(), limit);
}

async fn r14_a_download_equals_the_upload(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let mut message = case.upload_message("unterschrieben.docx", DOCX);
    message.metadata.as_mut().unwrap().signature_time = Some(timestamp("2026-03-01T00:00:00Z"));
    let uploaded = case.upload_parts(vec![message]).await.unwrap();
    assert_eq!(uploaded.sha256, hex(DOCX));
    assert_eq!(uploaded.signature_time, Some(timestamp("2026-03-01T00:00:00Z")));
    case.move_to_stage(ClaimStage::UnderReview).await;
    for reader in [&case.partner, &system.reviewer, &system.lead] {
        let (evidence, bytes) = case.download(reader, &uploaded.name).await.unwrap();
        assert_eq!((evidence, bytes.as_slice()), (uploaded.clone(), DOCX));
    }
    let names: Vec<_> = case.evidence().await.into_iter().map(|evidence| evidence.file_name).collect();
    assert_eq!(names, ["proof.pdf", "unterschrieben.docx"], "oldest first");
}

async fn r14_a_removed_document_stays_in_history(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let document = case.evidence().await.remove(0);
    case.remove(&document.name).await.unwrap();
    assert!(case.evidence().await.is_empty());
    assert_refused(case.remove(&document.name).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert!(case.entry("evidence_added").await.changes[0].new_value.contains(&document.sha256));
    assert!(case.entry("evidence_removed").await.changes[0].old_value.contains("proof.pdf"));
    assert_eq!(case.claim().await.evidence_count, 0);
}

async fn r14_an_announced_hash_must_match(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let with_hash = |sha256: String| {
        let mut message = case.upload_message("proof.pdf", PDF);
        message.metadata.as_mut().unwrap().sha256 = sha256;
        vec![message]
    };
    case.upload_parts(with_hash(hex(PDF).to_uppercase())).await.unwrap();
    assert_refused(case.upload_parts(with_hash(hex(PNG))).await, Code::InvalidArgument, "EVIDENCE_HASH_MISMATCH");
}

async fn r14_upload_messages_must_be_in_order(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let bytes = |data: &[u8]| UploadEvidenceRequest { metadata: None, data: data.to_vec() };
    assert_refused(case.upload_parts(vec![bytes(PDF)]).await, Code::InvalidArgument, "UPLOAD_OUT_OF_ORDER");
    assert_refused(case.upload_parts(vec![]).await, Code::InvalidArgument, "UPLOAD_OUT_OF_ORDER");
    let twice = vec![case.upload_message("proof.pdf", PDF), case.upload_message("proof.pdf", PDF)];
    assert_refused(case.upload_parts(twice).await, Code::InvalidArgument, "UPLOAD_OUT_OF_ORDER");
    let without_name = EvidenceMetadata { parent: case.name.clone(), ..EvidenceMetadata::default() };
    let without_name = UploadEvidenceRequest { metadata: Some(without_name), data: PDF.to_vec() };
    assert_refused(case.upload_parts(vec![without_name]).await, Code::InvalidArgument, "INVALID_FIELDS");
    let parts = vec![case.upload_message("proof.pdf", &PDF[..9]), bytes(&PDF[9..20]), bytes(&[]), bytes(&PDF[20..])];
    assert_eq!(case.upload_parts(parts).await.unwrap().sha256, hex(PDF));
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
