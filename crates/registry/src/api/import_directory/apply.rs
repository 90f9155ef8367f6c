//! A row takes effect.
use std::convert::Infallible;

use cpor_durable::{Command, Transition};
use cpor_proto::registry::v1::ErrorReason;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_types::{Actor, PartnerId, TenantId, Timestamp};
use tonic::{Code, Status};

use super::super::seen::Seen;
use super::super::{Api, error};
use super::row::Row;
use crate::domain::directory::{PartnerProfile, TenantProfile};
use crate::domain::partner::Partner;
use crate::domain::tenant::{Changed, Tenant};
use crate::store::partner::MpnIdTaken;
use crate::store::{partner, tenant};

/// Applies a row by one command.
pub(super) async fn apply(api: &Api, actor: Actor, row: Row) -> Result<Outcome, Status> {
    match row {
        Row::Partner(id, profile) => import_partner(api, actor, id, profile).await,
        Row::Tenant(id, profile) => import_tenant(api, actor, id, profile).await,
        Row::Subscription(name, subscription) => {
            let is_known = move |known: &Tenant| known.directory.subscriptions.contains_key(&name.subscription);
            let change =
                move |known: &Tenant, now| known.import_subscription(name.subscription, subscription.clone(), now);
            import_into(api, actor, name.tenant, is_known, change).await
        }
        Row::Workload(name) => {
            let change = move |known: &Tenant, _now| known.import_workload(&name.product);
            import_into(api, actor, name.tenant, |_| false, change).await
        }
    }
}

async fn import_partner(api: &Api, actor: Actor, id: PartnerId, profile: PartnerProfile) -> Result<Outcome, Status> {
    let command = Command::new("import_partner", partner::key(&id), actor);
    let (seen, outcome) = Seen::new();
    let imported = api.partners.execute(command, move |known, _now| {
        let changed = Partner::import(known, &id, profile.clone());
        seen.note(known.is_some(), changed.is_some());
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    imported.await.map_err(|failure| error::failed(failure, |never| match never {}, location_taken))?;
    Ok(outcome.read())
}

async fn import_tenant(api: &Api, actor: Actor, id: TenantId, profile: TenantProfile) -> Result<Outcome, Status> {
    let command = Command::new("import_tenant", tenant::key(id), actor);
    let (seen, outcome) = Seen::new();
    let imported = api.tenants.execute(command, move |known, _now| {
        let new = || (Tenant::new(id, profile.clone()), Vec::new());
        let changed = known.map_or_else(|| Some(new()), |known| known.import_profile(profile.clone()));
        seen.note(known.is_some(), changed.is_some());
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    imported.await.map_err(|failure| error::failed(failure, |never| match never {}, error::taken))?;
    Ok(outcome.read())
}

/// Imports something that a tenant has.
async fn import_into(
    api: &Api,
    actor: Actor,
    tenant: TenantId,
    is_known: impl Fn(&Tenant) -> bool + Send + 'static,
    change: impl Fn(&Tenant, Timestamp) -> Option<Changed> + Send + 'static,
) -> Result<Outcome, Status> {
    let command = Command::new("import_possession", tenant::key(tenant), actor);
    let (seen, outcome) = Seen::new();
    let imported = api.tenants.execute(command, move |known, now| {
        let known = known.ok_or(TenantUnknown)?;
        let changed = change(known, now);
        seen.note(is_known(known), changed.is_some());
        Ok(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let unknown = |TenantUnknown| {
        let message = format!("the directory does not know tenants/{tenant}: import it first");
        error::refused(Code::FailedPrecondition, ErrorReason::TenantUnknown, message)
    };
    imported.await.map_err(|failure| error::failed(failure, unknown, error::taken))?;
    Ok(outcome.read())
}

struct TenantUnknown;

fn location_taken(MpnIdTaken(mpn_id): MpnIdTaken) -> Status {
    let message = format!("the MPN id {mpn_id} belongs to another partner");
    error::refused(Code::AlreadyExists, ErrorReason::MpnIdTaken, message)
}
