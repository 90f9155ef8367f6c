//! The catalog of all program guides: drafts, and guides that are in force for a period. A program
//! guide contains the conditions and rates of payment. The catalog is loaded and saved as one unit,
//! because all guides must be known to check that periods do not overlap, and there are few guides.
use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Deadline, Month, ProgramGuideId, Timestamp};
use serde::{Deserialize, Serialize};

use super::document::GuideDocument;

/// All guides, in the order of their creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GuideCatalog {
    /// The number of activations of guides so far. Claims that were assessed with an earlier
    /// edition are assessed again.
    pub(crate) edition: u64,
    pub(crate) guides: Vec<CatalogGuide>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CatalogGuide {
    pub(crate) document: GuideDocument,
    /// The active guide that this one revises: this guide may override it in parts of its period.
    pub(crate) revises: Option<ProgramGuideId>,
    pub(crate) create_time: Timestamp,
    pub(crate) state: GuideState,
}

/// The state of a guide. Activation is the only transition, from `Draft` to `Active`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GuideState {
    /// No claim is assessed with the guide.
    Draft,
    /// The guide is in force for this period.
    Active(EffectivePeriod),
}

/// The months in which a guide is in force: from `start` until `end`, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EffectivePeriod {
    pub(crate) start: Month,
    pub(crate) end: Option<Month>,
    /// The edition of the catalog after the guide's activation. If several guides cover a month,
    /// the one with the highest edition applies.
    pub(crate) edition: u64,
}

/// The reason why a change of the catalog is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GuideRefusal {
    /// A guide with this id exists already.
    Exists(ProgramGuideId),
    /// No guide has this id.
    NotFound(ProgramGuideId),
    /// The guide to revise does not exist or is not active.
    RevisedNotActive(ProgramGuideId),
    /// The guide is active already.
    NotDraft(ProgramGuideId),
    /// The end of the period is not after its start.
    EmptyPeriod,
    /// The period overlaps the period of this guide.
    Overlaps(ProgramGuideId),
}

/// An event of the catalog. It is not sent to other services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GuideEvent {
    Created(ProgramGuideId),
    Activated(ProgramGuideId),
}

impl EffectivePeriod {
    /// Returns whether the period contains a month.
    pub(crate) fn covers(&self, month: Month) -> bool {
        self.start <= month && self.end.is_none_or(|end| month < end)
    }

    /// Returns whether the period has a month in common with the period from `start` until `end`,
    /// exclusive.
    fn overlaps(&self, start: Month, end: Option<Month>) -> bool {
        end.is_none_or(|end| self.start < end) && self.end.is_none_or(|own_end| start < own_end)
    }
}

impl CatalogGuide {
    /// Returns the period in which the guide is in force, or `None` for a draft.
    pub(crate) const fn effective_period(&self) -> Option<EffectivePeriod> {
        match self.state {
            GuideState::Draft => None,
            GuideState::Active(period) => Some(period),
        }
    }

    /// Returns the new period of this guide after another guide was activated from `start` until
    /// `end`. `period` is the period so far. If it is open-ended and began before `start`, it now
    /// ends at `start`. Any other overlap is refused.
    fn period_after_activation(
        &self,
        period: EffectivePeriod,
        start: Month,
        end: Option<Month>,
    ) -> Result<EffectivePeriod, GuideRefusal> {
        if !period.overlaps(start, end) {
            return Ok(period);
        }
        if period.end.is_none() && period.start < start {
            return Ok(EffectivePeriod { end: Some(start), ..period });
        }
        Err(GuideRefusal::Overlaps(self.document.id.clone()))
    }
}

impl GuideCatalog {
    /// Returns the catalog of a new installation: the shipped guide, in force since `start`. A
    /// later version of the shipped guide gets another id.
    pub(crate) fn shipped(document: GuideDocument, start: Month) -> Self {
        let state = GuideState::Active(EffectivePeriod { start, end: None, edition: 0 });
        let guide = CatalogGuide { document, revises: None, create_time: start.start(), state };
        Self { edition: 0, guides: vec![guide] }
    }

