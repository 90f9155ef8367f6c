//! The values of the column with what a claim waits for.

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::domain::Wait;

/// What a claim waits for as it is stored. The stored strings must not change: existing rows
/// contain them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum WaitsFor {
    #[sea_orm(string_value = "SUBMISSION")]
    Submission,
    #[sea_orm(string_value = "REVIEW_START")]
    ReviewStart,
    #[sea_orm(string_value = "REVIEW_DECISION")]
    ReviewDecision,
    /// A review lead decides between companies that claim the same.
    #[sea_orm(string_value = "ARBITRATION")]
    Arbitration,
    #[sea_orm(string_value = "PARTNER_RESPONSE")]
    PartnerResponse,
    /// The partner of an approved claim answers a reviewer's question, because another company
    /// claims the same.
    #[sea_orm(string_value = "STATEMENT")]
    Statement,
    /// The association of another company replaces that of this claim.
    #[sea_orm(string_value = "SUPERSESSION")]
    Supersession,
    /// The customer's mail system accepts a mail about the claim.
    #[sea_orm(string_value = "NOTICE_DELIVERY")]
    NoticeDelivery,
    /// The time passes in which the customer can decline.
    #[sea_orm(string_value = "CONSENT_WINDOW")]
    ConsentWindow,
    /// A reviewer confirms that the customer contact may decide for the customer.
    #[sea_orm(string_value = "CONTACT_CONFIRMATION")]
    ContactConfirmation,
    /// The customer, who declined before, approves explicitly.
    #[sea_orm(string_value = "EXPLICIT_APPROVAL")]
    ExplicitApproval,
    /// The registry service reserves what the claim is about, or puts the association on record.
    #[sea_orm(string_value = "REGISTRY")]
    Registry,
    /// The customer-consent service reports that no decision of the customer is on its way.
    #[sea_orm(string_value = "LATE_DECISION")]
    LateDecision,
    /// The time passes in which the partner can dispute the rejection.
    #[sea_orm(string_value = "DISPUTE_WINDOW")]
    DisputeWindow,
    #[sea_orm(string_value = "NOTHING")]
    Nothing,
}

impl From<Wait> for WaitsFor {
    fn from(value: Wait) -> Self {
        match value {
            Wait::Submission => Self::Submission,
            Wait::ReviewStart => Self::ReviewStart,
            Wait::ReviewDecision => Self::ReviewDecision,
            Wait::Arbitration => Self::Arbitration,
            Wait::PartnerResponse => Self::PartnerResponse,
            Wait::Statement => Self::Statement,
            Wait::Supersession => Self::Supersession,
            Wait::NoticeDelivery => Self::NoticeDelivery,
            Wait::ConsentWindow => Self::ConsentWindow,
            Wait::ContactConfirmation => Self::ContactConfirmation,
            Wait::ExplicitApproval => Self::ExplicitApproval,
            Wait::Registry => Self::Registry,
            Wait::LateDecision => Self::LateDecision,
            Wait::DisputeWindow => Self::DisputeWindow,
            Wait::Nothing => Self::Nothing,
        }
    }
}

impl From<WaitsFor> for Wait {
    fn from(value: WaitsFor) -> Self {
        match value {
            WaitsFor::Submission => Self::Submission,
            WaitsFor::ReviewStart => Self::ReviewStart,
            WaitsFor::ReviewDecision => Self::ReviewDecision,
            WaitsFor::Arbitration => Self::Arbitration,
            WaitsFor::PartnerResponse => Self::PartnerResponse,
            WaitsFor::Statement => Self::Statement,
            WaitsFor::Supersession => Self::Supersession,
            WaitsFor::NoticeDelivery => Self::NoticeDelivery,
            WaitsFor::ConsentWindow => Self::ConsentWindow,
            WaitsFor::ContactConfirmation => Self::ContactConfirmation,
            WaitsFor::ExplicitApproval => Self::ExplicitApproval,
            WaitsFor::Registry => Self::Registry,
            WaitsFor::LateDecision => Self::LateDecision,
            WaitsFor::DisputeWindow => Self::DisputeWindow,
            WaitsFor::Nothing => Self::Nothing,
        }
    }
}
