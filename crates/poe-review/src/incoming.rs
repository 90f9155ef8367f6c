//! What claim-intake tells: each fact becomes a command on the case, in the same transaction as its place in the
//! stream.
use crate::{
    domain::{Line, ReviewCase, Snapshot},
    store::{self, CaseStore},
};
use cpor_durable::{Inbox, Incoming, ReceiveError, Receiver, Writer};
use cpor_proto::events::v1::{ClaimClosed, ClaimSnapshot, LineSnapshot, event::Payload};
use cpor_types::{Calendar, CaseId, PolicyProfiles, PrimaryRejection, ProductName, TenantId, TenantName, Timestamp};
use std::sync::Arc;

/// Takes in what claim-intake tells.
pub(crate) struct Events {
    pub writer: Writer<CaseStore>,
    pub inbox: Inbox,
    pub policies: PolicyProfiles,
    pub calendar: Arc<Calendar>,
}

/// A fact about a case that was never opened: its stream must have lost an event.
#[derive(Debug)]
struct NeverOpened;

#[async_trait::async_trait]
impl Receiver for Events {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        match incoming.payload.clone() {
            Payload::ClaimSubmitted(fact) => self.submitted(&incoming, snapshot(fact.snapshot)?).await,
            Payload::ClaimResubmitted(fact) => self.resubmitted(&incoming, snapshot(fact.snapshot)?).await,
            Payload::ClaimClosed(fact) => self.closed(&incoming, &fact).await,
            Payload::ClaimApproved(_)
            | Payload::AssociationGranted(_)
            | Payload::ReviewAssigned(_)
            | Payload::ReviewStarted(_)
            | Payload::PartnerActionRequested(_)
            | Payload::ReviewApproved(_)
            | Payload::ReviewRejected(_)
            | Payload::ReviewOverdue(_)
            | Payload::ApprovalRefused(_)
            | Payload::NoticeSettled(_)
            | Payload::ConsentWindowOpened(_)
            | Payload::ConsentWindowPassed(_)
            | Payload::CustomerApproved(_)
            | Payload::CustomerDeclined(_)
            | Payload::AssociationBecameOfficial(_)
            | Payload::AssociationEnded(_)
            | Payload::SubscriptionChanged(_)
            | Payload::PartnerChanged(_)
            | Payload::ClaimAssessed(_) => Err(ReceiveError::park("poe-review does not take this event")),
        }
    }
}

/// Which case, and the claim in it.
type Told = (TenantId, CaseId, Snapshot);

impl Events {
    /// Opens the case (R18). A case that is there already stays as it is.
    async fn submitted(&self, incoming: &Incoming, (tenant, case, snapshot): Told) -> Result<(), ReceiveError> {
        let lengths = self.policies.get(&snapshot.policy).map_err(ReceiveError::park)?.review;
        let (submitted, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            let open = || ReviewCase::open(case, tenant, snapshot.clone(), lengths, submitted, &calendar);
            Ok::<_, NeverOpened>(existing.is_none().then(open))
        };
        self.writer.execute(incoming.command("open_case", store::key(tenant, case)), decide).await?;
        Ok(())
    }

    /// Lets the case wait again (R21).
    async fn resubmitted(&self, incoming: &Incoming, (tenant, case, snapshot): Told) -> Result<(), ReceiveError> {
        let (resubmitted, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            existing.ok_or(NeverOpened).map(|case| case.resubmitted(snapshot.clone(), resubmitted, &calendar))
        };
        self.writer.execute(incoming.command("resubmit_case", store::key(tenant, case)), decide).await?;
        Ok(())
    }

    /// Closes the case (R45), where the claim has one.
    async fn closed(&self, incoming: &Incoming, fact: &ClaimClosed) -> Result<(), ReceiveError> {
        if fact.review_case_id.is_empty() {
            return self.inbox.advance(&incoming.position).await;
        }
        let TenantName { tenant } = fact.tenant.parse().map_err(ReceiveError::park)?;
        let case: CaseId = fact.review_case_id.parse().map_err(ReceiveError::park)?;
        let reason: PrimaryRejection = fact.primary_reason.parse().map_err(ReceiveError::park)?;
        let (at, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            Ok::<_, NeverOpened>(existing.and_then(|case| case.closed(reason, at, &calendar)))
        };
        self.writer.execute(incoming.command("close_case", store::key(tenant, case)), decide).await?;
        Ok(())
    }
}

fn snapshot(wire: Option<ClaimSnapshot>) -> Result<Told, ReceiveError> {
    let wire = wire.ok_or_else(|| ReceiveError::park("the claim's snapshot is missing"))?;
    let TenantName { tenant } = wire.tenant.parse().map_err(ReceiveError::park)?;
    let case = wire.review_case_id.parse().map_err(ReceiveError::park)?;
    let submit_time =
        wire.submit_time.and_then(moment).ok_or_else(|| ReceiveError::park("submit_time is missing or no moment"))?;
    let snapshot = Snapshot {
        claim: wire.claim.parse().map_err(ReceiveError::park)?,
        version: wire.version,
        partner_display_name: wire.partner_display_name,
        mpn_id: wire.mpn_id.parse().map_err(ReceiveError::park)?,
        customer_display_name: wire.customer_display_name,
        customer_domain: wire.customer_domain,
        claim_display_name: wire.claim_display_name,
        solution_area: wire.solution_area.parse().map_err(ReceiveError::park)?,
        activities: wire
            .activities
            .iter()
            .map(|activity| activity.parse().map_err(ReceiveError::park))
            .collect::<Result<_, _>>()?,
        lines: wire.lines.into_iter().map(line).collect::<Result<_, _>>()?,
        policy: wire.policy.parse().map_err(ReceiveError::park)?,
        submit_time,
    };
    Ok((tenant, case, snapshot))
}

fn line(wire: LineSnapshot) -> Result<Line, ReceiveError> {
    let ProductName { product } = wire.product.parse().map_err(ReceiveError::park)?;
    Ok(Line {
        id: wire.line_id.parse().map_err(ReceiveError::park)?,
        product,
        product_display_name: wire.product_display_name,
        key: wire.key.parse().map_err(ReceiveError::park)?,
    })
}

fn moment(wire: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::from_timestamp(wire.seconds, u32::try_from(wire.nanos).ok()?).map(cpor_types::whole_micros)
}
