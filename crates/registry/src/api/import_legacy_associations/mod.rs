//! The RPC `ImportLegacyAssociations`.
mod preview;

use std::sync::Arc;

use cpor_call::status::{self, FieldViolation, PreconditionViolation};
use cpor_durable::{Command, CommandError, RequestId, Transition};
use cpor_proto::WireEnum as _;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    self as wire, ErrorReason, ImportLegacyAssociationsRequest, ImportLegacyAssociationsResponse, ImportResult,
};
use cpor_proto::r#type::v1::Contact;
use cpor_rpc::request;
use cpor_types::{Activity, Actor, EmailAddress, PartnerName, TenantId, TenantKey, trim_blanks};
use futures_util::{StreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::import_directory::{MAX_CONCURRENT_ROWS, canonical, import_result};
use super::shared_outcome::{SharedOutcome, row_outcome};
use super::{Api, ApiResult, error};
use crate::domain::directory::PartnerProfile;
use crate::domain::legacy::LegacyAssociation;
use crate::domain::reason::Reason;
use crate::domain::record::RecordConflict;
use crate::store::tenant::TenantConflict;
use crate::store::{query, tenant};

/// Imports legacy associations, which were recorded before claims existed (R58), with one result
/// for each row. A repeated import of a row changes nothing; with another contact, it corrects the
/// contact of the association (R58a).
///
/// Each row is one query and one command, and up to 256 rows share a transaction. With
/// `validate_only`, each row is two queries, and the rows of a tenant share a command that commits
/// nothing.
pub(super) async fn import_legacy_associations(
    api: &Api,
    request: Request<ImportLegacyAssociationsRequest>,
) -> ApiResult<ImportLegacyAssociationsResponse> {
    let (caller, request, mut violations) = request::validate_rows(request, "rows")?;
    let ImportLegacyAssociationsRequest { rows, request_id, validate_only } = request;
    let (caller, request_id) = (&caller, request_id.as_str());
    let rows = rows.into_iter().enumerate().map(|(index, row)| (index, violations.remove(&index), row));
    // `buffered` starts the rows in their order, and a writer processes commands in the order in
    // which it receives them. A row therefore sees the effects of the rows before it.
    let prepared = stream::iter(rows).map(async |(index, violations, row)| {
        let request_id = RequestId::of_row(caller, "ImportLegacyAssociations", request_id, index, &row);
        (canonical::<TenantKey>(&row.key), prepare(api, row, violations.unwrap_or_default(), request_id).await)
    });
    let prepared = prepared.buffered(MAX_CONCURRENT_ROWS);
    let results = if validate_only {
        preview::preview(api, &caller.actor, prepared.collect().await).await
    } else {
        let import = |(name, row)| import(api, caller.actor.clone(), name, row);
        prepared.map(import).buffered(MAX_CONCURRENT_ROWS).collect().await
    };
    Ok(Response::new(ImportLegacyAssociationsResponse { results }))
}

/// A row that was parsed, with what the directory contains about its partner.
struct PreparedRow {
    tenant: TenantId,
    legacy: LegacyAssociation,
    partner: Option<PartnerProfile>,
    request_id: Option<RequestId>,
}

/// Parses a row and reads its partner. Uses one query.
async fn prepare(
    api: &Api,
    row: wire::LegacyAssociation,
    violations: Vec<FieldViolation>,
    request_id: Option<RequestId>,
) -> Result<PreparedRow, Status> {
    if !violations.is_empty() {
        return Err(status::invalid_fields(violations));
    }
    let (tenant, legacy) = parse(&row)?;
    let partner = query::partner_profile(api.db.reader(), &legacy.partner).await.map_err(error::read_failed)?;
    Ok(PreparedRow { tenant, legacy, partner, request_id })
}

/// Imports a prepared row and builds its result.
async fn import(api: &Api, actor: Actor, name: String, prepared: Result<PreparedRow, Status>) -> ImportResult {
    match prepared {
        Ok(row) => import_result(name, import_association(api, actor, row).await),
        Err(status) => import_result(name, Err(status)),
    }
}

fn parse(row: &wire::LegacyAssociation) -> Result<(TenantId, LegacyAssociation), Status> {
    let TenantKey { tenant, key } = row.key.parse().map_err(error::malformed_field("key"))?;
    let PartnerName { partner } = row.partner.parse().map_err(error::malformed_field("partner"))?;
    let mpn_id = row.mpn_id.parse().map_err(error::malformed_field("mpn_id"))?;
    let activities = Activity::from_numbers(&row.activities).map_err(error::unknown_value("activities"))?;
    let contact = row.contact.as_ref().map(parse_contact).transpose()?;
    Ok((tenant, LegacyAssociation { partner, mpn_id, key, activities, contact }))
}

/// Parses the contact of a holder: a name and an e-mail address to which mail can be sent.
fn parse_contact(contact: &Contact) -> Result<(String, String), Status> {
    let name = trim_blanks(&contact.name);
    if name.is_empty() {
        return Err(error::invalid_field("contact.name", "is required"));
    }
    let email = trim_blanks(&contact.email).parse::<EmailAddress>();
    let email =
        email.map_err(|why| error::invalid_field("contact.email", format!("must be a valid e-mail address: {why}")))?;
    Ok((name.to_owned(), email.to_string()))
}

/// Imports one association with one command.
///
/// The import of a row can be refused because the row was imported before: the imported association
/// itself then holds the key. In this case a further query finds the recorded import, and the row
/// counts as unchanged.
async fn import_association(
    api: &Api,
    actor: Actor,
    PreparedRow { tenant, legacy, partner, request_id }: PreparedRow,
) -> Result<Outcome, Status> {
    let (catalog, (claim, decision)) = (Arc::clone(&api.catalog), legacy.record_key(tenant));
    let command = Command::new("import_legacy_association", tenant::key(tenant), actor).request(request_id);
    let outcome = SharedOutcome::new(Outcome::Unchanged);
    let command_outcome = outcome.clone();
    let imported = api.tenants.execute(command, move |current, now| {
        let tenant = current.ok_or_else(|| vec![Reason::TenantUnknown])?;
        let (was_imported, changed) = tenant.import_or_correct(&legacy, partner.as_ref(), &catalog, now)?;
        command_outcome.set(row_outcome(was_imported, changed.is_some()));
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
