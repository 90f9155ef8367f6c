//! R56: receipts prove that a history is unaltered, whatever part of it a caller may see.

use chrono::TimeDelta;
use cpor::verify::{Report, VerifyError, verify};
use cpor_acceptance::{Actor, ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_auth::ReceiptSigner;
use cpor_proto::claims::v1::{ClaimReceipt, ExportClaimReceiptRequest};
use cpor_types::Service;
use futures_util::TryStreamExt as _;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::{Code, Streaming};

both_databases![
    r56_every_side_can_prove_its_view_of_one_history,
    r56_notes_and_rivals_are_not_in_a_partners_receipt,
    r56_detects_a_tampered_receipt,
    r56_a_later_receipt_extends_an_earlier_one,
    r56_detects_a_history_changed_in_the_database,
    r56_a_deleted_draft_has_a_receipt,
    r56_a_long_receipt_is_complete,
];

/// Gets the receipt of a claim as an actor, with the entries of all parts.
pub(super) async fn receipt(case: &TestClaim<'_>, actor: &Actor) -> ClaimReceipt {
    let mut parts: Vec<_> = parts(case, actor).await.try_collect().await.unwrap();
    let entries = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.entries)).collect();
    ClaimReceipt { entries, ..parts.pop().unwrap() }
}

/// Gets the receipt as the stream of its parts.
async fn parts(case: &TestClaim<'_>, actor: &Actor) -> Streaming<ClaimReceipt> {
    let request = ExportClaimReceiptRequest { name: case.name.clone() };
    actor.claims().export_claim_receipt(request).await.unwrap().into_inner()
}

/// The JSON form of a receipt, as gRPC clients print it.
pub(super) fn json(receipt: &ClaimReceipt) -> String {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET).unwrap();
    let message = pool.get_message_by_name("cpor.claims.v1.ClaimReceipt").unwrap();
    let dynamic = DynamicMessage::decode(message, receipt.encode_to_vec().as_slice()).unwrap();
    serde_json::to_string(&dynamic).unwrap()
}

/// Verifies a receipt with the keys of the system.
pub(super) fn check(system: &TestSystem, receipt: &ClaimReceipt) -> Result<Report, VerifyError> {
    verify(&json(receipt), Some(&system.keys().receipts.jwks()), None)
}

/// The reason why a receipt does not verify.
fn fault(system: &TestSystem, receipt: &ClaimReceipt) -> String {
    match check(system, receipt) {
        Err(VerifyError::Invalid { reason: why, .. }) => why,
        result => panic!("{result:?}"),
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
    // The numbers of entries that are withheld wholly, and at least in part.
    for (actor, withheld, partly_withheld) in
        [(&case.partner, 1, 3), (&system.reviewer, 0, 0), (&system.operator, 0, length)]
    {
        let receipt = receipt(&case, actor).await;
        let report = check(system, &receipt).unwrap();
        assert_eq!((report.claim.as_str(), report.summary.entries), (case.name.as_str(), length));
        assert_eq!(report.summary.withheld, withheld, "{}", actor.subject);
        assert!(report.summary.partly_withheld >= partly_withheld, "{}: {:?}", actor.subject, report.summary);
        assert!(report.signed_by.is_some() && report.to_string().contains("signed by the key"));
        heads.push(report.head);
    }
    heads.dedup();
    assert_eq!(heads.len(), 1, "all actors see the same history");
    assert_eq!(heads[0], case.history().await.last().unwrap().chain_hash);
    let operator_view = format!("{:?}", receipt(&case, &system.operator).await);
    assert!(!operator_view.contains(&system.reviewer.subject) && !operator_view.contains("Compare the dates."), "R5");
    let unsigned = verify(&json(&receipt(&case, &case.partner).await), None, None).unwrap();
    assert!(unsigned.to_string().contains("THE SIGNATURE WAS NOT CHECKED"), "{unsigned}");
}

async fn r56_notes_and_rivals_are_not_in_a_partners_receipt(system: &TestSystem) {
    let claim = system.presales().await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Approved).await;
    let case = TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await;
    let secret = "The other letter is newer.";
    case.note(&system.reviewer, secret).await.unwrap();
    // The approval is refused because of the rival's hold.
    drop(case.approve(&system.reviewer).await);
    system.wait_until_idle().await;
    let refusal = case.entry("approval_refused").await;
    let refusal_reason = &refusal.changes[0].new_value;
    let (of_partner, of_lead) = (receipt(&case, &case.partner).await, receipt(&case, &system.lead).await);
    check(system, &of_partner).unwrap();
    check(system, &of_lead).unwrap();
    let (of_partner, of_lead) = (json(&of_partner), json(&of_lead));
    for hidden in [secret, refusal_reason.as_str(), system.reviewer.subject.as_str()] {
        assert!(of_lead.contains(hidden) && !of_partner.contains(hidden), "{hidden}");
    }
    for rival in [NORTHWIND, rival.id(), "northwind"] {
        assert!(!of_partner.contains(rival), "{rival}");
    }
}

