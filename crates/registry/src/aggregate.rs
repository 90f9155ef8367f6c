//! The [`Aggregate`] implementations that the writers need. Only tenants have a deadline: the end
//! of subscriptions (R39, R58).
use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Timestamp};

use crate::domain::partner::{Partner, PartnerEvent};
use crate::domain::tenant::{Tenant, TenantEvent};

impl Aggregate for Tenant {
    type Event = TenantEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        self.next_deadline().into_iter().collect()
    }

    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let (due, (next, events)) = self.expire(now)?;
        Some(Elapsed { due, transition: Transition::new(next, events) })
    }
}

impl Aggregate for Partner {
    type Event = PartnerEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn elapse(&self, _now: Timestamp) -> Option<Elapsed<Self>> {
        None
    }
}
