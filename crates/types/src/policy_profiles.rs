//! The known policy profiles and the schedule by which they come into force. A policy profile is a
//! named, versioned set of the values that the business rules do not fix.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{PolicyId, PolicyProfile, PolicyViolation, Timestamp};

/// All known policy profiles, and the times from which they are in force (R61). Clones are cheap.
#[derive(Clone, Debug)]
pub struct PolicyProfiles {
    /// All profiles, in force or not.
    known: Arc<[PolicyProfile]>,
    /// The profile that is in force until the time of the first entry of `later`.
    earliest: Arc<PolicyProfile>,
    /// The other profiles with the times from which they are in force, in the order of these times.
    later: Arc<[(Timestamp, PolicyProfile)]>,
}

/// An entry of the schedule: a profile and the time from which it is in force. It applies to claims
/// that are submitted from then on, until the next entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyInForce {
    /// The profile, for example `2021@1`.
    pub profile: PolicyId,
    /// The time from which the profile is in force.
    pub from: Timestamp,
}

/// The error of an unknown or invalid policy profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No profile has this name and version.
    #[error("the policy profile `{0}` does not exist")]
    Unknown(PolicyId),
    /// The document is not TOML, or does not have the structure of a profile.
    #[error("invalid policy profile: {0}")]
    Unreadable(String),
    /// Two profiles have the same name and version.
    #[error("the policy profile `{0}` is defined more than once")]
    Duplicate(PolicyId),
    /// Two entries of the schedule have the same time.
    #[error("the policy profiles `{0}` and `{1}` must not come into force at the same time")]
    SameStartTime(PolicyId, PolicyId),
    /// A profile has invalid values.
    #[error("policy profile `{id}`: {}", join(violations))]
    Invalid {
        /// The name and version of the profile.
        id: PolicyId,
        /// All violations in the profile.
        violations: Vec<PolicyViolation>,
    },
}

fn join(violations: &[PolicyViolation]) -> String {
    violations.iter().map(PolicyViolation::to_string).collect::<Vec<_>>().join("; ")
}

/// The profiles that ship with the product. The first is the default.
const SHIPPED: [&str; 3] = [
    include_str!("../policies/2021.toml"),
    include_str!("../policies/2020.toml"),
    include_str!("../policies/2023.toml"),
];

impl PolicyProfiles {
    /// Returns the profiles that ship with the product. `2021` is in force at all times (R62).
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`PolicyProfiles::scheduled`], but never for the shipped data.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::scheduled([], &[])
    }

    /// Returns the shipped profiles and those in the given TOML documents, each of which contains
    /// one profile. `schedule` says when they are in force.
    ///
    /// The first profile of the schedule is also in force before its time. With an empty schedule
    /// the default profile is in force at all times.
    ///
    /// # Errors
    ///
    /// Returns a [`PolicyError`] when a document is invalid, when two profiles have the same id, or
    /// when the schedule contains an unknown profile or the same time twice.
    pub fn scheduled<'a>(
        documents: impl IntoIterator<Item = &'a str>,
        schedule: &[PolicyInForce],
    ) -> Result<Self, PolicyError> {
        let known = SHIPPED.into_iter().chain(documents).map(parse_profile).collect::<Result<Vec<_>, _>>()?;
        check_unique_ids(&known)?;
        let mut schedule = schedule.to_vec();
        schedule.sort_by_key(|entry| entry.from);
        check_unique_times(&schedule)?;
        let find = |id: &PolicyId| {
            let found = known.iter().find(|profile| profile.id() == *id).cloned();
            found.ok_or_else(|| PolicyError::Unknown(id.clone()))
        };
        let scheduled = schedule.iter().map(|entry| Ok((entry.from, find(&entry.profile)?)));
        let mut scheduled = scheduled.collect::<Result<Vec<_>, PolicyError>>()?.into_iter();
        let earliest = match scheduled.next() {
            Some((_, profile)) => profile,
            None => parse_profile(SHIPPED[0])?,
        };
        Ok(Self { known: known.into(), earliest: Arc::new(earliest), later: scheduled.collect() })
    }

    /// Returns the profile that is in force at a time. It applies to claims that are submitted at
    /// that time.
    #[must_use]
    pub fn in_force(&self, time: Timestamp) -> &PolicyProfile {
        let latest = self.later.iter().rev().find(|(from, _)| *from <= time);
        latest.map_or(&self.earliest, |(_, profile)| profile)
    }

    /// Returns the profile with this id.
    ///
    /// # Errors
    ///
    /// Returns [`PolicyError::Unknown`] when the profile does not exist.
    pub fn get(&self, id: &PolicyId) -> Result<&PolicyProfile, PolicyError> {
        self.known.iter().find(|profile| profile.id() == *id).ok_or_else(|| PolicyError::Unknown(id.clone()))
    }
}

