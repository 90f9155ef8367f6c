//! Conversion between history receipts (R56) and their API messages. `cpor verify` uses this module
//! to read a receipt. A *commitment* is a salted hash of one part of a history entry; a *link* is
//! the hash of the history up to an entry.
use crate::{Audience, EntryFacts, FieldChange, HiddenReason, Part, Receipt, SealedEntry, SealedPart};
use cpor_proto::wire_time::{from_wire_time, to_wire_time};
use cpor_proto::{WireEnum as _, claims::v1 as wire};
use cpor_types::{ActorSide, ClaimStateKind, PersonalData};
use serde::{Deserialize, Serialize};

/// The part of a receipt that is signed. The signature also protects the entries, because `head` is
/// computed from all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The resource name of the claim.
    pub claim: String,
    /// The link of the last entry, in hex.
    pub head: String,
    /// The number of entries.
    pub entries: u64,
    /// The time at which the receipt was issued, in RFC 3339.
    pub issue_time: String,
}

impl Statement {
    /// Returns the statement of a receipt with `entries` entries. `receipt` is the whole receipt
    /// or, if the receipt was streamed in parts, the last part.
    #[must_use]
    pub fn for_receipt(receipt: &wire::ClaimReceipt, entries: u64) -> Self {
        let issue_time = receipt.issue_time.and_then(from_wire_time);
        Self {
            claim: receipt.claim.clone(),
            head: receipt.head_hash.clone(),
            entries,
            issue_time: issue_time.map(cpor_types::rfc3339).unwrap_or_default(),
        }
    }
}

/// The reason why a receipt cannot be read. Such a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The field `claim` is not the resource name of a claim.
    #[error("claim: must be the name of a claim")]
    Claim,
    /// The field `head_hash` is not a digest.
    #[error("head_hash: must be 64 lower-case hexadecimal digits; it is empty if the last part is missing")]
    Head,
    /// The part with this number (from 1) follows the last part, or belongs to another claim.
    #[error("part {0}: does not belong to the same receipt as the parts before it")]
    Part(usize),
    /// A field of an entry is malformed.
    #[error("entry {position}: {field}: is malformed")]
    Field {
        /// The position of the entry in the receipt, from 1.
        position: usize,
        /// The name of the field in the API's message.
        field: &'static str,
    },
    /// An entry contains a value that none of its commitments covers.
    #[error("entry {position}: contains a value that no commitment proves")]
    Unproven {
        /// The position of the entry in the receipt, from 1.
        position: usize,
    },
}

/// Converts an entry, with its commitments and salts, to the message of a receipt.
#[must_use]
pub fn receipt_entry(entry: &SealedEntry) -> wire::ReceiptEntry {
    wire::ReceiptEntry {
        entry: Some(history_entry(entry)),
        vendor_only: entry.audience == Audience::Vendor,
        facts_commitment: Some(commitment(&entry.facts)),
        subject_commitment: Some(commitment(&entry.subject)),
        reason_commitment: Some(commitment(&entry.reason)),
        changes_commitment: Some(commitment(&entry.changes)),
        change_commitments: entry.each_change().map(commitment).collect(),
    }
}

/// Converts an entry, without its commitments and salts, to the message of a history. Withheld and
/// erased parts are empty.
#[must_use]
pub fn history_entry(entry: &SealedEntry) -> wire::HistoryEntry {
    let text = |part: &SealedPart<String>| part.opened.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
    let without_facts = wire::HistoryEntry {
        position: entry.position,
        subject: text(&entry.subject),
        reason: text(&entry.reason),
        changes: entry.each_change().map(field_change_to_wire).collect(),
        withheld: entry.withheld().map(|part| history_part_to_wire(part).into()).collect(),
        erased: entry.erased().map(|part| history_part_to_wire(part).into()).collect(),
        chain_hash: entry.link.to_string(),
        ..wire::HistoryEntry::default()
    };
    let Ok((_, facts)) = &entry.facts.opened else { return without_facts };
    wire::HistoryEntry {
        action: facts.action.clone(),
        side: facts.side.to_number(),
        effective_time: Some(to_wire_time(facts.effective_time)),
        record_time: Some(to_wire_time(facts.record_time)),
        from_state: facts.from.map_or(wire::ClaimState::Unspecified, claim_state_to_wire).into(),
        to_state: claim_state_to_wire(facts.to).into(),
        overtaken: facts.overtaken,
        ..without_facts
    }
}

