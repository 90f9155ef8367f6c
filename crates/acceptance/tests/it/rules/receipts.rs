//! R56: a history that can be proved, whoever is shown how much of it.

use chrono::TimeDelta;
use cpor::verify::{Refusal, Report, verify};
use cpor_acceptance::{Actor, ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::claims::v1::{ClaimReceipt, ExportClaimReceiptRequest};
use cpor_types::Service;
use futures_util::TryStreamExt as _;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::{Code, Streaming};

both_databases![
    r56_every_side_can_prove_its_view_of_one_history,
    r56_notes_and_rivals_are_not_in_a_partners_receipt,
    r56_a_receipt_that_was_tampered_with_is_found,
    r56_a_later_receipt_extends_an_earlier_one,
    r56_a_history_that_was_changed_in_the_database_is_found,
    r56_a_deleted_draft_has_a_receipt_and_a_strangers_claim_none,
    r56_a_receipt_comes_whole_however_long_the_history_is,
];

pub(super) async fn receipt(case: &TestClaim<'_>, actor: &Actor) -> ClaimReceipt {
    let mut parts: Vec<_> = parts(case, actor).await.try_collect().await.unwrap();
    let entries = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.entries)).collect();
    ClaimReceipt { entries, ..parts.pop().unwrap() }
}

async fn parts(case: &TestClaim<'_>, actor: &Actor) -> Streaming<ClaimReceipt> {
    let request = ExportClaimReceiptRequest { name: case.name.clone() };
    actor.claims().export_claim_receipt(request).await.unwrap().into_inner()
}

/// As any gRPC client prints it.
pub(super) fn json(receipt: &ClaimReceipt) -> String {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET).unwrap();
    let message = pool.get_message_by_name("cpor.claims.v1.ClaimReceipt").unwrap();
    let dynamic = DynamicMessage::decode(message, receipt.encode_to_vec().as_slice()).unwrap();
    serde_json::to_string(&dynamic).unwrap()
}

pub(super) fn check(system: &TestSystem, receipt: &ClaimReceipt) -> Result<Report, Refusal> {
    verify(&json(receipt), Some(&system.signer().jwks()), None)
}

