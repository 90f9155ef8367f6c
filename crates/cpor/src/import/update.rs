//! Updates the claim of a row, if it is a draft (R17). The row names the claim, or an earlier
//! import of the file created it.

use cpor_proto::claims::v1::{
    Claim, ClaimState, GetClaimRequest, UpdateClaimRequest, claim_service_client::ClaimServiceClient,
};
use prost::Message as _;
use prost_types::FieldMask;
use tonic::{Code, Status, transport::Channel};

use super::{
    batch::UpdateRow,
    columns::entered_fields,
    results::{Outcome, RowResult},
    send::{call_with_retries, content_id},
};
use crate::server::Connection;

/// The outcome of a row whose claim exists, or existed at an earlier import.
pub(super) enum UpdateOutcome {
    /// The result of the row.
    Done(Outcome),
    /// An earlier import of the file created the draft, and it was deleted since.
    Deleted(Box<UpdateRow>),
}

/// Replaces the fields of the row in the claim. Returns the result of the row.
///
/// The claim is read first, because a call of `UpdateClaim` could change a submitted claim too. The
/// call contains the etag, so that it is refused if the claim has changed since it was read.
///
/// # Errors
/// Returns the status of the failed call if the server could not be reached.
pub(super) async fn update(
    client: &ClaimServiceClient<Channel>,
    connection: &Connection,
    row: UpdateRow,
    validate_only: bool,
) -> Result<UpdateOutcome, Status> {
    let (line, name) = (row.line, row.name.to_string());
    match update_draft(client, connection, &row, validate_only).await {
        Ok((result, claim)) => {
            Ok(UpdateOutcome::Done(Outcome::accepted(line, result, name).with_violations(claim.violations)))
        }
        Err(status) if status.code() == Code::NotFound && row.is_repeated.is_some() => {
            Ok(UpdateOutcome::Deleted(Box::new(row)))
        }
        Err(status) => Outcome::from_calls(line, &name, Err(status)).map(UpdateOutcome::Done),
    }
}

/// Replaces the fields of the row in the claim, if it is a draft. Returns the effect of the row and
/// the claim after it.
async fn update_draft(
    client: &ClaimServiceClient<Channel>,
    connection: &Connection,
    row: &UpdateRow,
    validate_only: bool,
) -> Result<(RowResult, Claim), Status> {
    let get = || {
        let request = connection.request(GetClaimRequest { name: row.name.to_string() });
        let mut client = client.clone();
        async move { client.get_claim(request).await }
    };
    let current = call_with_retries(get).await?;
    if row.is_repeated == Some(true) {
        return Ok((RowResult::Repeated, current));
    }
    if current.state() != ClaimState::Editing {
        return Ok((RowResult::NotADraft, Claim::default()));
    }
    let merged = row.fields.merge(current.clone(), &row.claim);
    if merged == entered_fields(current.clone()) {
        return Ok((RowResult::Unchanged, current));
    }
    let merged = Claim { name: current.name.clone(), etag: current.etag.clone(), ..merged };
    let request = UpdateClaimRequest {
        request_id: content_id("update", &merged.encode_to_vec()),
        claim: Some(merged),
        update_mask: Some(FieldMask { paths: vec!["*".to_owned()] }),
        validate_only,
    };
    let update = || {
        let (mut client, request) = (client.clone(), connection.request(request.clone()));
        async move { client.update_claim(request).await }
    };
    let updated = call_with_retries(update).await?;
    let is_unchanged = !validate_only && updated.etag == current.etag;
    Ok((if is_unchanged { RowResult::Unchanged } else { RowResult::Updated }, updated))
}
