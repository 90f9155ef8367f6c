//! The aggregates, as the writer knows them. Neither has deadlines (a subscription's end, R39, will be the first).
use cpor_durable::{Aggregate, Elapsed};
use cpor_types::{Deadline, Timestamp};

use crate::domain::partner::{Partner, PartnerEvent};
use crate::domain::tenant::{Tenant, TenantEvent};

impl Aggregate for Tenant {
    type Event = TenantEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn elapse(&self, _now: Timestamp) -> Option<Elapsed<Self>> {
        None
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
