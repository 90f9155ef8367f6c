//! What claim-intake tells: a claim was submitted, approved, closed.

use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::{Incoming, Key, ReceiveError, Receiver, Transition};
use cpor_mail::Sender;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{
    ClaimApproved, ClaimClosed, ClaimSnapshot, ClaimSubmitted, ContactSnapshot, LineSnapshot,
};
use cpor_types::{ClaimName, Entropy, Malformed, TenantName, Timestamp};

use crate::consents::Consents;
use crate::domain::{ClaimFacts, Consent, Contact, Line, Refusal};
use crate::notices::Notices;
use crate::wire;

/// Turns events into commands. Each carries its event's position into the transaction that applies it.
pub(crate) struct Events {
    pub(crate) consents: Consents,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sender: Sender<Notices>,
}

#[async_trait::async_trait]
impl Receiver for Events {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        let applied = match &incoming.payload {
            Payload::ClaimSubmitted(event) => self.submitted(&incoming, event).await,
            Payload::ClaimApproved(event) => self.approved(&incoming, event).await,
            Payload::ClaimClosed(event) => self.closed(&incoming, event).await,
            Payload::ClaimResubmitted(_)
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
            | Payload::ClaimAssessed(_) => Err(ReceiveError::park("customer-consent takes no such event")),
        };
        self.sender.wake();
        applied
    }
}

impl Events {
    async fn submitted(&self, incoming: &Incoming, event: &ClaimSubmitted) -> Result<(), ReceiveError> {
        let claim = claim(event.snapshot.as_ref())?;
        let terms = self.consents.rules.terms(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (key(&claim), self.entropy.uuid());
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            let first = consent.is_none();
            Ok(first.then(|| Consent::requested(claim.clone(), notice, &terms, now)))
        };
        self.consents.writer.execute(incoming.command("request_consent", key), decide).await?;
        Ok(())
    }

    async fn approved(&self, incoming: &Incoming, event: &ClaimApproved) -> Result<(), ReceiveError> {
        let (claim, official) = (claim(event.snapshot.as_ref())?, event.official);
        let terms = self.consents.rules.terms(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (key(&claim), self.entropy.uuid());
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            Ok(consent.claim_approved(claim.clone(), official, notice, &terms, now))
        };
        self.consents.writer.execute(incoming.command("claim_approved", key), decide).await?;
        Ok(())
    }

    async fn closed(&self, incoming: &Incoming, event: &ClaimClosed) -> Result<(), ReceiveError> {
        let claim: ClaimName = parsed(&event.claim)?;
        let tenant: TenantName = parsed(&event.tenant)?;
        let key = Key::new(tenant.tenant.to_string(), claim.claim.uuid());
        let decide = |consent: Option<&Consent>, now: Timestamp| -> Result<Option<Transition<Consent>>, Infallible> {
            Ok(consent.and_then(|consent| consent.claim_closed(now)))
        };
        self.consents.writer.execute(incoming.command("claim_closed", key), decide).await?;
        Ok(())
    }
}

/// The consent of a claim.
fn key(claim: &ClaimFacts) -> Key {
    Key::new(claim.tenant.to_string(), claim.name.claim.uuid())
}

/// What of the claim concerns the customer.
fn claim(snapshot: Option<&ClaimSnapshot>) -> Result<ClaimFacts, ReceiveError> {
    let snapshot = snapshot.ok_or_else(|| ReceiveError::park("the event has no snapshot"))?;
    let contact = snapshot.customer_contact.as_ref().ok_or_else(|| ReceiveError::park("the claim has no contact"))?;
    let submitted = snapshot.submit_time.as_ref().and_then(wire::moment);
    let tenant: TenantName = parsed(&snapshot.tenant)?;
    Ok(ClaimFacts {
        name: parsed(&snapshot.claim)?,
        partner: snapshot.partner_display_name.clone(),
        mpn_id: parsed(&snapshot.mpn_id)?,
        tenant: tenant.tenant,
        customer: snapshot.customer_display_name.clone(),
        customer_domain: parsed(&snapshot.customer_domain)?,
        display_name: snapshot.claim_display_name.clone(),
        activities: snapshot.activities.iter().map(|activity| parsed(activity)).collect::<Result<_, _>>()?,
        lines: snapshot.lines.iter().map(line).collect::<Result<_, _>>()?,
        policy: parsed(&snapshot.policy)?,
        calendar: snapshot.tenant_calendar.clone(),
        contact: contact_of(contact),
        submit_time: submitted.ok_or_else(|| ReceiveError::park("the claim has no submit time"))?,
    })
}

fn contact_of(contact: &ContactSnapshot) -> Contact {
    Contact { name: contact.name.clone(), email: contact.email.clone() }
}

fn line(line: &LineSnapshot) -> Result<Line, ReceiveError> {
    Ok(Line { product: line.product_display_name.clone(), key: parsed(&line.key)? })
}

fn parsed<T: std::str::FromStr<Err = Malformed>>(text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(ReceiveError::park)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{House, on_both, snapshot};

    fn submitted(change: impl FnOnce(&mut ClaimSnapshot)) -> Payload {
        let mut snapshot = snapshot();
        change(&mut snapshot);
        Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_parked_and_says_why() {
        on_both(async |house: House| {
            let nonsense = [
                (submitted(|claim| claim.tenant_calendar = "mars".into()), "no calendar `mars`"),
                (submitted(|claim| claim.policy = "1999@1".into()), "no policy profile `1999@1`"),
                (submitted(|claim| claim.customer_contact = None), "no contact"),
                (submitted(|claim| claim.claim = "claims/1".into()), "partners/{partner}/claims/{claim}"),
                (Payload::ClaimSubmitted(ClaimSubmitted { snapshot: None }), "no snapshot"),
                (Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), official: false }), "NotFound"),
                (Payload::ClaimAssessed(Default::default()), "no such event"),
            ];
            for (payload, why) in nonsense {
                let Err(ReceiveError::Park(said)) = house.offered(payload).await else { panic!("not parked: {why}") };
                assert!(said.contains(why), "{said}");
            }
        })
        .await;
    }
}
