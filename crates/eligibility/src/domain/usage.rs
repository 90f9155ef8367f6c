//! Monthly usage of a workload or a subscription, and what an import makes of what is stored (R51).

use std::collections::BTreeMap;

use super::guide::Unit;
use cpor_types::{Month, ProductKind, TenantKey, Timestamp};

/// What is measured of a key in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measures {
    /// Of a workload.
    Workload { active_users: i64, paid_available_units: i64 },
    /// Of a subscription; consumption in units of the product.
    Subscription { seats_sold: i64, consumption: i64 },
}

/// All that a row can say; 0 where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) active_users: i64,
    pub(crate) paid_available_units: i64,
    pub(crate) seats_sold: i64,
    pub(crate) consumption: i64,
}

impl Measures {
    /// The counts that belong to the kind of key; refused when a row has others too.
    pub(crate) fn of(kind: ProductKind, counts: Counts) -> Result<Self, UsageRefusal> {
        let Counts { active_users, paid_available_units, seats_sold, consumption } = counts;
        match kind {
            ProductKind::Workload if (seats_sold, consumption) == (0, 0) => {
                Ok(Self::Workload { active_users, paid_available_units })
            }
            ProductKind::Subscription if (active_users, paid_available_units) == (0, 0) => {
                Ok(Self::Subscription { seats_sold, consumption })
            }
            ProductKind::Workload | ProductKind::Subscription => Err(UsageRefusal::MeasureMismatch),
        }
    }

    /// Active use, whose growth is judged (R53): active users of a workload, consumption of a subscription.
    pub(crate) const fn active(self) -> i64 {
        match self {
            Self::Workload { active_users, .. } => active_users,
            Self::Subscription { consumption, .. } => consumption,
        }
    }

    /// How many of a unit, where the unit is counted of this kind of key.
    pub(crate) const fn count(self, unit: Unit) -> Option<i64> {
        match (self, unit) {
            (Self::Workload { active_users, .. }, Unit::ActiveUsers) => Some(active_users),
            (Self::Workload { paid_available_units, .. }, Unit::PaidAvailableUnits) => Some(paid_available_units),
            (Self::Subscription { seats_sold, .. }, Unit::SeatsSold) => Some(seats_sold),
            (Self::Subscription { consumption, .. }, Unit::Consumption) => Some(consumption),
            (Self::Workload { .. }, Unit::SeatsSold | Unit::Consumption)
            | (Self::Subscription { .. }, Unit::ActiveUsers | Unit::PaidAvailableUnits) => None,
        }
    }
}

/// Why a row is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsageRefusal {
    /// Workloads have users and units, subscriptions seats and consumption.
    MeasureMismatch,
    /// The month has not begun.
    MonthInFuture,
}

/// Which month of which key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsageId {
    pub(crate) key: TenantKey,
    pub(crate) month: Month,
}

/// A month as a row of an import has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) id: UsageId,
    pub(crate) measures: Measures,
}

/// A month as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) usage: Usage,
    /// 1 when it was first imported, one more with every replacement.
    pub(crate) revision: u64,
    pub(crate) import_time: Timestamp,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Imported {
    Created,
    Replaced,
    Unchanged,
    Refused(UsageRefusal),
}

/// An import in progress: what is known of the months it names, and what it makes of them.
#[derive(Debug)]
pub(crate) struct Import {
    now: Timestamp,
    /// What is stored; goes out of date as rows are taken.
    known: BTreeMap<UsageId, Stored>,
    /// What has to be stored instead, or anew.
    written: BTreeMap<UsageId, Stored>,
    /// What was replaced and is kept.
    replaced: Vec<Stored>,
}

impl Import {
    /// An import at a time, over what is stored of the months that it names.
    pub(crate) fn over(known: impl IntoIterator<Item = Stored>, now: Timestamp) -> Self {
        let known = known.into_iter().map(|stored| (stored.usage.id.clone(), stored)).collect();
        Self { now, known, written: BTreeMap::new(), replaced: Vec::new() }
    }

