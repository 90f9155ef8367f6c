//! What claim-intake tells of a claim.

use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::{Incoming, Key, ReceiveError, Receiver};
use cpor_mail::Sender;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{
    ClaimApproved, ClaimClosed, ClaimDisputed, ClaimEdited, ClaimSnapshot, ClaimSubmitted, ContactSnapshot,
    LineSnapshot, LinesEnded, PersonalDataErased,
};
use cpor_types::{ClaimName, Entropy, Malformed, PersonalData, TenantName, Timestamp};

use crate::consents::Consents;
use crate::domain::{Approval, ClaimFacts, Consent, Contact, LastWord, Line, Refusal};
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
            Payload::ClaimEdited(event) => self.edited(&incoming, event).await,
            Payload::ClaimClosed(event) => self.closed(&incoming, event).await,
            Payload::ClaimDisputed(event) => self.disputed(&incoming, event).await,
            Payload::LinesEnded(event) => self.ended(&incoming, event).await,
            Payload::PersonalDataErased(event) => self.erased(&incoming, event).await,
            Payload::ClaimResubmitted(_)
            | Payload::AssociationGranted(_)
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
        let claim = claim(event.snapshot.as_ref())?;
        let terms = self.consents.rules.terms(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (key(&claim), self.entropy.uuid());
        let approval = Approval {
            time: incoming.effective_time,
            official: event.official,
            explicit_needed: event.explicit_approval_needed,
        };
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            Ok(consent.claim_approved(claim.clone(), approval, notice, &terms, now))
        };
        self.consents.writer.execute(incoming.command("claim_approved", key), decide).await?;
        Ok(())
    }

    async fn edited(&self, incoming: &Incoming, event: &ClaimEdited) -> Result<(), ReceiveError> {
        let (claim, renotify) = (claim(event.snapshot.as_ref())?, event.renotify);
        let (key, notices) = (key(&claim), [self.entropy.uuid(), self.entropy.uuid()]);
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            Ok(consent.claim_edited(claim.clone(), renotify, notices, now))
        };
        self.consents.writer.execute(incoming.command("claim_edited", key), decide).await?;
        Ok(())
    }

    async fn closed(&self, incoming: &Incoming, event: &ClaimClosed) -> Result<(), ReceiveError> {
        let disputable = event.dispute_due_time.as_ref().and_then(wire::moment);
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            Ok(consent.and_then(|consent| consent.claim_closed(disputable, now)))
        };
        let key = key_of(&event.tenant, &event.claim)?;
        self.consents.writer.execute(incoming.command("claim_closed", key), decide).await?;
        Ok(())
    }

    async fn disputed(&self, incoming: &Incoming, event: &ClaimDisputed) -> Result<(), ReceiveError> {
        let claim = claim(event.snapshot.as_ref())?;
        let last_word = match (event.customer_declined, event.customer_approved) {
            (true, _) => LastWord::Declined,
            (false, true) => LastWord::Approved,
            (false, false) => LastWord::Nothing,
        };
        let terms = self.consents.rules.terms(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (key(&claim), self.entropy.uuid());
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            Ok(consent.claim_disputed(claim.clone(), last_word, notice, &terms, now))
        };
        self.consents.writer.execute(incoming.command("claim_disputed", key), decide).await?;
        Ok(())
    }

    async fn ended(&self, incoming: &Incoming, event: &LinesEnded) -> Result<(), ReceiveError> {
        let all = event.all;
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            Ok(consent.filter(|_| all).and_then(|consent| consent.lines_ended(now)))
        };
        let key = key_of(&event.tenant, &event.claim)?;
        self.consents.writer.execute(incoming.command("lines_ended", key), decide).await?;
        Ok(())
    }

    async fn erased(&self, incoming: &Incoming, event: &PersonalDataErased) -> Result<(), ReceiveError> {
        let kinds = event.kinds.iter().map(|kind| parsed(kind)).collect::<Result<Vec<PersonalData>, _>>()?;
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            Ok(consent.and_then(|consent| consent.erase(&kinds, now)))
        };
        let key = key_of(&event.tenant, &event.claim)?;
        self.consents.writer.execute(incoming.command("erase_personal_data", key), decide).await?;
        Ok(())
    }
}

/// The consent of a claim that is told of by its names.
fn key_of(tenant: &str, claim: &str) -> Result<Key, ReceiveError> {
    let (tenant, claim): (TenantName, ClaimName) = (parsed(tenant)?, parsed(claim)?);
    Ok(Key::new(tenant.tenant.to_string(), claim.claim.uuid()))
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
        askings: snapshot.askings,
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
                (
                    Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), ..Default::default() }),
                    "NotFound",
                ),
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
