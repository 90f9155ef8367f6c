//! Receipts on the wire (R56): made here, and read by whoever verifies them.
use super::words;
use crate::{
    domain::{
        FieldChange, StateKind,
        history::{Audience, Closed, EntryFacts, Part, Receipt, Sealed, SealedEntry},
    },
    wire::{timestamp, timestamp_from},
};
use cpor_proto::claims::v1 as wire;
use serde::{Deserialize, Serialize};

/// What is signed of a receipt. Everything else in it follows from the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The claim's name.
    pub claim: String,
    /// The link of the last entry.
    pub head: String,
    /// How many entries there are.
    pub entries: u64,
    /// When it was made, RFC 3339.
    pub issue_time: String,
}

impl Statement {
    /// That of a receipt, or of its last part, that has so many entries in all.
    #[must_use]
    pub fn of(receipt: &wire::ClaimReceipt, entries: u64) -> Self {
        let issued = receipt.issue_time.and_then(timestamp_from);
        Self {
            claim: receipt.claim.clone(),
            head: receipt.head.clone(),
            entries,
            issue_time: issued.map(cpor_types::rfc3339).unwrap_or_default(),
        }
    }
}

/// A receipt that cannot be read, and so proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The name is no claim's.
    #[error("`claim` names no claim")]
    Claim,
    /// Its head is no digest.
    #[error("`head` is no digest; a receipt whose last part is missing has none")]
    Head,
    /// A part follows the last one, or is of another claim.
    #[error("part {0} does not belong to the parts before it")]
    Part(usize),
    /// A value of an entry has not the shape that it must have.
    #[error("entry {position}: `{field}` is malformed")]
    Field {
        /// Its place in the receipt, from 1.
        position: usize,
        /// Which value.
        field: &'static str,
    },
    /// An entry says something that no commitment stands for.
    #[error("entry {position} says something that nothing in it proves")]
    Unproved {
        /// Its place in the receipt, from 1.
        position: usize,
    },
}

/// An entry as a receipt has it.
pub(super) fn entry(entry: &SealedEntry) -> wire::ReceiptEntry {
    wire::ReceiptEntry {
        entry: Some(told(entry)),
        vendor_only: entry.audience == Audience::Vendor,
        facts: Some(commitment(&entry.facts)),
        subject: Some(commitment(&entry.subject)),
        reason: Some(commitment(&entry.reason)),
        changes: Some(commitment(&entry.changes)),
        each_change: entry.each_change().map(commitment).collect(),
    }
}

/// What an entry says; what is withheld or erased is empty.
pub(super) fn told(entry: &SealedEntry) -> wire::HistoryEntry {
    let text = |part: &Sealed<String>| part.opened.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
    let said = wire::HistoryEntry {
        position: entry.position,
        subject: text(&entry.subject),
        reason: text(&entry.reason),
        changes: entry.each_change().map(told_change).collect(),
        withheld: entry.withheld().map(|part| words::part(part).into()).collect(),
        erased: entry.erased().map(|part| words::part(part).into()).collect(),
        link: entry.link.to_string(),
        ..wire::HistoryEntry::default()
    };
    let Ok((_, facts)) = &entry.facts.opened else { return said };
    wire::HistoryEntry {
        action: facts.action.clone(),
        side: words::side(facts.side).into(),
        effective_time: Some(timestamp(facts.effective_time)),
        record_time: Some(timestamp(facts.record_time)),
        from_state: facts.from.map_or(wire::ClaimState::Unspecified, words::state).into(),
        to_state: words::state(facts.to).into(),
        overtaken: facts.overtaken,
        ..said
    }
}

fn told_change(change: &Sealed<FieldChange>) -> wire::FieldChange {
    match &change.opened {
        Ok((_, FieldChange { field, from, to })) => wire::FieldChange {
            field: field.clone(),
            from: from.clone(),
            to: to.clone(),
            ..wire::FieldChange::default()
        },
        Err(Closed::Erased(kind)) => {
            wire::FieldChange { erased: words::personal_data(*kind).into(), ..wire::FieldChange::default() }
        }
        Err(Closed::Withheld) => wire::FieldChange::default(),
    }
}

fn commitment<T>(part: &Sealed<T>) -> wire::Commitment {
    let salt = part.opened.as_ref().map(|(salt, _)| salt.to_string());
    wire::Commitment { sha256: part.commitment.to_string(), salt: salt.unwrap_or_default() }
}

