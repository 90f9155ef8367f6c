//! The assessment of one claim, from the day its association became official to the day it ends.

use std::borrow::Cow;

use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Month, ProgramGuideId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    evaluate::{LineResult, evaluate},
    facts::{Opening, PartnerRecord, Subscription, UsageByKey},
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

/// What a command makes of an assessment.
type Step = Transition<Assessment>;

impl Assessment {
    /// An association became official: it is to be assessed (R52).
    pub(crate) fn open(about: Opening) -> Step {
        let next = Month::of(about.official_time).next().start();
        Transition::new(Self { about, stale: true, latest: None, ended: None, next }, [Event::Opened])
    }

    /// An association became official, for the first time or anew after it had ended (R28). `None` when that is known.
    pub(crate) fn official(known: Option<&Self>, about: Opening) -> Option<Step> {
        let lasts = known.is_some_and(|known| known.ended.is_none());
        (!lasts).then(|| Self::open(about))
    }

    /// The lines are held against the guide in force and the usage that is stored. `None` when it is over.
    pub(crate) fn assess(&self, guide: &Guide, usage: &UsageByKey, now: Timestamp) -> Option<Step> {
        if self.ended.is_some() {
            return None;
        }
        let results = evaluate(guide, &self.about, usage, now);
        let latest = Latest { month: Month::of(now), guide: guide.id.clone(), assess_time: now, results };
        // Peers hear of answers, not of repetitions.
        let said =
            self.latest.as_ref().is_some_and(|before| before.month == latest.month && before.results == latest.results);
        let events = (!said).then(|| Event::Assessed(latest.clone()));
        Some(Transition::new(Self { latest: Some(latest), stale: false, ..self.clone() }, events))
    }

    /// The directory changed a subscription that a line stands on.
    pub(crate) fn subscription_changed(&self, subscription: &Subscription) -> Option<Step> {
        let mut next = self.clone();
        for line in &mut next.about.lines {
            if line.subscription.as_ref().is_some_and(|known| known.id == subscription.id) {
                line.subscription = Some(subscription.clone());
            }
        }
        self.changed(next)
    }

    /// The directory changed the partner.
    pub(crate) fn partner_changed(&self, record: &PartnerRecord) -> Option<Step> {
        let mut next = self.clone();
        next.about.partner = record.of_location(&self.about.partner.mpn_id);
        self.changed(next)
    }

    /// The association ended; `None` when that is known.
    pub(crate) fn end(&self, time: Timestamp, reason: String) -> Option<Step> {
        if self.ended.is_some() {
            return None;
        }
        let next = Self { ended: Some(Ended { time, reason }), stale: false, ..self.clone() };
        Some(Transition::new(next, [Event::Ended]))
    }

    /// When it will be assessed next, if nothing changes before.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.ended.is_none().then_some(self.next)
    }

    fn changed(&self, next: Self) -> Option<Step> {
        if self.ended.is_some() || next == *self {
            return None;
        }
        Some(Transition::new(Self { stale: true, ..next }, [Event::BecameStale]))
    }
}

impl Aggregate for Assessment {
    type Event = Event;

    /// The month's end, as long as the association lasts.
    fn deadlines(&self) -> Vec<Deadline> {
        let rule = "first instant of each month, UTC";
        let deadline = |due| Deadline { kind: Cow::Borrowed(MONTHLY), due, rule: rule.to_owned() };
        self.next_time().map(deadline).into_iter().collect()
    }

    /// A month has begun: to be assessed again.
    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let due = self.next_time().filter(|due| *due <= now)?;
        let next = Self { stale: true, next: Month::of(due).next().start(), ..self.clone() };
        Some(Elapsed { due, transition: Transition::new(next, [Event::BecameStale]) })
    }
}
