//! All guides of the installation: drafts, and those in force for a period. One aggregate, because whether a period is
//! free depends on all of them, and there are few.
use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Month, ProgramGuideId, Timestamp};
use serde::{Deserialize, Serialize};

use super::document::GuideDocument;

/// Every guide, in the order of their creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shelf {
    /// One more with every activation: what was assessed under an earlier edition is assessed again.
    pub(crate) edition: u64,
    pub(crate) guides: Vec<Shelved>,
}

/// A guide and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shelved {
    pub(crate) document: GuideDocument,
    /// The guide in force whose period this one may take over in part.
    pub(crate) revises: Option<ProgramGuideId>,
    pub(crate) create_time: Timestamp,
    pub(crate) standing: Standing,
}

/// How a guide stands: the two states of its machine. The one command, activation, leads from the first to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Nothing is assessed by it.
    Draft,
    /// In force for a time.
    Active(Term),
}

/// The months that a guide is in force: from `start` until `end`, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Term {
    pub(crate) start: Month,
    pub(crate) end: Option<Month>,
    /// The edition that its activation made: of several guides for a month the latest counts.
    pub(crate) edition: u64,
}

/// Why the shelf stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShelfRefusal {
    /// There is a guide of this id.
    Exists(ProgramGuideId),
    /// There is none.
    NotFound(ProgramGuideId),
    /// The guide to be revised is not in force at any time.
    NothingToRevise(ProgramGuideId),
    /// It is in force already.
    NotDraft(ProgramGuideId),
    /// The period is empty.
    EmptyPeriod,
    /// This guide is in force in a part of the period.
    Overlaps(ProgramGuideId),
}

/// What happened to the shelf. Nobody is told; it says why the shelf was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GuideEvent {
    Created(ProgramGuideId),
    Activated(ProgramGuideId),
}

impl Term {
    pub(crate) fn covers(&self, month: Month) -> bool {
        self.start <= month && self.end.is_none_or(|end| month < end)
    }

    fn overlaps(&self, start: Month, end: Option<Month>) -> bool {
        end.is_none_or(|end| self.start < end) && self.end.is_none_or(|own| start < own)
    }
}

impl Shelved {
    /// When it is in force.
    pub(crate) const fn term(&self) -> Option<Term> {
        match self.standing {
            Standing::Draft => None,
            Standing::Active(term) => Some(term),
        }
    }
}

impl Shelf {
    /// A new installation's: the shipped guide, in force since `start`. A shipped guide that is changed gets another id.
    pub(crate) fn shipped(document: GuideDocument, start: Month) -> Self {
        let term = Term { start, end: None, edition: 0 };
        let standing = Standing::Active(term);
        let guide = Shelved { document, revises: None, create_time: start.start(), standing };
        Self { edition: 0, guides: vec![guide] }
    }

    /// The guide of this id.
    pub(crate) fn get(&self, id: &ProgramGuideId) -> Option<&Shelved> {
        self.guides.iter().find(|guide| guide.document.id == *id)
    }

    /// Puts a draft there.
    ///
    /// # Errors
    /// There is a guide of its id; there is none in force to revise.
    pub(crate) fn create(
        &self,
        document: GuideDocument,
        revises: Option<ProgramGuideId>,
        now: Timestamp,
    ) -> Result<Transition<Self>, ShelfRefusal> {
        if self.get(&document.id).is_some() {
            return Err(ShelfRefusal::Exists(document.id));
        }
        if let Some(revised) = &revises
            && self.get(revised).and_then(Shelved::term).is_none()
        {
            return Err(ShelfRefusal::NothingToRevise(revised.clone()));
        }
        let mut next = self.clone();
        let created = GuideEvent::Created(document.id.clone());
        next.guides.push(Shelved { document, revises, create_time: now, standing: Standing::Draft });
        Ok(Transition::new(next, [created]))
    }

    /// Puts a draft in force from `start` until `end`, exclusive. A guide without end that began before ends at `start`; what
    /// the draft revises, and what that revised in turn, stays in force where the period does not reach.
    ///
    /// # Errors
    /// There is no such draft; the period is empty, or not free.
    pub(crate) fn activate(
        &self,
        id: &ProgramGuideId,
        start: Month,
        end: Option<Month>,
    ) -> Result<Transition<Self>, ShelfRefusal> {
        let draft = self.get(id).ok_or_else(|| ShelfRefusal::NotFound(id.clone()))?;
        match draft.standing {
            Standing::Draft => {}
            Standing::Active(_) => return Err(ShelfRefusal::NotDraft(id.clone())),
        }
        if end.is_some_and(|end| end <= start) {
            return Err(ShelfRefusal::EmptyPeriod);
        }
        let revised = self.revised(draft);
        let mut next = Self { edition: self.edition + 1, guides: Vec::with_capacity(self.guides.len()) };
        for guide in &self.guides {
            let standing = match guide.standing {
                Standing::Draft if guide.document.id == *id => {
                    Standing::Active(Term { start, end, edition: next.edition })
                }
                Standing::Draft => Standing::Draft,
                Standing::Active(term) if revised.contains(&&guide.document.id) => Standing::Active(term),
                Standing::Active(term) => Standing::Active(guide.beside(term, start, end)?),
            };
            next.guides.push(Shelved { standing, ..guide.clone() });
        }
        Ok(Transition::new(next, [GuideEvent::Activated(id.clone())]))
    }

