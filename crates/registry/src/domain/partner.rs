//! The partner: a company with its locations and enrollments (R1). Only an import changes it.
use std::collections::BTreeMap;

use cpor_types::{MpnId, PartnerId};

use super::directory::PartnerProfile;

/// A partner company.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Partner {
    pub(crate) id: PartnerId,
    pub(crate) profile: PartnerProfile,
    /// The region of each location that the partner had before, by Microsoft Partner Network (MPN)
    /// id. A claim keeps the location that it was submitted with (R2a).
    pub(crate) former_regions: BTreeMap<MpnId, String>,
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
        let mut former_regions = current.map(|current| current.former_regions.clone()).unwrap_or_default();
        let locations = current.into_iter().flat_map(|current| &current.profile.locations);
        former_regions.extend(locations.map(|(mpn_id, location)| (mpn_id.clone(), location.region.clone())));
        former_regions.retain(|mpn_id, _| !profile.locations.contains_key(mpn_id));
        Some((Self { id: id.clone(), profile, former_regions }, vec![event]))
    }

    /// Returns the region of the location with this MPN id, which the partner has or had.
    pub(crate) fn region(&self, mpn_id: &MpnId) -> Option<&str> {
        let location = self.profile.locations.get(mpn_id).map(|location| &location.region);
        location.or_else(|| self.former_regions.get(mpn_id)).map(String::as_str)
    }
}
