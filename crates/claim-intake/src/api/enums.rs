//! Conversions between the enums of the protobuf API and those of the domain, in one exhaustive
//! function for each direction.
use crate::domain::{
    Association, Command, EndReason, EvidenceKind, Party, State, StateKind, Verdict, Wait, history::Part,
};
use cpor_proto::claims::v1 as wire;
use cpor_types::{
    Activity, ActorSide, FurtherRejection, PartnerActionReason, PersonalData, PrimaryRejection, SolutionArea,
    WithdrawReason,
};

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
pub(super) const fn association_state_to_wire(state: &State) -> wire::AssociationState {
    match state {
        State::Editing
        | State::Deleted
        | State::Submitted(_)
        | State::UnderReview(_)
        | State::PartnerActionRequired(..)
        | State::Disputed(_) => wire::AssociationState::Unspecified,
        State::Approved(_, association) => match association {
            Association::Pending | Association::Granted { .. } => wire::AssociationState::Pending,
            Association::Official { .. } => wire::AssociationState::Official,
            Association::Ended { .. } => wire::AssociationState::Ended,
        },
        State::Rejected(_, rejection) => match rejection.ended {
            None => wire::AssociationState::Unspecified,
            Some(_) => wire::AssociationState::Ended,
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

/// Converts `None`, for a draft without a solution area, to the unspecified value.
pub(super) const fn solution_area_to_wire(area: Option<SolutionArea>) -> wire::SolutionArea {
    match area {
        None => wire::SolutionArea::Unspecified,
        Some(SolutionArea::Microsoft365) => wire::SolutionArea::Microsoft365,
        Some(SolutionArea::BusinessApplications) => wire::SolutionArea::BusinessApplications,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn solution_area_from_wire(area: wire::SolutionArea) -> Option<SolutionArea> {
    match area {
        wire::SolutionArea::Unspecified => None,
        wire::SolutionArea::Microsoft365 => Some(SolutionArea::Microsoft365),
        wire::SolutionArea::BusinessApplications => Some(SolutionArea::BusinessApplications),
    }
}

pub(super) const fn activity_to_wire(activity: Activity) -> wire::Activity {
    match activity {
        Activity::Usage => wire::Activity::Usage,
        Activity::PreSales => wire::Activity::PreSales,
        Activity::RevenueAssociation => wire::Activity::RevenueAssociation,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn activity_from_wire(activity: wire::Activity) -> Option<Activity> {
    match activity {
        wire::Activity::Unspecified => None,
        wire::Activity::Usage => Some(Activity::Usage),
        wire::Activity::PreSales => Some(Activity::PreSales),
        wire::Activity::RevenueAssociation => Some(Activity::RevenueAssociation),
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

pub(super) const fn primary_rejection_reason_to_wire(reason: PrimaryRejection) -> wire::PrimaryRejectionReason {
    match reason {
        PrimaryRejection::PartnerRequest => wire::PrimaryRejectionReason::PartnerRequest,
        PrimaryRejection::CustomerDeclined => wire::PrimaryRejectionReason::CustomerDeclined,
        PrimaryRejection::InsufficientPoe => wire::PrimaryRejectionReason::InsufficientPoe,
        PrimaryRejection::LostToCompetingClaim => wire::PrimaryRejectionReason::LostToCompetingClaim,
    }
}

pub(super) const fn end_reason_to_wire(reason: EndReason) -> wire::AssociationEndReason {
    match reason {
        EndReason::Declined => wire::AssociationEndReason::Declined,
        EndReason::Withdrawn => wire::AssociationEndReason::Withdrawn,
        EndReason::Expired => wire::AssociationEndReason::Expired,
        EndReason::Superseded => wire::AssociationEndReason::Superseded,
        EndReason::Rejected => wire::AssociationEndReason::Rejected,
    }
}

pub(super) const fn further_rejection_reason_to_wire(reason: FurtherRejection) -> wire::FurtherRejectionReason {
    match reason {
        FurtherRejection::CustomerConsentMissing => wire::FurtherRejectionReason::CustomerConsentMissing,
        FurtherRejection::ProductsMissing => wire::FurtherRejectionReason::ProductsMissing,
        FurtherRejection::NoPartnerResponse => wire::FurtherRejectionReason::NoPartnerResponse,
        FurtherRejection::PoeNotAvailable => wire::FurtherRejectionReason::PoeNotAvailable,
    }
}

pub(super) const fn partner_action_reason_to_wire(reason: PartnerActionReason) -> wire::PartnerActionReason {
    match reason {
        PartnerActionReason::PoeMissing => wire::PartnerActionReason::PoeMissing,
        PartnerActionReason::CustomerAcknowledgementMissing => {
            wire::PartnerActionReason::CustomerAcknowledgementMissing
        }
        PartnerActionReason::DatesMissingOrOld => wire::PartnerActionReason::DatesMissingOrOld,
        PartnerActionReason::ServiceInsufficientlyDescribed => {
            wire::PartnerActionReason::ServiceInsufficientlyDescribed
        }
        PartnerActionReason::ProductsMissing => wire::PartnerActionReason::ProductsMissing,
    }
}

pub(super) const fn evidence_kind_to_wire(kind: EvidenceKind) -> wire::EvidenceKind {
    match kind {
        EvidenceKind::Pdf => wire::EvidenceKind::Pdf,
        EvidenceKind::Docx => wire::EvidenceKind::Docx,
        EvidenceKind::Xlsx => wire::EvidenceKind::Xlsx,
        EvidenceKind::Pptx => wire::EvidenceKind::Pptx,
        EvidenceKind::Png => wire::EvidenceKind::Png,
        EvidenceKind::Jpeg => wire::EvidenceKind::Jpeg,
    }
}

pub(super) const fn side_to_wire(side: ActorSide) -> wire::Side {
    match side {
        ActorSide::Partner => wire::Side::Partner,
        ActorSide::Reviewer => wire::Side::Reviewer,
        ActorSide::Vendor => wire::Side::Vendor,
        ActorSide::Customer => wire::Side::Customer,
        ActorSide::Time => wire::Side::Time,
        ActorSide::System => wire::Side::System,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn side_from_wire(side: wire::Side) -> Option<ActorSide> {
    match side {
        wire::Side::Unspecified => None,
        wire::Side::Partner => Some(ActorSide::Partner),
        wire::Side::Reviewer => Some(ActorSide::Reviewer),
        wire::Side::Vendor => Some(ActorSide::Vendor),
        wire::Side::Customer => Some(ActorSide::Customer),
        wire::Side::Time => Some(ActorSide::Time),
        wire::Side::System => Some(ActorSide::System),
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

pub(super) const fn personal_data_kind_to_wire(kind: PersonalData) -> wire::PersonalDataKind {
    match kind {
        PersonalData::Contacts => wire::PersonalDataKind::Contacts,
        PersonalData::Subjects => wire::PersonalDataKind::Subjects,
        PersonalData::FreeText => wire::PersonalDataKind::FreeText,
    }
}

/// Returns `None` for the unspecified value.
pub(super) const fn personal_data_kind_from_wire(kind: wire::PersonalDataKind) -> Option<PersonalData> {
    match kind {
        wire::PersonalDataKind::Unspecified => None,
        wire::PersonalDataKind::Contacts => Some(PersonalData::Contacts),
        wire::PersonalDataKind::Subjects => Some(PersonalData::Subjects),
        wire::PersonalDataKind::FreeText => Some(PersonalData::FreeText),
    }
}

pub(super) const fn verdict_to_wire(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Eligible => wire::Verdict::Eligible,
        Verdict::NotEligible => wire::Verdict::NotEligible,
        Verdict::RecognitionOnly => wire::Verdict::RecognitionOnly,
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
