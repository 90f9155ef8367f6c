//! Tests of what protects stored documents and the store itself: encryption, quotas, and time
//! limits.
use std::{path::PathBuf, time::Duration};

use cpor_call::status;
use cpor_claim_intake::Config;
use cpor_durable::ServiceContext;
use cpor_proto::claims::v1 as wire;
use cpor_testing::{Engine, TestDatabase, TestKeys, on_both_databases, run_on, service_context};
use cpor_types::{Service, VirtualClock};
use tonic::{Code, Status};

use crate::fixture::{PDF, TestSystem, claim, reason, start};

on_both_databases![
    documents_are_encrypted_at_rest,
    damaged_documents_are_refused_without_content,
    uploads_that_end_early_leave_nothing,
    the_keys_of_stored_documents_are_needed_at_start,
    documents_of_a_lost_key_are_refused,
];
on_both_databases![with small_quota: quotas_are_reserved_before_the_bytes];
on_both_databases![with few_bytes: a_quota_of_bytes_counts_removed_documents];

/// Text that no encrypted object contains.
const SECRET: &[u8] = b"%PDF-1.7 confidential price list of Fabrikam";

async fn small_quota(database: &TestDatabase) -> TestSystem {
    TestSystem::with_config(database, Config { evidence_quota_documents: 2, ..Config::default() }).await
}

async fn few_bytes(database: &TestDatabase) -> TestSystem {
    // One document of the maximum size, and 50 bytes.
    TestSystem::with_config(database, Config { evidence_quota_bytes: (25 << 20) + 50, ..Config::default() }).await
}

fn stored(system: &TestSystem, name: &str) -> PathBuf {
    let id = name.rsplit_once('/').unwrap().1;
    system.database.folder().join("evidence/stored").join(id)
}

/// Returns the paths of all objects of the evidence store.
fn objects(system: &TestSystem) -> Vec<PathBuf> {
    let folders = ["incoming", "stored"].map(|folder| system.database.folder().join("evidence").join(folder));
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

async fn download(system: &TestSystem, name: &str) -> Result<Vec<u8>, (Status, Vec<u8>)> {
    let request = wire::DownloadEvidenceRequest { name: name.to_owned() };
    let mut stream =
        system.contoso().download_evidence(request).await.map_err(|error| (error, Vec::new()))?.into_inner();
    let mut bytes = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => bytes.extend(message.data),
            Ok(None) => return Ok(bytes),
            Err(error) => return Err((error, bytes)),
        }
    }
}

async fn documents_are_encrypted_at_rest(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let evidence = system.upload(&draft.name, "prices.pdf", SECRET).await.unwrap();
    let object = std::fs::read(stored(&system, &evidence.name)).unwrap();
    for part in SECRET.windows(8) {
        assert!(!object.windows(8).any(|bytes| bytes == part), "the object contains plain text");
    }
    assert_eq!(download(&system, &evidence.name).await.unwrap(), SECRET);
}

async fn damaged_documents_are_refused_without_content(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let first = system.upload(&draft.name, "prices.pdf", SECRET).await.unwrap();
    let second = system.upload(&draft.name, "other.pdf", &[SECRET, b"."].concat()).await.unwrap();
    let same_size = system.upload(&draft.name, "same.pdf", &[SECRET, b"!"].concat()).await.unwrap();
    let file = stored(&system, &first.name);
    let object = std::fs::read(&file).unwrap();
    let mut edited = object.clone();
    edited[20] ^= 1;
    let others = std::fs::read(stored(&system, &second.name)).unwrap();
    for (damage, bytes) in [
        ("edited", edited),
        ("truncated", object[..object.len() - 1].to_vec()),
        ("emptied", Vec::new()),
        ("extended", [&object[..], b"0"].concat()),
        ("replaced by plain text", [SECRET, &[0; 16]].concat()),
        ("replaced by a longer document", others.clone()),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let (error, content) = download(&system, &first.name).await.unwrap_err();
        assert_eq!((error.code(), reason(&error).as_str()), (Code::DataLoss, "EVIDENCE_DAMAGED"), "{damage}");
        assert!(content.is_empty(), "{damage}: no byte is returned");
    }
    std::fs::remove_file(&file).unwrap();
    let (error, _) = download(&system, &first.name).await.unwrap_err();
    assert_eq!((error.code(), reason(&error).as_str()), (Code::DataLoss, "EVIDENCE_DAMAGED"));
    // Two documents of the same size are swapped.
    std::fs::write(stored(&system, &same_size.name), others).unwrap();
    let (error, content) = download(&system, &same_size.name).await.unwrap_err();
    assert_eq!((error.code(), content.len()), (Code::DataLoss, 0));
    std::fs::write(&file, object).unwrap();
    assert_eq!(download(&system, &first.name).await.unwrap(), SECRET, "the restored object is read");
}

