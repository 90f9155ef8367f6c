//! The assessment of one claim, from the day its association became official: an answer for each month.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Activity, AssociationKey, Deadline, LineId, Month, ProgramGuideId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    earning::{Earning, book},
    evaluate::{LineResult, Look, evaluate},
    facts::{Ended, Opening, PartnerRecord, Subscription, UsageByKey},
    guide::{Guide, Guides, NoneInForce},
    span::Span,
};

/// Kind of the one deadline that an assessment has.
const MONTHLY: &str = "monthly_assessment";

/// The assessment of one claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assessment {
    /// The association, with the facts that it stands on.
    span: Span,
    /// The claim's associations that ended before this one became official (R28).
    past: Vec<Span>,
    /// A fact has changed since, or a month begun: it is to be assessed again (R52).
    pub(crate) stale: bool,
    /// The edition of the guides that it was last assessed by.
    pub(crate) edition: u64,
    /// How many lines of the ledger it has written.
    written: u64,
    /// The answer for the last month.
    pub(crate) latest: Option<Answer>,
    /// Next time that it will be assessed without any change of facts.
    next: Timestamp,
}

/// The answer for a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) month: Month,
    pub(crate) guide: ProgramGuideId,
    pub(crate) assess_time: Timestamp,
    pub(crate) results: Vec<LineResult>,
}

impl Answer {
    /// What it says of a line and activity.
    pub(crate) fn result(&self, line: LineId, activity: Activity) -> Option<&LineResult> {
        self.results.iter().find(|result| (result.line, result.activity) == (line, activity))
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.guide == other.guide && self.results == other.results
    }
}

/// What an assessment is made by, all read after its version.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    pub(crate) guides: &'a Guides,
    pub(crate) usage: &'a UsageByKey,
    /// The answers so far, by month.
    pub(crate) answers: &'a BTreeMap<Month, Answer>,
}

/// What happened to an assessment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// The association became official.
    Opened,
    /// A fact changed, or a month began.
    BecameStale,
    /// There is a new answer for a month.
    Assessed(Answer),
    /// These lines were added to the ledger.
    Booked(Vec<Earning>),
    /// The association, or some of its lines, ended.
    Ended,
}

/// What a command makes of an assessment.
type Step = Transition<Assessment>;

impl Assessment {
    /// An association became official, for the first time or anew after it had ended (R28). `None` when that is known.
    pub(crate) fn official(known: Option<&Self>, about: Opening) -> Option<Step> {
        let (past, written) = match known {
            None => (Vec::new(), 0),
            Some(known) if known.ended().is_some() => (known.spans().cloned().collect(), known.written),
            Some(_) => return None,
        };
        let next = Month::of(about.official_time).next().start();
        let opened = Self { span: Span::new(about), past, stale: true, edition: 0, written, latest: None, next };
        Some(Transition::new(opened, [Event::Opened]))
    }

    /// The facts that it stands on, as they are now.
    pub(crate) fn about(&self) -> &Opening {
        &self.span.about
    }

    /// The keys whose usage it looks at, also when it has ended: usage of its months may be imported again.
    pub(crate) fn keys(&self) -> BTreeSet<&AssociationKey> {
        self.spans().flat_map(|span| span.about.lines.iter().map(|line| &line.key)).collect()
    }

    /// When and why the association ended; `None` while it lasts.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        self.span.ended()
    }

    /// Every month until now is held against its guide and the usage that is stored. A month that no guide covers has no
    /// answer, as long as it is not the present one.
    ///
    /// # Errors
    /// No guide covers the present month.
    pub(crate) fn assess(&self, basis: Basis<'_>, now: Timestamp) -> Result<Step, NoneInForce> {
        let mut next = Self { stale: false, edition: basis.guides.edition, ..self.clone() };
        let mut events = Vec::new();
        for (month, span) in self.months(now) {
            let guide = match basis.guides.of_month(month) {
                Ok(guide) => guide,
                Err(none) if month.contains(now) => return Err(none),
                Err(_) => continue,
            };
            let mut answer = answer(guide, span, basis.usage, month, now);
            let before = basis.answers.get(&month);
            let lines = book(&span.about, next.written, before, &mut answer, basis.usage, now);
            if !before.is_some_and(|before| before.says_the_same(&answer)) {
                events.push(Event::Assessed(answer.clone()));
            }
            if !lines.is_empty() {
                next.written += lines.len() as u64;
                events.push(Event::Booked(lines));
            }
            next.latest = Some(answer);
        }
        Ok(Transition::new(next, events))
    }

    /// What a month's answer would be by another guide. `None` for a month in which nothing was official.
    pub(crate) fn simulate(&self, guide: &Guide, usage: &UsageByKey, month: Month, now: Timestamp) -> Option<Answer> {
        self.months(now).get(&month).map(|span| answer(guide, span, usage, month, now))
    }

    /// The directory changed a subscription that a line stands on, at `time`.
    pub(crate) fn subscription_changed(&self, subscription: &Subscription, time: Timestamp) -> Option<Step> {
        self.told(time, |about| {
            for line in about.lines.iter_mut().filter(|line| line.ended.is_none()) {
                if line.subscription.as_ref().is_some_and(|known| known.id == subscription.id) {
                    line.subscription = Some(subscription.clone());
                }
            }
        })
    }

    /// The directory changed the partner, at `time`.
    pub(crate) fn partner_changed(&self, record: &PartnerRecord, time: Timestamp) -> Option<Step> {
        self.told(time, |about| about.partner = record.of_location(&about.partner.mpn_id))
    }

    /// These lines ended, or with none named all; `None` when that is known. The month in which they did is assessed once more.
    pub(crate) fn end(&self, lines: &[LineId], ended: &Ended) -> Option<Step> {
        let span = self.span.end(lines, ended);
        (span != self.span).then(|| Transition::new(Self { span, stale: true, ..self.clone() }, [Event::Ended]))
    }

    /// When it will be assessed next, if nothing changes before.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.ended().is_none().then_some(self.next)
    }

    fn told(&self, time: Timestamp, change: impl FnOnce(&mut Opening)) -> Option<Step> {
        if self.ended().is_some() {
            return None;
        }
        let span = self.span.told(time, change);
        let changed = span != self.span;
        changed.then(|| Transition::new(Self { span, stale: true, ..self.clone() }, [Event::BecameStale]))
    }

    fn spans(&self) -> impl Iterator<Item = &Span> {
        self.past.iter().chain([&self.span])
    }

    /// The months until now, each with the association that was official last in it.
    fn months(&self, now: Timestamp) -> BTreeMap<Month, &Span> {
        self.spans().flat_map(|span| span.months(now).map(move |month| (month, span))).collect()
    }
}

fn answer(guide: &Guide, span: &Span, usage: &UsageByKey, month: Month, now: Timestamp) -> Answer {
    let last = month.end() - std::time::Duration::from_micros(1);
    let look = Look { guide, usage, month, as_of: now.min(last) };
    Answer { month, guide: guide.id.clone(), assess_time: now, results: evaluate(look, &span.about_in(month)) }
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
