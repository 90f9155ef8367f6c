//! Holds: case by case, and exclusivity in any life.
mod cases;
mod lives;

use cpor_types::Activity;

use super::PlaceHold;
use crate::domain::examples::{catalog, now, partner};
use crate::domain::reason::Reason;
use crate::domain::record::{Decision, LineRefusal};
use crate::domain::tenant::{Changed, Tenant};

const BOTH: [Activity; 2] = [Activity::Usage, Activity::PreSales];

fn place(tenant: &Tenant, hold: &PlaceHold) -> Option<Changed> {
    tenant.place(hold, Some(&partner()), &catalog(), now())
}

fn refused(line: Option<cpor_types::LineId>, reason: Reason) -> Decision {
    Decision::Refused(vec![LineRefusal { line_id: line, reason }])
}