fn field_change_to_wire(change: &SealedPart<FieldChange>) -> wire::FieldChange {
    match &change.opened {
        Ok((_, FieldChange { field, from, to })) => wire::FieldChange {
            field: field.clone(),
            old_value: from.clone(),
            new_value: to.clone(),
            ..wire::FieldChange::default()
        },
        Err(HiddenReason::Erased(kind)) => {
            wire::FieldChange { erased: kind.to_number(), ..wire::FieldChange::default() }
        }
        Err(HiddenReason::Withheld) => wire::FieldChange::default(),
    }
}

fn commitment<T>(part: &SealedPart<T>) -> wire::Commitment {
    let salt = part.opened.as_ref().map(|(salt, _)| salt.to_string());
    wire::Commitment { sha256: part.commitment.to_string(), salt: salt.unwrap_or_default() }
}

/// Converts a state to the API's enum.
#[must_use]
pub const fn claim_state_to_wire(state: ClaimStateKind) -> wire::ClaimState {
    match state {
        ClaimStateKind::Editing => wire::ClaimState::Editing,
        // The API has no state for a deleted draft. Only the response to DeleteClaim and the
        // history show a deleted draft.
        ClaimStateKind::Deleted => wire::ClaimState::Unspecified,
        ClaimStateKind::Submitted => wire::ClaimState::Submitted,
        ClaimStateKind::UnderReview => wire::ClaimState::UnderReview,
        ClaimStateKind::PartnerActionRequired => wire::ClaimState::PartnerActionRequired,
        ClaimStateKind::Approved => wire::ClaimState::Approved,
        ClaimStateKind::Rejected => wire::ClaimState::Rejected,
        ClaimStateKind::Disputed => wire::ClaimState::Disputed,
    }
}

/// Converts a state of the API; returns `None` for the unspecified value.
const fn claim_state_from_wire(state: wire::ClaimState) -> Option<ClaimStateKind> {
    match state {
        wire::ClaimState::Unspecified => None,
        wire::ClaimState::Editing => Some(ClaimStateKind::Editing),
        wire::ClaimState::Submitted => Some(ClaimStateKind::Submitted),
        wire::ClaimState::UnderReview => Some(ClaimStateKind::UnderReview),
        wire::ClaimState::PartnerActionRequired => Some(ClaimStateKind::PartnerActionRequired),
        wire::ClaimState::Approved => Some(ClaimStateKind::Approved),
        wire::ClaimState::Rejected => Some(ClaimStateKind::Rejected),
        wire::ClaimState::Disputed => Some(ClaimStateKind::Disputed),
    }
}

const fn history_part_to_wire(part: Part) -> wire::HistoryPart {
    match part {
        Part::Facts => wire::HistoryPart::Facts,
        Part::Subject => wire::HistoryPart::Subject,
        Part::Reason => wire::HistoryPart::Reason,
        Part::Changes => wire::HistoryPart::Changes,
    }
}

/// Converts a part of the API; returns `None` for the unspecified value.
const fn history_part_from_wire(part: wire::HistoryPart) -> Option<Part> {
    match part {
        wire::HistoryPart::Unspecified => None,
        wire::HistoryPart::Facts => Some(Part::Facts),
        wire::HistoryPart::Subject => Some(Part::Subject),
        wire::HistoryPart::Reason => Some(Part::Reason),
        wire::HistoryPart::Changes => Some(Part::Changes),
    }
}

/// Joins the parts of a receipt that ExportClaimReceipt has streamed.
///
/// # Errors
/// Returns [`ReceiptError::Part`] if a part does not belong to the receipt, and
/// [`ReceiptError::Head`] if there are no parts.
pub fn join(parts: impl IntoIterator<Item = wire::ClaimReceipt>) -> Result<wire::ClaimReceipt, ReceiptError> {
    let mut parts = parts.into_iter();
    let first = parts.next().ok_or(ReceiptError::Head)?;
    (2..).zip(parts).try_fold(first, |mut receipt, (part_number, part)| {
        if !receipt.head_hash.is_empty() || part.claim != receipt.claim {
            return Err(ReceiptError::Part(part_number));
        }
        receipt.entries.extend(part.entries);
        Ok(wire::ClaimReceipt { entries: receipt.entries, ..part })
    })
}

