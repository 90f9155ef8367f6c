//! What claim-intake sends, in our words. What makes no sense parks the stream.
use crate::domain::{Evidence, Line, Snapshot};
use cpor_durable::ReceiveError;
use cpor_proto::events::v1::{ClaimSnapshot, EvidenceSnapshot, LineSnapshot};
use cpor_types::{CaseId, ClaimName, EvidenceName, Malformed, ProductName, TenantId, TenantName, Timestamp};
use std::str::FromStr;

/// Which case, and the claim in it.
pub(super) type Told = (TenantId, CaseId, Snapshot);

/// A claim in the case that it names.
pub(super) fn snapshot(wire: Option<ClaimSnapshot>) -> Result<Told, ReceiveError> {
    let wire = wire.ok_or_else(|| ReceiveError::park("the claim's snapshot is missing"))?;
    let (tenant, case) = case(&wire.tenant, &wire.review_case_id)?;
    let claim: ClaimName = parsed(&wire.claim)?;
    let snapshot = Snapshot {
        version: wire.version,
        partner_display_name: wire.partner_display_name,
        mpn_id: parsed(&wire.mpn_id)?,
        customer_display_name: wire.customer_display_name,
        customer_domain: wire.customer_domain,
        claim_display_name: wire.claim_display_name,
        solution_area: parsed(&wire.solution_area)?,
        activities: wire.activities.iter().map(|activity| parsed(activity)).collect::<Result<_, _>>()?,
        lines: wire.lines.into_iter().map(line).collect::<Result<_, _>>()?,
        policy: parsed(&wire.policy)?,
        submit_time: moment("submit_time", wire.submit_time)?,
        evidence: wire.evidence.into_iter().map(|document| evidence(&claim, document)).collect::<Result<_, _>>()?,
        claim,
    };
    Ok((tenant, case, snapshot))
}

/// The case of a tenant's name and a case's id.
pub(super) fn case(tenant: &str, case: &str) -> Result<(TenantId, CaseId), ReceiveError> {
    let TenantName { tenant } = parsed(tenant)?;
    Ok((tenant, parsed(case)?))
}

/// Any of our words.
pub(super) fn parsed<T: FromStr<Err = Malformed>>(text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(ReceiveError::park)
}

fn line(wire: LineSnapshot) -> Result<Line, ReceiveError> {
    let ProductName { product } = parsed(&wire.product)?;
    Ok(Line {
        id: parsed(&wire.line_id)?,
        product,
        product_display_name: wire.product_display_name,
        key: parsed(&wire.key)?,
        held_by_legacy: wire.held_by_legacy,
    })
}

fn evidence(claim: &ClaimName, wire: EvidenceSnapshot) -> Result<Evidence, ReceiveError> {
    let ClaimName { partner, claim } = claim.clone();
    Ok(Evidence {
        name: EvidenceName { partner, claim, evidence: parsed(&wire.evidence_id)? },
        file_name: wire.file_name,
        kind: wire.kind,
        size_bytes: wire.size_bytes,
        sha256: wire.sha256,
        create_time: moment("evidence.create_time", wire.create_time)?,
        signature_time: wire.signature_time.map(|time| moment("evidence.signature_time", Some(time))).transpose()?,
    })
}

fn moment(what: &str, wire: Option<prost_types::Timestamp>) -> Result<Timestamp, ReceiveError> {
    let moment = wire.and_then(|wire| Timestamp::from_timestamp(wire.seconds, u32::try_from(wire.nanos).ok()?));
    moment.map(cpor_types::whole_micros).ok_or_else(|| ReceiveError::park(format!("{what} is missing or no moment")))
}
