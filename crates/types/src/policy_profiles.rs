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
