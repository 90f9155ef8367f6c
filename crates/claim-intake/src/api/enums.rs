//! Conversions between the enums of `cpor.claims.v1` and those of the domain, in one exhaustive
//! function for each direction. The shared enums of `cpor.type.v1` implement
//! [`WireEnum`](cpor_proto::WireEnum).
use crate::domain::{Association, Command, Party, State, StateKind, Wait, history::Part};
use cpor_proto::claims::v1 as wire;
use cpor_proto::r#type::v1 as types;
use cpor_types::WithdrawReason;

pub(super) const fn claim_state_to_wire(state: StateKind) -> wire::ClaimState {
    match state {
        StateKind::Editing => wire::ClaimState::Editing,
        // The API has no state for a deleted draft. Only the response to DeleteClaim and the
        // history show a deleted draft.
        StateKind::Deleted => wire::ClaimState::Unspecified,
        StateKind::Submitted => wire::ClaimState::Submitted,
        StateKind::UnderReview => wire::ClaimState::UnderReview,
        StateKind::PartnerActionRequired => wire::ClaimState::PartnerActionRequired,
        StateKind::Approved => wire::ClaimState::Approved,
        StateKind::Rejected => wire::ClaimState::Rejected,
        StateKind::Disputed => wire::ClaimState::Disputed,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn claim_state_from_wire(state: wire::ClaimState) -> Option<StateKind> {
    match state {
        wire::ClaimState::Unspecified => None,
        wire::ClaimState::Editing => Some(StateKind::Editing),
        wire::ClaimState::Submitted => Some(StateKind::Submitted),
        wire::ClaimState::UnderReview => Some(StateKind::UnderReview),
        wire::ClaimState::PartnerActionRequired => Some(StateKind::PartnerActionRequired),
        wire::ClaimState::Approved => Some(StateKind::Approved),
        wire::ClaimState::Rejected => Some(StateKind::Rejected),
        wire::ClaimState::Disputed => Some(StateKind::Disputed),
    }
}

/// Returns the state of the association that the claim has in `state`.
pub(super) const fn association_state_to_wire(state: &State) -> types::AssociationState {
    match state {
        State::Editing
        | State::Deleted
        | State::Submitted(_)
        | State::UnderReview(_)
        | State::PartnerActionRequired(..)
        | State::Disputed(_) => types::AssociationState::Unspecified,
        State::Approved(_, association) => match association {
            Association::Pending | Association::Granted { .. } => types::AssociationState::Pending,
            Association::Official { .. } => types::AssociationState::Official,
            Association::Ended { .. } => types::AssociationState::Ended,
        },
        State::Rejected(_, rejection) => match rejection.ended {
            None => types::AssociationState::Unspecified,
            Some(_) => types::AssociationState::Ended,
        },
    }
}

pub(super) const fn command_to_wire(command: Command) -> wire::ClaimCommand {
    match command {
        Command::Update => wire::ClaimCommand::Update,
        Command::Delete => wire::ClaimCommand::Delete,
        Command::Submit => wire::ClaimCommand::Submit,
        Command::Resubmit => wire::ClaimCommand::Resubmit,
        Command::Withdraw => wire::ClaimCommand::Withdraw,
        Command::Dispute => wire::ClaimCommand::Dispute,
        Command::AddEvidence => wire::ClaimCommand::AddEvidence,
        Command::RemoveEvidence => wire::ClaimCommand::RemoveEvidence,
        Command::Comment => wire::ClaimCommand::Comment,
        Command::ErasePersonalData => wire::ClaimCommand::ErasePersonalData,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn withdraw_reason_from_wire(reason: wire::WithdrawReason) -> Option<WithdrawReason> {
    match reason {
        wire::WithdrawReason::Unspecified => None,
        wire::WithdrawReason::WrongMpnId => Some(WithdrawReason::WrongMpnId),
        wire::WithdrawReason::WrongActivity => Some(WithdrawReason::WrongActivity),
        wire::WithdrawReason::NoLongerWorksWithCustomer => Some(WithdrawReason::NoLongerWorksWithCustomer),
        wire::WithdrawReason::Other => Some(WithdrawReason::Other),
    }
}

pub(super) const fn history_part_to_wire(part: Part) -> wire::HistoryPart {
    match part {
        Part::Facts => wire::HistoryPart::Facts,
        Part::Subject => wire::HistoryPart::Subject,
        Part::Reason => wire::HistoryPart::Reason,
        Part::Changes => wire::HistoryPart::Changes,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn history_part_from_wire(part: wire::HistoryPart) -> Option<Part> {
    match part {
        wire::HistoryPart::Unspecified => None,
        wire::HistoryPart::Facts => Some(Part::Facts),
        wire::HistoryPart::Subject => Some(Part::Subject),
        wire::HistoryPart::Reason => Some(Part::Reason),
        wire::HistoryPart::Changes => Some(Part::Changes),
    }
}

pub(super) const fn waits_for_to_wire(wait: Wait) -> wire::WaitsFor {
    match wait {
        Wait::Submission => wire::WaitsFor::Submission,
        Wait::ReviewStart => wire::WaitsFor::ReviewStart,
        Wait::ReviewDecision => wire::WaitsFor::ReviewDecision,
        Wait::Arbitration => wire::WaitsFor::Arbitration,
        Wait::PartnerResponse => wire::WaitsFor::PartnerResponse,
        Wait::NoticeDelivery => wire::WaitsFor::NoticeDelivery,
        Wait::ConsentWindow => wire::WaitsFor::ConsentWindow,
        Wait::ExplicitApproval => wire::WaitsFor::ExplicitApproval,
        Wait::Registry => wire::WaitsFor::Registry,
        Wait::DisputeWindow => wire::WaitsFor::DisputeWindow,
        Wait::Nothing => wire::WaitsFor::Nothing,
    }
}

/// Converts `None`, which means that no party has to act, to the unspecified value.
pub(super) const fn party_to_wire(party: Option<Party>) -> wire::Party {
    match party {
        None => wire::Party::Unspecified,
        Some(Party::Partner) => wire::Party::Partner,
        Some(Party::Reviewer) => wire::Party::Reviewer,
        Some(Party::ReviewLead) => wire::Party::ReviewLead,
        Some(Party::Customer) => wire::Party::Customer,
        Some(Party::Operator) => wire::Party::Operator,
        Some(Party::System) => wire::Party::System,
        Some(Party::Time) => wire::Party::Time,
    }
}
