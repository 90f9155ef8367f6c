//! The types of id columns, for the entities of all services.
//!
//! The ids of `cpor_types` have no database conversions. The types here have them, and convert from
//! and to those ids. Each type exists only here, so that a foreign key has the same type as the
//! primary key that it refers to.
cpor_bulk_rows::text_ids! {
    /// The column of a partner's id.
    PartnerId;
    /// The column of a tenant's id, as text. It is the column `owner` in the tables of aggregates
    /// that belong to a tenant.
    TenantId;
}

cpor_bulk_rows::uuid_ids! {
    /// The column of a claim's id. The consent for a claim has the same id.
    ClaimId;
    /// The column of the id of a claim's line, the part that is about one workload or subscription.
    LineId;
    /// The column of a review case's id.
    CaseId;
    /// The column of the id of an evidence document.
    EvidenceId;
    /// The column of a comment's id.
    CommentId;
    /// The column of the id of a decision that asks the registry to hold or award keys (workloads
    /// or subscriptions of a tenant).
    DecisionId;
    /// The column of an association's id.
    AssociationId;
    /// The column of a subscription's id.
    SubscriptionId;
    /// The column of the id of a notice to a customer.
    NoticeId;
    /// The column of a mail's id.
    MailId;
    /// The column of the id of a reviewer's note.
    NoteId;
}

/// Implements the conversions from and to ids of `cpor_types` that contain a UUID.
macro_rules! convert_uuid_ids {
    ($($name:ident),+ $(,)?) => { $(
        impl From<cpor_types::$name> for $name {
            fn from(id: cpor_types::$name) -> Self {
                Self(id.uuid())
            }
        }

        impl From<$name> for cpor_types::$name {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    )+ };
}

convert_uuid_ids!(ClaimId, LineId, CaseId, EvidenceId, CommentId, DecisionId, AssociationId, SubscriptionId, PayoutId,);

impl From<cpor_types::TenantId> for TenantId {
    fn from(id: cpor_types::TenantId) -> Self {
        Self(id.to_string())
    }
}

impl From<&cpor_types::PartnerId> for PartnerId {
    fn from(id: &cpor_types::PartnerId) -> Self {
        Self(id.as_str().to_owned())
    }
}

cpor_bulk_rows::text_ids! {
    /// The column of a payout period, such as `2026-Q1`.
    PayoutPeriodId;
}

cpor_bulk_rows::uuid_ids! {
    /// The column of the id of an earning.
    EarningId;
    /// The column of a payout's id.
    PayoutId;
}

cpor_bulk_rows::uuid_ids! {
    /// The column of a tenant's id as a UUID. Only the registry service, which stores the tenants,
    /// uses it.
    TenantUuid;
}

impl From<cpor_types::TenantId> for TenantUuid {
    fn from(id: cpor_types::TenantId) -> Self {
        Self(id.uuid())
    }
}

impl From<TenantUuid> for cpor_types::TenantId {
    fn from(id: TenantUuid) -> Self {
        Self(id.0)
    }
}
