//! Erases personal data (R56). The service claim-intake requests the erasure after the claim has
//! reached a final state.

use cpor_durable::Transition;
use cpor_types::{PersonalData, Timestamp};

use super::state::State;
use super::{Consent, Contact, Event};

impl Consent {
    /// Erases the personal data of these kinds, in any state. Returns `None` if the consent
    /// contains no such data. When the store saves the resulting event, it also erases the
    /// recipients of mails.
    pub(crate) fn erase(&self, kinds: &[PersonalData], now: Timestamp) -> Option<Transition<Self>> {
        let mut next = self.clone();
        kinds.iter().for_each(|kind| next.erase_kind(*kind));
        (next != *self).then(|| {
            let event = Event::PersonalDataErased { kinds: kinds.to_vec() };
            Transition::new(Self { update_time: now, ..next }, [event])
        })
    }

    fn erase_kind(&mut self, kind: PersonalData) {
        match kind {
            PersonalData::Contacts => {
                let notice_contacts = self.notices.iter_mut().map(|notice| &mut notice.contact);
                let confirmation_contacts = self.confirmations.iter_mut().map(|confirmation| &mut confirmation.contact);
                notice_contacts
                    .chain(confirmation_contacts)
                    .chain([&mut self.claim.contact])
                    .for_each(|contact| *contact = Contact::default());
            }
            // The consent does not store the user id of the person who decided, only the channel of
            // the decision, such as the link in a mail.
            PersonalData::Subjects => {}
            PersonalData::FreeText => {
                if let State::Declined(decline) = &mut self.state {
                    decline.comment.clear();
                }
            }
        }
    }
}
