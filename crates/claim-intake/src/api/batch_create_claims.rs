//! BatchCreateClaims (R59): of each row what `CreateClaim` costs, but rows that are in work together share transactions: up to 256 rows a fsync.
//! The rows of all calls share [`Intake::rows`], so that imports leave room in the writer's queue for single calls.
use super::{Answer, convert, create_claim::create, parse, view::View};
use crate::{
    call::Call,
    intake::{Failed, Intake, ROWS_TOGETHER},
};
use cpor_kit::{
    Caller,
    request::open_rows,
    status::{self, FieldViolation},
};
use cpor_proto::claims::v1 as wire;
use cpor_types::{ClaimId, ClaimName, PartnerName};
use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status};

/// Violations that a result tells, at most: an answer of 1,000 rows stays below what clients take by default.
const TOLD: usize = 20;

pub(super) async fn batch_create_claims(
    intake: &Intake,
    request: Request<wire::BatchCreateClaimsRequest>,
) -> Answer<wire::BatchCreateClaimsResponse> {
    let (caller, request, mut violations) = open_rows(request, "rows")?;
    let parent: PartnerName = request.parent.parse().map_err(|_| Failed::NotFound(request.parent.clone()))?;
    let batch = Batch { intake, caller, parent, resource: request.parent, validate_only: request.validate_only };
    let rows = request.rows.into_iter().enumerate().map(|(place, row)| (row, violations.remove(&place)));
    // Rows are begun in their order and judged in any; each answer has its row's place.
    let results = stream::iter(rows).map(|(row, violations)| batch.result(row, violations)).buffered(ROWS_TOGETHER);
    Ok(Response::new(wire::BatchCreateClaimsResponse { results: results.collect().await }))
}

/// What the rows of a call have in common.
struct Batch<'i> {
    intake: &'i Intake,
    caller: Caller,
    parent: PartnerName,
    resource: String,
    validate_only: bool,
}

impl Batch<'_> {
    async fn result(
        &self,
        row: wire::BatchCreateClaimsRow,
        violations: Option<Vec<FieldViolation>>,
    ) -> wire::BatchCreateClaimsResult {
        let outcome = match violations {
            Some(violations) => Err(status::invalid(violations)),
            None => self.create(row).await,
        };
        outcome.unwrap_or_else(|refused| wire::BatchCreateClaimsResult {
            error: Some(status::message(&refused)),
            ..Default::default()
        })
    }

    async fn create(&self, row: wire::BatchCreateClaimsRow) -> Result<wire::BatchCreateClaimsResult, Status> {
        let call = self.call(&row);
        let content = parse::content(row.claim.unwrap_or_default(), &*self.intake.entropy)?;
        let _permit = self.intake.rows.acquire().await.map_err(|closed| Failed::Internal(closed.to_string()))?;
        let created = create(self.intake, &call, content).await?;
        let mut claim = convert::claim(created.claim, View::of(&self.caller), &self.intake.rules)?;
        claim.violations.truncate(TOLD);
        let name = if self.validate_only { String::new() } else { claim.name };
        let replayed = created.replayed;
        Ok(wire::BatchCreateClaimsResult { claim: name, violations: claim.violations, replayed, error: None })
    }

    /// The parent belongs to what a request id stands for, and so does the row, but not its neighbours.
    fn call(&self, row: &wire::BatchCreateClaimsRow) -> Call {
        let partner = self.parent.partner.clone();
        let name = ClaimName { partner, claim: ClaimId(self.intake.entropy.uuid()) };
        let body = Sha256::new().chain_update(&self.resource).chain_update([0]).chain_update(row.encode_to_vec());
        Call::on(&self.caller, "BatchCreateClaims", &self.resource, name)
            .once_for(&self.caller, &row.request_id, body.finalize().into())
            .validate_only(self.validate_only)
    }
}
