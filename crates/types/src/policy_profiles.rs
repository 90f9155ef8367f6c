use std::sync::Arc;

use thiserror::Error;

use crate::{PolicyFault, PolicyId, PolicyProfile, Timestamp};

/// The policy profiles that a system knows, and which is in force when (R61). Cheap to clone.
#[derive(Clone, Debug)]
pub struct PolicyProfiles {
    /// In force until the first of `later` is.
    earliest: Arc<PolicyProfile>,
    /// In the order in which they come in force.
    later: Arc<[PolicyProfile]>,
}

/// Why a profile cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No profile was given.
    #[error("there is no policy profile")]
    None,
    /// No profile has this name and version.
    #[error("there is no policy profile `{0}`")]
    Unknown(PolicyId),
    /// The document is no profile.
    #[error("not a policy profile: {0}")]
    Unreadable(String),
    /// Two profiles have the same name and version, or come in force at the same moment.
    #[error("policy profiles `{0}` and `{1}` have the same name and version, or come in force at the same moment")]
    Clash(PolicyId, PolicyId),
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

impl PolicyProfiles {
    /// The profiles that come with the product: `2021`, the default.
    ///
    /// # Errors
    ///
    /// As [`PolicyProfiles::parse`], which the shipped data does not meet.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::parse([include_str!("../policies/2021.toml")])
    }

    /// The profiles that these TOML documents describe, one each.
    ///
    /// # Errors
    ///
    /// Any [`PolicyError`] but [`PolicyError::Unknown`].
    pub fn parse<'a>(documents: impl IntoIterator<Item = &'a str>) -> Result<Self, PolicyError> {
        let mut profiles = documents.into_iter().map(parse_one).collect::<Result<Vec<_>, _>>()?;
        profiles.sort_by_key(|profile| profile.in_force_from);
        refuse_clashes(&profiles)?;
        let mut profiles = profiles.into_iter();
        let earliest = profiles.next().ok_or(PolicyError::None)?;
        Ok(Self { earliest: Arc::new(earliest), later: profiles.collect() })
    }

    /// The profile that a claim submitted at `moment` falls under. Before any is in force, the earliest.
    #[must_use]
    pub fn in_force(&self, moment: Timestamp) -> &PolicyProfile {
        self.later.iter().rev().find(|profile| profile.in_force_from <= moment).unwrap_or(&self.earliest)
    }

    /// The profile that a claim recorded.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Unknown`].
    pub fn get(&self, id: &PolicyId) -> Result<&PolicyProfile, PolicyError> {
        self.all().find(|profile| profile.id() == *id).ok_or_else(|| PolicyError::Unknown(id.clone()))
    }

    /// All of them, in the order in which they come in force.
    pub fn all(&self) -> impl Iterator<Item = &PolicyProfile> {
        std::iter::once(&*self.earliest).chain(&*self.later)
    }
}

fn parse_one(document: &str) -> Result<PolicyProfile, PolicyError> {
    let profile: PolicyProfile =
        toml::from_str(document).map_err(|error| PolicyError::Unreadable(error.to_string()))?;
    let faults = profile.validate();
    if faults.is_empty() { Ok(profile) } else { Err(PolicyError::Invalid { id: profile.id(), faults }) }
}

fn refuse_clashes(profiles: &[PolicyProfile]) -> Result<(), PolicyError> {
    let pairs = profiles.iter().enumerate().flat_map(|(n, one)| profiles.iter().skip(n + 1).map(move |two| (one, two)));
    let mut clashes = pairs.filter(|(one, two)| one.id() == two.id() || one.in_force_from == two.in_force_from);
    clashes.next().map_or(Ok(()), |(one, two)| Err(PolicyError::Clash(one.id(), two.id())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = include_str!("../policies/2021.toml");

    fn later() -> String {
        DEFAULT.replace("\"2021\"", "\"next\"").replace("2021-01-01", "2027-07-01")
    }

    #[test]
    fn r61_the_latest_profile_that_has_come_in_force_is() {
        let profiles = PolicyProfiles::parse([later().as_str(), DEFAULT]).unwrap();
        let name_at = |text: &str| profiles.in_force(text.parse().unwrap()).name.as_str();
        assert_eq!(name_at("2019-12-31T00:00:00Z"), "2021");
        assert_eq!(name_at("2027-06-30T23:59:59.999999Z"), "2021");
        assert_eq!(name_at("2027-07-01T00:00:00Z"), "next");
    }

    #[test]
    fn r61_a_claim_keeps_the_profile_it_recorded() {
        let profiles = PolicyProfiles::parse([DEFAULT, &later()]).unwrap();
        for profile in profiles.all() {
            assert_eq!(profiles.get(&profile.id()), Ok(profile));
        }
        let unknown: PolicyId = "2021@2".parse().unwrap();
        assert_eq!(profiles.get(&unknown), Err(PolicyError::Unknown(unknown)));
    }

    #[test]
    fn profiles_that_cannot_be_told_apart_are_refused() {
        let same_moment = DEFAULT.replace("version = 1", "version = 2");
        let same_id = DEFAULT.replace("2021-01-01", "2022-01-01");
        for other in [same_moment, same_id] {
            let error = PolicyProfiles::parse([DEFAULT, &other]).unwrap_err();
            assert!(matches!(error, PolicyError::Clash(_, _)), "{error}");
        }
        assert_eq!(PolicyProfiles::parse([]).unwrap_err(), PolicyError::None);
    }

    #[test]
    fn a_document_must_be_a_profile_and_nothing_more() {
        let unknown = format!("{DEFAULT}\nlunch = true\n");
        let wrong = DEFAULT.replace("{ calendar_days = 7 }", "7");
        let missing = DEFAULT.replace("acknowledgement_of_terms = false", "");
        for bad in [unknown, wrong, missing] {
            let error = PolicyProfiles::parse([bad.as_str()]).unwrap_err();
            assert!(matches!(error, PolicyError::Unreadable(_)), "{error}");
        }
        let invalid = DEFAULT
            .replace("calendar_days = 7", "calendar_days = 0")
            .replace("max_documents = 10", "max_documents = 0");
        assert_eq!(
            PolicyProfiles::parse([invalid.as_str()]).unwrap_err().to_string(),
            "policy profile `2021@1`: consent_window: 0 days is not between 1 and 366; \
             evidence.max_documents: 0 is not between 1 and 100"
        );
    }
}
