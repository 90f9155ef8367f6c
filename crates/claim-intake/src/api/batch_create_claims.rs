//! Implements BatchCreateClaims, which creates drafts from the rows of a sheet and returns one
//! result per row (R59).
//!
//! The rows are processed in chunks of up to 256. Each chunk costs one call to the registry
//! service, one read and one transaction. The registry checks the next chunk while the drafts of
//! the current one are created. The rows of all batch calls share [`ClaimIntake::row_permits`], so
//! that imports do not fill the queue of the writer, the task that commits commands.
use super::{RpcResult, convert, create_claim::create, parse::parse_content, view::View};
use crate::{
    call::Call,
    domain::{Content, RegistryAnswer},
    error::CallError,
    service::{ClaimIntake, MAX_ROWS_IN_FLIGHT},
};
use cpor_auth::Caller;
use cpor_call::status::{self, FieldViolation};
use cpor_proto::claims::v1 as wire;
use cpor_registry_client::MAX_LINES_PER_CALL;
use cpor_rpc::request::validate_rows;
use cpor_types::{ClaimId, ClaimName, PartnerName};
use futures_util::{StreamExt as _, future::join_all, stream};
use tonic::{Request, Response, Status};

/// The maximum number of violations in the result of a row. It keeps a response for 1,000 rows
/// below the message size that clients accept by default.
const MAX_VIOLATIONS_PER_ROW: usize = 20;

/// The number of chunks in progress: one that the registry checks, one whose drafts are created.
const CHUNKS_IN_PROGRESS: usize = 2;

pub(super) async fn batch_create_claims(
    intake: &ClaimIntake,
    request: Request<wire::BatchCreateClaimsRequest>,
) -> RpcResult<wire::BatchCreateClaimsResponse> {
    let (caller, request, mut violations) = validate_rows(request, "rows")?;
    let parent: PartnerName = request.parent.parse().map_err(|_| CallError::NotFound(request.parent.clone()))?;
    let batch = Batch { intake, caller, parent, resource: request.parent, validate_only: request.validate_only };
    let rows = request.rows.into_iter().enumerate().map(|(index, row)| (row, violations.remove(&index)));
    let chunks = split_into_chunks(rows.collect()).into_iter().map(|rows| batch.create_rows(rows));
    let results: Vec<_> = stream::iter(chunks).buffered(CHUNKS_IN_PROGRESS).collect().await;
    Ok(Response::new(wire::BatchCreateClaimsResponse { results: results.concat() }))
}

/// A row of the request, with the constraints of the API that it violates, if any.
type Row = (wire::BatchCreateClaimsRow, Option<Vec<FieldViolation>>);

/// Splits the rows into chunks, in their order. The claims and lines of a chunk fit into one
/// request to the registry.
fn split_into_chunks(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let (mut chunks, mut lines_in_chunk) = (Vec::<Vec<Row>>::new(), 0);
    for row in rows {
        let lines = row.0.claim.as_ref().map_or(0, |claim| claim.lines.len());
        lines_in_chunk += lines;
        match chunks.last_mut().filter(|chunk| chunk.len() < MAX_ROWS_IN_FLIGHT && lines_in_chunk <= MAX_LINES_PER_CALL)
        {
            Some(chunk) => chunk.push(row),
            None => {
                lines_in_chunk = lines;
                chunks.push(vec![row]);
            }
        }
    }
    chunks
}

/// The values that the rows of one call have in common.
struct Batch<'i> {
    intake: &'i ClaimIntake,
    caller: Caller,
    parent: PartnerName,
    /// The parent as the request spells it.
    resource: String,
    validate_only: bool,
}

/// A call with the content of a row's draft, or the status with which the row is refused.
type PreparedRow = Result<(Call, Content), Status>;

