//! Fuzz target: changed receipts. A receipt that verifies with the head of the original shows
//! nothing that the original does not show.
use super::{of_partner, receipt};
use crate::receipt::{read, receipt_entry};
use cpor_proto::claims::v1::ClaimReceipt;
use prost::Message as _;

#[test]
fn fuzz_receipt() {
    let [whole, partial] = [receipt(6), of_partner(receipt(6))];
    let wire = |receipt: &crate::Receipt| ClaimReceipt {
        claim: receipt.claim.to_string(),
        head_hash: receipt.head.to_string(),
        entries: receipt.entries.iter().map(receipt_entry).collect(),
        ..ClaimReceipt::default()
    };
    let seeds = [&whole, &partial].map(|receipt| wire(receipt).encode_to_vec());
    cpor_fuzz::fuzz(&[&seeds[0], &seeds[1]], |input| {
        let Ok(message) = ClaimReceipt::decode(input) else { return };
        let Ok(read) = read(&message) else { return };
        if read.verify().is_err() || read.head != whole.head {
            return;
        }
        for (entry, original) in read.entries.iter().zip(&whole.entries) {
            assert_eq!(entry.link, original.link);
            let is_same = |shown: bool, same: bool| !shown || same;
            assert!(is_same(entry.facts.opened.is_ok(), entry.facts == original.facts));
            assert!(is_same(entry.subject.opened.is_ok(), entry.subject == original.subject));
            assert!(is_same(entry.reason.opened.is_ok(), entry.reason == original.reason));
        }
        assert_eq!(read.entries.len(), whole.entries.len());
    });
}
