//! Erasing personal data (R56), which claim-intake decides once the claim, and with it the consent, has come to rest.

use cpor_durable::Transition;
use cpor_types::{PersonalData, Timestamp};

use super::state::State;
use super::{Consent, Contact, Event};

impl Consent {
    /// Erases what the consent holds of these kinds, in whatever state it is; with the event, to whom its mails went. `None`: it holds nothing
    /// of them.
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
                let contacts = self.notices.iter_mut().map(|notice| &mut notice.contact);
                contacts.chain([&mut self.claim.contact]).for_each(|contact| *contact = Contact::default());
            }
            // Of who spoke, the channel alone is kept.
            PersonalData::Subjects => {}
            PersonalData::Words => {
                if let State::Declined(decline) = &mut self.state {
                    decline.comment.clear();
                }
            }
        }
    }
}
