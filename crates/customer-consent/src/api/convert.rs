//! A consent as its reader sees it.

use cpor_durable::Versioned;
use cpor_kit::Caller;
use cpor_proto::consents::v1::{self as wire, ConsentChannel, ConsentCommand, ConsentLine, ConsentState, NoticeState};
use cpor_types::{Activity, ConsentName, Role};

use super::call;
use crate::domain::{Channel, Command, Consent, Delivery, Line, Notice, NoticeKind, StateKind};
use crate::wire::timestamp;

/// What stands in the place of personal data.
const REDACTED: &str = "[redacted]";

/// How much of personal data a reader sees (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// All.
    Full,
    /// None: operators run the system.
    Masked,
}

impl View {
    /// The view of a caller. Whoever may see all in one role does not see less for being an operator too.
    pub(super) fn of(caller: &Caller) -> Self {
        let sees = [Role::CustomerAdmin, Role::PoeReviewer, Role::ReviewLead].into_iter().any(|role| caller.has(role));
        if sees { Self::Full } else { Self::Masked }
    }
}

/// The consent on the wire.
pub(super) fn consent(consent: &Versioned<Consent>, view: View) -> wire::Consent {
    let Versioned { version, state } = consent;
    let claim = &state.claim;
    let until = state.state.window().map(|window| &window.deadline).or_else(|| state.state.deadline());
    wire::Consent {
        name: ConsentName { tenant: claim.tenant, claim: claim.name.claim }.to_string(),
        claim: claim.name.to_string(),
        state: on_the_wire(state.state.kind()).into(),
        partner_display_name: claim.partner.clone(),
        claim_display_name: claim.display_name.clone(),
        activities: claim.activities.iter().copied().map(Activity::as_str).map(str::to_owned).collect(),
        lines: claim.lines.iter().map(line).collect(),
        due_time: until.map(|deadline| timestamp(deadline.due)),
        due_rule: until.map(|deadline| deadline.rule.clone()).unwrap_or_default(),
        notices: state.notices.iter().map(|one| notice(one, view)).collect(),
        approve_time: state.approval.map(|approval| timestamp(approval.time)),
        decline_time: state.decline_said().map(|decline| timestamp(decline.spoken.time)),
        channel: state.channel().map_or(ConsentChannel::Unspecified, channel).into(),
        allowed_commands: state.allowed_commands().map(|command| on_the_wire_command(command).into()).collect(),
        create_time: Some(timestamp(claim.submit_time)),
        update_time: Some(timestamp(state.update_time)),
        etag: call::etag(*version),
        waiting_for_delivery: state.waits_for_delivery(),
        explicit_approval_needed: state.needs_explicit_approval(),
    }
}

/// The contract's name of a state.
const fn on_the_wire(state: StateKind) -> ConsentState {
    match state {
        StateKind::Requested | StateKind::RequestedInWindow | StateKind::RequestedWindowPassed => {
            ConsentState::Requested
        }
        StateKind::AwaitingDelivery => ConsentState::AwaitingDelivery,
        StateKind::WindowOpen => ConsentState::WindowOpen,
        StateKind::GrantedAwaitingDelivery | StateKind::GrantedInWindow | StateKind::Granted => ConsentState::Granted,
        StateKind::Declined => ConsentState::Declined,
        StateKind::Disputable | StateKind::Closed => ConsentState::Closed,
    }
}

/// The states that a filter names; none where it does not filter.
pub(super) fn states(filter: ConsentState) -> Vec<StateKind> {
    StateKind::ALL.into_iter().filter(|state| on_the_wire(*state) == filter).collect()
}

const fn on_the_wire_command(command: Command) -> ConsentCommand {
    match command {
        Command::Approve => ConsentCommand::Approve,
        Command::Decline => ConsentCommand::Decline,
    }
}

const fn channel(channel: Channel) -> ConsentChannel {
    match channel {
        Channel::Link => ConsentChannel::Link,
        Channel::SignedIn => ConsentChannel::SignedIn,
        Channel::Silence => ConsentChannel::Silence,
    }
}

fn line(line: &Line) -> ConsentLine {
    ConsentLine { product_display_name: line.product.clone(), key: line.key.to_string() }
}

fn notice(notice: &Notice, view: View) -> wire::Notice {
    let (state, settled) = match notice.delivery {
        Delivery::Queued => (NoticeState::Queued, None),
        Delivery::Accepted { time } => (NoticeState::Accepted, Some(time)),
        Delivery::Bounced { time } => (NoticeState::Bounced, Some(time)),
        Delivery::Withdrawn { .. } => (NoticeState::Withdrawn, None),
    };
    let kind = match notice.kind {
        NoticeKind::Submission => wire::NoticeKind::Submission,
        NoticeKind::Approval => wire::NoticeKind::Approval,
        NoticeKind::Change => wire::NoticeKind::Change,
        NoticeKind::Dispute => wire::NoticeKind::Dispute,
    };
    wire::Notice {
        kind: kind.into(),
        email: match view {
            View::Full => notice.contact.email.clone(),
            View::Masked => REDACTED.to_owned(),
        },
        state: state.into(),
        queue_time: Some(timestamp(notice.queue_time)),
        settle_time: settled.map(timestamp),
    }
}
