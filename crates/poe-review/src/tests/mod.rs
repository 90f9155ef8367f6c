//! Tests of the whole service on both databases, with an in-memory registry. Background tasks do
//! not run by themselves; a test calls them.
mod approval;
mod claim_events;
mod commands;
mod competition;
mod erasure;
mod notes;
mod queue;
mod reminders;
mod rpc_calls;
mod test_system;

pub(crate) use test_system::TestSystem;

use crate::domain::tests::{SUBMITTED, parse_time};
use cpor_call::status;
use cpor_proto::events::v1::{ClaimSnapshot, EvidenceSnapshot, LineSnapshot};
use cpor_types::Timestamp;
use std::time::Duration;
use tonic::{Code, Status};

/// The tenant of every claim in these tests.
pub(crate) const TENANT: &str = "0192f0c1-0000-7000-8000-00000000000a";

/// Returns the nth claim, for the workload Teams. Partner `contoso` has the odd claims, `northwind`
/// the even ones.
pub(crate) fn claim(n: u32) -> ClaimSnapshot {
    let partner = if n % 2 == 1 { "contoso" } else { "northwind" };
    ClaimSnapshot {
        claim: format!("partners/{partner}/claims/0192f0c1-0000-7000-8000-0000000{n:05}"),
        version: 1,
        partner_display_name: partner.to_owned(),
        mpn_id: "1234567".to_owned(),
        tenant: format!("tenants/{TENANT}"),
        customer_domain: "fabrikam.example".to_owned(),
        customer_display_name: "Fabrikam".to_owned(),
        claim_display_name: format!("claim {n}"),
        solution_area: cpor_proto::r#type::v1::SolutionArea::Microsoft365.into(),
        activities: vec![cpor_proto::r#type::v1::Activity::Usage.into()],
        lines: vec![line("teams")],
        policy: "2021@1".to_owned(),
        tenant_calendar: "utc".to_owned(),
        customer_contact: None,
        customer_contact_authorized: true,
        review_case_id: format!("0192f0c1-0000-7000-8000-0000001{n:05}"),
        submit_time: Some(prost_types::Timestamp { seconds: parse_time(SUBMITTED).timestamp(), nanos: 0 }),
        programs: vec![cpor_proto::r#type::v1::Program::OsuMicrosoft365.into()],
        evidence: vec![evidence()],
        consent_request_number: 0,
    }
}

pub(crate) fn line(product: &str) -> LineSnapshot {
    LineSnapshot {
        line_id: "0192f0c1-0000-7000-8000-0000000000b1".to_owned(),
        product: format!("products/{product}"),
        product_display_name: product.to_owned(),
        key: format!("workloads/{product}"),
        held_by_legacy: false,
        legacy_holder_id: String::new(),
    }
}

fn evidence() -> EvidenceSnapshot {
    EvidenceSnapshot {
        evidence_id: "0192f0c1-0000-7000-8000-0000000000e1".to_owned(),
        file_name: "proof.pdf".to_owned(),
        kind: cpor_proto::r#type::v1::EvidenceKind::Pdf.into(),
        size_bytes: 1234,
        sha256: "ab".repeat(32),
        create_time: Some(prost_types::Timestamp { seconds: parse_time(SUBMITTED).timestamp(), nanos: 0 }),
        signature_time: None,
    }
}

/// Returns the resource name of the nth claim's case.
pub(crate) fn case(n: u32) -> String {
    format!("tenants/{TENANT}/reviewCases/{}", claim(n).review_case_id)
}

/// Returns the time of the submission plus `n` days.
pub(crate) fn day(n: u64) -> Timestamp {
    parse_time(SUBMITTED) + Duration::from_hours(24 * n)
}

pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), status::reason(&status).unwrap_or_default())
}
