//! Which lines of the ledger a request is about.
use cpor_kit::Caller;
use cpor_proto::eligibility::v1::{EarningFilter, EarningStatus};
use cpor_types::ClaimName;
use tonic::Status;

use super::{parse, scope::scope};
use crate::store::earnings::{StatusWord, Wanted};

/// What is wanted of what the caller may see.
pub(super) fn wanted(caller: &Caller, parent: &str, filter: Option<EarningFilter>) -> Result<Wanted, Status> {
    let filter = filter.unwrap_or_default();
    let claim: Option<ClaimName> = parse::optional("filter.claim", &filter.claim)?;
    let status = match filter.status() {
        EarningStatus::Unspecified => None,
        EarningStatus::NothingDue => Some(StatusWord::NothingDue),
        EarningStatus::Accrued => Some(StatusWord::Accrued),
        EarningStatus::Paid => Some(StatusWord::Paid),
    };
    Ok(Wanted {
        scope: scope(caller, parent)?,
        tenant: parse::parent(parent)?,
        claim: claim.map(|name| name.claim),
        key: parse::optional("filter.key", &filter.key)?,
        month: parse::optional("filter.month", &filter.month)?,
        payout_period: parse::optional("filter.payout_period", &filter.payout_period)?,
        status,
    })
}
