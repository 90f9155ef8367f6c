//! Mails to the partner, queued in the transaction that decides what they tell (R48, R57).
use super::positioned;
use crate::domain::{Claim, Event};
use cpor_durable::{Change, Recorded};
use cpor_mail::Draft;
use cpor_types::{CaseId, ClaimId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a mail is about: enough to find it again, and to tell whether it is still so, when the mail is worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The claim.
    pub(crate) claim: ClaimId,
    /// Its review case then: a dispute has another.
    pub(crate) case: CaseId,
    /// Since when what happened counts.
    pub(crate) time: Timestamp,
}

/// The mails that a change asks for. Nothing is sent to a contact without an address.
pub(super) fn drafts(change: &Change<Claim>) -> impl Iterator<Item = Draft> + use<'_> {
    positioned(change).filter_map(move |(position, recorded)| draft(change, position, recorded))
}

fn draft(change: &Change<Claim>, position: i64, recorded: &Recorded<Event>) -> Option<Draft> {
    let claim = &change.after.state;
    let kind = recorded.event.notice(claim)?;
    let recipient = &claim.content.partner_contact.email;
    let case = claim.state.submission()?.review_case;
    let about = About { claim: ClaimId(change.key.id), case, time: recorded.effective_time };
    (!recipient.is_empty()).then(|| Draft {
        owner: change.key.owner.clone(),
        id: id(change.key.id, position, recorded.recorded_time),
        kind: kind.as_str(),
        recipient: recipient.clone(),
        time: recorded.recorded_time,
        data: serde_json::json!(about),
    })
}

/// One for each entry of the history. It begins with the time, so that mails sort as they were decided.
pub(super) fn id(claim: Uuid, position: i64, time: Timestamp) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    let [.., high, low] = position.to_be_bytes();
    let [first, second, third, fourth, fifth, sixth, seventh, eighth, ..] =
        Uuid::new_v5(&claim, &position.to_be_bytes()).into_bytes();
    let rest = [high, low, first, second, third, fourth, fifth, sixth, seventh, eighth];
    uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
}
