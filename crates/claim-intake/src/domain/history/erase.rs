//! Erasing personal data from a sealed entry (R56): the text and its salt go, the commitment stays, and with it the chain. Without its salt
//! nobody can tell by the commitment what the text was.
use super::{Closed, Digest, Entry, Part, Sealed, SealedEntry, seal};
use crate::domain::{Field, FieldChange, words};
use cpor_types::ActorSide;

/// The action of the entry that records an erasure.
pub(in crate::domain) const ERASURE: &str = "personal_data_erased";

words! {
    /// Kinds of personal data that can be erased.
    PersonalData {
        /// Contacts and the solution seller.
        Contacts = "contacts",
        /// Who did something, or was to.
        Subjects = "subjects",
        /// Reasons, comments and notes.
        Words = "words",
    }
}

impl PersonalData {
    /// What a field of a claim, as changes name it, holds of personal data.
    fn of_field(field: &str) -> Option<Self> {
        match Field::of_path(field) {
            Some(
                Field::CustomerContact
                | Field::CustomerTechnicalContact
                | Field::PartnerContact
                | Field::SolutionSellerName,
            ) => Some(Self::Contacts),
            Some(
                Field::DisplayName
                | Field::MpnId
                | Field::CustomerDomain
                | Field::TenantId
                | Field::SolutionArea
                | Field::Activities
                | Field::Program
                | Field::Lines
                | Field::CustomerName
                | Field::IsvSolutionName
                | Field::TermsAcknowledged,
            ) => None,
            None => (field == "reviewer").then_some(Self::Subjects),
        }
    }
}

/// Whether somebody on this side is a person.
#[must_use]
pub const fn is_of_people(side: ActorSide) -> bool {
    match side {
        ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Customer => true,
        ActorSide::Time | ActorSide::System => false,
    }
}

impl SealedEntry {
    /// Erases what the entry holds of these kinds. Who erased, and why, stays.
    #[must_use]
    pub fn erase(mut self, kinds: &[PersonalData]) -> Self {
        let by_somebody =
            self.facts.opened.as_ref().is_ok_and(|(_, facts)| is_of_people(facts.side) && facts.action != ERASURE);
        if by_somebody && kinds.contains(&PersonalData::Subjects) {
            self.subject.erase();
        }
        if by_somebody && kinds.contains(&PersonalData::Words) {
            self.reason.erase_unless(String::is_empty);
        }
        for change in self.changes.opened.iter_mut().flat_map(|(_, changes)| changes) {
            change
                .erase_unless(|change| PersonalData::of_field(&change.field).is_none_or(|kind| !kinds.contains(&kind)));
        }
        self
    }

    /// The salts of the four parts and of each change, to be stored once something was erased: zeros for that. What they were derived from would
    /// give back all of them, and is not to be kept.
    #[must_use]
    pub fn salts(&self) -> Vec<u8> {
        let parts = [self.facts.salt(), self.subject.salt(), self.reason.salt(), self.changes.salt()];
        let changes = self.each_change().map(Sealed::salt);
        parts.into_iter().chain(changes).flat_map(|salt| salt.unwrap_or(Salts::ERASED).0).collect()
    }

    /// What it says, to be stored; what was erased is empty.
    #[must_use]
    pub fn texts(&self) -> (String, String, Vec<FieldChange>) {
        let changes = self.each_change().map(Sealed::text);
        (self.subject.text(), self.reason.text(), changes.collect())
    }
}

impl<T> Sealed<T> {
    fn erase(&mut self) {
        self.erase_unless(|_| false);
    }

    fn erase_unless(&mut self, stays: impl FnOnce(&T) -> bool) {
        if self.opened.as_ref().is_ok_and(|(_, content)| !stays(content)) {
            self.opened = Err(Closed::Erased);
        }
    }

    fn salt(&self) -> Option<Digest> {
        self.opened.as_ref().ok().map(|(salt, _)| *salt)
    }

    /// What it says; nothing where it is closed.
    fn text(&self) -> T
    where
        T: Clone + Default,
    {
        self.opened.as_ref().map(|(_, content)| content.clone()).unwrap_or_default()
    }
}

/// The salts of an entry, as they were stored.
pub(super) enum Salts<'a> {
    /// All follow from these bytes.
    Whole(Digest),
    /// Each by itself; zeros: erased.
    Each(&'a [u8]),
}

impl<'a> Salts<'a> {
    /// Stands for a salt that was erased. That a salt is this is less likely than that two of them are the same.
    const ERASED: Digest = Digest([0; 32]);

    /// Those of `entry`; `None`: there are too few or too many.
    pub(super) fn read(bytes: &'a [u8], entry: &Entry) -> Option<Self> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(whole) => Some(Self::Whole(Digest(whole))),
            Err(_) if bytes.len() == 32 * (Part::ALL.len() + entry.changes.len()) => Some(Self::Each(bytes)),
            Err(_) => None,
        }
    }

    /// A part with its content, unless that was erased.
    pub(super) fn part<T>(&self, part: Part, content: T) -> Result<(Digest, T), Closed> {
        match self {
            Self::Whole(entry) => Ok((seal::salt(*entry, part), content)),
            Self::Each(_) => self.at(part as usize, content),
        }
    }

    /// The `n`th change, unless it was erased.
    pub(super) fn change(&self, n: usize, change: FieldChange) -> Result<(Digest, FieldChange), Closed> {
        match self {
            Self::Whole(entry) => Ok((seal::change_salt(*entry, n), change)),
            Self::Each(_) => self.at(Part::ALL.len() + n, change),
        }
    }

    fn at<T>(&self, place: usize, content: T) -> Result<(Digest, T), Closed> {
        let Self::Each(bytes) = self else { return Err(Closed::Erased) };
        let salt = bytes.chunks_exact(32).nth(place).and_then(|salt| salt.try_into().ok()).map(Digest);
        salt.filter(|salt| *salt != Self::ERASED).map(|salt| (salt, content)).ok_or(Closed::Erased)
    }
}
