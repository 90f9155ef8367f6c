//! What other services tell the registry.
use std::sync::Arc;

use cpor_durable::{Incoming, ReceiveError, Receiver, Transition};
use cpor_kit::Db;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{AssociationGranted, ClaimClosed};
use cpor_types::{CaseId, ClaimName, Malformed, PrimaryRejection, TenantName};

use crate::domain::association::EndReason;
use crate::domain::catalog::Catalog;
use crate::domain::tenant::{Changed, Tenant};
use crate::store::{TenantStore, query, tenant};

/// Takes in the events that claim-intake sends.
pub(crate) struct Events {
    pub(crate) db: Db,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) tenants: cpor_durable::Writer<TenantStore>,
}

#[async_trait::async_trait]
impl Receiver for Events {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        match incoming.payload.clone() {
            Payload::AssociationGranted(event) => self.grant(&incoming, event).await,
            Payload::ClaimClosed(event) => self.close(&incoming, event).await,
            Payload::ClaimSubmitted(_)
            | Payload::ClaimResubmitted(_)
            | Payload::ClaimApproved(_)
            | Payload::ClaimDisputed(_)
            | Payload::ClaimEdited(_)
            | Payload::LinesEnded(_)
            | Payload::PersonalDataErased(_)
            | Payload::ReviewAssigned(_)
            | Payload::ReviewStarted(_)
            | Payload::PartnerActionRequested(_)
            | Payload::ReviewApproved(_)
            | Payload::ReviewRejected(_)
            | Payload::ReviewOverdue(_)
            | Payload::ReviewNoted(_)
            | Payload::ApprovalRefused(_)
            | Payload::LinesAwarded(_)
            | Payload::CompetitionChanged(_)
            | Payload::ReviewOpened(_)
            | Payload::ApprovalBegun(_)
            | Payload::ReviewReminded(_)
            | Payload::NoticeResent(_)
            | Payload::NoticeSettled(_)
            | Payload::ConsentWindowOpened(_)
            | Payload::ConsentWindowPassed(_)
            | Payload::CustomerApproved(_)
            | Payload::CustomerDeclined(_)
            | Payload::AssociationBecameOfficial(_)
            | Payload::AssociationEnded(_)
            | Payload::SubscriptionChanged(_)
            | Payload::PartnerChanged(_)
            | Payload::ClaimAssessed(_) => Err(ReceiveError::park("the registry takes no events of this kind")),
        }
    }
}

impl Events {
    /// The claim's holds become official (R27). The partner is read just before, because an assessment wants to know
    /// it as it is at the grant and not as it was at the hold; what changes later is told by `PartnerChanged`.
    async fn grant(&self, incoming: &Incoming, event: AssociationGranted) -> Result<(), ReceiveError> {
        let claim: ClaimName = event.claim.parse().map_err(malformed)?;
        let partner = query::partner(self.db.reader(), &claim.partner).await;
        let partner = partner.map_err(|error| ReceiveError::Retry(error.to_string()))?;
        let (catalog, at) = (Arc::clone(&self.catalog), incoming.effective_time);
        let grant = move |known: &Tenant| known.grant(&claim, partner.as_ref(), &catalog, at);
        self.change(incoming, "grant_association", &event.tenant, grant).await
    }

    /// The claim is over, as far as it was in this case: its holds end, and a late one is refused.
    async fn close(&self, incoming: &Incoming, event: ClaimClosed) -> Result<(), ReceiveError> {
        let claim: ClaimName = event.claim.parse().map_err(malformed)?;
        let case = Some(event.review_case_id.as_str()).filter(|case| !case.is_empty());
        let case: Option<CaseId> = case.map(str::parse).transpose().map_err(malformed)?;
        let reason = end_reason(&event.primary_reason)?;
        let at = incoming.effective_time;
        let close = move |known: &Tenant| known.close(&claim, case, reason, at);
        self.change(incoming, "close_claim", &event.tenant, close).await
    }

    /// One transaction, shared with the commands that wait at the same time. A tenant that the directory never named
    /// has no claims: an event of one is parked.
    async fn change(
        &self,
        incoming: &Incoming,
        name: &'static str,
        tenant: &str,
        change: impl Fn(&Tenant) -> Option<Changed> + Send + 'static,
    ) -> Result<(), ReceiveError> {
        let TenantName { tenant } = tenant.parse().map_err(malformed)?;
        let command = incoming.command(name, tenant::key(tenant));
        let outcome = self.tenants.execute(command, move |known, _now| {
            let changed = change(known.ok_or(TenantUnknown)?);
            Ok::<_, TenantUnknown>(changed.map(|(next, events)| Transition::new(next, events)))
        });
        outcome.await?;
        Ok(())
    }
}

fn end_reason(primary_reason: &str) -> Result<EndReason, ReceiveError> {
    Ok(match primary_reason.parse().map_err(malformed)? {
        PrimaryRejection::PartnerRequest => EndReason::Withdrawn,
        PrimaryRejection::CustomerDeclined => EndReason::Declined,
        PrimaryRejection::InsufficientPoe => EndReason::Rejected,
        // What was awarded to another ended when that was decided.
        PrimaryRejection::LostToCompetingClaim => EndReason::Superseded,
    })
}

/// The directory does not know the tenant.
#[derive(Clone, Copy, Debug)]
struct TenantUnknown;

fn malformed(malformed: Malformed) -> ReceiveError {
    ReceiveError::park(malformed)
}
