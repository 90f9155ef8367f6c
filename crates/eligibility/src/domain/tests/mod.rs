//! The rules of R50 and R52 to R54, on the pure machine.

mod conditions;
mod ledger;
mod life;

use std::collections::BTreeMap;

use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{Activity, AssociationKey, Month, Timestamp};

use super::{
    Answer, Assessment, Basis, Earned, Earning, Ended, Event, Guides, Measures, MonthOfUse, Opening, PartnerRecord,
    Reason, Subscription, Summary, UsageByKey, Verdict,
    examples::{guides, presales, shelf, subscription, time, usage_of_teams},
};

/// An assessment with its answers and its ledger, as the store keeps them.
struct Books {
    state: Assessment,
    guides: Guides,
    usage: UsageByKey,
    answers: BTreeMap<Month, Answer>,
    ledger: Vec<Earning>,
}

impl Books {
    fn open(about: Opening) -> Self {
        let state = Assessment::official(None, about).unwrap().next;
        Self { state, guides: guides(), usage: no_usage(), answers: BTreeMap::new(), ledger: Vec::new() }
    }

    fn assess(&mut self, now: &str) -> Vec<Event> {
        let Self { guides, usage, answers, .. } = &*self;
        let Transition { next, events } = self.state.assess(Basis { guides, usage, answers }, time(now)).unwrap();
        self.state = next;
        for event in &events {
            match event {
                Event::Assessed(answer) => drop(self.answers.insert(answer.month, answer.clone())),
                Event::Booked(lines) => self.ledger.extend(lines.clone()),
                Event::Opened | Event::BecameStale | Event::Ended => {}
            }
        }
        events
    }

    fn then(&mut self, step: Option<Transition<Assessment>>) {
        self.state = step.unwrap().next;
    }

    fn earned(&self, month: &str) -> &Earned {
        &self.answers[&month.parse().unwrap()].results[0].earned
    }

    /// Month and millionths of each line of the ledger.
    fn lines(&self) -> Vec<(String, i64)> {
        let line = |line: &Earning| (line.month.to_string(), line.amount.map_or(0, |amount| amount.micros));
        self.ledger.iter().map(line).collect()
    }
}

fn no_usage() -> UsageByKey {
    UsageByKey::default()
}

fn ended(at: &str) -> Ended {
    Ended { time: time(at), reason: "declined".into() }
}

/// The verdict and the names of the conditions that did not hold.
fn assess(about: Opening, usage: UsageByKey) -> (Verdict, Vec<String>) {
    let mut books = Books { usage, ..Books::open(about) };
    books.assess("2026-06-02T00:00:00Z");
    let result = &books.state.latest.unwrap().results[0];
    (result.verdict, result.failed().map(str::to_owned).collect())
}

fn teams(months: &[(&str, i64)]) -> UsageByKey {
    let of = |active_users| Measures::Workload { active_users, paid_available_units: 2_000 };
    let months = months.iter().map(|(month, users)| MonthOfUse { month: month.parse().unwrap(), measures: of(*users) });
    UsageByKey([(AssociationKey::Workload("teams".parse().unwrap()), months.collect())].into())
}

fn seats(months: &[(&str, i64)]) -> UsageByKey {
    let of = |seats_sold| Measures::Subscription { seats_sold, consumption: 0 };
    let months = months.iter().map(|(month, seats)| MonthOfUse { month: month.parse().unwrap(), measures: of(*seats) });
    UsageByKey([(presales().lines[0].key.clone(), months.collect())].into())
}
