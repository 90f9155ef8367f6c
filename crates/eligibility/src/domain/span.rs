//! The time that an association of a claim is official, with the facts of each of its months.
//!
//! What the directory says with a date (enrolments, the day of purchase) or for good (the channel) is taken as it says it
//! last, for every month. What it says of the present (a subscription's status, a location's region) counts from the month
//! in which it was told: the months before keep what was true by their end.
use std::{borrow::Cow, collections::BTreeMap};

use cpor_types::{LineId, Month, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::facts::{Ended, Opening};

/// From the official date to the end, if there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// The facts as they are now; kept current by the registry's events.
    pub(crate) about: Opening,
    /// What the present was in earlier months, the oldest first.
    earlier: Vec<Earlier>,
}

/// What was true before it changed in the month `before`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Earlier {
    before: Month,
    region: String,
    statuses: BTreeMap<SubscriptionId, String>,
}

impl Span {
    /// An association became official.
    pub(crate) fn new(about: Opening) -> Self {
        Self { about, earlier: Vec::new() }
    }

    /// When the last of its lines ended; `None` while one lasts.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        let ended = self.about.lines.iter().map(|line| line.ended.as_ref());
        ended.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|ended| ended.time)
    }

    /// The months in which it was official at any moment until now: the first at least, whatever this clock says of it.
    pub(crate) fn months(&self, now: Timestamp) -> impl Iterator<Item = Month> {
        let first = Month::of(self.about.official_time);
        let last = Month::of(self.ended().map_or(now, |ended| ended.time.min(now))).max(first);
        std::iter::successors(Some(first), |month| Some(month.next())).take_while(move |month| *month <= last)
    }

    /// The facts of a month.
    pub(crate) fn about_in(&self, month: Month) -> Cow<'_, Opening> {
        let Some(earlier) = self.earlier.iter().find(|earlier| month < earlier.before) else {
            return Cow::Borrowed(&self.about);
        };
        let mut about = self.about.clone();
        about.partner.location_region.clone_from(&earlier.region);
        for subscription in about.lines.iter_mut().filter_map(|line| line.subscription.as_mut()) {
            if let Some(status) = earlier.statuses.get(&subscription.id) {
                subscription.status.clone_from(status);
            }
        }
        Cow::Owned(about)
    }

    /// The directory tells something else since `time`.
    pub(crate) fn told(&self, time: Timestamp, change: impl FnOnce(&mut Opening)) -> Self {
        let mut next = self.clone();
        change(&mut next.about);
        let month = Month::of(time);
        let known = next.earlier.last().is_some_and(|earlier| earlier.before >= month);
        if next.about != self.about && !known && month > Month::of(self.about.official_time) {
            next.earlier.push(self.present(month));
        }
        next
    }

    /// These lines ended, or with none named all of them that last.
    pub(crate) fn end(&self, lines: &[LineId], ended: &Ended) -> Self {
        let mut next = self.clone();
        let named = |line: LineId| lines.is_empty() || lines.contains(&line);
        for line in next.about.lines.iter_mut().filter(|line| line.ended.is_none() && named(line.line)) {
            line.ended = Some(ended.clone());
        }
        next
    }

    fn present(&self, before: Month) -> Earlier {
        let subscriptions = self.about.lines.iter().filter_map(|line| line.subscription.as_ref());
        let statuses = subscriptions.map(|subscription| (subscription.id, subscription.status.clone()));
        Earlier { before, region: self.about.partner.location_region.clone(), statuses: statuses.collect() }
    }
}
