//! Conversions between the enums of the API (`cpor.claims.v1`) and those of the domain, in one
//! exhaustive function for each enum and direction. The shared enums of `cpor.type.v1` implement
//! [`WireEnum`](cpor_proto::WireEnum) instead, except `AssociationState`, which follows from the
//! whole state of a claim.
use crate::domain::{Association, Command, Party, State, Wait};
use cpor_proto::claims::v1 as wire;
use cpor_proto::r#type::v1 as types;
use cpor_types::WithdrawReason;

/// Returns the state of the association of a claim in `state`. An association puts the partner on
/// record for the workloads or subscriptions of the claim.
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
        State::Rejected(_, rejection) => match rejection.ended_association {
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
        Command::DeclinePayment => wire::ClaimCommand::DeclinePayment,
        Command::ErasePersonalData => wire::ClaimCommand::ErasePersonalData,
    }
}

/// Converts the reason of a withdrawal; returns `None` for the unspecified value.
pub(super) const fn withdraw_reason_from_wire(reason: wire::WithdrawReason) -> Option<WithdrawReason> {
    match reason {
        wire::WithdrawReason::Unspecified => None,
        wire::WithdrawReason::WrongMpnId => Some(WithdrawReason::WrongMpnId),
        wire::WithdrawReason::WrongActivity => Some(WithdrawReason::WrongActivity),
        wire::WithdrawReason::NoLongerWorksWithCustomer => Some(WithdrawReason::NoLongerWorksWithCustomer),
        wire::WithdrawReason::Other => Some(WithdrawReason::Other),
    }
}

pub(super) const fn waits_for_to_wire(wait: Wait) -> wire::WaitsFor {
    match wait {
        Wait::Submission => wire::WaitsFor::Submission,
        Wait::ReviewStart => wire::WaitsFor::ReviewStart,
        Wait::ReviewDecision => wire::WaitsFor::ReviewDecision,
        Wait::Arbitration => wire::WaitsFor::Arbitration,
        Wait::PartnerResponse => wire::WaitsFor::PartnerResponse,
        Wait::Statement => wire::WaitsFor::Statement,
        Wait::Supersession => wire::WaitsFor::Supersession,
        Wait::NoticeDelivery => wire::WaitsFor::NoticeDelivery,
        Wait::ConsentWindow => wire::WaitsFor::ConsentWindow,
        Wait::ContactConfirmation => wire::WaitsFor::ContactConfirmation,
        Wait::ExplicitApproval => wire::WaitsFor::ExplicitApproval,
        Wait::Registry => wire::WaitsFor::Registry,
        Wait::LateDecision => wire::WaitsFor::LateDecision,
        Wait::DisputeWindow => wire::WaitsFor::DisputeWindow,
        Wait::Nothing => wire::WaitsFor::Nothing,
    }
}

/// Converts a party. `None` means that no party has to act and becomes the unspecified value.
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
