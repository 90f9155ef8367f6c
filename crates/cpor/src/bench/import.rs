//! Compares the import of drafts of claims in batches with the creation of the same drafts one by
//! one. The drafts name a tenant and a product, so that the service claim-intake looks them up in
//! the service registry.

use std::fmt;

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::{
        BatchCreateClaimsRequest, BatchCreateClaimsRow, Claim, ClaimLine, CreateClaimRequest,
        claim_service_client::ClaimServiceClient,
    },
    r#type::v1::{Activity, SolutionArea},
};
use tokio::time::Instant;

use super::{connect, load::Pool, report::median};
use crate::dev::DevSystem;

const BATCH_ROWS: usize = 1_000;

/// The resource name of the partner that owns the drafts.
const PARENT: &str = "partners/contoso";

/// The measured rates in claims per second, one value for each round.
#[derive(Default)]
pub(super) struct ImportRates {
    /// The rates of `BatchCreateClaims`.
    batched: Vec<f64>,
    /// The rates of `CreateClaim`.
    one_by_one: Vec<f64>,
}

impl fmt::Display for ImportRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (batched, one_by_one) = (median(&self.batched, |rate| *rate), median(&self.one_by_one, |rate| *rate));
        let ratio = batched / one_by_one;
        write!(f, "imported {batched:.0} claims per second, one by one {one_by_one:.0}: {ratio:.1} times as fast")
    }
}

/// Imports `claims` drafts in batches, and creates a tenth as many with single calls, both over one
/// connection. Each round measures both, so that both run under the same conditions.
pub(super) async fn measure(dev: &DevSystem, claims: usize, rounds: usize) -> anyhow::Result<ImportRates> {
    let pool = connect(dev, 1).await?;
    let mut rates = ImportRates::default();
    let claims_per_round = claims.div_ceil(rounds.max(1));
    for first in (0..claims).step_by(claims_per_round.max(1)) {
        let numbers = first..claims.min(first + claims_per_round);
        let singles = numbers.start..numbers.start + numbers.len().div_ceil(10);
        let started = Instant::now();
        for start in numbers.clone().step_by(BATCH_ROWS) {
            import_batch(&pool, start..numbers.end.min(start + BATCH_ROWS)).await?;
        }
        rates.batched.push(rate(numbers.len(), started));
        let (count, started) = (singles.len(), Instant::now());
        for number in singles {
            create_one(&pool, number).await?;
        }
        rates.one_by_one.push(rate(count, started));
    }
    Ok(rates)
}

#[expect(clippy::cast_precision_loss, reason = "counts of claims are far below 2^52")]
fn rate(claims: usize, started: Instant) -> f64 {
    claims as f64 / started.elapsed().as_secs_f64()
}

/// Imports the drafts with these numbers in one call.
async fn import_batch(pool: &Pool, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let row = |number| BatchCreateClaimsRow { claim: Some(draft(number)), request_id: format!("batch-{number}") };
    let rows = numbers.map(row).collect();
    let request = pool.request(BatchCreateClaimsRequest { parent: PARENT.into(), rows, validate_only: false });
    let response = ClaimServiceClient::new(pool.channel(0)).batch_create_claims(request).await;
    let results = response.context("BatchCreateClaims")?.into_inner().results;
    let refused = results.iter().find_map(|result| result.error.as_ref());
    ensure!(refused.is_none(), "a row was refused: {refused:?}");
    Ok(())
}

async fn create_one(pool: &Pool, number: usize) -> anyhow::Result<()> {
    let request = CreateClaimRequest {
        parent: PARENT.into(),
        claim: Some(draft(number)),
        request_id: format!("one-{number}"),
        validate_only: false,
    };
    ClaimServiceClient::new(pool.channel(0)).create_claim(pool.request(request)).await.context("CreateClaim")?;
    Ok(())
}

/// Returns a draft that differs from the others only in the number in its display name.
fn draft(number: usize) -> Claim {
    let line = ClaimLine { product: "products/teams".into(), ..ClaimLine::default() };
    Claim {
        display_name: format!("Bench {number}"),
        mpn_id: "1001".into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10".into(),
        solution_area: SolutionArea::Microsoft365.into(),
        activities: vec![Activity::Usage.into()],
        lines: vec![line],
        ..Claim::default()
    }
}
