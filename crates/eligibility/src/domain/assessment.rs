//! The assessment of one claim, from the day its association became official to the day it ends.

use std::borrow::Cow;

use cpor_types::{Deadline, Month, ProgramGuideId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    evaluate::{LineResult, evaluate},
    facts::{Opening, Partner, Subscription, UsageByKey},
    guide::Guide,
};

/// Kind of the one deadline that an assessment has.
const MONTHLY: &str = "monthly_assessment";

/// The assessment of one claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assessment {
    /// The facts that it stands on; kept current by the registry's events.
    pub(crate) about: Opening,
    /// A fact has changed since, or a month begun: it is to be assessed again (R52).
    pub(crate) stale: bool,
    pub(crate) latest: Option<Latest>,
    pub(crate) ended: Option<Ended>,
    /// Next time that it will be assessed without any change of facts.
    next: Timestamp,
}

/// The last answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latest {
    pub(crate) month: Month,
    pub(crate) guide: ProgramGuideId,
    pub(crate) assess_time: Timestamp,
    pub(crate) results: Vec<LineResult>,
}

/// The association is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) time: Timestamp,
    pub(crate) reason: String,
}

/// What happened to an assessment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// The association became official.
    Opened,
    /// A fact changed, or a month began.
    BecameStale,
    /// The lines were assessed.
    Assessed(Latest),
    /// The association ended.
    Ended,
}

impl Assessment {
    /// An association became official: it is to be assessed (R52).
    pub(crate) fn open(about: Opening) -> (Self, Vec<Event>) {
        let next = Month::of(about.official_time).next().start();
        (Self { about, stale: true, latest: None, ended: None, next }, vec![Event::Opened])
    }

    /// The lines are held against the guide in force and the usage that is stored. `None` when it is over.
    pub(crate) fn assess(&self, guide: &Guide, usage: &UsageByKey, now: Timestamp) -> Option<(Self, Vec<Event>)> {
        if self.ended.is_some() {
            return None;
        }
        let results = evaluate(guide, &self.about, usage, now);
        let latest = Latest { month: Month::of(now), guide: guide.id.clone(), assess_time: now, results };
        // Peers hear of answers, not of repetitions.
        let said = self.latest.as_ref().is_some_and(|before| before.month == latest.month && before.results == latest.results);
        let events = if said { Vec::new() } else { vec![Event::Assessed(latest.clone())] };
        Some((Self { latest: Some(latest), stale: false, ..self.clone() }, events))
    }

    /// The directory changed a subscription that a line stands on.
    pub(crate) fn subscription_changed(&self, subscription: &Subscription) -> Option<(Self, Vec<Event>)> {
        let mut next = self.clone();
        for line in &mut next.about.lines {
            if line.subscription.as_ref().is_some_and(|known| known.id == subscription.id) {
                line.subscription = Some(subscription.clone());
            }
        }
        self.changed(next)
    }

    /// The directory changed the partner.
    pub(crate) fn partner_changed(&self, partner: &Partner) -> Option<(Self, Vec<Event>)> {
        let mut next = self.clone();
        next.about.partner = partner.clone();
        self.changed(next)
    }

    /// The association ended; `None` when that is known.
    pub(crate) fn end(&self, time: Timestamp, reason: String) -> Option<(Self, Vec<Event>)> {
        if self.ended.is_some() {
            return None;
        }
        Some((Self { ended: Some(Ended { time, reason }), stale: false, ..self.clone() }, vec![Event::Ended]))
    }

    /// When it will be assessed next, if nothing changes before.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.ended.is_none().then_some(self.next)
    }

    /// The month's end, as long as the association lasts.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let due = self.next_time()?;
        Some(Deadline { kind: Cow::Borrowed(MONTHLY), due, rule: "first instant of each month, UTC".into() })
    }

    /// A month has begun: to be assessed again. `None` when it has not.
    pub(crate) fn month_began(&self, now: Timestamp) -> Option<(Timestamp, Self, Vec<Event>)> {
        let due = self.next_time().filter(|due| *due <= now)?;
        let next = Self { stale: true, next: Month::of(due).next().start(), ..self.clone() };
        Some((due, next, vec![Event::BecameStale]))
    }

    fn changed(&self, next: Self) -> Option<(Self, Vec<Event>)> {
        if self.ended.is_some() || next == *self {
            return None;
        }
        Some((Self { stale: true, ..next }, vec![Event::BecameStale]))
    }
}
