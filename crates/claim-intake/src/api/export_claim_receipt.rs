//! Implements ExportClaimReceipt, which streams a signed receipt of the claim's history (R56).
//! Cost: two reads (the claim and the clock), one signature, then reads of 100 entries each, as
//! fast as the caller receives them.
//!
//! The receipt ends with the entry that was the last one when the claim was read. Entries that are
//! added later are not part of it. A receipt contains *commitments* (salted hashes of the parts of
//! an entry) and *links* (hashes of the history up to an entry). An erasure during the export
//! changes none of them, so the receipt stays valid. This RPC does not verify the history.
//! Verification belongs to the client: see `cpor verify`.
use super::{RpcResult, view::View};
use crate::{call::Call, error::CallError, service::ClaimIntake, store::HistoryEntries};
use cpor_call::status;
use cpor_history::receipt::{self, Statement};
use cpor_proto::claims::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request::validate;
use cpor_types::ClaimName;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// The stream of the parts of a receipt.
pub(super) type ReceiptStream = Pin<Box<dyn Stream<Item = Result<wire::ClaimReceipt, Status>> + Send>>;

/// The number of entries that one read returns.
const PAGE_SIZE: u64 = 100;
/// The size up to which entries are collected in one part. It is well below the message size that
/// clients accept by default.
const PART_BYTES: usize = 1 << 20;

pub(super) async fn export_claim_receipt(
    intake: &ClaimIntake,
    request: Request<wire::ExportClaimReceiptRequest>,
) -> RpcResult<ReceiptStream> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ExportClaimReceipt", &request.name)?;
    let head = intake.claims.history_head(&call.claim).await.map_err(CallError::from)?;
    let (length, head) = head.ok_or_else(|| call.not_found())?;
    let mut last_part = wire::ClaimReceipt {
        claim: call.claim.to_string(),
        head_hash: head.to_string(),
        issue_time: Some(to_wire_time(intake.now().await?)),
        ..wire::ClaimReceipt::default()
    };
    let signature = intake.receipt_signer.sign(&Statement::for_receipt(&last_part, length));
    last_part.signature = signature.map_err(|error| status::internal(&error))?;
    let view = View::for_caller(&caller);
    let reader = ReceiptReader { intake: intake.clone(), claim: call.claim, view, length, last_part };
    let pages = stream::try_unfold(Some((reader, 0)), |state| async move {
        let Some((reader, after)) = state else { return Ok(None) };
        let (parts, next) = reader.read_page(after).await?;
        Ok::<_, Status>(Some((parts, next.map(|next| (reader, next)))))
    });
    Ok(Response::new(pages.map_ok(|parts| stream::iter(parts.into_iter().map(Ok))).try_flatten().boxed()))
}

/// Reads the history page by page and converts it to the parts of a receipt.
struct ReceiptReader {
    intake: ClaimIntake,
    claim: ClaimName,
    view: View,
    /// The number of entries of the receipt.
    length: u64,
    /// The last part without its entries. It contains the head (the link of the last entry), the
    /// issue time and the signature.
    last_part: wire::ClaimReceipt,
}

impl ReceiptReader {
    /// Reads the page of entries after position `after` and returns it as parts of up to
    /// [`PART_BYTES`]. Also returns the position of the page's last entry, or `None` if the last of
    /// these parts ends the receipt.
    async fn read_page(&self, after: u64) -> Result<(Vec<wire::ClaimReceipt>, Option<u64>), Status> {
        let (position, count) = (i64::try_from(after).unwrap_or(i64::MAX), PAGE_SIZE.min(self.length - after));
        let history = HistoryEntries::of_claim(self.intake.reader(), &self.claim);
        let page = history.list_after(position, count).await.map_err(CallError::from)?;
        if page.len() as u64 != count {
            return Err(status::internal("the history has fewer entries than its claim counts"));
        }
        let (mut parts, mut bytes) = (Vec::new(), PART_BYTES);
        for entry in page {
            let entry = receipt::receipt_entry(&self.view.restrict(entry));
            bytes += entry.encoded_len();
            match parts.last_mut().filter(|_| bytes <= PART_BYTES) {
                Some(wire::ClaimReceipt { entries, .. }) => entries.push(entry),
                None => {
                    bytes = entry.encoded_len();
                    let claim = self.last_part.claim.clone();
                    parts.push(wire::ClaimReceipt { claim, entries: vec![entry], ..wire::ClaimReceipt::default() });
                }
            }
        }
        let next = after + count;
        let is_last = next == self.length;
        if let Some(last) = parts.last_mut().filter(|_| is_last) {
            *last = wire::ClaimReceipt { entries: std::mem::take(&mut last.entries), ..self.last_part.clone() };
        }
        Ok((parts, (!is_last).then_some(next)))
    }
}
