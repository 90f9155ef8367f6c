//! The erasure of personal data from a sealed entry (R56). The text and its salt are deleted. The
//! commitment, a salted hash of the text, stays, so that the chain can still be verified. Without
//! the salt the commitment cannot be used to find out what the text was.
use super::{Digest, EntryFacts, FieldChange, HiddenReason, HistoryEntry, Part, SealedEntry, SealedPart, seal};
use cpor_types::PersonalData;

/// The functions that determine which parts of a history are personal data. The service that
/// records the history provides them, because it knows what its actions and fields mean.
#[derive(Clone, Copy, Debug)]
pub struct PersonalDataRules {
    /// Returns the kind of personal data in the field with this path; `None` if it contains none.
    pub kind_of_field: fn(&str) -> Option<PersonalData>,
    /// Returns whether the subject of an entry with these facts is a person whose id may be erased.
    pub has_personal_subject: fn(&EntryFacts) -> bool,
    /// Returns whether a person wrote the reason of an entry with these facts.
    pub has_personal_reason: fn(&EntryFacts) -> bool,
}

impl SealedEntry {
    /// Erases the personal data of these kinds from the entry.
    #[must_use]
    pub fn erase(mut self, kinds: &[PersonalData], rules: &PersonalDataRules) -> Self {
        let Ok((_, facts)) = &self.facts.opened else { return self };
        let has_personal_subject = (rules.has_personal_subject)(facts);
        let has_personal_reason = (rules.has_personal_reason)(facts);
        self.subject.erase_if(|_| has_personal_subject.then_some(PersonalData::Subjects), kinds);
        self.reason
            .erase_if(|reason| (has_personal_reason && !reason.is_empty()).then_some(PersonalData::FreeText), kinds);
        for change in self.changes.opened.iter_mut().flat_map(|(_, changes)| changes) {
            change.erase_if(|change| (rules.kind_of_field)(&change.field), kinds);
        }
        self
    }

    /// Returns the salts of the four parts and of each change. An erased salt is zero. After an
    /// erasure, the database stores these salts instead of the random bytes of the entry, from
    /// which the erased salts could be derived again.
    #[must_use]
    pub fn salts(&self) -> Vec<u8> {
        let parts = [self.facts.salt(), self.subject.salt(), self.reason.salt(), self.changes.salt()];
        let changes = self.each_change().map(SealedPart::salt);
        parts.into_iter().chain(changes).flat_map(|salt| salt.unwrap_or(StoredSalts::ERASED).0).collect()
    }

    /// Returns the subject, reason and changes, as the database stores them. Erased text is empty.
    /// In an erased change, `field` contains the kind of the erased data.
    #[must_use]
    pub fn texts(&self) -> (String, String, Vec<FieldChange>) {
        let change_text = |change: &SealedPart<FieldChange>| match &change.opened {
            Err(HiddenReason::Erased(kind)) => {
                FieldChange { field: kind.as_str().to_owned(), ..FieldChange::default() }
            }
            Err(HiddenReason::Withheld) | Ok(_) => change.text(),
        };
        (self.subject.text(), self.reason.text(), self.each_change().map(change_text).collect())
    }
}

impl<T> SealedPart<T> {
    /// Erases the content if `kind_of_content` returns one of `kinds` for it.
    fn erase_if(&mut self, kind_of_content: impl FnOnce(&T) -> Option<PersonalData>, kinds: &[PersonalData]) {
        let kind = self.opened.as_ref().ok().and_then(|(_, content)| kind_of_content(content));
        if let Some(kind) = kind.filter(|kind| kinds.contains(kind)) {
            self.opened = Err(HiddenReason::Erased(kind));
        }
    }

    /// Returns the salt, or `None` when the content is hidden.
    fn salt(&self) -> Option<Digest> {
        self.opened.as_ref().ok().map(|(salt, _)| *salt)
    }

    /// Returns the content, or an empty value when it is hidden.
    fn text(&self) -> T
    where
        T: Clone + Default,
    {
        self.opened.as_ref().map(|(_, content)| content.clone()).unwrap_or_default()
    }
}

/// The salts of an entry as the database contains them.
pub(super) enum StoredSalts<'a> {
    /// The random bytes of the entry, from which all its salts are derived. Nothing was erased.
    Derived(Digest),
    /// The salts of the four parts and of each change, one after the other. An erased salt is zero.
    Separate(&'a [u8]),
}

impl<'a> StoredSalts<'a> {
    /// The value of an erased salt. A real salt is practically never zero, because it is a hash.
    const ERASED: Digest = Digest([0; 32]);

    /// Reads the salts of `entry`. Returns `None` when `bytes` does not have the right length.
    pub(super) fn read(bytes: &'a [u8], entry: &HistoryEntry) -> Option<Self> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(entry_salt) => Some(Self::Derived(Digest(entry_salt))),
            Err(_) if bytes.len() == 32 * (Part::ALL.len() + entry.changes.len()) => Some(Self::Separate(bytes)),
            Err(_) => None,
        }
    }

    /// Returns the salt and content of a part, or [`HiddenReason::Erased`].
    pub(super) fn part<T>(&self, part: Part, content: T) -> Result<(Digest, T), HiddenReason> {
        match self {
            Self::Derived(entry_salt) => Ok((seal::part_salt(*entry_salt, part), content)),
            Self::Separate(bytes) => open_part(bytes, part as usize, part.erased_as(), content),
        }
    }

    /// Returns the salt and content of the change with this index, or [`HiddenReason::Erased`].
    pub(super) fn change(&self, index: usize, change: FieldChange) -> Result<(Digest, FieldChange), HiddenReason> {
        match self {
            Self::Derived(entry_salt) => Ok((seal::change_salt(*entry_salt, index), change)),
            Self::Separate(bytes) => open_part(bytes, Part::ALL.len() + index, change.field.parse().ok(), change),
        }
    }
}

/// Returns the content with the salt at `index`. A zero salt means that the content, personal data
/// of this kind, was erased. If `kind` is `None`, the content cannot be erased: a zero salt is then
/// returned as it is, and the verification of the commitment fails.
fn open_part<T>(
    salts: &[u8],
    index: usize,
    kind: Option<PersonalData>,
    content: T,
) -> Result<(Digest, T), HiddenReason> {
    let salt =
        salts.chunks_exact(32).nth(index).and_then(|salt| salt.try_into().ok()).map_or(StoredSalts::ERASED, Digest);
    match kind {
        Some(kind) if salt == StoredSalts::ERASED => Err(HiddenReason::Erased(kind)),
        Some(_) | None => Ok((salt, content)),
    }
}

impl Part {
    /// Returns the kind of personal data that the content of this part is; `None` if the part
    /// cannot be erased as a whole. The changes are erased one by one.
    #[must_use]
    pub const fn erased_as(self) -> Option<PersonalData> {
        match self {
            Self::Subject => Some(PersonalData::Subjects),
            Self::Reason => Some(PersonalData::FreeText),
            Self::Facts | Self::Changes => None,
        }
    }
}
