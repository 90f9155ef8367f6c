//! Erasing personal data from a sealed entry (R56): the text and its salt go, the commitment stays, and with it the chain. Without its salt
//! nobody can tell by the commitment what the text was.
use super::{Closed, Digest, Entry, Part, Sealed, SealedEntry, seal};
use crate::domain::{FactKind, Field, FieldChange};
use cpor_types::{ActorSide, PersonalData};

/// The action of the entry that records an erasure.
pub(in crate::domain) const ERASURE_ACTION: &str = "personal_data_erased";

/// What a field of a claim, as changes name it, holds of personal data.
pub(super) fn personal_data_kind(field: &str) -> Option<PersonalData> {
    match Field::of_path(field) {
        Some(
            Field::CustomerContact
            | Field::CustomerTechnicalContact
            | Field::PartnerContact
            | Field::SolutionSellerName,
        ) => Some(PersonalData::Contacts),
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
        None => (field == "reviewer").then_some(PersonalData::Subjects),
    }
}

/// Whether the reason of an entry of this action is what somebody wrote. Of the others the system says it: a word, a rule, what became of a mail.
fn has_personal_reason(action: &str) -> bool {
    match FactKind::parse(action) {
        Some(
            FactKind::PartnerActionRequested
            | FactKind::ReviewApproved
            | FactKind::ReviewRejected
            | FactKind::ReviewNoted
            | FactKind::LinesAwarded
            | FactKind::CustomerDeclined,
        )
        | None => true,
        Some(
            FactKind::ReviewAssigned
            | FactKind::ReviewOpened
            | FactKind::ReviewStarted
            | FactKind::ResponseReminded
            | FactKind::DisputeReminded
            | FactKind::ResponseDeadlinePassed
            | FactKind::DisputeWindowPassed
            | FactKind::ApprovalBegun
            | FactKind::ApprovalRefused
            | FactKind::ReviewReminded
            | FactKind::ReviewOverdue
            | FactKind::CompetitionChanged
            | FactKind::NoticeResent
            | FactKind::NoticeSettled
            | FactKind::ConsentWindowOpened
            | FactKind::ConsentWindowPassed
            | FactKind::CustomerApproved
            | FactKind::AssociationOfficial
            | FactKind::AssociationEnded
            | FactKind::Assessed,
        ) => false,
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
        let Ok((_, facts)) = &self.facts.opened else { return self };
        let is_by_person = is_of_people(facts.side) && facts.action != ERASURE_ACTION;
        let is_personal_reason = is_by_person && has_personal_reason(&facts.action);
        self.subject.erase_if(|_| is_by_person.then_some(PersonalData::Subjects), kinds);
        self.reason.erase_if(|reason| (is_personal_reason && !reason.is_empty()).then_some(PersonalData::Words), kinds);
        for change in self.changes.opened.iter_mut().flat_map(|(_, changes)| changes) {
            change.erase_if(|change| personal_data_kind(&change.field), kinds);
        }
        self
    }

    /// The salts of the four parts and of each change, to be stored once something was erased: zeros for that. What they were derived from would
    /// give back all of them, and is not to be kept.
    #[must_use]
    pub fn salts(&self) -> Vec<u8> {
        let parts = [self.facts.salt(), self.subject.salt(), self.reason.salt(), self.changes.salt()];
        let changes = self.each_change().map(Sealed::salt);
        parts.into_iter().chain(changes).flat_map(|salt| salt.unwrap_or(StoredSalts::ERASED).0).collect()
    }

    /// What it says, to be stored; what was erased is empty, but for the kind that stands in the place of a change's field.
    #[must_use]
    pub fn texts(&self) -> (String, String, Vec<FieldChange>) {
        let change = |change: &Sealed<FieldChange>| match &change.opened {
            Err(Closed::Erased(kind)) => FieldChange { field: kind.as_str().to_owned(), ..FieldChange::default() },
            Err(Closed::Withheld) | Ok(_) => change.text(),
        };
        (self.subject.text(), self.reason.text(), self.each_change().map(change).collect())
    }
}

impl<T> Sealed<T> {
    /// Erases what is of one of these kinds.
    fn erase_if(&mut self, kind: impl FnOnce(&T) -> Option<PersonalData>, kinds: &[PersonalData]) {
        let kind = self.opened.as_ref().ok().and_then(|(_, content)| kind(content));
        if let Some(kind) = kind.filter(|kind| kinds.contains(kind)) {
            self.opened = Err(Closed::Erased(kind));
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
pub(super) enum StoredSalts<'a> {
    /// All follow from these bytes.
    Whole(Digest),
    /// Each by itself; zeros: erased.
    Each(&'a [u8]),
}

impl<'a> StoredSalts<'a> {
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
            Self::Whole(entry) => Ok((seal::part_salt(*entry, part), content)),
            Self::Each(bytes) => open_part(bytes, part as usize, part.erased_as(), content),
        }
    }

    /// The `n`th change, unless it was erased.
    pub(super) fn change(&self, n: usize, change: FieldChange) -> Result<(Digest, FieldChange), Closed> {
        match self {
            Self::Whole(entry) => Ok((seal::change_salt(*entry, n), change)),
            Self::Each(bytes) => open_part(bytes, Part::ALL.len() + n, change.field.parse().ok(), change),
        }
    }
}

/// What has the salt at `place`; zeros, where it can be erased as `kind`: it was. Any other zeros are a salt, which opens nothing.
fn open_part<T>(salts: &[u8], index: usize, kind: Option<PersonalData>, content: T) -> Result<(Digest, T), Closed> {
    let salt =
        salts.chunks_exact(32).nth(index).and_then(|salt| salt.try_into().ok()).map_or(StoredSalts::ERASED, Digest);
    match kind {
        Some(kind) if salt == StoredSalts::ERASED => Err(Closed::Erased(kind)),
        Some(_) | None => Ok((salt, content)),
    }
}

impl Part {
    /// As what the whole part can be erased; of the changes each is erased by itself.
    #[must_use]
    pub const fn erased_as(self) -> Option<PersonalData> {
        match self {
            Self::Subject => Some(PersonalData::Subjects),
            Self::Reason => Some(PersonalData::Words),
            Self::Facts | Self::Changes => None,
        }
    }
}
