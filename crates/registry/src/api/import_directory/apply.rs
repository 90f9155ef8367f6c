//! Applies a parsed row with a command to its partner or tenant. The directory is the registry's
//! data about partners and customers (tenants).
use std::convert::Infallible;

use cpor_durable::{Command, Transition};
use cpor_proto::registry::v1::ErrorReason;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_types::{Actor, PartnerId, TenantId, Timestamp};
use tonic::{Code, Status};

use super::super::shared_outcome::SharedOutcome;
use super::super::{Api, error};
use super::row::Row;
use crate::domain::directory::{PartnerProfile, TenantProfile};
use crate::domain::partner::Partner;
use crate::domain::tenant::{Tenant, TenantChange};
use crate::store::partner::MpnIdTaken;
use crate::store::{partner, tenant};

/// Applies a row with one command.
pub(super) async fn apply(api: &Api, actor: Actor, row: Row) -> Result<Outcome, Status> {
    match row {
        Row::Partner(id, profile) => import_partner(api, actor, id, profile).await,
        Row::Tenant(id, profile) => import_tenant(api, actor, id, profile).await,
        Row::Subscription(name, subscription) => {
            let exists = move |tenant: &Tenant| tenant.directory.subscriptions.contains_key(&name.subscription);
            let change =
                move |tenant: &Tenant, now| tenant.import_subscription(name.subscription, subscription.clone(), now);
            import_into_tenant(api, actor, name.tenant, exists, change).await
        }
        Row::Workload(name) => {
            let change = move |tenant: &Tenant, _now| tenant.import_workload(&name.product);
            import_into_tenant(api, actor, name.tenant, |_| false, change).await
        }
    }
}

async fn import_partner(api: &Api, actor: Actor, id: PartnerId, profile: PartnerProfile) -> Result<Outcome, Status> {
    let command = Command::new("import_partner", partner::key(&id), actor);
    let outcome = SharedOutcome::new();
    let command_outcome = outcome.clone();
    let imported = api.partners.execute(command, move |current, _now| {
        let changed = Partner::import(current, &id, profile.clone());
        command_outcome.set(current.is_some(), changed.is_some());
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    imported.await.map_err(|failure| error::command_failed(failure, |never| match never {}, mpn_id_taken))?;
    Ok(outcome.get())
}

async fn import_tenant(api: &Api, actor: Actor, id: TenantId, profile: TenantProfile) -> Result<Outcome, Status> {
    let command = Command::new("import_tenant", tenant::key(id), actor);
    let outcome = SharedOutcome::new();
    let command_outcome = outcome.clone();
    let imported = api.tenants.execute(command, move |current, _now| {
        let new = || (Tenant::new(id, profile.clone()), Vec::new());
        let changed = current.map_or_else(|| Some(new()), |tenant| tenant.import_profile(profile.clone()));
        command_outcome.set(current.is_some(), changed.is_some());
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    imported.await.map_err(|failure| error::command_failed(failure, |never| match never {}, error::conflict))?;
    Ok(outcome.get())
}

/// Imports a subscription or a workload into its tenant. `exists` returns whether the tenant
/// already has it, and `change` makes the change.
async fn import_into_tenant(
    api: &Api,
    actor: Actor,
    tenant: TenantId,
    exists: impl Fn(&Tenant) -> bool + Send + 'static,
    change: impl Fn(&Tenant, Timestamp) -> Option<TenantChange> + Send + 'static,
) -> Result<Outcome, Status> {
    let command = Command::new("import_possession", tenant::key(tenant), actor);
    let outcome = SharedOutcome::new();
    let command_outcome = outcome.clone();
    let imported = api.tenants.execute(command, move |current, now| {
        let tenant = current.ok_or(TenantUnknown)?;
        let changed = change(tenant, now);
        command_outcome.set(exists(tenant), changed.is_some());
        Ok(changed.map(|(next, events)| Transition::new(next, events)))
    });
    let unknown = |TenantUnknown| {
        let message = format!("tenants/{tenant} is not in the directory; import it first");
        error::with_reason(Code::FailedPrecondition, ErrorReason::TenantUnknown, message)
    };
    imported.await.map_err(|failure| error::command_failed(failure, unknown, error::conflict))?;
    Ok(outcome.get())
}

/// The refusal of a row whose tenant is not in the directory.
struct TenantUnknown;

fn mpn_id_taken(MpnIdTaken(mpn_id): MpnIdTaken) -> Status {
    let message = format!("the MPN id {mpn_id} belongs to another partner");
    error::with_reason(Code::AlreadyExists, ErrorReason::MpnIdTaken, message)
}