/// Two uploads reserve two documents, so that a third one is refused before its bytes arrive.
async fn quotas_are_reserved_before_the_bytes(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let first = system.upload(&draft.name, "1.pdf", PDF).await.unwrap();
    let stalled = tokio::spawn(stalled_upload(system.contoso(), draft.name.clone()));
    wait_for_objects(&system, 2).await;
    let refused = system.upload(&draft.name, "3.pdf", PDF).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "EVIDENCE_QUOTA_EXCEEDED"));
    let metadata = ["quota", "limit", "used"].map(|key| status::metadata(&refused, key).unwrap());
    assert_eq!(metadata, ["documents", "2", "2"]);

    // The upload of a client that is gone does not count any more. A removed document still counts.
    stalled.abort();
    wait_for_objects(&system, 1).await;
    system
        .contoso()
        .delete_evidence(wire::DeleteEvidenceRequest { name: first.name, ..Default::default() })
        .await
        .unwrap();
    upload_when_admitted(&system, &draft.name).await;
    let refused = system.upload(&draft.name, "4.pdf", PDF).await.unwrap_err();
    assert_eq!(reason(&refused), "EVIDENCE_QUOTA_EXCEEDED");
}

async fn a_quota_of_bytes_counts_removed_documents(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    // Each upload reserves the maximum size, and keeps only its own size.
    let first = system.upload(&draft.name, "1.pdf", PDF).await.unwrap();
    let second = system.upload(&draft.name, "2.pdf", PDF).await.unwrap();
    for name in [&first.name, &second.name] {
        let request = wire::DeleteEvidenceRequest { name: name.clone(), ..Default::default() };
        system.contoso().delete_evidence(request).await.unwrap();
    }
    let refused = system.upload(&draft.name, "3.pdf", PDF).await.unwrap_err();
    let metadata = ["quota", "used"].map(|key| status::metadata(&refused, key).unwrap());
    assert_eq!(metadata, ["bytes".to_owned(), (2 * PDF.len()).to_string()]);
}

async fn uploads_that_end_early_leave_nothing(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    system.upload(&draft.name, "proof.pdf", b"MZ not a document").await.unwrap_err();
    let stalled = tokio::spawn(stalled_upload(system.contoso(), draft.name.clone()));
    wait_for_objects(&system, 1).await;
    stalled.abort();
    wait_for_objects(&system, 0).await;
    assert_eq!(system.get(&draft.name).await.unwrap().evidence_count, 0);
}

async fn the_keys_of_stored_documents_are_needed_at_start(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    system.upload(&draft.name, "proof.pdf", PDF).await.unwrap();
    let file = system.database.folder().join("evidence/keys.toml");
    let keys = std::fs::read_to_string(&file).unwrap();
    let other = |id: u8| format!("[[keys]]\nid = \"{id}\"\nkey = \"{}=\"\n", "A".repeat(43));
    for (content, problem) in [
        (other(2), Some("missing: [\"1\"], replaced by other keys: []")),
        (other(1), Some("missing: [], replaced by other keys: [\"1\"]")),
        (keys.clone() + &other(2), None),
        (other(2) + &keys, None),
    ] {
        std::fs::write(&file, content).unwrap();
        let (db, keys) = (system.database.open().await, TestKeys::generate());
        let context = service_context(Service::ClaimIntake, db, &VirtualClock::new(start()), 2, &keys);
        let context = ServiceContext { data_dir: Some(system.database.folder().to_owned()), ..context };
        let error = cpor_claim_intake::build(Config::default(), context).await.err().map(|error| error.to_string());
        match problem {
            None => assert_eq!(error, None),
            Some(problem) => assert!(error.as_ref().is_some_and(|error| error.contains(problem)), "{error:?}"),
        }
    }
}

