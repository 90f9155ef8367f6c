use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{PolicyFault, PolicyId, PolicyProfile, Timestamp};

/// The policy profiles that a system knows, and which is in force when (R61). Cheap to clone.
#[derive(Clone, Debug)]
pub struct PolicyProfiles {
    known: Arc<[PolicyProfile]>,
    /// In force until the first of `later` is.
    earliest: Arc<PolicyProfile>,
    /// In the order in which they come in force.
    later: Arc<[(Timestamp, PolicyProfile)]>,
}

/// From when on a profile is in force: claims submitted from then on, until another's time, fall under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyInForce {
    /// Which: `2021@1`.
    pub profile: PolicyId,
    /// From when on.
    pub from: Timestamp,
}

/// Why a profile cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No profile has this name and version.
    #[error("there is no policy profile `{0}`")]
    Unknown(PolicyId),
    /// The document is no profile.
    #[error("not a policy profile: {0}")]
    Unreadable(String),
    /// Two profiles have the same name and version.
    #[error("there are two policy profiles `{0}`")]
    Twice(PolicyId),
    /// Two profiles come in force at the same moment.
    #[error("policy profiles `{0}` and `{1}` come in force at the same moment")]
    SameMoment(PolicyId, PolicyId),
    /// The profile says what cannot be meant.
    #[error("policy profile `{id}`: {}", listed(faults))]
    Invalid {
        /// Which profile.
        id: PolicyId,
        /// Everything that is wrong with it.
        faults: Vec<PolicyFault>,
    },
}

fn listed(faults: &[PolicyFault]) -> String {
    faults.iter().map(PolicyFault::to_string).collect::<Vec<_>>().join("; ")
}

/// The profiles that come with the product. The first is the default.
const SHIPPED: [&str; 3] = [
    include_str!("../policies/2021.toml"),
    include_str!("../policies/2020.toml"),
    include_str!("../policies/2023.toml"),
];

impl PolicyProfiles {
    /// The profiles that come with the product, `2021` in force, whenever (R62).
    ///
    /// # Errors
    ///
    /// As [`PolicyProfiles::scheduled`], which the shipped data does not meet.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::scheduled([], &[])
    }

    /// The shipped profiles and those that these TOML documents describe, one each, in force as `schedule` says. Before its first
    /// moment the profile of that moment is in force already; an empty schedule means the default.
    ///
    /// # Errors
    ///
    /// Any [`PolicyError`].
    pub fn scheduled<'a>(
        documents: impl IntoIterator<Item = &'a str>,
        schedule: &[PolicyInForce],
    ) -> Result<Self, PolicyError> {
        let known = SHIPPED.into_iter().chain(documents).map(parse_one).collect::<Result<Vec<_>, _>>()?;
        refuse_twice(&known)?;
        let mut schedule = schedule.to_vec();
        schedule.sort_by_key(|entry| entry.from);
        refuse_same_moment(&schedule)?;
        let find = |id: &PolicyId| {
            let found = known.iter().find(|profile| profile.id() == *id).cloned();
            found.ok_or_else(|| PolicyError::Unknown(id.clone()))
        };
        let scheduled = schedule.iter().map(|entry| Ok((entry.from, find(&entry.profile)?)));
        let mut scheduled = scheduled.collect::<Result<Vec<_>, PolicyError>>()?.into_iter();
        let earliest = match scheduled.next() {
            Some((_, profile)) => profile,
            None => parse_one(SHIPPED[0])?,
        };
        Ok(Self { known: known.into(), earliest: Arc::new(earliest), later: scheduled.collect() })
    }

    /// The profile that a claim submitted at `moment` falls under.
    #[must_use]
    pub fn in_force(&self, moment: Timestamp) -> &PolicyProfile {
        let latest = self.later.iter().rev().find(|(from, _)| *from <= moment);
        latest.map_or(&self.earliest, |(_, profile)| profile)
    }

    /// The profile that a claim recorded.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Unknown`].
    pub fn get(&self, id: &PolicyId) -> Result<&PolicyProfile, PolicyError> {
        self.known.iter().find(|profile| profile.id() == *id).ok_or_else(|| PolicyError::Unknown(id.clone()))
    }
}

fn parse_one(document: &str) -> Result<PolicyProfile, PolicyError> {
    let profile: PolicyProfile =
        toml::from_str(document).map_err(|error| PolicyError::Unreadable(error.to_string()))?;
    let faults = profile.validate();
    if faults.is_empty() { Ok(profile) } else { Err(PolicyError::Invalid { id: profile.id(), faults }) }
}

