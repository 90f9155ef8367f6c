//! The partner: a company with its locations and enrolments (R1). It changes by import alone.
use cpor_types::PartnerId;

use super::directory::PartnerProfile;

/// A partner company.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Partner {
    pub(crate) id: PartnerId,
    pub(crate) profile: PartnerProfile,
}

/// What other services are told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PartnerEvent {
    /// The directory says something new; a new partner is news, too.
    Changed(PartnerProfile),
}

impl Partner {
    /// Takes over what the directory says now; `None` when it says what is known.
    pub(crate) fn import(
        known: Option<&Self>,
        id: &PartnerId,
        profile: PartnerProfile,
    ) -> Option<(Self, Vec<PartnerEvent>)> {
        if known.is_some_and(|known| known.profile == profile) {
            return None;
        }
        let event = PartnerEvent::Changed(profile.clone());
        Some((Self { id: id.clone(), profile }, vec![event]))
    }
}
