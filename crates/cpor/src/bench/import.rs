//! Importing against creating one by one: the same drafts, which the registry is asked about.

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
use crate::dev::Dev;

/// Rows of a batch.
const BATCH: usize = 1_000;

const PARENT: &str = "partners/contoso";

/// Claims a second, a value a round.
#[derive(Default)]
pub(super) struct Compared {
    imported: Vec<f64>,
    one_by_one: Vec<f64>,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (imported, one_by_one) = (median(&self.imported, |rate| *rate), median(&self.one_by_one, |rate| *rate));
        let times = imported / one_by_one;
        write!(f, "imported {imported:.0} claims a second, one by one {one_by_one:.0}: {times:.1} times as fast")
    }
}

/// Imports `claims` drafts, one batch after the other, and creates a tenth as many of the same kind, one call after the other; in rounds, so that
/// both meet the same tables and the same machine. Both over one connection.
pub(super) async fn measure(dev: &Dev, claims: usize, rounds: usize) -> anyhow::Result<Compared> {
    let pool = connect(dev, 1).await?;
    let mut compared = Compared::default();
    let each = claims.div_ceil(rounds.max(1));
    for first in (0..claims).step_by(each.max(1)) {
        let numbers = first..claims.min(first + each);
        let singles = numbers.start..numbers.start + numbers.len().div_ceil(10);
        let begun = Instant::now();
        for start in numbers.clone().step_by(BATCH) {
            import(&pool, start..numbers.end.min(start + BATCH)).await?;
        }
        compared.imported.push(rate(numbers.len(), begun));
        let (count, begun) = (singles.len(), Instant::now());
        for n in singles {
            create(&pool, n).await?;
        }
        compared.one_by_one.push(rate(count, begun));
    }
    Ok(compared)
}

#[expect(clippy::cast_precision_loss, reason = "counts of claims are far below 2^52")]
fn rate(claims: usize, since: Instant) -> f64 {
    claims as f64 / since.elapsed().as_secs_f64()
}

async fn import(pool: &Pool, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let row = |n| BatchCreateClaimsRow { claim: Some(draft(n)), request_id: format!("batch-{n}") };
    let rows = numbers.map(row).collect();
    let request = pool.authorised(BatchCreateClaimsRequest { parent: PARENT.into(), rows, validate_only: false });
    let answer = ClaimServiceClient::new(pool.channel(0)).batch_create_claims(request).await;
    let results = answer.context("BatchCreateClaims")?.into_inner().results;
    let refused = results.iter().find_map(|result| result.error.as_ref());
    ensure!(refused.is_none(), "a row was refused: {refused:?}");
    Ok(())
}

async fn create(pool: &Pool, n: usize) -> anyhow::Result<()> {
    let request = CreateClaimRequest {
        parent: PARENT.into(),
        claim: Some(draft(n)),
        request_id: format!("one-{n}"),
        validate_only: false,
    };
    ClaimServiceClient::new(pool.channel(0)).create_claim(pool.authorised(request)).await.context("CreateClaim")?;
    Ok(())
}

fn draft(n: usize) -> Claim {
    let line = ClaimLine { product: "products/teams".into(), ..ClaimLine::default() };
    Claim {
        display_name: format!("Bench {n}"),
        mpn_id: "1001".into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10".into(),
        solution_area: SolutionArea::Microsoft365.into(),
        activities: vec![Activity::Usage.into()],
        lines: vec![line],
        ..Claim::default()
    }
}
