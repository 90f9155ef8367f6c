//! Hostile files through the API: each is refused with the right reason, or accepted as the kind
//! that its structure determines (R14a).
use std::io::{Cursor, Write as _};

use cpor_proto::claims::v1 as wire;
use cpor_proto::r#type::v1::EvidenceKind;
use cpor_testing::on_both_databases;
use tonic::Code;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::fixture::{PDF, TestSystem, claim, reason};

on_both_databases![
    r14a_programs_are_refused_under_every_name,
    r14a_the_first_structure_of_a_polyglot_decides,
    r14a_bombs_are_refused,
    r14_a_stream_without_an_end_is_refused,
];

/// The test file of the European Institute for Computer Antivirus Research, in two parts, so that
/// no scanner takes this source for it.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];

/// A zip archive with these parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

async fn assert_refused(system: &TestSystem, claim: &str, file_name: &str, bytes: &[u8], expected: &str) {
    let refused = system.upload(claim, file_name, bytes).await.expect_err(file_name);
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, expected), "{file_name}");
}

async fn r14a_programs_are_refused_under_every_name(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let eicar = EICAR.concat();
    for (program, bytes) in [
        ("Windows", &b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00"[..]),
        ("Linux", b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"),
        ("macOS", b"\xcf\xfa\xed\xfe\x07\x00\x00\x01"),
        ("Java", b"\xca\xfe\xba\xbe\x00\x00\x00\x34"),
        ("script", b"#!/bin/sh\nrm -rf /\n"),
        ("page", b"<html><script>alert(1)</script></html>"),
        ("picture with scripts", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("shortcut", b"L\x00\x00\x00\x01\x14\x02\x00"),
        ("EICAR", eicar.as_bytes()),
    ] {
        for name in ["proof.pdf", "proof.docx", "proof.png", "proof.pdf.exe"] {
            assert_refused(&system, &draft.name, name, bytes, "EVIDENCE_KIND_UNKNOWN").await;
        }
        assert_eq!(system.get(&draft.name).await.unwrap().evidence_count, 0, "{program}");
    }
    assert_refused(&system, &draft.name, "proof.pdf", b"", "EVIDENCE_EMPTY").await;
}

async fn r14a_the_first_structure_of_a_polyglot_decides(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let java = archive(&[("META-INF/MANIFEST.MF", b"Main-Class: Evil"), ("Evil.class", b"\xca\xfe\xba\xbe")]);
    let jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9";
    let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;";
    for (bytes, kind) in [
        ([PDF, &java].concat(), EvidenceKind::Pdf),
        ([&jpeg[..], &java].concat(), EvidenceKind::Jpeg),
        ([&jpeg[..], PDF].concat(), EvidenceKind::Jpeg),
    ] {
        // The name does not matter, and the kind that the readers get is that of the first bytes.
        let evidence = system.upload(&draft.name, "proof.jar", &bytes).await.unwrap();
        assert_eq!(evidence.kind(), kind);
    }
    for bytes in [[&gif[..], &java].concat(), [&b"MZ"[..], &java].concat(), java.clone()] {
        assert_refused(&system, &draft.name, "proof.pdf", &bytes, "EVIDENCE_KIND_UNKNOWN").await;
    }
}

async fn r14a_bombs_are_refused(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let zeros = vec![b' '; 8 << 20];
    // 8 MiB in a few KiB, where the kind is read from.
    let types = archive(&[("[Content_Types].xml", &zeros), ("_rels/.rels", &zeros), ("word/document.xml", b"<a/>")]);
    assert!(types.len() < 200_000, "{}", types.len());
    let nested =
        (0..5).fold(archive(&[("0.txt", &zeros)]), |inner, _| archive(&[("a.zip", &inner), ("b.zip", &inner)]));
    let entities =
        b"<!DOCTYPE t [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><Types>&b;&b;</Types>";
    let laughs = archive(&[("[Content_Types].xml", entities), ("_rels/.rels", entities)]);
    // The directory of the archive declares parts of 4 GiB.
    let mut declared = archive(&[("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", b"<Relationships/>")]);
    let directory = declared.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    declared[directory + 24..directory + 28].fill(0xfe);
    let many: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    for (name, bytes) in [
        ("types.docx", types),
        ("nested.docx", nested),
        ("laughs.docx", laughs),
        ("declared.docx", declared),
        ("many.docx", archive(&many)),
    ] {
        let started = std::time::Instant::now();
        let messages: Vec<_> = bytes
            .chunks(1 << 20)
            .enumerate()
            .map(|(index, data)| wire::UploadEvidenceRequest {
                metadata: (index == 0).then(|| wire::EvidenceMetadata {
                    parent: draft.name.clone(),
                    file_name: name.to_owned(),
                    ..Default::default()
                }),
                data: data.to_vec(),
            })
            .collect();
        let refused = system.contoso().upload_evidence(tokio_stream::iter(messages)).await.expect_err(name);
        assert_eq!(reason(&refused), "EVIDENCE_KIND_UNKNOWN", "{name}");
        assert!(started.elapsed().as_secs() < 20, "{name} took {:?}", started.elapsed());
    }
}

/// The client would send 10 GiB. The call ends when the document exceeds its limit.
async fn r14_a_stream_without_an_end_is_refused(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let metadata =
        wire::EvidenceMetadata { parent: draft.name.clone(), file_name: "large.pdf".into(), ..Default::default() };
    let data = [PDF, &vec![0; (1 << 20) - PDF.len()]].concat();
    let (sent, count) = (std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0)), 10 << 10);
    let counter = sent.clone();
    let messages = (0..count).map(move |index| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        wire::UploadEvidenceRequest { metadata: (index == 0).then(|| metadata.clone()), data: data.clone() }
    });
    let refused = system.contoso().upload_evidence(tokio_stream::iter(messages)).await.unwrap_err();
    assert_eq!(reason(&refused), "EVIDENCE_TOO_LARGE");
    let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
    assert!(sent < 64, "{sent} MiB were taken of a document that may have 25");
    assert_eq!(system.get(&draft.name).await.unwrap().evidence_count, 0);
}