    /// Takes the next row. A later row of the same month replaces an earlier one.
    pub(crate) fn take(&mut self, row: &Usage) -> Imported {
        if row.id.month.start() > self.now {
            return Imported::Refused(UsageRefusal::MonthInFuture);
        }
        let known = self.written.get(&row.id).or_else(|| self.known.get(&row.id)).cloned();
        let (revision, outcome) = match &known {
            None => (1, Imported::Created),
            Some(known) if known.usage == *row => return Imported::Unchanged,
            Some(known) => (known.revision + 1, Imported::Replaced),
        };
        self.replaced.extend(known);
        let stored = Stored { usage: row.clone(), revision, import_time: self.now };
        self.written.insert(row.id.clone(), stored);
        outcome
    }

    /// When it takes place, in business time.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Months that were not known before, in order.
    pub(crate) fn created(&self) -> impl Iterator<Item = &Stored> {
        self.written.iter().filter(|(id, _)| !self.known.contains_key(id)).map(|(_, stored)| stored)
    }

    /// Months that were known with other measures, in order, as they are now.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &Stored> {
        self.written.iter().filter(|(id, _)| self.known.contains_key(id)).map(|(_, stored)| stored)
    }

    /// What was replaced.
    pub(crate) fn replaced(&self) -> &[Stored] {
        &self.replaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(month: &str, active_users: i64) -> Usage {
        let key = "tenants/00000000-0000-0000-0000-000000000002/workloads/teams".parse().unwrap();
        let measures = Measures::Workload { active_users, paid_available_units: 10 };
        Usage { id: UsageId { key, month: month.parse().unwrap() }, measures }
    }

    fn revisions<'s>(stored: impl IntoIterator<Item = &'s Stored>) -> Vec<(String, i64, u64)> {
        let of = |stored: &Stored| (stored.usage.id.month.to_string(), stored.usage.measures.active(), stored.revision);
        stored.into_iter().map(of).collect()
    }

    #[test]
    fn r51_a_row_creates_replaces_or_changes_nothing() {
        let now = "2026-03-31T12:00:00Z".parse().unwrap();
        let stored = |usage, revision| Stored { usage, revision, import_time: now };
        let mut import = Import::over([stored(row("2026-01", 5), 3), stored(row("2026-02", 6), 1)], now);
        let rows = [row("2026-01", 5), row("2026-02", 7), row("2026-03", 8), row("2026-03", 9), row("2026-04", 1)];
        let outcomes = rows.map(|row| import.take(&row));
        let future = Imported::Refused(UsageRefusal::MonthInFuture);
        assert_eq!(outcomes, [Imported::Unchanged, Imported::Replaced, Imported::Created, Imported::Replaced, future]);
        assert_eq!(revisions(import.created()), [("2026-03".to_owned(), 9, 2)]);
        assert_eq!(revisions(import.changed()), [("2026-02".to_owned(), 7, 2)]);
        assert_eq!(revisions(import.replaced()), [("2026-02".to_owned(), 6, 1), ("2026-03".to_owned(), 8, 1)]);
    }

    #[test]
    fn r51_each_kind_of_key_has_its_own_measures() {
        let users = Counts { active_users: 3, paid_available_units: 4, ..Counts::default() };
        let seats = Counts { seats_sold: 5, consumption: 6, ..Counts::default() };
        let workload = Measures::Workload { active_users: 3, paid_available_units: 4 };
        let subscription = Measures::Subscription { seats_sold: 5, consumption: 6 };
        assert_eq!(Measures::of(ProductKind::Workload, users), Ok(workload));
        assert_eq!(Measures::of(ProductKind::Subscription, seats), Ok(subscription));
        assert_eq!(Measures::of(ProductKind::Workload, seats), Err(UsageRefusal::MeasureMismatch));
        assert_eq!(Measures::of(ProductKind::Subscription, users), Err(UsageRefusal::MeasureMismatch));
        assert_eq!((workload.active(), subscription.active()), (3, 6));
    }
}
