use std::sync::Arc;

use cpor_durable::{Command, Failure, Transition};
use cpor_kit::status::{self, Precondition};
use cpor_kit::{Caller, request};
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    ErrorReason, ImportLegacyAssociationsRequest, ImportLegacyAssociationsResponse, ImportResult, LegacyAssociation,
};
use cpor_types::{Actor, PartnerName, TenantId, TenantKey};
use futures_util::{StreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::import_directory::{MAX_ROWS, TOGETHER, result};
use super::seen::Seen;
use super::{Answer, Api, convert, error};
use crate::domain::directory::PartnerProfile;
use crate::domain::legacy::Legacy;
use crate::domain::reason::Reason;
use crate::domain::record::Precluded;
use crate::store::tenant::Clash;
use crate::store::{query, tenant};

/// As the import of the directory: transactions are shared by up to 256 rows, and each row is checked by itself.
pub(super) async fn import_legacy_associations(
    api: &Api,
    request: Request<ImportLegacyAssociationsRequest>,
) -> Answer<ImportLegacyAssociationsResponse> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let actor = caller.ok_or_else(|| status::internal("a request without a caller"))?.actor.clone();
    let rows = request.into_inner().rows;
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(error::invalid("rows", format!("must be 1 to {MAX_ROWS}")));
    }
    // Rows reach their commands in their order, and a writer judges in the order in which it was asked.
    let prepared = stream::iter(rows).map(|row| prepare(api, row)).buffered(TOGETHER);
    let results = prepared.map(|(name, row)| import(api, actor.clone(), name, row)).buffered(TOGETHER);
    Ok(Response::new(ImportLegacyAssociationsResponse { results: results.collect().await }))
}

/// A row whose shape is right, with what the directory says of its partner.
type Prepared = Result<(TenantId, Legacy, Option<PartnerProfile>), Status>;

/// One read of the partner, which is another aggregate.
async fn prepare(api: &Api, row: LegacyAssociation) -> (String, Prepared) {
    let read = async {
        let (tenant, legacy) = parsed(&row)?;
        let partner = query::partner(api.db.reader(), &legacy.partner).await.map_err(error::unread)?;
        Ok((tenant, legacy, partner))
    };
    let prepared = read.await;
    (row.key, prepared)
}

async fn import(api: &Api, actor: Actor, name: String, prepared: Prepared) -> ImportResult {
    match prepared {
        Ok((tenant, legacy, partner)) => result(name, take_over(api, actor, tenant, legacy, partner).await),
        Err(refused) => result(name, Err(refused)),
    }
}

fn parsed(row: &LegacyAssociation) -> Result<(TenantId, Legacy), Status> {
    let violations = request::violations(row)?;
    if !violations.is_empty() {
        return Err(status::invalid(violations));
    }
    let TenantKey { tenant, key } = row.key.parse().map_err(error::malformed("key"))?;
    let PartnerName { partner } = row.partner.parse().map_err(error::malformed("partner"))?;
    let mpn_id = row.mpn_id.parse().map_err(error::malformed("mpn_id"))?;
    let activities = row.activities().filter_map(convert::said_activity).collect();
    Ok((tenant, Legacy { partner, mpn_id, key, activities }))
}

/// One command. What it refuses may have been taken over before: one read more.
async fn take_over(
    api: &Api,
    actor: Actor,
    tenant: TenantId,
    legacy: Legacy,
    partner: Option<PartnerProfile>,
) -> Result<Outcome, Status> {
    let (catalog, (claim, decision)) = (Arc::clone(&api.catalog), legacy.remembered_as(tenant));
    let command = Command::new("import_legacy_association", tenant::key(tenant), actor);
    let (seen, outcome) = Seen::new();
    let imported = api.tenants.execute(command, move |known, now| {
        let known = known.ok_or_else(|| vec![Reason::TenantUnknown])?;
        let changed = known.import_legacy(&legacy, partner.as_ref(), &catalog, now)?;
        seen.note(false, changed.is_some());
        Ok(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let reasons: Vec<Reason> = match imported.await {
        Ok(_) => return Ok(outcome.read()),
        Err(Failure::Clash(Clash::Claim(_, Precluded::Answered))) => return Ok(Outcome::Unchanged),
        Err(Failure::Refused(reasons)) => reasons,
        Err(failure) => return Err(error::failed(failure, |reasons: Vec<Reason>| refused(&reasons), error::taken)),
    };
    let taken = query::decision(api.db.writer(), tenant, &claim, decision).await.map_err(error::unread)?;
    taken.map(|_| Outcome::Unchanged).ok_or_else(|| refused(&reasons))
}

fn refused(reasons: &[Reason]) -> Status {
    let Some(first) = reasons.first() else { return status::internal("a refusal without a reason") };
    let failed = |reason: &Reason| Precondition {
        kind: error::on_the_wire(*reason).as_str_name().to_owned(),
        subject: field(*reason).to_owned(),
        description: reason.describe().to_owned(),
    };
    let reason: ErrorReason = error::on_the_wire(*first);
    status::precondition(reason.as_str_name(), first.describe(), reasons.iter().map(failed).collect())
}

fn field(reason: Reason) -> &'static str {
    if reason == Reason::LocationNotOfPartner { "mpn_id" } else { "key" }
}