/// Why it is not believed.
fn fault(system: &TestSystem, receipt: &ClaimReceipt) -> String {
    match check(system, receipt) {
        Err(Refusal::False { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

async fn r56_every_side_can_prove_its_view_of_one_history(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.note(&system.reviewer, "Compare the dates.").await.unwrap();
    system.wait_until_idle().await;
    case.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    let length = case.history().await.len();
    let mut heads = Vec::new();
    // What each is shown: whole entries withheld, and entries withheld in part.
    for (actor, withheld, in_part) in
        [(&case.partner, 1, Some(3)), (&system.reviewer, 0, Some(0)), (&system.operator, 0, Some(length))]
    {
        let receipt = receipt(&case, actor).await;
        let report = check(system, &receipt).unwrap();
        assert_eq!((report.claim.as_str(), report.summary.entries), (case.name.as_str(), length));
        assert_eq!(report.summary.withheld, withheld, "{}", actor.subject);
        let in_part_found = report.summary.partly_withheld;
        assert!(in_part.is_none_or(|least| in_part_found >= least), "{}: {in_part_found}", actor.subject);
        assert!(report.signed_by.is_some() && report.to_string().contains("signed by the key"));
        heads.push(report.head);
    }
    heads.dedup();
    assert_eq!(heads.len(), 1, "all see the same history");
    assert_eq!(heads[0], case.history().await.last().unwrap().chain_hash);
    let operators = format!("{:?}", receipt(&case, &system.operator).await);
    assert!(!operators.contains(&system.reviewer.subject) && !operators.contains("Compare the dates."), "R5");
    let unsigned = verify(&json(&receipt(&case, &case.partner).await), None, None).unwrap();
    assert!(unsigned.to_string().contains("WHO SIGNED IT WAS NOT CHECKED"), "{unsigned}");
}

async fn r56_notes_and_rivals_are_not_in_a_partners_receipt(system: &TestSystem) {
    let claim = system.presales().await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Approved).await;
    let case = TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await;
    let secret = "The other letter is newer.";
    case.note(&system.reviewer, secret).await.unwrap();
    // Refused by the hold of the rival.
    drop(case.approve(&system.reviewer).await);
    system.wait_until_idle().await;
    let refusal = case.entry("approval_refused").await;
    let why = &refusal.changes[0].new_value;
    let (ours, theirs) = (receipt(&case, &case.partner).await, receipt(&case, &system.lead).await);
    check(system, &ours).unwrap();
    check(system, &theirs).unwrap();
    let (ours, theirs) = (json(&ours), json(&theirs));
    for hidden in [secret, why.as_str(), system.reviewer.subject.as_str()] {
        assert!(theirs.contains(hidden) && !ours.contains(hidden), "{hidden}");
    }
    for rival in [NORTHWIND, rival.id(), "northwind"] {
        assert!(!ours.contains(rival), "{rival}");
    }
}

async fn r56_a_receipt_that_was_tampered_with_is_found(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let sound = receipt(&case, &case.partner).await;
    let tampered = |tamper: fn(&mut ClaimReceipt)| {
        let mut tampered = sound.clone();
        tamper(&mut tampered);
        assert_ne!(tampered, sound);
        fault(system, &tampered)
    };
    let entry = |receipt: &mut ClaimReceipt, n: usize| receipt.entries[n].entry.clone().unwrap();
    assert_eq!(entry(&mut sound.clone(), 0).action, "created");
    let action = tampered(|receipt| receipt.entries[0].entry.as_mut().unwrap().action = "submitted".into());
    assert_eq!(action, "entry 1: its facts are not what was recorded");
    let subject = tampered(|receipt| receipt.entries[1].entry.as_mut().unwrap().subject = "mallory".into());
    assert_eq!(subject, "entry 2: its subject is not what was recorded");
    let added = tampered(|receipt| receipt.entries[0].entry.as_mut().unwrap().changes.push(Default::default()));
    assert_eq!(added, "entry 1: contains a value that no commitment proves");
    let dropped = tampered(|receipt| drop(receipt.entries.remove(1)));
    assert_eq!(dropped, "entry 2: its position is 3");
    let cut = tampered(|receipt| drop(receipt.entries.pop()));
    assert!(cut.contains("entries are missing"), "{cut}");
    // A shorter history is sound in itself; that it is not the one that was signed, the signature tells.
    let shortened = tampered(|receipt| {
        receipt.entries.pop();
        receipt.head_hash = receipt.entries.last().unwrap().entry.as_ref().unwrap().chain_hash.clone();
    });
    assert!(shortened.starts_with("what the key ") && shortened.ends_with(" signed is another receipt"), "{shortened}");
    let earlier = tampered(|receipt| receipt.issue_time.as_mut().unwrap().seconds -= 1);
    assert!(earlier.ends_with("signed is another receipt"), "{earlier}");
    let unsigned = tampered(|receipt| receipt.signature.clear());
    assert!(unsigned.starts_with("the signature is not valid"), "{unsigned}");
    let forged = verify(&json(&sound), Some(&system.issuer().jwks()), None).unwrap_err();
    assert!(forged.to_string().contains("is not among those given"), "{forged}");
    assert!(matches!(verify("{}", None, None), Err(Refusal::False { .. })));
    assert!(matches!(verify("receipt", None, None), Err(Refusal::Unreadable { .. })));
    assert!(matches!(verify(r#"{"clam": ""}"#, None, None), Err(Refusal::Unreadable { .. })));
}

async fn r56_a_later_receipt_extends_an_earlier_one(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let other = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    let earlier = receipt(&case, &case.partner).await;
    case.note(&system.reviewer, "Not yet.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    // Whoever kept the earlier one may compare it with what another side is shown.
    for actor in [&case.partner, &system.lead] {
        let later = receipt(&case, actor).await;
        let report = verify(&json(&later), Some(&system.signer().jwks()), Some(&json(&earlier))).unwrap();
        assert_eq!(report.extends, Some(earlier.entries.len()));
        assert!(report.summary.entries > earlier.entries.len());
        let backwards = verify(&json(&earlier), None, Some(&json(&later))).unwrap_err().to_string();
        assert!(backwards.contains("does not extend the earlier one: the earlier receipt has"), "{backwards}");
    }
    let foreign = verify(&json(&receipt(&other, &other.partner).await), None, Some(&json(&earlier))).unwrap_err();
    assert!(foreign.to_string().contains("of another claim"), "{foreign}");
}

async fn r56_a_history_that_was_changed_in_the_database_is_found(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let earlier = receipt(&case, &case.partner).await;
    check(system, &earlier).unwrap();
    system.execute_sql(Service::ClaimIntake, "UPDATE history SET reason = 'nothing happened' WHERE position = 2").await;
    assert_eq!(fault(system, &receipt(&case, &case.partner).await), "entry 2: its reason is not what was recorded");
    // Somebody who rewrites the end and the claim's head along with it is found by whoever kept a receipt.
    system.execute_sql(Service::ClaimIntake, "UPDATE history SET reason = '' WHERE position = 2").await;
    check(system, &receipt(&case, &case.partner).await).unwrap();
    let last = earlier.entries.len();
    let cut = format!(
        "UPDATE claim SET history = {0}, head = (SELECT link FROM history WHERE position = {0} AND claim_id = claim.id)",
        last - 1
    );
    system.execute_sql(Service::ClaimIntake, &cut).await;
    let shorter = receipt(&case, &case.partner).await;
    check(system, &shorter).unwrap();
    assert!(verify(&json(&shorter), None, Some(&json(&earlier))).is_err());
}

async fn r56_a_deleted_draft_has_a_receipt_and_a_strangers_claim_none(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    case.delete().await.unwrap();
    let receipt = receipt(&case, &case.partner).await;
    assert_eq!(receipt.entries.last().unwrap().entry.as_ref().unwrap().action, "deleted");
    check(system, &receipt).unwrap();
    let request = ExportClaimReceiptRequest { name: case.name.clone() };
    assert_refused(system.northwind.claims().export_claim_receipt(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let nothing =
        ExportClaimReceiptRequest { name: format!("{}/claims/{}", cpor_acceptance::CONTOSO, system.next_uuid()) };
    assert_refused(system.contoso.claims().export_claim_receipt(nothing).await, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r56_a_receipt_comes_whole_however_long_the_history_is(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    let text = "\u{1f4c4}".repeat(10_000);
    for _ in 0..120 {
        case.comment(&case.partner, &text).await.unwrap();
    }
    let mut stream = parts(&case, &case.partner).await;
    let mut received = vec![stream.try_next().await.unwrap().unwrap()];
    // It is the receipt of what there was when it was asked for.
    case.comment(&case.partner, "One more.").await.unwrap();
    received.extend(stream.try_collect::<Vec<_>>().await.unwrap());
    let (last, others) = received.split_last().unwrap();
    assert!(others.len() > 3 && others.iter().all(|part| part.head_hash.is_empty() && part.signature.is_empty()));
    assert!(!last.head_hash.is_empty() && received.iter().all(|part| part.encoded_len() < 2 << 20));
    let printed: Vec<String> = received.iter().map(json).collect();
    let keys = system.signer().jwks();
    let report = verify(&printed.join("\n"), Some(&keys), None).unwrap();
    let length = received.iter().map(|part| part.entries.len()).sum();
    assert!(length > 120 && report.summary.entries == length);
    let later = json(&receipt(&case, &case.partner).await);
    assert_eq!(verify(&later, Some(&keys), Some(&printed.concat())).unwrap().extends, Some(length));
    let why = |parts: &[String]| verify(&parts.concat(), Some(&keys), None).unwrap_err().to_string();
    assert!(why(&printed[..2]).contains("last part is missing"), "{}", why(&printed[..2]));
    assert!(why(&printed[1..]).contains("entry 1: its position is"), "{}", why(&printed[1..]));
    let twice = [&printed[..], &printed[..1]].concat();
    assert!(why(&twice).contains("does not belong to the same receipt as the parts before it"), "{}", why(&twice));
    // However long it is, all of it is erased.
    case.delete().await.unwrap();
    case.erase(&system.operator, &[]).await.unwrap();
    let erased = json(&receipt(&case, &system.lead).await);
    let summary = verify(&erased, Some(&keys), Some(&later)).unwrap().summary;
    assert_eq!((summary.erased, erased.contains('\u{1f4c4}')), (summary.entries - 1, false), "but for who erased it");
}
