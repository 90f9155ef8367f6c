//! The RPC `ImportLegacyAssociations`.
use std::sync::Arc;

use cpor_auth::Caller;
use cpor_call::status::{self, PreconditionViolation};
use cpor_durable::{Command, CommandError, Transition};
use cpor_proto::WireEnum as _;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    self as wire, ErrorReason, ImportLegacyAssociationsRequest, ImportLegacyAssociationsResponse, ImportResult,
};
use cpor_rpc::request;
use cpor_types::{Activity, Actor, PartnerName, TenantId, TenantKey};
use futures_util::{StreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::import_directory::{MAX_CONCURRENT_ROWS, MAX_ROWS, import_result};
use super::shared_outcome::SharedOutcome;
use super::{Api, ApiResult, error};
use crate::domain::directory::PartnerProfile;
use crate::domain::legacy::LegacyAssociation;
use crate::domain::reason::Reason;
use crate::domain::record::RecordConflict;
use crate::store::tenant::TenantConflict;
use crate::store::{query, tenant};

/// Imports legacy associations, which were recorded before claims existed (R58), with one result
/// for each row. A repeated import of a row changes nothing.
///
/// Each row is one command, and up to 256 rows share a transaction. The declared constraints of the
/// message are checked row by row, so that an invalid row does not prevent the import of the
/// others.
pub(super) async fn import_legacy_associations(
    api: &Api,
    request: Request<ImportLegacyAssociationsRequest>,
) -> ApiResult<ImportLegacyAssociationsResponse> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let actor = caller.ok_or_else(|| status::internal("the request has no caller"))?.actor.clone();
    let rows = request.into_inner().rows;
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(error::invalid_field("rows", format!("must have 1 to {MAX_ROWS} entries")));
    }
    // `buffered` starts the rows in their order, and a writer processes commands in the order in
    // which it receives them. A row therefore sees the effects of the rows before it.
    let prepared = stream::iter(rows).map(|row| prepare(api, row)).buffered(MAX_CONCURRENT_ROWS);
    let results = prepared.map(|(name, row)| import(api, actor.clone(), name, row)).buffered(MAX_CONCURRENT_ROWS);
    Ok(Response::new(ImportLegacyAssociationsResponse { results: results.collect().await }))
}

/// A parsed row with its tenant and the profile of its partner, or the status of an invalid row.
type PreparedRow = Result<(TenantId, LegacyAssociation, Option<PartnerProfile>), Status>;

/// Parses a row and reads its partner. Also returns the key (the resource name of the workload or
/// subscription), which identifies the row in the result. Uses one query.
async fn prepare(api: &Api, row: wire::LegacyAssociation) -> (String, PreparedRow) {
    let preparation = async {
        let (tenant, legacy) = parse(&row)?;
        let partner = query::partner(api.db.reader(), &legacy.partner).await.map_err(error::read_failed)?;
        Ok((tenant, legacy, partner))
    };
    let prepared = preparation.await;
    (row.key, prepared)
}

/// Imports a prepared row and builds its result.
async fn import(api: &Api, actor: Actor, name: String, prepared: PreparedRow) -> ImportResult {
    match prepared {
        Ok((tenant, legacy, partner)) => {
            import_result(name, import_association(api, actor, tenant, legacy, partner).await)
        }
        Err(status) => import_result(name, Err(status)),
    }
}

fn parse(row: &wire::LegacyAssociation) -> Result<(TenantId, LegacyAssociation), Status> {
    let violations = request::find_violations(row)?;
    if !violations.is_empty() {
        return Err(status::invalid_fields(violations));
    }
    let TenantKey { tenant, key } = row.key.parse().map_err(error::malformed_field("key"))?;
    let PartnerName { partner } = row.partner.parse().map_err(error::malformed_field("partner"))?;
    let mpn_id = row.mpn_id.parse().map_err(error::malformed_field("mpn_id"))?;
    let activities = Activity::from_numbers(&row.activities).map_err(error::unknown_value("activities"))?;
    Ok((tenant, LegacyAssociation { partner, mpn_id, key, activities }))
}

/// Imports one association with one command.
///
/// The import of a row can be refused because the row was imported before: the imported association
/// itself then holds the key. In this case a further query finds the recorded import, and the row
/// counts as unchanged.
async fn import_association(
    api: &Api,
    actor: Actor,
    tenant: TenantId,
    legacy: LegacyAssociation,
    partner: Option<PartnerProfile>,
) -> Result<Outcome, Status> {
    let (catalog, (claim, decision)) = (Arc::clone(&api.catalog), legacy.record_key(tenant));
    let command = Command::new("import_legacy_association", tenant::key(tenant), actor);
    let outcome = SharedOutcome::new();
    let command_outcome = outcome.clone();
    let imported = api.tenants.execute(command, move |current, now| {
        let tenant = current.ok_or_else(|| vec![Reason::TenantUnknown])?;
        let changed = tenant.import_legacy(&legacy, partner.as_ref(), &catalog, now)?;
        command_outcome.set(false, changed.is_some());
        Ok(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let reasons: Vec<Reason> = match imported.await {
        Ok(_) => return Ok(outcome.get()),
        Err(CommandError::Conflict(TenantConflict::ClaimRecord(_, RecordConflict::AlreadyDecided))) => {
            return Ok(Outcome::Unchanged);
        }
        Err(CommandError::Refused(reasons)) => reasons,
        Err(failure) => {
            return Err(error::command_failed(
                failure,
                |reasons: Vec<Reason>| refusal_status(&reasons),
                error::conflict,
            ));
        }
    };
    let recorded = query::decision(api.db.writer(), tenant, &claim, decision).await.map_err(error::read_failed)?;
    recorded.map(|_| Outcome::Unchanged).ok_or_else(|| refusal_status(&reasons))
}

/// Returns the status that names every reason for which a row is refused.
fn refusal_status(reasons: &[Reason]) -> Status {
    let Some(first) = reasons.first() else { return status::internal("the refusal has no reason") };
    let precondition = |reason: &Reason| PreconditionViolation {
        kind: error::wire_reason(*reason).as_str_name().to_owned(),
        subject: field_of(*reason).to_owned(),
        description: reason.describe().to_owned(),
    };
    let reason: ErrorReason = error::wire_reason(*first);
    status::failed_precondition(reason.as_str_name(), first.describe(), reasons.iter().map(precondition).collect())
}

/// Returns the field of the row that a reason concerns.
fn field_of(reason: Reason) -> &'static str {
    if reason == Reason::LocationNotOfPartner { "mpn_id" } else { "key" }
}