    pub(crate) fn get(&self, id: &ProgramGuideId) -> Option<&CatalogGuide> {
        self.guides.iter().find(|guide| guide.document.id == *id)
    }

    /// Adds a draft.
    ///
    /// # Errors
    /// Returns a [`GuideRefusal`] if a guide with the same id exists, or if the guide to revise is
    /// not active.
    pub(crate) fn create(
        &self,
        document: GuideDocument,
        revises: Option<ProgramGuideId>,
        now: Timestamp,
    ) -> Result<Transition<Self>, GuideRefusal> {
        if self.get(&document.id).is_some() {
            return Err(GuideRefusal::Exists(document.id));
        }
        if let Some(revised) = &revises
            && self.get(revised).and_then(CatalogGuide::effective_period).is_none()
        {
            return Err(GuideRefusal::RevisedNotActive(revised.clone()));
        }
        let mut next = self.clone();
        let created = GuideEvent::Created(document.id.clone());
        next.guides.push(CatalogGuide { document, revises, create_time: now, state: GuideState::Draft });
        Ok(Transition::new(next, [created]))
    }

    /// Puts a draft in force from `start` until `end`, exclusive.
    ///
    /// An open-ended guide that began earlier now ends at `start`. A guide that the draft revises,
    /// directly or through other guides, keeps its period; the draft overrides it where both apply.
    ///
    /// # Errors
    /// Returns a [`GuideRefusal`] if the guide does not exist or is not a draft, if the period is
    /// empty, or if it overlaps the period of another guide.
    pub(crate) fn activate(
        &self,
        id: &ProgramGuideId,
        start: Month,
        end: Option<Month>,
    ) -> Result<Transition<Self>, GuideRefusal> {
        let draft = self.get(id).ok_or_else(|| GuideRefusal::NotFound(id.clone()))?;
        match draft.state {
            GuideState::Draft => {}
            GuideState::Active(_) => return Err(GuideRefusal::NotDraft(id.clone())),
        }
        if end.is_some_and(|end| end <= start) {
            return Err(GuideRefusal::EmptyPeriod);
        }
        let revised = self.guides_revised_by(draft);
        let mut next = Self { edition: self.edition + 1, guides: Vec::with_capacity(self.guides.len()) };
        for guide in &self.guides {
            let state = match guide.state {
                GuideState::Draft if guide.document.id == *id => {
                    GuideState::Active(EffectivePeriod { start, end, edition: next.edition })
                }
                GuideState::Draft => GuideState::Draft,
                GuideState::Active(period) if revised.contains(&&guide.document.id) => GuideState::Active(period),
                GuideState::Active(period) => GuideState::Active(guide.period_after_activation(period, start, end)?),
            };
            next.guides.push(CatalogGuide { state, ..guide.clone() });
        }
        Ok(Transition::new(next, [GuideEvent::Activated(id.clone())]))
    }

    /// Returns the ids of the guides that a guide revises, directly or through other guides. The
    /// chain is finite, because a guide can revise only guides that existed before it.
    fn guides_revised_by<'s>(&'s self, guide: &'s CatalogGuide) -> Vec<&'s ProgramGuideId> {
        let revised = |guide: &&'s CatalogGuide| self.get(guide.revises.as_ref()?);
        std::iter::successors(Some(guide), revised).filter_map(|guide| guide.revises.as_ref()).collect()
    }
}

