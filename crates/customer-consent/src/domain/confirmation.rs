//! Mails that confirm a decision to the customer contact (R43a), and the authorization of the
//! contact: whether its approval by link, and its silence, count as consent of the tenant.

use cpor_durable::Transition;
use cpor_types::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::{Channel, DecisionRecord, State};
use super::table::{CustomerCommand, Effect, Input};
use super::{Consent, Contact, Event};

/// A mail that confirms a decision to the customer contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    /// The id of the mail.
    pub(crate) id: Uuid,
    /// The decision that the mail confirms.
    pub(crate) decision: CustomerCommand,
    /// The time of the decision.
    pub(crate) time: Timestamp,
    /// The recipient.
    pub(crate) contact: Contact,
}

impl Consent {
    /// Returns whether an approval by this channel counts as consent of the tenant. An approval by
    /// link counts only if the contact is authorized (R43a).
    pub(crate) fn approval_counts(&self, channel: Channel) -> bool {
        match channel {
            Channel::Link => self.claim.contact_authorized,
            Channel::SignedIn | Channel::Silence => true,
        }
    }

    /// Returns the customer's explicit approval if it counts.
    pub(crate) fn effective_approval(&self) -> Option<DecisionRecord> {
        self.approval.filter(|approval| self.approval_counts(approval.channel))
    }

    /// Returns whether the contact has approved by link, but the approval does not count until a
    /// reviewer has confirmed the contact (R43a). False if the consent is already decided or
    /// closed.
    pub(crate) fn is_approval_unconfirmed(&self) -> bool {
        let is_undecided = self.state.official_since().is_none() && !self.state.kind().is_over();
        self.approval.is_some() && self.effective_approval().is_none() && is_undecided
    }

    /// Returns the explicit approval by an administrator of the tenant, if there is one. It does
    /// not depend on the customer contact, so it still counts after the contact is corrected.
    pub(super) fn approval_of_tenant(&self) -> Option<DecisionRecord> {
        self.approval.filter(|approval| approval.channel == Channel::SignedIn)
    }

    /// Returns whether silence until the end of the consent window must be confirmed, because the
    /// contact is not authorized (R43a). False if the customer declined before a dispute and has
    /// not approved since: then silence is a decline (R28) and needs no confirmation.
    pub(super) fn needs_confirmation(&self) -> bool {
        !self.claim.contact_authorized && (!self.declined_before_dispute || self.approval.is_some())
    }

    /// Queues the mail that confirms a decision to the claim's contact, unless the contact was
    /// erased.
    pub(super) fn queue_confirmation(&mut self, decision: CustomerCommand, now: Timestamp) -> Option<Event> {
        self.queue_confirmation_to(self.claim.contact.clone(), decision, now)
    }

    /// Queues the mail that confirms a decision to this contact, unless the contact was erased.
    pub(super) fn queue_confirmation_to(
        &mut self,
        contact: Contact,
        decision: CustomerCommand,
        now: Timestamp,
    ) -> Option<Event> {
        if contact.email.is_empty() {
            return None;
        }
        let id = confirmation_id(self.claim.name.claim.uuid(), self.confirmations.len(), now);
        self.confirmations.push(Confirmation { id, decision, time: now, contact });
        Some(Event::ConfirmationQueued { mail: id })
    }

    /// Applies the authorization of the contact (R43a). An earlier approval by link or silence of
    /// this contact, which did not count, counts from `now` on. `next` is the consent with the
    /// authorized contact.
    pub(super) fn on_contact_authorized(next: Self, now: Timestamp) -> Transition<Self> {
        let window = next.state.window().cloned();
        match (next.approval, next.effect(Input::Approve), next.effect(Input::SilenceConfirmed), window) {
            // There is an approval, and the state still admits one: the approval counts now.
            (Some(approval), effect @ (Effect::MovesTo(_) | Effect::StateKept), _, _) => {
                let state = if effect == Effect::StateKept { next.state.clone() } else { next.granted_state(now) };
                let event = Event::CustomerApproved {
                    channel: approval.channel,
                    consent_request_number: next.claim.consent_request_number,
                    awaits_confirmation: false,
                };
                Transition::new(next.with_state(state, now), [event])
            }
            // The contact was silent until the end of the window: the silence counts now.
            (None, _, Effect::MovesTo(_), Some(window)) => {
                let state = State::Granted { since: now, window };
                Transition::new(next.with_state(state, now), [next.window_passed_event(false)])
            }
            (_, _, _, _) => Transition::new(next, []),
        }
    }
}

/// Returns the id of the claim's confirmation with this number. The id starts with the time, like
/// the ids of notices, so that mails are sorted by the time at which they were queued.
fn confirmation_id(claim: Uuid, number: usize, time: Timestamp) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    let hash = Uuid::new_v5(&claim, format!("confirmation {number}").as_bytes()).into_bytes();
    let mut hash_start = [0; 10];
    hash_start.copy_from_slice(&hash[..10]);
    uuid::Builder::from_unix_timestamp_millis(millis, &hash_start).into_uuid()
}
