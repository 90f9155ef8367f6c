//! Monthly usage of a key (a workload or a subscription of a tenant), and the rules of its import
//! (R51).

use std::collections::BTreeMap;

use super::guide::UsageUnit;
use cpor_types::{Month, ProductKind, TenantKey, Timestamp};

/// The measured usage of a key in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measures {
    Workload {
        active_users: i64,
        paid_available_units: i64,
    },
    /// The measures of a subscription. Consumption is counted in units of the product.
    Subscription {
        seats_sold: i64,
        consumption: i64,
    },
}

/// The counts of an imported row; a count that the row does not contain is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsageCounts {
    pub(crate) active_users: i64,
    pub(crate) paid_available_units: i64,
    pub(crate) seats_sold: i64,
    pub(crate) consumption: i64,
}

impl Measures {
    /// Selects the counts that belong to this kind of key.
    ///
    /// # Errors
    /// Returns [`UsageRefusal::MeasureMismatch`] if a count of the other kind is not 0.
    pub(crate) fn from_counts(kind: ProductKind, counts: UsageCounts) -> Result<Self, UsageRefusal> {
        let UsageCounts { active_users, paid_available_units, seats_sold, consumption } = counts;
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

    /// Returns the active usage, from which growth is calculated (R53): the active users of a
    /// workload, the consumption of a subscription.
    pub(crate) const fn active_usage(self) -> i64 {
        match self {
            Self::Workload { active_users, .. } => active_users,
            Self::Subscription { consumption, .. } => consumption,
        }
    }

    /// Returns the number of these units, or `None` if this kind of key is not measured in the
    /// unit.
    pub(crate) const fn units(self, unit: UsageUnit) -> Option<i64> {
        match (self, unit) {
            (Self::Workload { active_users, .. }, UsageUnit::ActiveUsers) => Some(active_users),
            (Self::Workload { paid_available_units, .. }, UsageUnit::PaidAvailableUnits) => Some(paid_available_units),
            (Self::Subscription { seats_sold, .. }, UsageUnit::SeatsSold) => Some(seats_sold),
            (Self::Subscription { consumption, .. }, UsageUnit::Consumption) => Some(consumption),
            (Self::Workload { .. }, UsageUnit::SeatsSold | UsageUnit::Consumption)
            | (Self::Subscription { .. }, UsageUnit::ActiveUsers | UsageUnit::PaidAvailableUnits) => None,
        }
    }
}

/// The reason why a row of usage is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsageRefusal {
    /// The row contains counts that its kind of key does not have.
    MeasureMismatch,
    MonthInFuture,
}

/// The identity of a usage record: a key and a month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsageId {
    pub(crate) key: TenantKey,
    pub(crate) month: Month,
}

/// The usage of a key in a month, as a row of an import contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) id: UsageId,
    pub(crate) measures: Measures,
}

/// The usage of a key in a month, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredUsage {
    pub(crate) usage: Usage,
    /// 1 for the first import of the month; every replacement adds 1.
    pub(crate) revision: u64,
    pub(crate) import_time: Timestamp,
}

/// The outcome of one row of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportOutcome {
    /// The month was not stored before.
    Created,
    /// The row replaced a stored month that had other measures.
    Replaced,
    /// The stored month has the same measures.
    Unchanged,
    /// The row was not stored.
    Refused(UsageRefusal),
}

/// An import in progress. It collects the months to write.
#[derive(Debug)]
pub(crate) struct UsageImport {
    now: Timestamp,
    /// The months that were stored before the import.
    stored: BTreeMap<UsageId, StoredUsage>,
    /// The months that have to be inserted or updated.
    to_write: BTreeMap<UsageId, StoredUsage>,
    /// The months that were replaced. They are kept in a table of their own.
    replaced: Vec<StoredUsage>,
}

impl UsageImport {
    /// Begins an import. `stored` contains the stored usage of the months in the rows.
    pub(crate) fn new(stored: impl IntoIterator<Item = StoredUsage>, now: Timestamp) -> Self {
        let stored = stored.into_iter().map(|stored| (stored.usage.id.clone(), stored)).collect();
        Self { now, stored, to_write: BTreeMap::new(), replaced: Vec::new() }
    }