/// Reads a complete receipt. [`Receipt::verify`] then checks whether it proves the history.
///
/// # Errors
/// Returns an error that names a value that is malformed or that no commitment covers.
pub fn read(receipt: &wire::ClaimReceipt) -> Result<Receipt, ReceiptError> {
    let entries = (1..).zip(&receipt.entries).map(|(position, message)| {
        let sealed = read_entry(message).map_err(|Malformed(field)| ReceiptError::Field { position, field })?;
        // `read_entry` ignores values that no commitment covers. Converting the entry back detects
        // such a value.
        if receipt_entry(&sealed) == *message { Ok(sealed) } else { Err(ReceiptError::Unproven { position }) }
    });
    Ok(Receipt {
        claim: receipt.claim.parse().map_err(|_| ReceiptError::Claim)?,
        head: receipt.head_hash.parse().map_err(|_| ReceiptError::Head)?,
        entries: entries.collect::<Result<_, _>>()?,
    })
}

/// The error for a field that is malformed or absent. Contains the name of the field.
struct Malformed(&'static str);

/// Reads an entry with its commitments and salts.
fn read_entry(message: &wire::ReceiptEntry) -> Result<SealedEntry, Malformed> {
    let entry = message.entry.as_ref().ok_or(Malformed("entry"))?;
    let is_erased = |part: &Part| entry.erased().filter_map(history_part_from_wire).any(|erased| erased == *part);
    // Returns the reason why the content of a part without a salt is hidden.
    let hidden_reason = |part: Part| {
        let kind = Some(part).filter(is_erased).and_then(Part::erased_as);
        kind.map_or(HiddenReason::Withheld, HiddenReason::Erased)
    };
    let changes = || {
        let pairs = message.change_commitments.iter().zip(&entry.changes);
        let read_change = |(commitment, change): (&wire::Commitment, &wire::FieldChange)| {
            let reason = PersonalData::from_number(change.erased).map_or(HiddenReason::Withheld, HiddenReason::Erased);
            let wire::FieldChange { field, old_value: from, new_value: to, erased: _ } = change.clone();
            read_part("change_commitments", Some(commitment), reason, || Ok(FieldChange { field, from, to }))
        };
        pairs.map(read_change).collect()
    };
    Ok(SealedEntry {
        position: entry.position,
        audience: if message.vendor_only { Audience::Vendor } else { Audience::All },
        facts: read_part("facts_commitment", message.facts_commitment.as_ref(), hidden_reason(Part::Facts), || {
            read_facts(entry)
        })?,
        subject: read_part(
            "subject_commitment",
            message.subject_commitment.as_ref(),
            hidden_reason(Part::Subject),
            || Ok(entry.subject.clone()),
        )?,
        reason: read_part(
            "reason_commitment",
            message.reason_commitment.as_ref(),
            hidden_reason(Part::Reason),
            || Ok(entry.reason.clone()),
        )?,
        changes: read_part(
            "changes_commitment",
            message.changes_commitment.as_ref(),
            hidden_reason(Part::Changes),
            changes,
        )?,
        link: entry.chain_hash.parse().map_err(|_| Malformed("chain_hash"))?,
    })
}

/// Reads one part of an entry. `hidden_reason` is the reason why the content is hidden if there is
/// no salt.
fn read_part<T>(
    field: &'static str,
    commitment: Option<&wire::Commitment>,
    hidden_reason: HiddenReason,
    content: impl FnOnce() -> Result<T, Malformed>,
) -> Result<SealedPart<T>, Malformed> {
    let commitment = commitment.ok_or(Malformed(field))?;
    let digest = |text: &str| text.parse().map_err(|_| Malformed(field));
    let opened =
        if commitment.salt.is_empty() { Err(hidden_reason) } else { Ok((digest(&commitment.salt)?, content()?)) };
    Ok(SealedPart { commitment: digest(&commitment.sha256)?, opened })
}

fn read_facts(entry: &wire::HistoryEntry) -> Result<EntryFacts, Malformed> {
    let time = |time: Option<prost_types::Timestamp>| time.and_then(from_wire_time);
    Ok(EntryFacts {
        action: entry.action.clone(),
        side: ActorSide::from_number(entry.side).map_err(|_| Malformed("side"))?,
        effective_time: time(entry.effective_time).ok_or(Malformed("effective_time"))?,
        record_time: time(entry.record_time).ok_or(Malformed("record_time"))?,
        // The API has no value for the state of a deleted draft, so an unspecified state means that
        // state. Only the first entry has no state before it.
        from: claim_state_from_wire(entry.from_state()).or((entry.position > 1).then_some(ClaimStateKind::Deleted)),
        to: claim_state_from_wire(entry.to_state()).unwrap_or(ClaimStateKind::Deleted),
        overtaken: entry.overtaken,
    })
}