async fn documents_of_a_lost_key_are_refused(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let lost = system.upload(&draft.name, "lost.pdf", PDF).await.unwrap();
    let file = system.database.folder().join("evidence/keys.toml");
    let old_keys = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("[[keys]]\nid = \"2\"\nkey = \"{}=\"\n", "A".repeat(43))).unwrap();
    let config = |lost: &[&str]| Config {
        evidence_lost_keys: lost.iter().map(|id| (*id).to_owned()).collect(),
        ..Config::default()
    };
    let refused = system.restart(config(&[])).await.err().unwrap();
    assert!(refused.contains("missing: [\"1\"]") && refused.contains("evidence_lost_keys"), "{refused}");
    let refused = system.restart(config(&["1", "2"])).await.err().unwrap();
    assert!(refused.contains("must not contain \"2\""), "{refused}");

    let system = system.restart(config(&["1"])).await.unwrap();
    let (error, content) = download(&system, &lost.name).await.unwrap_err();
    assert_eq!((error.code(), reason(&error).as_str()), (Code::DataLoss, "EVIDENCE_KEY_LOST"));
    assert!(content.is_empty());
    let new = system.upload(&draft.name, "new.pdf", &[PDF, b"!"].concat()).await.unwrap();
    assert_eq!(download(&system, &new.name).await.unwrap(), [PDF, b"!"].concat(), "other documents are read");

    // The key is found again.
    let new_keys = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, new_keys + &old_keys).unwrap();
    let system = system.restart(config(&[])).await.unwrap();
    assert_eq!(download(&system, &lost.name).await.unwrap(), PDF);
}

/// Opens an upload and never ends it. Returns the refusal.
async fn stalled_upload(mut client: crate::fixture::Client, claim: String) -> Status {
    let metadata = wire::EvidenceMetadata { parent: claim, file_name: "proof.pdf".into(), ..Default::default() };
    let first = wire::UploadEvidenceRequest { metadata: Some(metadata), data: PDF.to_vec() };
    let messages = tokio_stream::StreamExt::chain(tokio_stream::once(first), tokio_stream::pending());
    client.upload_evidence(messages).await.expect_err("an upload without an end is never accepted")
}

/// Waits until the evidence store has this number of objects, complete or not.
pub(crate) async fn wait_for_objects(system: &TestSystem, count: usize) {
    let reached = async {
        while objects(system).len() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached).await.expect("the number of objects is reached");
}

/// Uploads a document as soon as the upload of the other client does not count any more.
async fn upload_when_admitted(system: &TestSystem, claim: &str) {
    let admitted = async {
        while let Err(refused) = system.upload(claim, "2.pdf", PDF).await {
            assert_eq!(reason(&refused), "EVIDENCE_QUOTA_EXCEEDED");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), admitted).await.expect("an upload is admitted");
}

/// The clock is moved only in a runtime with one thread.
mod a_stalled_upload_fails_after_its_time {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        run_on(Engine::Sqlite, TestSystem::new, stall).await;
    }

    #[tokio::test]
    async fn postgres() {
        run_on(Engine::Postgres, TestSystem::new, stall).await;
    }

    async fn stall(system: TestSystem) {
        let draft = system.create(claim()).await.unwrap();
        let stalled = tokio::spawn(stalled_upload(system.contoso(), draft.name.clone()));
        wait_for_objects(&system, 1).await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(!stalled.is_finished(), "ten seconds are allowed");
        tokio::time::advance(Duration::from_secs(2)).await;
        tokio::time::resume();
        let refused = stalled.await.unwrap();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::DeadlineExceeded, "UPLOAD_TOO_SLOW"));
        wait_for_objects(&system, 0).await;
    }
}