    /// Adds the next row. It replaces an earlier row for the same month.
    pub(crate) fn add_row(&mut self, row: &Usage) -> ImportOutcome {
        if row.id.month.start() > self.now {
            return ImportOutcome::Refused(UsageRefusal::MonthInFuture);
        }
        let current = self.to_write.get(&row.id).or_else(|| self.stored.get(&row.id)).cloned();
        let (revision, outcome) = match &current {
            None => (1, ImportOutcome::Created),
            Some(current) if current.usage == *row => return ImportOutcome::Unchanged,
            Some(current) => (current.revision + 1, ImportOutcome::Replaced),
        };
        self.replaced.extend(current);
        let stored = StoredUsage { usage: row.clone(), revision, import_time: self.now };
        self.to_write.insert(row.id.clone(), stored);
        outcome
    }

    /// Returns the time of the import, by the business clock, which deadlines use and which can be
    /// virtual.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns whether the import has nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.to_write.is_empty()
    }

    /// Returns the months to insert, in order. They were not stored before.
    pub(crate) fn created_months(&self) -> impl Iterator<Item = &StoredUsage> {
        self.to_write.iter().filter(|(id, _)| !self.stored.contains_key(id)).map(|(_, stored)| stored)
    }

    /// Returns the months to update, in order, with the new measures. They were stored with other
    /// measures.
    pub(crate) fn changed_months(&self) -> impl Iterator<Item = &StoredUsage> {
        self.to_write.iter().filter(|(id, _)| self.stored.contains_key(id)).map(|(_, stored)| stored)
    }

    /// Returns the months that were replaced, with their former measures.
    pub(crate) fn replaced_months(&self) -> &[StoredUsage] {
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

    /// The month, active users and revision of each stored month.
    fn summaries<'s>(stored: impl IntoIterator<Item = &'s StoredUsage>) -> Vec<(String, i64, u64)> {
        let summary = |StoredUsage { usage, revision, .. }: &StoredUsage| {
            (usage.id.month.to_string(), usage.measures.active_usage(), *revision)
        };
        stored.into_iter().map(summary).collect()
    }

    #[test]
    fn r51_a_row_creates_replaces_or_changes_nothing() {
        let now = "2026-03-31T12:00:00Z".parse().unwrap();
        let stored = |usage, revision| StoredUsage { usage, revision, import_time: now };
        let mut import = UsageImport::new([stored(row("2026-01", 5), 3), stored(row("2026-02", 6), 1)], now);
        let rows = [row("2026-01", 5), row("2026-02", 7), row("2026-03", 8), row("2026-03", 9), row("2026-04", 1)];
        let outcomes = rows.map(|row| import.add_row(&row));
        let expected = [
            ImportOutcome::Unchanged,
            ImportOutcome::Replaced,
            ImportOutcome::Created,
            ImportOutcome::Replaced,
            ImportOutcome::Refused(UsageRefusal::MonthInFuture),
        ];
        assert_eq!(outcomes, expected);
        assert_eq!(summaries(import.created_months()), [("2026-03".to_owned(), 9, 2)]);
        assert_eq!(summaries(import.changed_months()), [("2026-02".to_owned(), 7, 2)]);
        let replaced = [("2026-02".to_owned(), 6, 1), ("2026-03".to_owned(), 8, 1)];
        assert_eq!(summaries(import.replaced_months()), replaced);
    }

    #[test]
    fn r51_each_kind_of_key_has_its_own_measures() {
        let users = UsageCounts { active_users: 3, paid_available_units: 4, ..UsageCounts::default() };
        let seats = UsageCounts { seats_sold: 5, consumption: 6, ..UsageCounts::default() };
        let workload = Measures::Workload { active_users: 3, paid_available_units: 4 };
        let subscription = Measures::Subscription { seats_sold: 5, consumption: 6 };
        assert_eq!(Measures::from_counts(ProductKind::Workload, users), Ok(workload));
        assert_eq!(Measures::from_counts(ProductKind::Subscription, seats), Ok(subscription));
        assert_eq!(Measures::from_counts(ProductKind::Workload, seats), Err(UsageRefusal::MeasureMismatch));
        assert_eq!(Measures::from_counts(ProductKind::Subscription, users), Err(UsageRefusal::MeasureMismatch));
        assert_eq!((workload.active_usage(), subscription.active_usage()), (3, 6));
    }
}
