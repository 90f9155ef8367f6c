//! Converts the messages of the service claim-intake to domain types. A malformed message parks its
//! event stream (the events of one claim): no more events of the stream are applied until an
//! operator acts.
use crate::domain::{CustomerContact, Evidence, Line, Snapshot};
use cpor_durable::ReceiveError;
use cpor_proto::WireEnum;
use cpor_proto::events::v1::{ClaimSnapshot, EvidenceSnapshot, LineSnapshot};
use cpor_proto::wire_time::from_wire_time;
use cpor_types::{CaseId, ClaimName, EvidenceName, Malformed, ProductName, TenantId, TenantName, Timestamp};
use std::str::FromStr;

/// A snapshot of a claim, with the case that it belongs to.
pub(super) struct SnapshotOfCase {
    pub tenant: TenantId,
    pub id: CaseId,
    pub snapshot: Snapshot,
}

/// Converts the snapshot of a claim.
pub(super) fn snapshot(message: Option<ClaimSnapshot>) -> Result<SnapshotOfCase, ReceiveError> {
    let message = message.ok_or_else(|| ReceiveError::park("snapshot: must be set"))?;
    let (tenant, id) = case_id(&message.tenant, &message.review_case_id)?;
    let claim: ClaimName = parse(&message.claim)?;
    let contact = message.customer_contact.unwrap_or_default();
    let customer_contact = CustomerContact {
        name: contact.name.into(),
        title: contact.title.into(),
        email: contact.email.into(),
        authorized: message.customer_contact_authorized,
    };
    let snapshot = Snapshot {
        version: message.version,
        partner_display_name: message.partner_display_name,
        mpn_id: parse(&message.mpn_id)?,
        customer_display_name: message.customer_display_name,
        customer_domain: message.customer_domain,
        claim_display_name: message.claim_display_name,
        solution_area: parse_enum(message.solution_area)?,
        activities: message.activities.iter().map(|activity| parse_enum(*activity)).collect::<Result<_, _>>()?,
        lines: message.lines.into_iter().map(line).collect::<Result<_, _>>()?,
        policy: parse(&message.policy)?,
        submit_time: time("submit_time", message.submit_time)?,
        evidence: message.evidence.into_iter().map(|document| evidence(&claim, document)).collect::<Result<_, _>>()?,
        customer_contact,
        claim,
    };
    Ok(SnapshotOfCase { tenant, id, snapshot })
}

/// Parses the resource name of a tenant and the id of a case.
pub(super) fn case_id(tenant: &str, case: &str) -> Result<(TenantId, CaseId), ReceiveError> {
    let TenantName { tenant } = parse(tenant)?;
    Ok((tenant, parse(case)?))
}

/// Parses an id, a resource name or a stable name. A malformed text parks the stream.
pub(super) fn parse<T: FromStr<Err = Malformed>>(text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(ReceiveError::park)
}

/// Converts the number of an enum value. An unknown number parks the stream.
pub(super) fn parse_enum<T: WireEnum>(number: i32) -> Result<T, ReceiveError> {
    T::from_number(number).map_err(ReceiveError::park)
}

/// Converts a line: the part of the claim that is about one workload or subscription. The legacy
/// holder is another company that holds it by an association from before claims existed (R58).
fn line(message: LineSnapshot) -> Result<Line, ReceiveError> {
    let legacy_holder = Some(message.legacy_holder_id).filter(|id| !id.is_empty());
    let ProductName { product } = parse(&message.product)?;
    Ok(Line {
        id: parse(&message.line_id)?,
        product,
        product_display_name: message.product_display_name,
        key: parse(&message.key)?,
        legacy_holder: legacy_holder.map(|id| parse(&id)).transpose()?,
    })
}

fn evidence(claim: &ClaimName, message: EvidenceSnapshot) -> Result<Evidence, ReceiveError> {
    let ClaimName { partner, claim } = claim.clone();
    Ok(Evidence {
        name: EvidenceName { partner, claim, evidence: parse(&message.evidence_id)? },
        file_name: message.file_name,
        kind: parse_enum(message.kind)?,
        size_bytes: message.size_bytes,
        sha256: message.sha256,
        create_time: time("evidence.create_time", message.create_time)?,
        signature_time: message
            .signature_time
            .map(|signed| time("evidence.signature_time", Some(signed)))
            .transpose()?,
    })
}

fn time(field: &str, message: Option<prost_types::Timestamp>) -> Result<Timestamp, ReceiveError> {
    message.and_then(from_wire_time).ok_or_else(|| ReceiveError::park(format!("{field}: must be a valid timestamp")))
}
