//! BatchCreateClaims (R59): of up to 256 rows together one call of the registry, one read and one decision: one fsync. The next rows are asked
//! about while these are decided. The rows of all calls share [`Intake::rows`], so that imports leave room in the writer's queue for single calls.
use super::{Answer, convert, create_claim::create, parse, view::View};
use crate::{
    call::Call,
    domain::{Content, Facts},
    intake::{Failed, Intake, ROWS_TOGETHER},
};
use cpor_kit::{
    Caller,
    request::open_rows,
    status::{self, FieldViolation},
};
use cpor_proto::claims::v1 as wire;
use cpor_registry_client::LINES_AT_ONCE;
use cpor_types::{ClaimId, ClaimName, PartnerName};
use futures_util::{StreamExt as _, future::join_all, stream};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status};

/// Violations that a result tells, at most: an answer of 1,000 rows stays below what clients take by default.
const TOLD: usize = 20;

/// Parts in work: one that is asked about while another is decided.
const PARTS_TOGETHER: usize = 2;

pub(super) async fn batch_create_claims(
    intake: &Intake,
    request: Request<wire::BatchCreateClaimsRequest>,
) -> Answer<wire::BatchCreateClaimsResponse> {
    let (caller, request, mut violations) = open_rows(request, "rows")?;
    let parent: PartnerName = request.parent.parse().map_err(|_| Failed::NotFound(request.parent.clone()))?;
    let batch = Batch { intake, caller, parent, resource: request.parent, validate_only: request.validate_only };
    let rows = request.rows.into_iter().enumerate().map(|(place, row)| (row, violations.remove(&place)));
    let parts = parts(rows.collect()).into_iter().map(|rows| batch.results(rows));
    let results: Vec<_> = stream::iter(parts).buffered(PARTS_TOGETHER).collect().await;
    Ok(Response::new(wire::BatchCreateClaimsResponse { results: results.concat() }))
}

/// A row, and what of it is not sound.
type Row = (wire::BatchCreateClaimsRow, Option<Vec<FieldViolation>>);

/// The rows in parts, in their order, of which each is one question to the registry.
fn parts(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let (mut parts, mut lines) = (Vec::<Vec<Row>>::new(), 0);
    for row in rows {
        let own = row.0.claim.as_ref().map_or(0, |claim| claim.lines.len());
        lines += own;
        match parts.last_mut().filter(|part| part.len() < ROWS_TOGETHER && lines <= LINES_AT_ONCE) {
            Some(part) => part.push(row),
            None => {
                lines = own;
                parts.push(vec![row]);
            }
        }
    }
    parts
}

/// What the rows of a call have in common.
struct Batch<'i> {
    intake: &'i Intake,
    caller: Caller,
    parent: PartnerName,
    resource: String,
    validate_only: bool,
}

/// What becomes of a row: the call to be made, or its refusal.
type Begun = Result<(Call, Content), Status>;

impl Batch<'_> {
    /// What became of each row of a part.
    async fn results(&self, rows: Vec<Row>) -> Vec<wire::BatchCreateClaimsResult> {
        let begun: Vec<_> = rows.into_iter().map(|(row, violations)| self.begin(row, violations)).collect();
        let drafts: Vec<_> =
            begun.iter().flatten().map(|(call, content)| (call.claim.clone(), content.clone())).collect();
        let known = async {
            let facts = self.intake.facts_of_drafts(&self.caller.actor, &drafts).await?;
            let room = self.intake.rows.acquire_many(u32::try_from(drafts.len()).unwrap_or(u32::MAX)).await;
            Ok::<_, Failed>((facts, room.map_err(|closed| Failed::Internal(closed.to_string()))?))
        };
        let (mut facts, _room) = match known.await {
            Ok((facts, room)) => (facts.into_iter(), room),
            Err(failed) => return all_refused(begun, &Status::from(failed)),
        };
        let created = begun.into_iter().map(|begun| {
            let begun = begun.map(|(call, content)| (call, content, facts.next().flatten()));
            async {
                let (call, content, facts) = begun?;
                self.create(&call, content, facts).await
            }
        });
        join_all(created).await.into_iter().map(|created| created.unwrap_or_else(refused)).collect()
    }

    fn begin(&self, row: wire::BatchCreateClaimsRow, violations: Option<Vec<FieldViolation>>) -> Begun {
        if let Some(violations) = violations {
            return Err(status::invalid(violations));
        }
        let call = self.call(&row);
        Ok((call, parse::content(row.claim.unwrap_or_default(), &*self.intake.entropy)?))
    }

    async fn create(
        &self,
        call: &Call,
        content: Content,
        facts: Option<Facts>,
    ) -> Result<wire::BatchCreateClaimsResult, Status> {
        let created = create(self.intake, call, content, facts).await?;
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

/// Rows of which nothing can be known now have that for an answer; others keep theirs.
fn all_refused(begun: Vec<Begun>, why: &Status) -> Vec<wire::BatchCreateClaimsResult> {
    begun.into_iter().map(|begun| refused(begun.err().unwrap_or_else(|| why.clone()))).collect()
}

fn refused(why: Status) -> wire::BatchCreateClaimsResult {
    wire::BatchCreateClaimsResult { error: Some(status::message(&why)), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bounded_by_rows_and_by_lines() {
        let row = |lines| {
            let claim = wire::Claim { lines: vec![wire::ClaimLine::default(); lines], ..wire::Claim::default() };
            (wire::BatchCreateClaimsRow { claim: Some(claim), request_id: String::new() }, None)
        };
        let sizes = |rows: Vec<Row>| parts(rows).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes((0..600).map(|_| row(1)).collect()), [256, 256, 88]);
        assert_eq!(sizes((0..101).map(|_| row(200)).collect()), [50, 50, 1]);
        assert!(sizes(Vec::new()).is_empty());
    }
}
