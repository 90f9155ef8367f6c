//! Applies a parsed row with a command to its partner or tenant. The directory is the registry's
//! data about partners and customers (tenants).
use std::convert::Infallible;

use cpor_durable::{Command, RequestId, Transition};
use cpor_proto::registry::v1::ErrorReason;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_types::{Actor, PartnerId, TenantId, Timestamp};
use tonic::{Code, Status};

use super::super::shared_outcome::{SharedOutcome, row_outcome};
use super::super::{Api, error};
use super::row::{Row, TenantRow};
use crate::domain::directory::PartnerProfile;
use crate::domain::partner::Partner;
use crate::domain::tenant::{Tenant, TenantChange};
use crate::store::partner::MpnIdTaken;
use crate::store::{partner, tenant};

/// Applies a row with one command. A row that was applied before under the same request id changes
/// nothing.
pub(super) async fn apply(api: &Api, actor: Actor, request: Option<RequestId>, row: Row) -> Result<Outcome, Status> {
    match row {
        Row::Partner(id, profile) => {
            let command = Command::new("import_partner", partner::key(&id), actor).request(request);
            import_partner(api, command, id, profile).await
        }
        Row::Tenant(id, row) => {
            let command = Command::new(row.command_name(), tenant::key(id), actor).request(request);
            import_into_tenant(api, command, id, row).await
        }
    }
}

async fn import_partner(
    api: &Api,
    command: Command,
    id: PartnerId,
    profile: PartnerProfile,
) -> Result<Outcome, Status> {
    let outcome = SharedOutcome::new(Outcome::Unchanged);
    let command_outcome = outcome.clone();
    let imported = api.partners.execute(command, move |current, _now| {
        let changed = Partner::import(current, &id, profile.clone());
        command_outcome.set(row_outcome(current.is_some(), changed.is_some()));
        Ok::<_, Infallible>(changed.map(|(next, events)| Transition::new(next, events)))
    });
    imported.await.map_err(|failure| error::command_failed(failure, |never| match never {}, mpn_id_taken))?;
    Ok(outcome.get())
}

async fn import_into_tenant(api: &Api, command: Command, id: TenantId, row: TenantRow) -> Result<Outcome, Status> {
    let outcome = SharedOutcome::new(Outcome::Unchanged);
    let command_outcome = outcome.clone();
    let imported = api.tenants.execute(command, move |current, now| {
        let (outcome, changed) = row.decide(id, current, now)?;
        command_outcome.set(outcome);
        Ok(changed.map(|(next, events)| Transition::new(next, events)))
    });
    imported.await.map_err(|failure| error::command_failed(failure, tenant_unknown, error::conflict))?;
    Ok(outcome.get())
}

/// The refusal of a row whose tenant is not in the directory.
pub(super) struct TenantUnknown(TenantId);

impl TenantRow {
    /// Decides what the row changes of the tenant `id`, which is `None` if it is not in the directory.
    ///
    /// # Errors
    /// Only the row of the tenant itself creates it.
    pub(super) fn decide(
        &self,
        id: TenantId,
        current: Option<&Tenant>,
        now: Timestamp,
    ) -> Result<(Outcome, Option<TenantChange>), TenantUnknown> {
        let tenant = || current.ok_or(TenantUnknown(id));
        let (existed, changed) = match self {
            Self::Profile(profile) => {
                let new = || (Tenant::new(id, profile.clone()), Vec::new());
                let changed = current.map_or_else(|| Some(new()), |tenant| tenant.import_profile(profile.clone()));
                (current.is_some(), changed)
            }
            Self::Subscription(subscription, content) => {
                let tenant = tenant()?;
                let existed = tenant.directory.subscriptions.contains_key(subscription);
                (existed, tenant.import_subscription(*subscription, content.clone(), now))
            }
            Self::Workload(product) => (false, tenant()?.import_workload(product)),
        };
        Ok((row_outcome(existed, changed.is_some()), changed))
    }

    fn command_name(&self) -> &'static str {
        match self {
            Self::Profile(_) => "import_tenant",
            Self::Subscription(..) => "import_subscription",
            Self::Workload(_) => "import_workload",
        }
    }
}

pub(super) fn tenant_unknown(TenantUnknown(tenant): TenantUnknown) -> Status {
    let message = format!("tenants/{tenant} is not in the directory; import it first");
    error::with_reason(Code::FailedPrecondition, ErrorReason::TenantUnknown, message)
}

pub(super) fn mpn_id_taken(MpnIdTaken(mpn_id): MpnIdTaken) -> Status {
    let message = format!("the MPN id {mpn_id} belongs to another partner");
    error::with_reason(Code::AlreadyExists, ErrorReason::MpnIdTaken, message)
}
