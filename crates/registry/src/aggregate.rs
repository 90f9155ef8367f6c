//! Implements [`Aggregate`] for tenants, partners and the catalog, so that writers (the tasks that
//! commit commands) can load and save them. Only tenants have deadlines: the times at which
//! partners' associations end with a subscription or workload (R2a, R39, R58).
use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Deadline, Timestamp};

use crate::domain::catalog_record::{CatalogRecord, CatalogReplaced};
use crate::domain::partner::{Partner, PartnerEvent};
use crate::domain::tenant::{Tenant, TenantEvent};

impl Aggregate for Tenant {
    type Event = TenantEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        self.next_deadline().into_iter().collect()
    }

    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        let (due, (next, events)) = self.expire(now)?;
        Some(PassedDeadline { due, transition: Transition::new(next, events) })
    }
}

impl Aggregate for Partner {
    type Event = PartnerEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn apply_passed_deadline(&self, _now: Timestamp) -> Option<PassedDeadline<Self>> {
        None
    }
}

impl Aggregate for CatalogRecord {
    type Event = CatalogReplaced;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn apply_passed_deadline(&self, _now: Timestamp) -> Option<PassedDeadline<Self>> {
        None
    }
}