/// The receipt that comes in these parts.
///
/// # Errors
/// [`Unreadable::Part`]; [`Unreadable::Head`] where there is none.
pub fn join(parts: impl IntoIterator<Item = wire::ClaimReceipt>) -> Result<wire::ClaimReceipt, Unreadable> {
    let mut parts = parts.into_iter();
    let first = parts.next().ok_or(Unreadable::Head)?;
    (2..).zip(parts).try_fold(first, |mut receipt, (n, part)| {
        if !receipt.head.is_empty() || part.claim != receipt.claim {
            return Err(Unreadable::Part(n));
        }
        receipt.entries.extend(part.entries);
        Ok(wire::ClaimReceipt { entries: receipt.entries, ..part })
    })
}

/// What a receipt shows. Whether it proves anything, [`Receipt::verify`] tells.
///
/// # Errors
/// The first value that is malformed, or that stands beside what can be proved.
pub fn read(receipt: &wire::ClaimReceipt) -> Result<Receipt, Unreadable> {
    let entries = (1..).zip(&receipt.entries).map(|(position, shown)| {
        let sealed = read_entry(shown).map_err(|Malformed(field)| Unreadable::Field { position, field })?;
        // Whatever the reading passed over would be believed, and nothing would prove it.
        if entry(&sealed) == *shown { Ok(sealed) } else { Err(Unreadable::Unproved { position }) }
    });
    Ok(Receipt {
        claim: receipt.claim.parse().map_err(|_| Unreadable::Claim)?,
        head: receipt.head.parse().map_err(|_| Unreadable::Head)?,
        entries: entries.collect::<Result<_, _>>()?,
    })
}

/// A field with a value that it cannot have.
struct Malformed(&'static str);

fn read_entry(shown: &wire::ReceiptEntry) -> Result<SealedEntry, Malformed> {
    let entry = shown.entry.as_ref().ok_or(Malformed("entry"))?;
    let erased = |part: &Part| entry.erased().filter_map(words::part_from).any(|erased| erased == *part);
    let closed = |part: Part| {
        let kind = Some(part).filter(erased).and_then(Part::erased_as);
        kind.map_or(Closed::Withheld, Closed::Erased)
    };
    let changes = || {
        let pairs = shown.each_change.iter().zip(&entry.changes);
        let read = |(made, change): (&wire::Commitment, &wire::FieldChange)| {
            let closed = words::personal_data_from(change.erased()).map_or(Closed::Withheld, Closed::Erased);
            let wire::FieldChange { field, from, to, erased: _ } = change.clone();
            sealed("each_change", Some(made), closed, || Ok(FieldChange { field, from, to }))
        };
        pairs.map(read).collect()
    };
    Ok(SealedEntry {
        position: entry.position,
        audience: if shown.vendor_only { Audience::Vendor } else { Audience::All },
        facts: sealed("facts", shown.facts.as_ref(), closed(Part::Facts), || facts(entry))?,
        subject: sealed("subject", shown.subject.as_ref(), closed(Part::Subject), || Ok(entry.subject.clone()))?,
        reason: sealed("reason", shown.reason.as_ref(), closed(Part::Reason), || Ok(entry.reason.clone()))?,
        changes: sealed("changes", shown.changes.as_ref(), closed(Part::Changes), changes)?,
        link: entry.link.parse().map_err(|_| Malformed("link"))?,
    })
}

fn sealed<T>(
    field: &'static str,
    made: Option<&wire::Commitment>,
    closed: Closed,
    content: impl FnOnce() -> Result<T, Malformed>,
) -> Result<Sealed<T>, Malformed> {
    let made = made.ok_or(Malformed(field))?;
    let digest = |text: &str| text.parse().map_err(|_| Malformed(field));
    let opened = if made.salt.is_empty() { Err(closed) } else { Ok((digest(&made.salt)?, content()?)) };
    Ok(Sealed { commitment: digest(&made.sha256)?, opened })
}

fn facts(entry: &wire::HistoryEntry) -> Result<EntryFacts, Malformed> {
    let time = |time: Option<prost_types::Timestamp>| time.and_then(timestamp_from);
    Ok(EntryFacts {
        action: entry.action.clone(),
        side: words::side_from(entry.side()).ok_or(Malformed("side"))?,
        effective_time: time(entry.effective_time).ok_or(Malformed("effective_time"))?,
        record_time: time(entry.record_time).ok_or(Malformed("record_time"))?,
        // A deleted draft is in no state, and neither is what is not there yet.
        from: words::state_from(entry.from_state()).or((entry.position > 1).then_some(StateKind::Deleted)),
        to: words::state_from(entry.to_state()).unwrap_or(StateKind::Deleted),
        overtaken: entry.overtaken,
    })
}