impl Batch<'_> {
    /// Creates the drafts of one chunk and returns one result per row.
    async fn create_rows(&self, rows: Vec<Row>) -> Vec<wire::BatchCreateClaimsResult> {
        let prepared: Vec<_> = rows.into_iter().map(|(row, violations)| self.prepare(row, violations)).collect();
        let drafts: Vec<_> =
            prepared.iter().flatten().map(|(call, content)| (call.claim.clone(), content.clone())).collect();
        let facts_and_permit = async {
            let facts = self.intake.fetch_facts_of_drafts(&self.caller.actor, &drafts).await?;
            let count = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
            let permit = self.intake.row_permits.acquire_many(count).await;
            Ok::<_, CallError>((facts, permit.map_err(|closed| CallError::Internal(closed.to_string()))?))
        };
        let (mut facts, _permit) = match facts_and_permit.await {
            Ok((facts, permit)) => (facts.into_iter(), permit),
            Err(error) => return refuse_all(prepared, &Status::from(error)),
        };
        let results = prepared.into_iter().map(|row| {
            let row = row.map(|(call, content)| (call, content, facts.next().flatten()));
            async {
                let (call, content, facts) = row?;
                self.create_row(&call, content, facts).await
            }
        });
        join_all(results).await.into_iter().map(|result| result.unwrap_or_else(error_result)).collect()
    }

    /// Converts a row to a call and the content of its draft.
    fn prepare(&self, row: wire::BatchCreateClaimsRow, violations: Option<Vec<FieldViolation>>) -> PreparedRow {
        if let Some(violations) = violations {
            return Err(status::invalid_fields(violations));
        }
        let call = self.row_call(&row)?;
        Ok((call, parse_content(row.claim.unwrap_or_default(), &*self.intake.entropy)?))
    }

    async fn create_row(
        &self,
        call: &Call,
        content: Content,
        facts: Option<RegistryAnswer>,
    ) -> Result<wire::BatchCreateClaimsResult, Status> {
        // The request id of a row is bound to the row, which does not contain `validate_only`. So a
        // call that only validates also recognizes a row that was created before.
        let command = call.command().recognize_replays();
        let outcome = create(self.intake, call, command, content, facts).await?;
        let view = View::for_caller(&self.caller);
        let mut claim = convert::claim_to_wire(outcome.claim, view, &self.intake.rules)?;
        claim.violations.truncate(MAX_VIOLATIONS_PER_ROW);
        let name = if self.validate_only { String::new() } else { claim.name };
        let replayed = outcome.replayed;
        Ok(wire::BatchCreateClaimsResult { claim: name, violations: claim.violations, replayed, error: None })
    }

    /// Creates the call of one row. The row's request id is bound to the parent and the row itself,
    /// not to the other rows, so that a row can be repeated in a different batch.
    fn row_call(&self, row: &wire::BatchCreateClaimsRow) -> Result<Call, Status> {
        let partner = self.parent.partner.clone();
        let name = ClaimName { partner, claim: ClaimId(self.intake.entropy.uuid()) };
        let call = Call::on_claim(&self.caller, "BatchCreateClaims", &self.resource, name)
            .with_validate_only(self.validate_only);
        call.with_request_id_and_content(&self.caller, row, &self.resource)
    }
}

/// Refuses all rows with `status`, except those that were already refused with another status.
fn refuse_all(prepared: Vec<PreparedRow>, status: &Status) -> Vec<wire::BatchCreateClaimsResult> {
    prepared.into_iter().map(|row| error_result(row.err().unwrap_or_else(|| status.clone()))).collect()
}

/// Returns the result of a row that is refused with `status`.
fn error_result(status: Status) -> wire::BatchCreateClaimsResult {
    wire::BatchCreateClaimsResult { error: Some(status::to_proto(&status)), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_bounded_by_rows_and_by_lines() {
        let row = |lines| {
            let claim = wire::Claim { lines: vec![wire::ClaimLine::default(); lines], ..wire::Claim::default() };
            (wire::BatchCreateClaimsRow { claim: Some(claim), request_id: String::new() }, None)
        };
        let sizes = |rows: Vec<Row>| split_into_chunks(rows).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes((0..600).map(|_| row(1)).collect()), [256, 256, 88]);
        assert_eq!(sizes((0..101).map(|_| row(200)).collect()), [50, 50, 1]);
        assert!(sizes(Vec::new()).is_empty());
    }
}
