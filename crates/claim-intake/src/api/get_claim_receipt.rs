//! GetClaimReceipt (R56): two reads (the claim, the time) and a signature, then a read of 100 entries after the other, as fast as the caller takes
//! them. Entries are never changed but by what is erased, which leaves commitments and links, so that those up to the head that was read are the
//! head's, whatever is added meanwhile. Nothing is verified here: whoever doubts us does that better.
use super::{
    Answer,
    receipt::{self, Statement},
    view::View,
};
use crate::{
    call::Call,
    intake::{Failed, Intake},
    store::{Claims, Histories},
    wire::timestamp,
};
use cpor_kit::{request::open, status};
use cpor_proto::claims::v1 as wire;
use cpor_types::ClaimName;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// The stream of an answer.
pub(super) type Parts = Pin<Box<dyn Stream<Item = Result<wire::ClaimReceipt, Status>> + Send>>;

/// Entries that are read at once.
const CHUNK: u64 = 100;
/// Bytes of a part's entries, well below what clients take.
const PART: usize = 1 << 20;

pub(super) async fn get_claim_receipt(
    intake: &Intake,
    request: Request<wire::GetClaimReceiptRequest>,
) -> Answer<Parts> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "GetClaimReceipt", &request.name)?;
    let head = Claims::head(intake.reader(), &call.claim).await.map_err(Failed::from)?;
    let (length, head) = head.ok_or_else(|| call.not_found())?;
    let mut end = wire::ClaimReceipt {
        claim: call.claim.to_string(),
        head: head.to_string(),
        issue_time: Some(timestamp(intake.now().await?)),
        ..wire::ClaimReceipt::default()
    };
    let signature = intake.signer.receipt(&Statement::of(&end, length));
    end.signature = signature.map_err(|error| status::internal(&error))?;
    let issue = Issue { intake: intake.clone(), claim: call.claim, view: View::of(&caller), length, end };
    let pages = stream::try_unfold(Some((issue, 0)), |place| async move {
        let Some((issue, after)) = place else { return Ok(None) };
        let (parts, after) = issue.page(after).await?;
        Ok::<_, Status>(Some((parts, after.map(|after| (issue, after)))))
    });
    Ok(Response::new(pages.map_ok(|parts| stream::iter(parts.into_iter().map(Ok))).try_flatten().boxed()))
}

/// A receipt on its way to whom it is for.
struct Issue {
    intake: Intake,
    claim: ClaimName,
    view: View,
    /// Entries up to the head.
    length: u64,
    /// The last part, without entries.
    end: wire::ClaimReceipt,
}

impl Issue {
    /// The entries after position `after` in parts of [`PART`], and where to go on; `None`: the last of these parts is the receipt's last.
    async fn page(&self, after: u64) -> Result<(Vec<wire::ClaimReceipt>, Option<u64>), Status> {
        let (place, wanted) = (i64::try_from(after).unwrap_or(i64::MAX), CHUNK.min(self.length - after));
        let histories = Histories::of(self.intake.reader(), &self.claim);
        let found = histories.list(place, wanted).await.map_err(Failed::from)?;
        if found.len() as u64 != wanted {
            return Err(status::internal("the history is shorter than its claim says"));
        }
        let (mut parts, mut bytes) = (Vec::new(), PART);
        for entry in found {
            let entry = receipt::entry(&self.view.of_entry(entry));
            bytes += entry.encoded_len();
            match parts.last_mut().filter(|_| bytes <= PART) {
                Some(wire::ClaimReceipt { entries, .. }) => entries.push(entry),
                None => {
                    bytes = entry.encoded_len();
                    let claim = self.end.claim.clone();
                    parts.push(wire::ClaimReceipt { claim, entries: vec![entry], ..wire::ClaimReceipt::default() });
                }
            }
        }
        let after = after + wanted;
        let is_last = after == self.length;
        if let Some(last) = parts.last_mut().filter(|_| is_last) {
            *last = wire::ClaimReceipt { entries: std::mem::take(&mut last.entries), ..self.end.clone() };
        }
        Ok((parts, (!is_last).then_some(after)))
    }
}
