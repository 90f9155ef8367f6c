//! The gRPC statuses of the rows that `ImportDirectory` refuses.
use cpor_proto::registry::v1::ErrorReason;
use tonic::{Code, Status};

use super::super::error;
use crate::domain::snapshot::RowRefusal;
use crate::store::tenant::TenantConflict;

/// Returns the status of a refused row, with the reason that clients can branch on.
pub(super) fn refusal_status(refusal: &RowRefusal) -> Status {
    let contradiction =
        |message: String| error::with_reason(Code::InvalidArgument, ErrorReason::RowsContradict, message);
    match refusal {
        RowRefusal::MpnIdTaken(mpn_id) => {
            let message = format!("the MPN id {mpn_id} belongs to another partner");
            error::with_reason(Code::AlreadyExists, ErrorReason::MpnIdTaken, message)
        }
        RowRefusal::DomainTaken(domain) => error::conflict(TenantConflict::Domain(domain.clone())),
        RowRefusal::TenantUnknown(tenant) => {
            let message = format!("tenants/{tenant} is not in the directory; import it before or in the same request");
            error::with_reason(Code::FailedPrecondition, ErrorReason::TenantUnknown, message)
        }
        RowRefusal::NoLocation => {
            error::invalid_field("partner.locations", "must not be empty: the partner is not in the directory yet")
        }
        RowRefusal::DescribedDifferently => contradiction(
            "another row of the request describes the same resource differently; send only one of them".to_owned(),
        ),
        RowRefusal::SharedWith { shared_value: value, other_resource: other } => contradiction(format!(
            "{value} is also in the row of {other}, but can belong to only one of them; correct one of the rows"
        )),
    }
}
