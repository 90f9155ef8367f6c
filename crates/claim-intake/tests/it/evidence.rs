//! Tests of documents through the API (R14).
use crate::fixture::TestSystem;
use cpor_call::status;
use cpor_proto::claims::v1 as wire;
use cpor_proto::r#type::v1 as types;
use cpor_testing::on_both_databases;
use tonic::Code;

use crate::fixture::{PDF, claim, reason};

on_both_databases![
    r14_a_download_returns_the_uploaded_bytes,
    r14_unacceptable_documents_are_refused,
    r14_documents_are_counted_listed_and_removed,
];

/// A download returns the uploaded bytes, whatever the size of the messages.
async fn r14_a_download_returns_the_uploaded_bytes(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let bytes: Vec<u8> = PDF.iter().copied().chain((0..3_000_000_u32).map(|n| n.to_le_bytes()[1])).collect();
    let metadata =
        wire::EvidenceMetadata { parent: draft.name.clone(), file_name: "proof.exe".into(), ..Default::default() };
    let first = wire::UploadEvidenceRequest { metadata: Some(metadata), data: Vec::new() };
    let rest = bytes.chunks(700_000).map(|data| wire::UploadEvidenceRequest { metadata: None, data: data.to_vec() });
    let messages: Vec<_> = std::iter::once(first).chain(rest).collect();
    let uploaded = system.contoso().upload_evidence(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert_eq!((uploaded.kind(), uploaded.size_bytes), (types::EvidenceKind::Pdf, i64::try_from(bytes.len()).unwrap()));

    let request = wire::DownloadEvidenceRequest { name: uploaded.name.clone() };
    let mut stream = system.contoso().download_evidence(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.evidence, Some(uploaded));
    // The document is a PDF, whatever its name says.
    let expected = "attachment; filename=\"proof.exe.pdf\"; filename*=UTF-8''proof.exe.pdf";
    assert_eq!((first.content_disposition.as_str(), first.content_type.as_str()), (expected, "application/pdf"));
    let mut read = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        read.extend(message.data);
    }
    assert_eq!(read, bytes);
}

/// A refused document is not added to the claim.
async fn r14_unacceptable_documents_are_refused(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    for (bytes, expected) in [(&b"MZ\x90\x00 not a document"[..], "EVIDENCE_KIND_UNKNOWN"), (b"", "EVIDENCE_EMPTY")] {
        let refused = system.upload(&draft.name, "proof.pdf", bytes).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, expected));
    }
    let chunk = |metadata| wire::UploadEvidenceRequest { metadata, data: [PDF, &[0; 1 << 20][PDF.len()..]].concat() };
    let metadata =
        wire::EvidenceMetadata { parent: draft.name.clone(), file_name: "a.pdf".into(), ..Default::default() };
    let endless = std::iter::once(chunk(Some(metadata.clone()))).chain(std::iter::repeat_with(move || chunk(None)));
    let refused = system.contoso().upload_evidence(tokio_stream::iter(endless)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "EVIDENCE_TOO_LARGE"));
    assert_eq!(status::metadata(&refused, "limit_bytes").unwrap(), "26214400");
    let announced = wire::EvidenceMetadata { sha256: "00".repeat(32), ..metadata.clone() };
    let upload = wire::UploadEvidenceRequest { metadata: Some(announced), data: PDF.to_vec() };
    assert_eq!(
        reason(&system.contoso().upload_evidence(tokio_stream::once(upload)).await.unwrap_err()),
        "EVIDENCE_HASH_MISMATCH"
    );
    let twice = wire::UploadEvidenceRequest { metadata: Some(metadata), data: PDF.to_vec() };
    let refused = system.contoso().upload_evidence(tokio_stream::iter([twice.clone(), twice])).await.unwrap_err();
    assert_eq!(reason(&refused), "UPLOAD_OUT_OF_ORDER");
    assert_eq!(system.get(&draft.name).await.unwrap().evidence_count, 0);
    assert!(
        std::fs::read_dir(system.database.folder().join("evidence/stored"))
            .map_or(true, |mut entries| entries.next().is_none())
    );
}

/// A claim takes ten documents. A removed document is no longer listed.
async fn r14_documents_are_counted_listed_and_removed(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    for n in 0..10 {
        system.upload(&draft.name, &format!("{n}.pdf"), PDF).await.unwrap();
    }
    let refused = system.upload(&draft.name, "11.pdf", PDF).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "TOO_MANY_DOCUMENTS"));
    let list = |page_token: String| wire::ListEvidenceRequest {
        parent: draft.name.clone(),
        page_size: 7,
        page_token,
        ..Default::default()
    };
    let first = system.contoso().list_evidence(list(String::new())).await.unwrap().into_inner();
    let last = system.contoso().list_evidence(list(first.next_page_token)).await.unwrap().into_inner();
    let names: Vec<_> =
        first.evidence.iter().chain(&last.evidence).map(|document| document.file_name.clone()).collect();
    assert_eq!(names, (0..10).map(|n| format!("{n}.pdf")).collect::<Vec<_>>());
    assert_eq!(last.next_page_token, "");

    let name = first.evidence[0].name.clone();
    let removed = system
        .contoso()
        .delete_evidence(wire::DeleteEvidenceRequest { name: name.clone(), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(removed.into_inner(), first.evidence[0]);
    assert_eq!(system.get(&draft.name).await.unwrap().evidence_count, 9);
    let not_found =
        system.contoso().download_evidence(wire::DownloadEvidenceRequest { name: name.clone() }).await.unwrap_err();
    assert_eq!(not_found.code(), Code::NotFound);
    let id = name.rsplit_once('/').unwrap().1;
    assert!(system.database.folder().join("evidence/stored").join(id).exists(), "the object remains");
}
