//! R14a: the structure of a document determines its kind. Unit tests of the decision are in
//! claim-intake; here documents pass through the API.

use std::io::{Cursor, Write as _};

use cpor_acceptance::{ApiResult, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::{Evidence, UploadEvidenceRequest},
    r#type::v1::EvidenceKind,
};
use tonic::Code;
use zip::{ZipWriter, write::SimpleFileOptions};

both_databases![
    r14a_the_relationship_names_the_main_part,
    r14a_only_complete_documents_are_accepted,
    r14a_macros_and_passwords_have_their_own_reasons,
    r14a_the_size_of_messages_does_not_matter,
];

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
const POWERPOINT: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml";

/// Reads a document that was made from a report of real use.
macro_rules! document {
    ($name:literal) => {
        include_bytes!(concat!("documents/", $name)).as_slice()
    };
}

/// An Office document with a main part of this name and media type, and further empty parts.
fn office_document(main_part: &str, media_type: &str, further_parts: &[String]) -> Vec<u8> {
    let types = format!(
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/{main_part}" ContentType="{media_type}"/></Types>"#
    );
    let relationships = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/{main_part}"/></Relationships>"#
    );
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [("[Content_Types].xml", types.as_str()), ("_rels/.rels", &relationships), (main_part, "<main/>")];
    for (name, content) in parts.into_iter().chain(further_parts.iter().map(|name| (name.as_str(), ""))) {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Uploads a document in messages of this size.
async fn upload_in_messages(case: &TestClaim<'_>, bytes: &[u8], size: usize) -> ApiResult<Evidence> {
    let mut messages: Vec<_> =
        bytes.chunks(size).map(|data| UploadEvidenceRequest { metadata: None, data: data.to_vec() }).collect();
    messages[0].metadata = case.upload_message("proof", b"").metadata;
    case.upload_parts(messages).await
}

async fn r14a_the_relationship_names_the_main_part(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let documents = [
        (office_document("word/document2.xml", WORD, &[]), EvidenceKind::Docx),
        (office_document("workbook.xml", EXCEL, &[]), EvidenceKind::Xlsx),
        (
            office_document("ppt/presentation.xml", POWERPOINT, &["ppt/embeddings/chart.xlsx".into()]),
            EvidenceKind::Pptx,
        ),
        (document!("workbook-with-a-word-document-in-it.xlsx").to_vec(), EvidenceKind::Xlsx),
        (document!("upper-case-parts.docx").to_vec(), EvidenceKind::Docx),
        (document!("pdf-61-bytes-before.pdf").to_vec(), EvidenceKind::Pdf),
    ];
    for (bytes, kind) in &documents {
        let evidence = case.upload("proof", bytes).await.unwrap();
        assert_eq!((evidence.kind(), evidence.size_bytes), (*kind, bytes.len() as i64));
    }
    assert_eq!(case.claim().await.evidence_count, documents.len() as i32);
}

async fn r14a_only_complete_documents_are_accepted(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let whole = office_document("word/document.xml", WORD, &[]);
    let (torn, without_middle) = (&whole[..whole.len() - 30], [&whole[..100], &whole[150..]].concat());
    // Bytes are missing from a part that does not determine the kind.
    let pictures: Vec<String> = (0..100).map(|number| format!("word/media/{number:03}.png")).collect();
    let long = office_document("word/document.xml", WORD, &pictures);
    let without_picture = [&long[..3000], &long[3050..]].concat();
    let template = "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml";
    let binary = "application/vnd.ms-excel.sheet.binary.macroEnabled.main";
    for bytes in [
        document!("archive-of-a-docx.zip"),
        document!("zip-with-the-two-names.docx"),
        document!("pdf-1024-bytes-before.pdf"),
        document!("text-that-mentions.pdf"),
        document!("png-through-text-mode.png"),
        document!("jpeg-marker-alone.jpg"),
        torn,
        &without_middle,
        &without_picture,
        &office_document("word/document.xml", template, &[]),
        &office_document("xl/workbook.bin", binary, &[]),
    ] {
        assert_refused(case.upload("proof.docx", bytes).await, Code::InvalidArgument, "EVIDENCE_KIND_UNKNOWN");
    }
    assert!(case.evidence().await.is_empty());
}

async fn r14a_macros_and_passwords_have_their_own_reasons(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    for (main_part, media_type) in [
        ("word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        ("xl/workbook.xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml"),
        ("ppt/presentation.xml", "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
    ] {
        let refused = case.upload("proof.docx", &office_document(main_part, media_type, &[])).await;
        let status = assert_refused(refused, Code::InvalidArgument, "EVIDENCE_CONTAINS_MACROS");
        assert!(status.message().contains("save it as DOCX, XLSX or PPTX without macros"), "{}", status.message());
    }
    let refused = case.upload("proof.docx", &password_protected_document()).await;
    let status = assert_refused(refused, Code::InvalidArgument, "EVIDENCE_PASSWORD_PROTECTED");
    assert!(status.message().contains("remove the password"), "{}", status.message());
    assert!(case.evidence().await.is_empty());
}

/// A compound file as Office writes it for a document with a password: a header, one sector with
/// the allocation table, and the directory.
fn password_protected_document() -> Vec<u8> {
    let mut bytes = vec![0; 3 * 512];
    bytes[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    bytes[30] = 9;
    bytes[48] = 1;
    bytes[512..520].copy_from_slice(&[0xfd, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff]);
    for (index, name) in ["Root Entry", "EncryptionInfo", "EncryptedPackage"].into_iter().enumerate() {
        let entry = &mut bytes[1024 + 128 * index..][..128];
        for (position, unit) in name.encode_utf16().enumerate() {
            entry[2 * position..2 * position + 2].copy_from_slice(&unit.to_le_bytes());
        }
        (entry[64], entry[66]) = (2 * name.len() as u8 + 2, if index == 0 { 5 } else { 2 });
    }
    bytes
}

async fn r14a_the_size_of_messages_does_not_matter(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let pictures: Vec<String> = (0..6000).map(|number| format!("word/media/picture-{number:06}.png")).collect();
    let bytes = office_document("word/document.xml", WORD, &pictures);
    for size in [10_007, 64 << 10, 1 << 20] {
        assert_eq!(upload_in_messages(&case, &bytes, size).await.unwrap().kind(), EvidenceKind::Docx, "{size}");
    }
}