fn refuse_twice(profiles: &[PolicyProfile]) -> Result<(), PolicyError> {
    let earlier = |at: usize| profiles.iter().take(at).any(|profile| profile.id() == profiles[at].id());
    let mut twice = (0..profiles.len()).filter(|at| earlier(*at));
    twice.next().map_or(Ok(()), |at| Err(PolicyError::Twice(profiles[at].id())))
}

fn refuse_same_moment(schedule: &[PolicyInForce]) -> Result<(), PolicyError> {
    let mut pairs = schedule.iter().zip(schedule.iter().skip(1)).filter(|(one, two)| one.from == two.from);
    pairs.next().map_or(Ok(()), |(one, two)| Err(PolicyError::SameMoment(one.profile.clone(), two.profile.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = SHIPPED[0];

    fn in_force(profile: &str, from: &str) -> PolicyInForce {
        PolicyInForce { profile: profile.parse().unwrap(), from: from.parse().unwrap() }
    }

    #[test]
    fn r61_the_latest_profile_that_has_come_in_force_is() {
        let schedule = [in_force("2023@1", "2027-07-01T00:00:00Z"), in_force("2020@1", "2020-01-01T00:00:00Z")];
        let profiles = PolicyProfiles::scheduled([], &schedule).unwrap();
        let name_at = |text: &str| profiles.in_force(text.parse().unwrap()).name.as_str();
        assert_eq!(name_at("2019-12-31T00:00:00Z"), "2020");
        assert_eq!(name_at("2027-06-30T23:59:59.999999Z"), "2020");
        assert_eq!(name_at("2027-07-01T00:00:00Z"), "2023");
    }

    #[test]
    fn r62_unsure_the_default_decides() {
        let profiles = PolicyProfiles::shipped().unwrap();
        for moment in ["1999-01-01T00:00:00Z", "2020-06-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
            assert_eq!(profiles.in_force(moment.parse().unwrap()).name, "2021");
        }
    }

    #[test]
    fn r61_a_claim_keeps_the_profile_it_recorded() {
        let own = DEFAULT.replace("\"2021\"", "\"own\"");
        let profiles = PolicyProfiles::scheduled([own.as_str()], &[]).unwrap();
        for id in ["2020@1", "2021@1", "2023@1", "own@1"] {
            assert_eq!(profiles.get(&id.parse().unwrap()).unwrap().id().to_string(), id);
        }
        let unknown: PolicyId = "2021@2".parse().unwrap();
        assert_eq!(profiles.get(&unknown), Err(PolicyError::Unknown(unknown)));
    }

    #[test]
    fn profiles_that_cannot_be_told_apart_are_refused() {
        assert!(matches!(PolicyProfiles::scheduled([DEFAULT], &[]), Err(PolicyError::Twice(_))));
        let moment = "2027-07-01T00:00:00Z";
        let schedule = [in_force("2023@1", moment), in_force("2020@1", moment)];
        assert!(matches!(PolicyProfiles::scheduled([], &schedule), Err(PolicyError::SameMoment(_, _))));
        let schedule = [in_force("1999@1", moment)];
        assert!(matches!(PolicyProfiles::scheduled([], &schedule), Err(PolicyError::Unknown(_))));
    }

    #[test]
    fn a_document_must_be_a_profile_and_nothing_more() {
        let own = DEFAULT.replace("\"2021\"", "\"own\"");
        let unknown = format!("{own}\nlunch = true\n");
        let wrong = own.replace("{ calendar_days = 7 }", "7");
        let missing = own.replace("acknowledgement_of_terms = false", "");
        for bad in [unknown, wrong, missing] {
            let error = PolicyProfiles::scheduled([bad.as_str()], &[]).unwrap_err();
            assert!(matches!(error, PolicyError::Unreadable(_)), "{error}");
        }
        let invalid =
            own.replace("calendar_days = 7", "calendar_days = 0").replace("max_documents = 10", "max_documents = 0");
        assert_eq!(
            PolicyProfiles::scheduled([invalid.as_str()], &[]).unwrap_err().to_string(),
            "policy profile `own@1`: consent_window: 0 days is not between 1 and 366; \
             evidence.max_documents: 0 is not between 1 and 100"
        );
    }
}