    /// What a guide revises, directly or through others. A guide revises only what was there before it, so the chain ends.
    fn revised<'s>(&'s self, guide: &'s Shelved) -> Vec<&'s ProgramGuideId> {
        let older = |guide: &&'s Shelved| self.get(guide.revises.as_ref()?);
        std::iter::successors(Some(guide), older).filter_map(|guide| guide.revises.as_ref()).collect()
    }
}

impl Shelved {
    /// What becomes of this guide's time when another one gets a period.
    fn beside(&self, term: Term, start: Month, end: Option<Month>) -> Result<Term, ShelfRefusal> {
        if !term.overlaps(start, end) {
            return Ok(term);
        }
        if term.end.is_none() && term.start < start {
            return Ok(Term { end: Some(start), ..term });
        }
        Err(ShelfRefusal::Overlaps(self.document.id.clone()))
    }
}

impl Aggregate for Shelf {
    type Event = GuideEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn elapse(&self, _: Timestamp) -> Option<Elapsed<Self>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn id(text: &str) -> ProgramGuideId {
        text.parse().unwrap()
    }

    fn shelf() -> Shelf {
        Shelf::shipped(GuideDocument::shipped().unwrap(), month("2020-01"))
    }

    fn with(shelf: &Shelf, name: &str, revises: Option<&str>) -> Result<Shelf, ShelfRefusal> {
        let document = GuideDocument { id: id(name), ..GuideDocument::shipped().unwrap() };
        let now = month("2026-03").start();
        shelf.create(document, revises.map(id), now).map(|created| created.next)
    }

    fn active(shelf: &Shelf, name: &str, start: &str, end: Option<&str>) -> Result<Shelf, ShelfRefusal> {
        shelf.activate(&id(name), month(start), end.map(month)).map(|activated| activated.next)
    }

    fn guide_of(shelf: &Shelf, at: &str) -> Option<String> {
        super::super::Guides::of(shelf).unwrap().of_month(month(at)).ok().map(|guide| guide.id.to_string())
    }

    #[test]
    fn r52_a_predecessor_without_end_ends_where_the_new_one_begins() {
        let shelf = with(&shelf(), "fall", None).unwrap();
        assert_eq!(guide_of(&shelf, "2026-09").as_deref(), Some("default-2026"), "a draft decides nothing");
        let shelf = active(&shelf, "fall", "2026-09", Some("2026-12")).unwrap();
        let seen = ["2026-08", "2026-09", "2026-11", "2026-12"].map(|at| guide_of(&shelf, at));
        let fall = Some("fall".to_owned());
        assert_eq!(seen, [Some("default-2026".to_owned()), fall.clone(), fall, None]);
        assert_eq!(shelf.edition, 1);
    }

    #[test]
    fn r52_any_other_overlap_is_refused_by_name() {
        let shelf = active(&with(&shelf(), "fall", None).unwrap(), "fall", "2026-09", Some("2026-12")).unwrap();
        let shelf = with(&shelf, "other", None).unwrap();
        let overlaps = |name: &str| Err(ShelfRefusal::Overlaps(id(name)));
        assert_eq!(active(&shelf, "other", "2026-10", None), overlaps("fall"));
        assert_eq!(active(&shelf, "other", "2026-11", Some("2026-12")), overlaps("fall"));
        assert_eq!(active(&shelf, "other", "2019-12", Some("2020-02")), overlaps("default-2026"));
        assert_eq!(active(&shelf, "other", "2026-12", Some("2026-12")), Err(ShelfRefusal::EmptyPeriod));
        assert!(active(&shelf, "other", "2026-12", None).is_ok());
        assert!(active(&shelf, "other", "2019-01", Some("2020-01")).is_ok());
    }

    #[test]
    fn r54_a_revision_takes_over_a_part_of_what_it_revises() {
        let shelf = with(&shelf(), "april-again", Some("default-2026")).unwrap();
        let shelf = active(&shelf, "april-again", "2026-04", Some("2026-05")).unwrap();
        let seen = ["2026-03", "2026-04", "2026-05"].map(|at| guide_of(&shelf, at).unwrap());
        assert_eq!(seen, ["default-2026", "april-again", "default-2026"]);
        let shelf = with(&shelf, "april-thrice", Some("april-again")).unwrap();
        let shelf = active(&shelf, "april-thrice", "2026-04", Some("2026-05")).unwrap();
        let seen = ["2026-03", "2026-04", "2026-05"].map(|at| guide_of(&shelf, at).unwrap());
        assert_eq!(seen, ["default-2026", "april-thrice", "default-2026"], "and so does what revises that");
        let other = with(&shelf, "other", None).unwrap();
        let overlaps = Err(ShelfRefusal::Overlaps(id("april-again")));
        assert_eq!(active(&other, "other", "2026-04", Some("2026-05")), overlaps, "what revises nothing does not");
    }

    #[test]
    fn r52_only_drafts_are_activated_and_ids_are_used_once() {
        assert_eq!(with(&shelf(), "default-2026", None).unwrap_err(), ShelfRefusal::Exists(id("default-2026")));
        assert_eq!(active(&shelf(), "none", "2026-04", None).unwrap_err(), ShelfRefusal::NotFound(id("none")));
        let again = active(&shelf(), "default-2026", "2026-04", None);
        assert_eq!(again.unwrap_err(), ShelfRefusal::NotDraft(id("default-2026")));
        let shelf = with(&shelf(), "draft", None).unwrap();
        assert_eq!(with(&shelf, "x", Some("draft")).unwrap_err(), ShelfRefusal::NothingToRevise(id("draft")));
        assert_eq!(with(&shelf, "x", Some("none")).unwrap_err(), ShelfRefusal::NothingToRevise(id("none")));
    }
}