async fn r56_detects_a_tampered_receipt(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let valid = receipt(&case, &case.partner).await;
    let fault_after = |tamper: fn(&mut ClaimReceipt)| {
        let mut tampered = valid.clone();
        tamper(&mut tampered);
        assert_ne!(tampered, valid);
        fault(system, &tampered)
    };
    let entry = |receipt: &mut ClaimReceipt, n: usize| receipt.entries[n].entry.clone().unwrap();
    assert_eq!(entry(&mut valid.clone(), 0).action, "created");
    let action = fault_after(|receipt| receipt.entries[0].entry.as_mut().unwrap().action = "submitted".into());
    assert_eq!(action, "entry 1: its facts are not what was recorded");
    let subject = fault_after(|receipt| receipt.entries[1].entry.as_mut().unwrap().subject = "mallory".into());
    assert_eq!(subject, "entry 2: its subject is not what was recorded");
    let added = fault_after(|receipt| receipt.entries[0].entry.as_mut().unwrap().changes.push(Default::default()));
    assert_eq!(added, "entry 1: contains a value that no commitment proves");
    let dropped = fault_after(|receipt| drop(receipt.entries.remove(1)));
    assert_eq!(dropped, "entry 2: its position is 3: an entry is missing, repeated or out of order");
    let cut = fault_after(|receipt| drop(receipt.entries.pop()));
    assert!(cut.contains("entries are missing"), "{cut}");
    // A shorter history with its own head is consistent, but it is not the one that was signed.
    let shortened = fault_after(|receipt| {
        receipt.entries.pop();
        receipt.head_hash = receipt.entries.last().unwrap().entry.as_ref().unwrap().chain_hash.clone();
    });
    assert!(shortened.starts_with("the key ") && shortened.ends_with(" signed another receipt"), "{shortened}");
    let earlier = fault_after(|receipt| receipt.issue_time.as_mut().unwrap().seconds -= 1);
    assert!(earlier.ends_with("signed another receipt"), "{earlier}");
    let unsigned = fault_after(|receipt| receipt.signature.clear());
    assert!(unsigned.starts_with("the signature is not valid"), "{unsigned}");
    let other = ReceiptSigner::generate().unwrap();
    let forged = verify(&json(&valid), Some(&other.jwks()), None).unwrap_err();
    assert!(forged.to_string().contains("is not among the given keys"), "{forged}");
    // The keys of services and users are no keys of receipts, not even to refuse one.
    for keys in [system.keys().services.jwks(), system.issuer().jwks()] {
        let refused = verify(&json(&valid), Some(&keys), None).unwrap_err();
        assert!(refused.to_string().contains("is not for receipts"), "{refused}");
    }
    assert!(matches!(verify("{}", None, None), Err(VerifyError::Invalid { .. })));
    assert!(matches!(verify("receipt", None, None), Err(VerifyError::Unreadable { .. })));
    assert!(matches!(verify(r#"{"clam": ""}"#, None, None), Err(VerifyError::Unreadable { .. })));
}

async fn r56_a_later_receipt_extends_an_earlier_one(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let other = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    let earlier = receipt(&case, &case.partner).await;
    case.note(&system.reviewer, "Not yet.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    // An earlier receipt can be compared with the later receipt of any side.
    for actor in [&case.partner, &system.lead] {
        let later = receipt(&case, actor).await;
        let report = verify(&json(&later), Some(&system.keys().receipts.jwks()), Some(&json(&earlier))).unwrap();
        assert_eq!(report.extends, Some(earlier.entries.len()));
        assert!(report.summary.entries > earlier.entries.len());
        let backwards = verify(&json(&earlier), None, Some(&json(&later))).unwrap_err().to_string();
        assert!(backwards.contains("does not extend the earlier one: the earlier receipt has"), "{backwards}");
    }
    let other_claim = verify(&json(&receipt(&other, &other.partner).await), None, Some(&json(&earlier))).unwrap_err();
    assert!(other_claim.to_string().contains("of another claim"), "{other_claim}");
}

async fn r56_detects_a_history_changed_in_the_database(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let earlier = receipt(&case, &case.partner).await;
    check(system, &earlier).unwrap();
    system.execute_sql(Service::ClaimIntake, "UPDATE history SET reason = 'nothing happened' WHERE position = 2").await;
    assert_eq!(fault(system, &receipt(&case, &case.partner).await), "entry 2: its reason is not what was recorded");
    // If the end of the history and the head of the claim are rewritten, an earlier receipt shows
    // it.
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

async fn r56_a_deleted_draft_has_a_receipt(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    case.delete().await.unwrap();
    let receipt = receipt(&case, &case.partner).await;
    assert_eq!(receipt.entries.last().unwrap().entry.as_ref().unwrap().action, "deleted");
    check(system, &receipt).unwrap();
    let request = ExportClaimReceiptRequest { name: case.name.clone() };
    assert_refused(system.northwind.claims().export_claim_receipt(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let unknown_claim =
        ExportClaimReceiptRequest { name: format!("{}/claims/{}", cpor_acceptance::CONTOSO, system.next_uuid()) };
    assert_refused(
        system.contoso.claims().export_claim_receipt(unknown_claim).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
}

async fn r56_a_long_receipt_is_complete(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::Editing).await;
    let text = "\u{1f4c4}".repeat(10_000);
    for _ in 0..120 {
        case.comment(&case.partner, &text).await.unwrap();
    }
    let mut stream = parts(&case, &case.partner).await;
    let mut received = vec![stream.try_next().await.unwrap().unwrap()];
    // The receipt contains the history at the time of the request.
    case.comment(&case.partner, "One more.").await.unwrap();
    received.extend(stream.try_collect::<Vec<_>>().await.unwrap());
    let (last, others) = received.split_last().unwrap();
    assert!(others.len() > 3 && others.iter().all(|part| part.head_hash.is_empty() && part.signature.is_empty()));
    assert!(!last.head_hash.is_empty() && received.iter().all(|part| part.encoded_len() < 2 << 20));
    let json_parts: Vec<String> = received.iter().map(json).collect();
    let keys = system.keys().receipts.jwks();
    let report = verify(&json_parts.join("\n"), Some(&keys), None).unwrap();
    let length = received.iter().map(|part| part.entries.len()).sum();
    assert!(length > 120 && report.summary.entries == length);
    let later = json(&receipt(&case, &case.partner).await);
    assert_eq!(verify(&later, Some(&keys), Some(&json_parts.concat())).unwrap().extends, Some(length));
    let fault = |parts: &[String]| verify(&parts.concat(), Some(&keys), None).unwrap_err().to_string();
    assert!(fault(&json_parts[..2]).contains("last part is missing"), "{}", fault(&json_parts[..2]));
    assert!(fault(&json_parts[1..]).contains("entry 1: its position is"), "{}", fault(&json_parts[1..]));
    let twice = [&json_parts[..], &json_parts[..1]].concat();
    assert!(fault(&twice).contains("does not belong to the same receipt as the parts before it"), "{}", fault(&twice));
    // An erasure reaches every entry of a long history.
    case.delete().await.unwrap();
    case.erase(&system.operator, &[]).await.unwrap();
    let erased = json(&receipt(&case, &system.lead).await);
    let summary = verify(&erased, Some(&keys), Some(&later)).unwrap().summary;
    assert_eq!(
        (summary.erased, erased.contains('\u{1f4c4}')),
        (summary.entries - 1, false),
        "all entries but the record of the erasure"
    );
}
