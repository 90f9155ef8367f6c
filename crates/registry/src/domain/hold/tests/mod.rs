//! Tests of holds: single cases, and a property test over random command sequences.
mod cases;
mod state_machine_proptest;

use cpor_types::Activity;

use super::HoldRequest;
use crate::domain::fixtures::{catalog, now, partner};
use crate::domain::reason::Reason;
use crate::domain::record::{DecisionOutcome, LineRefusal};
use crate::domain::tenant::{Tenant, TenantChange};

const USAGE_AND_PRE_SALES: [Activity; 2] = [Activity::Usage, Activity::PreSales];

fn place(tenant: &Tenant, hold: &HoldRequest) -> Option<TenantChange> {
    tenant.place_hold(hold, Some(&partner()), &catalog(), now())
}

fn refused(line: Option<cpor_types::LineId>, reason: Reason) -> DecisionOutcome {
    DecisionOutcome::Refused(vec![LineRefusal { line_id: line, reason }])
}
