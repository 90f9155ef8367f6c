//! Queues mails to partners (R48, R57). A mail is queued in the transaction of the change that it
//! reports. Its text is composed later, when it is sent (see the module `notices`).
use super::events_with_position;
use crate::domain::{Claim, Event};
use cpor_durable::{Change, RecordedEvent};
use cpor_mail::NewMail;
use cpor_types::{CaseId, ClaimId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The data that is stored with a queued mail. When the mail is sent, this data identifies the
/// claim and shows whether the mail still applies to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartnerMailData {
    /// The id of the claim.
    pub(crate) claim: ClaimId,
    /// The review case of the claim when the mail was queued. A dispute opens another review case.
    pub(crate) case: CaseId,
    /// The time at which the reported change took effect.
    pub(crate) time: Timestamp,
}

/// Returns the mails that a change causes. There are none if the partner contact has no e-mail
/// address.
pub(super) fn mails_for_change(change: &Change<Claim>) -> impl Iterator<Item = NewMail> + use<'_> {
    events_with_position(change).filter_map(move |(position, recorded)| mail_for_event(change, position, recorded))
}

/// Returns the mail that one recorded event causes, if any.
fn mail_for_event(change: &Change<Claim>, position: i64, recorded: &RecordedEvent<Event>) -> Option<NewMail> {
    let claim = &change.after.state;
    let kind = recorded.event.partner_mail(claim)?;
    let recipient = claim.content.partner_contact.email.expose();
    let case = claim.state.submission()?.review_case;
    let data = PartnerMailData { claim: ClaimId(change.key.id), case, time: recorded.effective_time };
    (!recipient.is_empty()).then(|| NewMail {
        owner: change.key.owner.clone(),
        id: mail_id(change.key.id, position, recorded.recorded_time),
        kind: kind.as_str(),
        recipient: recipient.to_owned(),
        time: recorded.recorded_time,
        data: serde_json::json!(data),
    })
}

/// Returns the id of the mail for the history entry at `position`. It is a UUID of version 7 whose
/// random part is derived from claim and position, so that the same entry always gets the same id.
/// It starts with the time, so that mails are sorted by the time at which they were queued.
pub(super) fn mail_id(claim: Uuid, position: i64, time: Timestamp) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default();
    let [.., high, low] = position.to_be_bytes();
    let [first, second, third, fourth, fifth, sixth, seventh, eighth, ..] =
        Uuid::new_v5(&claim, &position.to_be_bytes()).into_bytes();
    let derived_part = [high, low, first, second, third, fourth, fifth, sixth, seventh, eighth];
    uuid::Builder::from_unix_timestamp_millis(millis, &derived_part).into_uuid()
}