/// Parses and validates the profile in one TOML document.
fn parse_profile(document: &str) -> Result<PolicyProfile, PolicyError> {
    let profile: PolicyProfile =
        toml::from_str(document).map_err(|error| PolicyError::Unreadable(error.to_string()))?;
    let violations = profile.validate();
    if violations.is_empty() { Ok(profile) } else { Err(PolicyError::Invalid { id: profile.id(), violations }) }
}

/// Checks that no two profiles have the same name and version.
fn check_unique_ids(profiles: &[PolicyProfile]) -> Result<(), PolicyError> {
    let is_duplicate = |index: usize| profiles.iter().take(index).any(|profile| profile.id() == profiles[index].id());
    let mut duplicates = (0..profiles.len()).filter(|index| is_duplicate(*index));
    duplicates.next().map_or(Ok(()), |index| Err(PolicyError::Duplicate(profiles[index].id())))
}

/// Checks that no two entries have the same time. The schedule must be sorted by time.
fn check_unique_times(schedule: &[PolicyInForce]) -> Result<(), PolicyError> {
    let mut pairs = schedule.iter().zip(schedule.iter().skip(1)).filter(|(first, second)| first.from == second.from);
    pairs.next().map_or(Ok(()), |(first, second)| {
        Err(PolicyError::SameStartTime(first.profile.clone(), second.profile.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = SHIPPED[0];

    fn in_force(profile: &str, from: &str) -> PolicyInForce {
        PolicyInForce { profile: profile.parse().unwrap(), from: from.parse().unwrap() }
    }

    #[test]
    fn r61_the_latest_scheduled_profile_is_in_force() {
        let schedule = [in_force("2023@1", "2027-07-01T00:00:00Z"), in_force("2020@1", "2020-01-01T00:00:00Z")];
        let profiles = PolicyProfiles::scheduled([], &schedule).unwrap();
        let name_at = |text: &str| profiles.in_force(text.parse().unwrap()).name.as_str();
        assert_eq!(name_at("2019-12-31T00:00:00Z"), "2020");
        assert_eq!(name_at("2027-06-30T23:59:59.999999Z"), "2020");
        assert_eq!(name_at("2027-07-01T00:00:00Z"), "2023");
    }

    #[test]
    fn r62_the_default_profile_is_2021() {
        let profiles = PolicyProfiles::shipped().unwrap();
        for moment in ["1999-01-01T00:00:00Z", "2020-06-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
            assert_eq!(profiles.in_force(moment.parse().unwrap()).name, "2021");
        }
    }

    #[test]
    fn r61_every_profile_can_be_found_by_id() {
        let own = DEFAULT.replace("\"2021\"", "\"own\"");
        let profiles = PolicyProfiles::scheduled([own.as_str()], &[]).unwrap();
        for id in ["2020@1", "2021@1", "2023@1", "own@1"] {
            assert_eq!(profiles.get(&id.parse().unwrap()).unwrap().id().to_string(), id);
        }
        let unknown: PolicyId = "2021@2".parse().unwrap();
        assert_eq!(profiles.get(&unknown), Err(PolicyError::Unknown(unknown)));
    }

    #[test]
    fn duplicate_ids_and_times_are_refused() {
        assert!(matches!(PolicyProfiles::scheduled([DEFAULT], &[]), Err(PolicyError::Duplicate(_))));
        let moment = "2027-07-01T00:00:00Z";
        let schedule = [in_force("2023@1", moment), in_force("2020@1", moment)];
        assert!(matches!(PolicyProfiles::scheduled([], &schedule), Err(PolicyError::SameStartTime(_, _))));
        let schedule = [in_force("1999@1", moment)];
        assert!(matches!(PolicyProfiles::scheduled([], &schedule), Err(PolicyError::Unknown(_))));
    }

    #[test]
    fn invalid_documents_are_refused() {
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
            "policy profile `own@1`: consent_window: must be 1 to 366 days, but is 0; \
             evidence.max_documents: must be 1 to 100, but is 0"
        );
    }
}