impl Aggregate for GuideCatalog {
    type Event = GuideEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn apply_passed_deadline(&self, _: Timestamp) -> Option<PassedDeadline<Self>> {
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

    fn catalog() -> GuideCatalog {
        GuideCatalog::shipped(GuideDocument::shipped().unwrap(), month("2020-01"))
    }

    fn create(catalog: &GuideCatalog, name: &str, revises: Option<&str>) -> Result<GuideCatalog, GuideRefusal> {
        let document = GuideDocument { id: id(name), ..GuideDocument::shipped().unwrap() };
        let now = month("2026-03").start();
        catalog.create(document, revises.map(id), now).map(|transition| transition.next)
    }

    fn activate(
        catalog: &GuideCatalog,
        name: &str,
        start: &str,
        end: Option<&str>,
    ) -> Result<GuideCatalog, GuideRefusal> {
        catalog.activate(&id(name), month(start), end.map(month)).map(|transition| transition.next)
    }

    fn guide_in(catalog: &GuideCatalog, at: &str) -> Option<String> {
        let guides = super::super::ActiveGuides::compile(catalog).unwrap();
        guides.for_month(month(at)).ok().map(|guide| guide.id.to_string())
    }

    #[test]
    fn r52_an_open_ended_guide_ends_where_the_next_begins() {
        let catalog = create(&catalog(), "fall", None).unwrap();
        assert_eq!(guide_in(&catalog, "2026-09").as_deref(), Some("default-2026"), "a draft is not in force");
        let catalog = activate(&catalog, "fall", "2026-09", Some("2026-12")).unwrap();
        let guides = ["2026-08", "2026-09", "2026-11", "2026-12"].map(|at| guide_in(&catalog, at));
        let fall = Some("fall".to_owned());
        assert_eq!(guides, [Some("default-2026".to_owned()), fall.clone(), fall, None]);
        assert_eq!(catalog.edition, 1);
    }

    #[test]
    fn r52_any_other_overlap_is_refused() {
        let catalog = activate(&create(&catalog(), "fall", None).unwrap(), "fall", "2026-09", Some("2026-12")).unwrap();
        let catalog = create(&catalog, "other", None).unwrap();
        let overlaps = |name: &str| Err(GuideRefusal::Overlaps(id(name)));
        assert_eq!(activate(&catalog, "other", "2026-10", None), overlaps("fall"));
        assert_eq!(activate(&catalog, "other", "2026-11", Some("2026-12")), overlaps("fall"));
        assert_eq!(activate(&catalog, "other", "2019-12", Some("2020-02")), overlaps("default-2026"));
        assert_eq!(activate(&catalog, "other", "2026-12", Some("2026-12")), Err(GuideRefusal::EmptyPeriod));
        assert!(activate(&catalog, "other", "2026-12", None).is_ok());
        assert!(activate(&catalog, "other", "2019-01", Some("2020-01")).is_ok());
    }

    #[test]
    fn r54_a_revision_overrides_a_part_of_the_revised_period() {
        let catalog = create(&catalog(), "april-again", Some("default-2026")).unwrap();
        let catalog = activate(&catalog, "april-again", "2026-04", Some("2026-05")).unwrap();
        let guides = ["2026-03", "2026-04", "2026-05"].map(|at| guide_in(&catalog, at).unwrap());
        assert_eq!(guides, ["default-2026", "april-again", "default-2026"]);
        let catalog = create(&catalog, "april-thrice", Some("april-again")).unwrap();
        let catalog = activate(&catalog, "april-thrice", "2026-04", Some("2026-05")).unwrap();
        let guides = ["2026-03", "2026-04", "2026-05"].map(|at| guide_in(&catalog, at).unwrap());
        assert_eq!(guides, ["default-2026", "april-thrice", "default-2026"], "a revision can be revised");
        let other = create(&catalog, "other", None).unwrap();
        let overlaps = Err(GuideRefusal::Overlaps(id("april-again")));
        assert_eq!(activate(&other, "other", "2026-04", Some("2026-05")), overlaps, "other guides overlap");
    }

    #[test]
    fn r52_only_drafts_are_activated_and_ids_are_unique() {
        assert_eq!(create(&catalog(), "default-2026", None).unwrap_err(), GuideRefusal::Exists(id("default-2026")));
        assert_eq!(activate(&catalog(), "none", "2026-04", None).unwrap_err(), GuideRefusal::NotFound(id("none")));
        let again = activate(&catalog(), "default-2026", "2026-04", None);
        assert_eq!(again.unwrap_err(), GuideRefusal::NotDraft(id("default-2026")));
        let catalog = create(&catalog(), "draft", None).unwrap();
        let not_active = |name: &str| GuideRefusal::RevisedNotActive(id(name));
        assert_eq!(create(&catalog, "x", Some("draft")).unwrap_err(), not_active("draft"));
        assert_eq!(create(&catalog, "x", Some("none")).unwrap_err(), not_active("none"));
    }
}
