//! The partner: a company with its locations and enrollments (R1). Only an import changes it.
use cpor_types::PartnerId;

use super::directory::PartnerProfile;

/// A partner company.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Partner {
    pub(crate) id: PartnerId,
    pub(crate) profile: PartnerProfile,
}

/// A change of a partner that other services receive as an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PartnerEvent {
    /// The partner was created or its profile changed. Contains the new profile.
    Changed(PartnerProfile),
}

impl Partner {
    /// Creates or updates the partner with an imported profile. Returns `None` when the profile is
    /// the same as before.
    pub(crate) fn import(
        current: Option<&Self>,
        id: &PartnerId,
        profile: PartnerProfile,
    ) -> Option<(Self, Vec<PartnerEvent>)> {
        if current.is_some_and(|current| current.profile == profile) {
            return None;
        }
        let event = PartnerEvent::Changed(profile.clone());
        Some((Self { id: id.clone(), profile }, vec![event]))
    }
}
