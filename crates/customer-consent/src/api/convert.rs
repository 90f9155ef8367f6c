//! Conversion of a consent (the customer's side of one claim) into its proto message, for a given
//! caller. A *notice* is a mail to the customer contact.

use cpor_auth::Caller;
use cpor_durable::{Etag, Versioned};
use cpor_proto::WireEnum;
use cpor_proto::consents::v1::{self as proto, ConsentCommand, ConsentLine, ConsentState};
use cpor_proto::wire_time::to_wire_time;
use cpor_types::{Activity, ConsentName, Role, TenantId, TenantKey};

use crate::domain::{Consent, CustomerCommand, Delivery, Line, Notice, StateKind};

/// The text that replaces personal data that the caller may not see.
const REDACTED: &str = "[redacted]";

/// Whether the message for a caller contains e-mail addresses (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// The message contains the addresses.
    Full,
    /// The message contains `[redacted]` in their place, because the caller is an operator.
    Masked,
}

impl View {
    /// Returns the view of a caller. An operator who is also a reviewer or a customer gets the full
    /// view.
    pub(super) fn for_caller(caller: &Caller) -> Self {
        let may_see_all =
            [Role::CustomerAdmin, Role::PoeReviewer, Role::ReviewLead].into_iter().any(|role| caller.has_role(role));
        if may_see_all { Self::Full } else { Self::Masked }
    }
}

/// Converts a consent into its proto message.
pub(super) fn to_proto(consent: &Versioned<Consent>, view: View) -> proto::Consent {
    let Versioned { version, state: consent } = consent;
    let claim = &consent.claim;
    let delivery_due = consent.state.delivery_period().map(|period| period.deadline.due);
    let deadline = consent.state.window().map(|window| &window.deadline).or_else(|| consent.state.deadline());
    // The deadline of the delivery has a field of its own, `delivery_due_time`.
    let deadline = deadline.filter(|_| delivery_due.is_none());
    proto::Consent {
        name: ConsentName { tenant: claim.tenant, claim: claim.name.claim }.to_string(),
        claim: claim.name.to_string(),
        state: state_to_proto(consent.state.kind()).into(),
        partner_display_name: claim.partner.clone(),
        claim_display_name: claim.display_name.clone(),
        activities: Activity::to_numbers(&claim.activities),
        lines: claim.lines.iter().map(|line| line_to_proto(claim.tenant, line)).collect(),
        due_time: deadline.map(|deadline| to_wire_time(deadline.due)),
        due_rule: deadline.map(|deadline| deadline.rule.clone()).unwrap_or_default(),
        notices: consent.notices.iter().map(|notice| notice_to_proto(notice, view)).collect(),
        approve_time: consent.approval.map(|approval| to_wire_time(approval.time)),
        decline_time: consent.current_decline().map(|decline| to_wire_time(decline.decision.time)),
        channel: consent.channel().map_or(0, WireEnum::to_number),
        allowed_commands: consent.allowed_commands().map(|command| command_to_proto(command).into()).collect(),
        create_time: Some(to_wire_time(claim.submit_time)),
        update_time: Some(to_wire_time(consent.update_time)),
        etag: Etag::new(*version).to_string(),
        waiting_for_delivery: consent.is_waiting_for_delivery(),
        explicit_approval_needed: consent.needs_explicit_approval(),
        delivery_due_time: delivery_due.map(to_wire_time),
        contact_authorized: claim.contact_authorized,
    }
}

/// Returns the proto value for a state. Several states of the domain share a proto value.
const fn state_to_proto(state: StateKind) -> ConsentState {
    match state {
        StateKind::Requested | StateKind::AwaitingReviewInWindow | StateKind::AwaitingReviewWindowPassed => {
            ConsentState::Requested
        }
        StateKind::AwaitingDelivery => ConsentState::AwaitingDelivery,
        StateKind::WindowOpen => ConsentState::WindowOpen,
        StateKind::AwaitingConfirmation => ConsentState::AwaitingConfirmation,
        StateKind::GrantedAwaitingDelivery | StateKind::GrantedInWindow | StateKind::Granted => ConsentState::Granted,
        StateKind::Declined => ConsentState::Declined,
        StateKind::RejectedDisputable | StateKind::Closed => ConsentState::Closed,
    }
}

const fn command_to_proto(command: CustomerCommand) -> ConsentCommand {
    match command {
        CustomerCommand::Approve => ConsentCommand::Approve,
        CustomerCommand::Decline => ConsentCommand::Decline,
    }
}

/// Converts a line (one claimed workload or subscription) of a claim on `tenant` into its proto
/// message.
fn line_to_proto(tenant: TenantId, line: &Line) -> ConsentLine {
    let key = TenantKey { tenant, key: line.key.clone() };
    ConsentLine { product_display_name: line.product.clone(), key: key.to_string() }
}

/// Converts a notice into its proto message, with a masked address if the view asks for it.
fn notice_to_proto(notice: &Notice, view: View) -> proto::Notice {
    let delivery_report_time = match notice.delivery {
        Delivery::Accepted { time } | Delivery::Bounced { time } => Some(time),
        Delivery::Queued | Delivery::Withdrawn { .. } => None,
    };
    proto::Notice {
        kind: notice.kind.to_number(),
        email: match view {
            View::Full => notice.contact.email.expose().to_owned(),
            View::Masked => REDACTED.to_owned(),
        },
        state: notice.delivery.state().to_number(),
        queue_time: Some(to_wire_time(notice.queue_time)),
        delivery_report_time: delivery_report_time.map(to_wire_time),
        notice_id: notice.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_name_states_as_the_api() {
        for kind in StateKind::ALL {
            let name = format!("CONSENT_STATE_{}", crate::store::list_query::api_state(kind));
            assert_eq!(state_to_proto(kind).as_str_name(), name);
        }
    }
}
